"""The parts on training, time to accuracy, start-up and growth, on little data and without peers."""

import math
import time

import numpy as np
import pytest
from bench import accuracy, growth, machine, training
from bench.contest import Results
from bench.settings import Settings
from bench.starting import report as starting_report
from bench.starting import run_programs
from bench.training_peers import Case

from digitnet.nn import Dense, Network, ReLU


@pytest.fixture
def settings(little_mnist, tmp_path):
    said = []
    return Settings(mnist=little_mnist, quick=True, say=said.append, threads=1, results=tmp_path)


def test_the_floor_counts_the_products_that_a_step_needs():
    """Against a network's own products, counted as they are made."""
    widths, rows = (7, 5, 4, 3), 6
    layers = [Dense(7, 5), ReLU(), Dense(5, 4), ReLU(), Dense(4, 3)]
    network = Network(layers, rng=np.random.default_rng(0))
    network.predict(np.ones((rows, 7), np.float32))
    forward = sum(2 * rows * layer.in_features * layer.out_features for layer in layers[::2])
    assert machine.training_flops(widths, rows, input_gradient=True) == 3 * forward
    assert machine.training_flops(widths, rows) == 3 * forward - 2 * rows * 7 * 5


def test_the_machine_is_described_with_what_is_set_for_openblas(monkeypatch):
    monkeypatch.setenv("OPENBLAS_L2_SIZE", "1048576")
    found = machine.describe(1, quick=True)
    assert found.sgemm > 0
    assert found.copy > 0
    assert math.isnan(found.busy) or 0 <= found.busy <= 1
    assert "Set in the environment: OPENBLAS_L2_SIZE=1048576" in found.markdown()
    assert f"NumPy {np.__version__}" in found.markdown()


@pytest.mark.usefixtures("no_peers")
def test_training_is_measured_without_peers(settings):
    part = training.measure(settings)
    assert part.left_out["PyTorch"] == "torch is not installed"
    assert part.left_out["scikit-learn, float32"] == "sklearn is not installed"
    by_batch, by_width = part.tables
    assert by_batch.columns == ["batch size", "digitnet", "digitnet, of the floor"]
    assert [row[0] for row in by_batch.rows] == ["128", "512"]
    assert [row[0] for row in by_width.rows] == ["64"]
    assert [math.isnan(goal.measured) for goal in part.goals] == [True, True, False, False, True]
    assert set(part.curves[0].series) == {"digitnet", "floor: the products alone"}


def test_every_loss_in_training_is_told():
    cases = [Case((512, 256), 128, 100), Case((512, 256), 512, 100), Case((64, 64), 128, 100)]
    turns = {
        "digitnet": [10.0, 10.0, 10.0],
        "sgemm": [1e9, 1e9, 1e9],
        "PyTorch": [8.0, 12.5, 5.0],
        "PyTorch, compiled": [20.0, math.nan, math.nan],
    }
    part = training.report(cases, Results(turns), Settings())
    assert part.losses == [
        "Training, batch size 128: 0.50 times the rows a second of PyTorch, compiled.",
        "Training, batch size 512: 0.80 times the rows a second of PyTorch.",
    ]
    goals = {goal.what: goal.measured for goal in part.goals}
    assert goals["training, batch 128, beside PyTorch"] == 1.25
    assert goals["training, batch 128, of the sgemm rate"] == pytest.approx(100 * 10 * 2_407_424 / 1e9)
    assert goals["training, the worst width beside PyTorch"] == 2.0
    assert part.tables[0].rows[1][-1] == "–"


@pytest.mark.usefixtures("no_peers")
def test_time_to_accuracy_is_measured_without_peers(settings):
    changes = {"hidden": (32,), "deformation": None, "batch_size": 32, "validation": 0.1}
    plan = accuracy.Plan("little", (0.0, 2.0), recipe="mnist", changes=changes)
    part = accuracy.measure(settings, [plan])
    (reached, never) = part.tables[0].rows
    assert reached[:2] == ["0 %", "digitnet"]
    assert reached[2] == "little: 784-32-10, batch 32, 1 epochs"
    assert reached[-1] == "1 of 1"
    assert never[3:] == ["–", "–", "0 of 1"]
    assert part.left_out["PyTorch, textbook"] == "torch is not installed"


