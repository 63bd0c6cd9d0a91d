"""The public door, with the shipped models and pictures drawn here or taken from the data sets."""

import io
import threading
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

import digitnet
from digitnet import Recognizer
from digitnet.confidence import ConfidenceScale
from digitnet.data import load_digits, load_mnist
from digitnet.errors import (
    EmptyImageError,
    ImageTooLargeError,
    ModelFileError,
    UnreadableImageError,
    UnsupportedImageError,
)
from digitnet.imaging import Box, Glyph
from digitnet.renderings import RENDERINGS


@pytest.fixture(scope="module")
def mnist_model(root):
    return Recognizer.load(root / "models" / "mnist.safetensors")


@pytest.fixture(scope="module")
def digits_model(root):
    return Recognizer.load(root / "models" / "digits.safetensors")


def _drawing(strokes, size=200, width=14, ink=0, paper=255):
    image = Image.new("L", (size, size), paper)
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        draw.line(stroke, fill=ink, width=width, joint="curve")
    return image


SEVEN = [[(60, 50), (140, 50), (95, 155)]]
ONE = [[(100, 40), (100, 160)]]
FOUR = [[(80, 45), (65, 110), (140, 110)], [(120, 50), (120, 160)]]


def _png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(("strokes", "text"), [(SEVEN, "7"), (ONE, "1"), (FOUR, "4")])
@pytest.mark.parametrize(("ink", "paper"), [(0, 255), (255, 0), (90, 200)])
def test_drawn_digits_are_read(mnist_model, strokes, text, ink, paper):
    prediction = mnist_model.recognize(_png(_drawing(strokes, ink=ink, paper=paper)))
    assert prediction.text == text
    assert prediction.accepted
    assert prediction.confidence > 0.85


def test_a_prediction_holds_together(mnist_model):
    prediction = mnist_model.recognize(_png(_drawing(SEVEN)))
    assert (prediction.width, prediction.height) == (200, 200)
    (digit,) = prediction.digits
    assert str(digit.digit) == prediction.text
    assert len(digit.probabilities) == 10
    assert sum(digit.probabilities) == pytest.approx(1.0)
    assert max(digit.probabilities) == digit.confidence == digit.probabilities[digit.digit]
    assert prediction.confidence == pytest.approx(digit.confidence)
    assert digit.pixels.shape == (28, 28)
    assert digit.pixels.dtype == np.uint8
    # the strokes run from (60, 50) to (140, 155) and are 14 pixels wide
    box = digit.box
    assert (box.x, box.y) == (pytest.approx(59, abs=4), pytest.approx(43, abs=4))
    assert (box.x + box.width, box.y + box.height) == (pytest.approx(145, abs=6), pytest.approx(158, abs=6))


def test_bytes_path_and_array_give_the_same(mnist_model, tmp_path):
    image = _drawing(SEVEN)
    (tmp_path / "seven.png").write_bytes(_png(image))
    answers = [
        mnist_model.recognize(source)
        for source in (
            _png(image),
            tmp_path / "seven.png",
            str(tmp_path / "seven.png"),
            bytearray(_png(image)),
            np.asarray(image),
            np.asarray(image) / 255.0,
            image,
        )
    ]
    assert {answer.text for answer in answers} == {"7"}
    assert [answer.confidence for answer in answers] == pytest.approx([answers[0].confidence] * 7, abs=1e-3)


def test_network_inputs_need_not_be_whole_levels(mnist_model):
    pixels = np.random.default_rng(5).integers(0, 256, (7, 28, 28)).astype(np.uint8)
    inputs = (pixels.reshape(7, 784) / 255).astype(np.float32)
    probabilities = mnist_model.input_probabilities(inputs)
    assert np.abs(probabilities - mnist_model.probabilities(pixels)).max() < 1e-6
    assert np.abs(probabilities.sum(axis=1) - 1).max() < 1e-9
    fainter = mnist_model.input_probabilities(inputs * np.float32(0.999))
    assert 0 < np.abs(probabilities - fainter).max() < 0.2


