"""Where the network looked, against differences of what it predicts."""

import copy
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest

from digitnet import Recognizer
from digitnet.data import load_digits
from digitnet.errors import ConfigurationError
from digitnet.imaging import to_inputs
from digitnet.nn import Dense, Layer, Network

MODELS = ("mnist", "digits")


@pytest.fixture(scope="module")
def recognizers(root):
    return {name: Recognizer.load(root / "models" / f"{name}.safetensors") for name in MODELS}


@pytest.fixture(scope="module")
def digits(root, recognizers):
    """By model: the digits of one photograph, and one that every other digit was read in."""
    read = {}
    for name, recognizer in recognizers.items():
        photograph = recognizer.recognize(root / "docs" / "number.jpg").digits
        test = load_digits().test
        others = [
            recognizer.recognize(255 - 15 * np.kron(image, np.ones((9, 9), np.uint8)))
            for image in test.images[:10]
        ]
        read[name] = [*photograph, *(digit for other in others for digit in other.digits)]
    return read


def _in_float64(network):
    exact = Network.from_architecture(network.architecture(), dtype=np.float64)
    for name, array in exact.named_arrays().items():
        array[...] = network.named_arrays()[name]
    return exact


@pytest.mark.parametrize("name", MODELS)
def test_saliency_is_the_slope_of_the_answer(name, recognizers, digits):
    recognizer, read = recognizers[name], digits[name]
    geometry = recognizer.model.geometry
    network = _in_float64(recognizer.model.network)
    found = recognizer.saliency(read)
    assert found.shape == (len(read), geometry.size, geometry.size)
    assert found.dtype == np.float32
    rng, step = np.random.default_rng(0), 1e-7  # so small that hardly a ReLU has its corner in between
    for digit, slopes in zip(read, found, strict=True):
        inputs = to_inputs(digit.pixels[None], geometry).astype(np.float64)
        chosen = rng.permutation(geometry.features)[:60]
        shifts = step * np.eye(geometry.features)[chosen]
        answers = [network.predict(inputs + sign * shifts)[:, digit.digit] for sign in (1, -1)]
        differences = (answers[0] - answers[1]) / (2 * step)
        np.testing.assert_allclose(slopes.ravel()[chosen], differences, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("name", MODELS)
def test_erasing_the_ink_that_speaks_for_an_answer_weakens_it_most(name, recognizers, digits):
    recognizer, read = recognizers[name], digits[name]
    rng = np.random.default_rng(1)
    erased = {"loudest": [], "any": []}
    for digit, slopes in zip(read, recognizer.saliency(read), strict=True):
        inked = np.flatnonzero(digit.pixels)
        count = len(inked) * 3 // 10
        loudest = inked[np.argsort(slopes.ravel()[inked])[-count:]]
        for what, places in (("loudest", loudest), ("any", rng.permutation(inked)[:count])):
            pixels = digit.pixels.copy()
            pixels.ravel()[places] = 0
            erased[what].append(recognizer.probabilities(pixels[None])[0, digit.digit])
    assert np.mean(erased["loudest"]) < 0.5 * np.mean(erased["any"])


def test_no_digits_have_no_saliency(recognizers):
    for name, size in zip(MODELS, (28, 8), strict=True):
        for nothing in ((), []):
            found = recognizers[name].saliency(nothing)
            assert found.shape == (0, size, size)
            assert found.dtype == np.float32


def test_many_digits_have_what_each_has_alone(recognizers, digits):
    recognizer, read = recognizers["digits"], digits["digits"]
    many = recognizer.saliency([*read] * 100)
    alone = np.concatenate([recognizer.saliency([digit]) for digit in read])
    assert len(many) == 100 * len(read) > 1000
    np.testing.assert_allclose(many, np.tile(alone, (100, 1, 1)), rtol=1e-4, atol=1e-5)


def test_a_digit_of_another_model_is_refused(recognizers, digits):
    with pytest.raises(ConfigurationError, match="sees 28×28 pixels from 0 to 255; got a digit of shape"):
        recognizers["mnist"].saliency(digits["digits"][:1])
    other = replace(digits["mnist"][0], levels=16)
    with pytest.raises(ConfigurationError, match="from 0 to 16"):
        recognizers["mnist"].saliency([digits["mnist"][1], other])


def test_a_layer_without_a_gradient_is_named(recognizers, digits):
    class Halved(Layer):
        def forward(self, inputs, training=False):  # noqa: ARG002
            return inputs / 2

    model = recognizers["digits"].model
    recognizer = Recognizer(replace(model, network=Network([Halved(), Dense(64, 10)], rng=0)))
    with pytest.raises(ConfigurationError, match="Halved has no gradient of predictions"):
        recognizer.saliency(digits["digits"])


def test_threads_share_it_and_it_changes_nothing(recognizers, digits):
    recognizer, read = recognizers["mnist"], digits["mnist"]
    network = recognizer.model.network
    before = copy.deepcopy((network.parameters, network.state, [digit.pixels for digit in read]))
    expected = [recognizer.saliency([digit]) for digit in read]
    wrong = []

    def work(first):
        for turn in range(first, first + 20):
            index = turn % len(read)
            wrong.extend([turn] * (not np.array_equal(recognizer.saliency([read[index]]), expected[index])))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work, args=(first,)) for first in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
    np.testing.assert_equal((network.parameters, network.state, [d.pixels for d in read]), before)
