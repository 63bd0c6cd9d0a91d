"""Whole numbers through the public door, drawn here: grounds, lines, signs, things that are no digits, boxes.

Pictures are drawn with fixed seeds. Where a share is asked for, it is one that a sound reader exceeds by far:
these tests tell whether a kind of picture works at all, and figures are for the model card.
"""

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageDraw
from scipy import ndimage

from digitnet import Recognizer
from digitnet.synthesis.handwriting import draw_digit
from digitnet.synthesis.pieces import tight

HEIGHT = 60  # of a digit, in pixels
COUNT = 10  # pictures of a kind


@pytest.fixture(scope="module")
def reader(root):
    return Recognizer.load(root / "models" / "mnist.safetensors")


def digit_ink(digit, rng, height=HEIGHT):
    """A digit (height, width) in the first hand that is neither a hairline nor a coarse bitmap."""
    while True:
        ink = tight(draw_digit(digit, rng))
        width = round(ink.shape[1] * height / ink.shape[0])
        if ink.max() > 0.8 and 0.12 < ink.mean() < 0.6 and 3 < width < 1.2 * height:
            image = Image.fromarray(ink).resize((width, height), Image.Resampling.BICUBIC)
            return np.clip(np.asarray(image), 0, 1)


def sign_ink(sign):
    """A point, comma or dash, and how far under the line's top it begins, in digit heights."""
    image = Image.new("L", (60, 60))
    drawing = ImageDraw.Draw(image)
    if sign == ".":
        drawing.ellipse([20, 20, 28, 28], fill=255)
    elif sign == ",":
        drawing.line([28, 20, 22, 36], fill=255, width=5)
    else:
        drawing.line([10, 20, 36, 22], fill=255, width=6)
    return tight(np.asarray(image, dtype=np.float32) / 255), {".": 0.88, ",": 0.85, "-": 0.5}[sign]


def row(text, rng, gap=0.25, margin=0.7):
    """Ink of a line of digits, points, commas, dashes and spaces."""
    room = round(margin * HEIGHT)
    pieces, x = [], room
    for character in text:
        if character == " ":
            x += HEIGHT // 2
            continue
        ink, down = (digit_ink(int(character), rng), 0.0) if character.isdigit() else sign_ink(character)
        pieces.append((x, room + round(down * HEIGHT), ink))
        x += ink.shape[1] + round(gap * HEIGHT)
    page = np.zeros((HEIGHT + 2 * room, x + room), dtype=np.float32)
    for left, top, ink in pieces:
        window = page[top : top + ink.shape[0], left : left + ink.shape[1]]
        np.maximum(window, ink, out=window)
    return page


def stacked(rows):
    width = max(ink.shape[1] for ink in rows)
    return np.vstack([np.pad(ink, ((0, 0), (0, width - ink.shape[1]))) for ink in rows])


def plain(shape):
    return np.full(shape, 0.92, dtype=np.float32)


def ruled(shape):
    ground = plain(shape)
    for start in (15, 16):
        ground[start::45] = 0.7
    return ground


def squared(shape):
    ground = plain(shape)
    ground[12::28] = 0.72
    ground[:, 12::28] = 0.72
    return ground


def patterned(shape):
    y, x = np.indices(shape)
    return (0.85 - 0.1 * np.sin(x / 2.2 + 2 * np.sin(y / 9)) * np.sin(y / 2)).astype(np.float32)


def shaded(shape):
    return plain(shape) * np.linspace(0.6, 1, shape[1], dtype=np.float32)


def written(ink, rng, ground=plain, dark=0.2):
    """A photograph, uint8, of ink on a ground."""
    ink = ndimage.gaussian_filter(ink, 0.7)
    values = ground(ink.shape) * (1 - ink) + dark * ink + rng.normal(0, 0.01, ink.shape)
    return (np.clip(values, 0, 1) * 255).astype(np.uint8)


def number(rng, length):
    return "".join(str(digit) for digit in rng.integers(0, 10, length))


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("ground", [plain, ruled, squared, patterned, shaded])
def test_numbers_are_read_on_any_ground(reader, ground):
    right = 0
    for seed in range(COUNT):
        rng = np.random.default_rng([1, seed])
        text = number(rng, 4)
        right += reader.recognize(written(row(text, rng), rng, ground)).text == text
    assert right >= 0.7 * COUNT


def test_a_long_number_is_read(reader):
    rng = np.random.default_rng(2)
    assert reader.recognize(written(row("3141592653589", rng), rng)).text == "3141592653589"


def test_lines_are_read_in_order(reader):
    right = 0
    for seed in range(6):
        rng = np.random.default_rng([3, seed])
        texts = [number(rng, 4), number(rng, 3), number(rng, 5)]
        page = stacked([row(text, rng, margin=0.4) for text in texts])
        right += reader.recognize(written(page, rng)).text == "".join(texts)
    assert right >= 4


@pytest.mark.parametrize("angle", [-12, 12])
def test_a_sloping_line_is_one_line(reader, angle):
    right = 0
    for seed in range(5):
        rng = np.random.default_rng([4, seed])
        text = number(rng, 5)
        page = ndimage.rotate(np.pad(row(text, rng), ((60, 60), (0, 0))), angle, reshape=False, order=1)
        right += reader.recognize(written(page, rng)).text == text
    assert right >= 3