def test_every_plan_makes_a_recipe_and_says_on_what_it_trains():
    described = [accuracy._described(plan, plan.made()) for plan in accuracy.PLANS]
    assert "64 components, batch 192" in described[0]
    assert "64 components, batch 256" in described[1]
    assert "components" not in described[2]  # its pictures are deformed anew


def test_seeds_that_did_not_make_it_are_no_fast_seeds():
    plan = accuracy.Plan("fast", (0.98,), recipe="mnist")
    runs = {
        "digitnet": [{"0.98": 2.0}, {}, {"0.98": 3.0}, {"0.98": 1.0}],
        "PyTorch, the same recipe": [{"0.98": 1.0}, {"0.98": 3.0}, {"0.98": 1.0}, {"0.98": 1.0}],
        "PyTorch, textbook": [{"0.98": 25.0}, {}, {}, {}],
    }
    part = accuracy.report([(plan, plan.made(), Results(runs))], Settings(slow_seeds=1))
    ours, twin, textbook = part.tables[0].rows
    assert ours[3:] == ["2.50 s", "1.00 to 3.00 s", "3 of 4"]
    assert twin[-1] == "4 of 4"
    assert textbook[3:] == ["25.00 s", "25.00 to 25.00 s", "1 of 1"]
    assert part.goals[0].measured == 10.0
    assert part.losses == ["Time to 98 %: 2.50 s, where PyTorch, the same recipe takes 1.00 s."]


def test_programs_are_timed_and_those_that_fail_are_left_out(settings):
    def program(text):
        return f"import time\n{text}\nprint('{{\"peak\": 2000000}}')"

    programs = {
        ("digitnet", "import"): program("time.sleep(0.05)"),
        ("broken", "import"): "raise OSError('it is cold')",
    }
    found, left_out = run_programs(programs, 2, {}, settings)
    assert left_out == {"broken": "import: OSError: it is cold"}
    seconds = [turn[0] for turn in found["digitnet", "import"]]
    assert len(seconds) == 2
    assert min(seconds) >= 0.05
    found["PyTorch", "import"] = [(0.01, 1e6), (0.02, 3e6), (0.02, 1e6)]
    part = starting_report(found, left_out)
    assert part.losses[0].startswith("From no process to an import: ")
    assert "where PyTorch takes 0.02 s" in part.losses[0]
    assert "2 MB, where PyTorch needs 1 MB" in part.losses[1]


def test_growth_shows_the_curves_of_training_again():
    cases = [Case((512, 256), 128, rows) for rows in (100, 1_000, 10_000)]
    results = Results({"digitnet": [50.0, 50.0, 50.0]})
    turns = {"digitnet": [10.0, 20.0, 40.0, 1.0], "sgemm": [1e9] * 4}
    shown = [Case((512, 256), batch, 100) for batch in (128, 512, 2048)] + [Case((64, 64), 128, 100)]
    earlier = training.report(shown, Results(turns), Settings()).curves
    part = growth.report(cases, results, earlier)
    assert [curves.title for curves in part.curves] == [
        "An epoch by rows",
        "A row by batch size",
        "A row by width",
    ]
    # An epoch takes time as its rows do, and a row half as long in a batch four times as large.
    assert part.tables[0].rows[0] == ["digitnet", "1.00", "-0.50", "–"]
    assert "widths and batch sizes" in growth.report(cases, results, []).left_out


def test_the_clock_stands_while_a_network_is_looked_at():
    from bench.accuracy_peers import Clock

    clock = Clock((0.5,))
    clock.stop()
    time.sleep(0.05)
    assert clock.look(0.6)
    assert clock.times["0.5"] < 0.05
