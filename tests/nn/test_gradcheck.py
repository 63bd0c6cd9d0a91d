"""Every layer × activation × loss of the library, through the program that anybody can run."""

import gc
import re
import subprocess
import sys

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.nn import Dense, GradientClip, Layer, Loss, MeanSquaredError, Network, Tanh, architecture
from digitnet.nn.gradcheck.__main__ import main
from digitnet.nn.gradcheck.combinations import combinations, uncovered

LAYERS, ACTIVATIONS, LOSSES = 5, 6, 6
LAST_LINE = re.compile(
    r"(ok|FAILED): worst of (\d+) combinations is (\S+) \(.+\), allowed .+; ([\d,]+) numbers"
)


def _rows(output):
    """The numbers of the table, a list a row."""
    rows = (re.findall(r"\d\.\de[+-]\d\d", line) for line in output.splitlines() if line.startswith("  "))
    return [[float(number) for number in row] for row in rows if row]


def test_every_combination_is_exact(capsys):
    assert main(["--seed", "3"]) == 0
    output = capsys.readouterr().out
    table = np.array(_rows(output))
    assert table.shape == (2 * LOSSES * LAYERS, ACTIVATIONS)  # each loss with and without sample weights
    assert table.max() <= 1e-6
    verdict, count, worst, numbers = LAST_LINE.match(output.splitlines()[-1]).groups()
    assert (verdict, int(count), float(worst)) == ("ok", table.size, table.max())
    assert int(numbers.replace(",", "")) > 40 * table.size


def test_it_runs_as_a_program_without_a_warning_and_fails_where_it_has_to(root):
    command = [sys.executable, "-W", "error", "-m", "digitnet.nn.gradcheck", "--tolerance", "1e-15"]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    assert result.returncode == 1
    assert LAST_LINE.match(result.stdout.splitlines()[-1]).group(1) == "FAILED"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--seed", "-1"], "seed is a whole number"),
        (["--seed", "one"], "seed is a whole number"),
        (["--tolerance", "0"], "tolerance is a positive number"),
        (["--tolerance", "nan"], "tolerance is a positive number"),
        (["--tolerance", "small"], "tolerance is a positive number"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments, words, capsys):
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert words in capsys.readouterr().err


def test_a_gradient_of_nan_fails(monkeypatch, capsys):
    def derivative(self, outputs, out):  # noqa: ARG001
        return np.multiply(outputs, np.nan, out=out)

    monkeypatch.setattr(Tanh, "derivative", derivative)
    assert main([]) == 1
    assert LAST_LINE.match(capsys.readouterr().out.splitlines()[-1]).group(3) == "inf"


def test_the_table_covers_the_library():
    assert uncovered() == []
    assert len(list(combinations())) == 2 * LAYERS * ACTIVATIONS * LOSSES

    def library(kind):
        for found in kind.__subclasses__():
            yield from library(found)
            if found.kind and found.__module__.startswith("digitnet.nn."):
                yield found

    assert set(library(Layer)) == set(architecture.LAYER_KINDS.values())


def test_a_layer_that_is_not_covered_stops_the_check(monkeypatch):
    class Later(Layer):
        kind = "later"

    monkeypatch.setitem(architecture.LAYER_KINDS, "later", Later)
    with pytest.raises(ConfigurationError, match="how to build Later"):
        next(combinations())


def test_a_loss_that_is_not_covered_is_found():
    later = type("LaterLoss", (MeanSquaredError,), {"__module__": "digitnet.nn.later"})
    assert uncovered() == ["LaterLoss"]
    assert issubclass(later, Loss)
    del later
    gc.collect()
    assert uncovered() == []


def test_a_wrong_derivative_is_found(monkeypatch, capsys):
    def derivative(self, outputs, out):  # noqa: ARG001
        np.multiply(outputs, outputs, out=out)
        return np.subtract(1.00001, out, out=out)

    monkeypatch.setattr(Tanh, "derivative", derivative)
    assert main([]) == 1
    wrong = np.array(_rows(capsys.readouterr().out)) > 1e-6
    assert wrong.any(axis=0).tolist() == [False, False, False, False, True, False]  # the column of Tanh


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_limit_is_a_positive_number(limit):
    with pytest.raises(ConfigurationError, match="limit of a GradientClip"):
        GradientClip(limit)


def test_gradient_clip_cuts_each_error_signal_and_nothing_else():
    rng = np.random.default_rng(0)
    inputs, signal = rng.standard_normal((1, 3)), np.array([[0.3, -0.3, 5.0, -5.0]])
    made = Network([Dense(3, 4), GradientClip(0.5)], rng=rng, dtype=np.float64)
    np.testing.assert_array_equal(made.forward(inputs, training=True), made.predict(inputs))
    made.backward(signal)
    np.testing.assert_array_equal(made.layers[0].grad_bias, [0.3, -0.3, 0.5, -0.5])
    np.testing.assert_array_equal(made.layers[0].grad_weight, inputs.T @ [[0.3, -0.3, 0.5, -0.5]])


def test_gradient_clip_is_part_of_the_architecture():
    made = Network([Dense(3, 4), GradientClip(0.5)], rng=np.random.default_rng(0))
    again = Network.from_architecture(made.architecture())
    assert again.layers[1].limit == 0.5