def test_zeros_that_touch_are_told_apart(reader):
    right = 0
    for seed in range(COUNT):
        rng = np.random.default_rng([5, seed])
        text = f"{rng.integers(1, 10)}00"
        right += reader.recognize(written(row(text, rng, gap=-0.05), rng)).text == text
    assert right >= 0.6 * COUNT


@pytest.mark.parametrize("form", ["{}.{}", "{},{}", "{} - {}", "-{} {}"])
def test_signs_are_left_out(reader, form):
    right = 0
    for seed in range(COUNT):
        rng = np.random.default_rng([6, seed])
        text = form.format(number(rng, 2), number(rng, 2))
        digits = "".join(character for character in text if character.isdigit())
        right += reader.recognize(written(row(text, rng), rng)).text == digits
    assert right >= 0.6 * COUNT


# Pen strokes in a box of 100 × 100.
NO_DIGITS = {
    "A": [(10, 100, 50, 0, 90, 100), (28, 62, 72, 62)],
    "E": [(70, 0, 10, 0, 10, 100, 70, 100), (10, 50, 60, 50)],
    "H": [(10, 0, 10, 100), (80, 0, 80, 100), (10, 50, 80, 50)],
    "K": [(10, 0, 10, 100), (70, 0, 10, 55, 74, 100)],
    "M": [(5, 100, 5, 0, 50, 70, 95, 0, 95, 100)],
    "R": [(10, 100, 10, 0, 60, 6, 64, 44, 10, 50, 70, 100)],
    "W": [(0, 0, 25, 100, 50, 30, 75, 100, 100, 0)],
    "X": [(10, 0, 90, 100), (90, 0, 10, 100)],
    "+": [(50, 0, 50, 100), (0, 50, 100, 50)],
    "→": [(0, 50, 100, 50), (70, 20, 100, 50, 70, 80)],
}


def test_letters_and_signs_are_not_accepted(reader):
    accepted, asked = 0, 0
    for index, strokes in enumerate(NO_DIGITS.values()):
        for width in (6, 10):
            rng = np.random.default_rng([7, index])
            image = Image.new("L", (160, 160))
            for stroke in strokes:
                places = np.array(stroke).reshape(-1, 2) + rng.normal(30, 2, (len(stroke) // 2, 2))
                ImageDraw.Draw(image).line([tuple(p) for p in places], fill=255, width=width, joint="curve")
            accepted += reader.recognize(written(np.asarray(image) / np.float32(255), rng)).accepted
            asked += 1
    assert accepted <= 0.2 * asked


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1, 0.3])
def test_blank_paper_and_noise_have_nothing_to_accept(reader, noise):
    for seed in range(3):
        rng = np.random.default_rng([8, seed])
        picture = np.clip(0.8 + rng.normal(0, noise, (120, 200)), 0, 1)
        prediction = reader.recognize(picture.astype(np.float32))
        assert not prediction.accepted
        if noise < 0.05:
            assert (prediction.text, prediction.digits, prediction.confidence) == ("", (), 0.0)


def test_boxes_are_in_pixels_of_the_upright_picture(reader):
    """A large photograph that lies on its side, as its EXIF says: read upright, boxes measured there."""
    rng = np.random.default_rng(9)
    small = Image.fromarray(written(np.pad(row("472", rng), 100), rng))
    upright = small.resize((4 * small.width, 4 * small.height), Image.Resampling.BICUBIC)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter to the right
    buffer = io.BytesIO()
    upright.transpose(Image.Transpose.ROTATE_90).save(buffer, "JPEG", exif=exif)
    there, here = reader.recognize(buffer.getvalue()), reader.recognize(np.asarray(small))
    assert there.text == here.text == "472"
    assert (there.width, there.height) == upright.size
    lefts = [digit.box.x for digit in there.digits]
    assert lefts == sorted(lefts)
    for large, little in zip(there.digits, here.digits, strict=True):
        measured = (large.box.x, large.box.y, large.box.width, large.box.height)
        expected = (little.box.x, little.box.y, little.box.width, little.box.height)
        assert measured == pytest.approx([4 * length for length in expected], abs=16)


def test_transparency_and_palettes_change_nothing(reader):
    rng = np.random.default_rng(10)
    ink = row("472", rng)
    layer = np.zeros((*ink.shape, 4), dtype=np.uint8)
    layer[..., :3] = (20, 30, 120)
    layer[..., 3] = (255 * ink).astype(np.uint8)
    palette = Image.fromarray(written(ink, rng)).quantize(8)
    assert reader.recognize(png(Image.fromarray(layer))).text == "472"
    assert reader.recognize(png(palette)).text == "472"


def test_a_prediction_adds_up_and_threads_agree(reader):
    pictures = []
    for seed in range(8):
        rng = np.random.default_rng([11, seed])
        pictures.append(written(row(number(rng, 4), rng), rng, (plain, ruled, patterned)[seed % 3]))
    alone = [reader.recognize(picture) for picture in pictures]
    for prediction in alone:
        assert prediction.text == "".join(str(digit.digit) for digit in prediction.digits)
        assert prediction.confidence == pytest.approx(np.prod([d.confidence for d in prediction.digits]))
        assert prediction.accepted == all(digit.accepted for digit in prediction.digits)
        for digit in prediction.digits:
            assert sum(digit.probabilities) == pytest.approx(1)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(reader.recognize, pictures * 2))
    assert [(p.text, p.confidence) for p in together] == 2 * [(p.text, p.confidence) for p in alone]