def test_blank_paper_has_no_digits(mnist_model):
    for paper in (0, 128, 255):
        prediction = mnist_model.recognize(_png(Image.new("L", (300, 200), paper)))
        assert prediction.text == ""
        assert prediction.digits == ()
        assert prediction.confidence == 0.0
        assert not prediction.accepted


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", EmptyImageError),
        (b"not a picture", UnsupportedImageError),
        (_png(_drawing(SEVEN))[:200], UnreadableImageError),
    ],
)
def test_bad_input_raises_its_own_error(mnist_model, content, error):
    with pytest.raises(error):
        mnist_model.recognize(content)


def test_limits_and_missing_files(root, tmp_path, mnist_model):
    small = Recognizer.load(root / "models" / "mnist.safetensors", max_pixels=10_000)
    with pytest.raises(ImageTooLargeError):
        small.recognize(_png(_drawing(SEVEN)))
    with pytest.raises(UnreadableImageError, match="cannot be read"):
        mnist_model.recognize(tmp_path / "absent.png")
    with pytest.raises(ModelFileError):
        Recognizer.load(tmp_path / "absent.safetensors")


def test_threads_share_a_recognizer(mnist_model):
    pictures = [_png(_drawing(strokes)) for strokes in (SEVEN, ONE, FOUR)]
    expected = [mnist_model.recognize(picture).digits[0].probabilities for picture in pictures]
    wrong = []

    def work(index):
        answers = (mnist_model.recognize(pictures[index % 3]) for _ in range(15))
        wrong.extend(index for a in answers if a.digits[0].probabilities != expected[index % 3])

    threads = [threading.Thread(target=work, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_digits_model_reads_its_own_test_pictures_through_the_door(digits_model):
    data = load_digits()
    chosen = np.linspace(0, len(data.test) - 1, 60).astype(int)
    render = RENDERINGS["off-centre on a 600×400 page"]
    right = [
        digits_model.recognize(render(data.test.images[i], 16)).text == str(data.test.labels[i])
        for i in chosen
    ]
    assert np.mean(right) >= 0.9
    assert digits_model.recognize(render(data.test.images[0], 16)).digits[0].pixels.max() <= 16


@pytest.mark.mnist
@pytest.mark.parametrize("name", RENDERINGS)
def test_mnist_pictures_are_read_however_they_are_sent(mnist_model, mnist_dir, name):
    test = load_mnist(mnist_dir).test
    chosen = np.linspace(0, len(test) - 1, 200).astype(int)
    right = [
        mnist_model.recognize(RENDERINGS[name](test.images[i], 255)).text == str(test.labels[i])
        for i in chosen
    ]
    assert np.mean(right) >= 0.97


@pytest.mark.photos
def test_real_photographs_are_read(mnist_model, photos_dir):
    pictures = [p for folder in ("photo", "canvas") for p in sorted((photos_dir / folder).rglob("*.*g"))]
    answers = [(mnist_model.recognize(picture), picture.parent.name) for picture in pictures]
    right = np.mean([prediction.text == label for prediction, label in answers])
    assert len(pictures) > 250
    assert right >= 0.93
    # What is wrong must mostly come back as not sure.
    assert np.mean([p.accepted and p.text != label for p, label in answers]) <= 0.03


def test_the_public_names_exist():
    for name in digitnet.__all__:
        assert getattr(digitnet, name)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        digitnet.nonsense  # noqa: B018


@pytest.mark.parametrize(("count", "accepted"), [(1, True), (5, True), (40, False)])
def test_a_number_is_accepted_only_if_it_is_more_likely_right_than_wrong(
    mnist_model, monkeypatch, count, accepted
):
    sure = np.full(10, 0.002 / 9)
    sure[7] = 0.998
    glyph = Glyph(Box(0, 0, 5, 9), np.zeros((28, 28), np.uint8), sure)
    monkeypatch.setattr("digitnet.recognizer.find_digits", lambda *_: [glyph] * count)
    recognizer = Recognizer(replace(mnist_model.model, confidence_scale=ConfidenceScale(0.6, 0.0)))
    prediction = recognizer.recognize(np.zeros((20, 20), np.uint8))
    assert all(digit.accepted for digit in prediction.digits)
    assert prediction.confidence == pytest.approx(prediction.digits[0].confidence ** count)
    assert prediction.accepted is accepted
