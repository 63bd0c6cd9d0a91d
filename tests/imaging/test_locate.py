"""locate: one region a digit, in reading order; whole digits rather than pieces, and no signs."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitnet.imaging.ink import extract_ink
from digitnet.imaging.locate import Allowance, Reading, Region, locate


def answers(crops, digits):
    """What a judge says: digits with confidence, or no digit where there is None; the ink for pixels."""
    probabilities = np.full((len(crops), 10), 0.1)
    for row, digit in zip(probabilities, digits, strict=True):
        if digit is not None:
            row[:] = 0.005
            row[digit] = 0.955
    pixels = np.empty(len(crops), dtype=object)
    pixels[:] = crops
    return pixels, probabilities


def narrow_is_a_digit(crops):
    """Judge what is much higher than wide to be a 1, what is not wider than high a 0, the rest no digit."""
    slim = [crop.shape[0] / crop.shape[1] for crop in crops]
    return answers(crops, [1 if s > 2 else 0 if s > 0.9 else None for s in slim])


def only(width, height):
    """A judge who knows but one digit, of this size."""
    return lambda crops: answers(
        crops,
        [4 if abs(c.shape[1] - width) < 12 and abs(c.shape[0] - height) < 12 else None for c in crops],
    )


def round_or(width, height):
    """A judge who knows rings, and a 5 of this size."""

    def digit(crop):
        high, wide = crop.shape
        if abs(wide - width) < 12 and abs(high - height) < 12:
            return 5
        hollow = crop[high // 3 : -high // 3, wide // 3 : -wide // 3].max(initial=0) < 0.1
        return 0 if hollow and 1.3 < high / wide < 2.2 else None

    return lambda crops: answers(crops, [digit(crop) for crop in crops])


def reading_of(draw_on, size: tuple[int, int] = (400, 200), judge=narrow_is_a_digit) -> Reading:
    image = Image.new("L", size, 255)
    draw_on(ImageDraw.Draw(image))
    return locate(extract_ink(np.asarray(image, dtype=np.float32) / 255), judge, Allowance(10_000_000))


def located(draw_on, size: tuple[int, int] = (400, 200)) -> list[Region]:
    return reading_of(draw_on, size).regions


def test_no_ink_no_region():
    assert located(lambda draw: draw.point((5, 5), fill=254)) == []


def test_the_box_is_the_stroke():
    (region,) = located(lambda draw: draw.rectangle([120, 40, 131, 159], fill=0))
    box = region.box
    assert (box.x, box.y, box.width, box.height) == (120, 40, 12, 120)
    assert region.pixels.shape == (120, 12)
    assert region.pixels.min() > 0.99


def test_digits_come_from_left_to_right():
    lefts = [30, 130, 250, 330]
    regions = located(
        lambda draw: [draw.ellipse([x, 60, x + 50, 140], outline=0, width=8) for x in reversed(lefts)]
    )
    assert [region.box.x for region in regions] == lefts


def test_a_five_with_a_detached_bar_is_one_digit():
    def five(draw):
        draw.arc([100, 90, 170, 170], 200, 150, fill=0, width=9)
        draw.line([(125, 50), (112, 92)], fill=0, width=9)
        draw.line([(145, 44), (185, 44)], fill=0, width=9)

    assert len(reading_of(five, judge=only(86, 132)).regions) == 1


def test_a_five_with_a_detached_bar_is_one_digit_of_a_number():
    def number(draw):
        ring(draw, 40, 50, 60, 110)
        draw.arc([130, 90, 200, 170], 200, 150, fill=0, width=9)
        draw.line([(155, 50), (142, 92)], fill=0, width=9)
        draw.line([(172, 44), (212, 44)], fill=0, width=9)
        ring(draw, 240, 50, 60, 110)

    boxes = [region.box for region in reading_of(number, judge=round_or(83, 131)).regions]
    assert [box.x for box in boxes] == pytest.approx([40, 130, 240], abs=3)
    assert [box.y for box in boxes] == pytest.approx([50, 40, 50], abs=3)


def test_a_four_in_two_strokes_is_one_digit():
    def four(draw):
        draw.line([(120, 40), (100, 110), (150, 110)], fill=0, width=8)
        draw.line([(157, 60), (157, 170)], fill=0, width=8)

    assert len(reading_of(four, judge=only(62, 131)).regions) == 1


def test_a_broken_ring_is_one_digit():
    def ring(draw):
        draw.arc([100, 40, 180, 160], -88, 88, fill=0, width=8)
        draw.arc([100, 40, 180, 160], 92, 268, fill=0, width=8)

    assert len(reading_of(ring, judge=only(81, 121)).regions) == 1


def test_a_frame_around_the_digit_is_not_part_of_it():
    def framed(draw):
        draw.rectangle([80, 10, 300, 190], outline=0, width=3)
        draw.ellipse([150, 50, 220, 150], outline=0, width=9)

    (region,) = located(framed)
    assert region.box.x == pytest.approx(150, abs=1)
    assert region.box.width == pytest.approx(71, abs=2)


def test_a_region_holds_only_its_own_ink():
    def two(draw):
        draw.line([(100, 30), (180, 170)], fill=0, width=8)
        draw.line([(195, 30), (275, 170)], fill=0, width=8)

    for region in located(two):
        assert np.count_nonzero(region.pixels[0] > 0.5) < 30
        assert np.count_nonzero(region.pixels[-1] > 0.5) < 30


def ring(draw, x, y, width=60, height=90):
    draw.ellipse([x, y, x + width, y + height], outline=0, width=8)


def test_digits_that_touch_are_cut():
    def three(draw):
        for x in (60, 116, 172):
            ring(draw, x, 50)

    regions = reading_of(three, judge=only(60, 91)).regions
    assert [region.box.x for region in regions] == pytest.approx([60, 118, 175], abs=4)
    assert [region.box.width for region in regions] == pytest.approx([58, 57, 58], abs=6)


def test_digits_linked_by_a_stroke_are_cut():
    def linked(draw):
        ring(draw, 60, 50)
        ring(draw, 150, 50)
        draw.line([(115, 70), (155, 70)], fill=0, width=6)

    assert len(located(linked)) == 2


def test_zeros_joined_at_the_top_are_cut():
    def thousand(draw):
        draw.line([(30, 40), (30, 160)], fill=0, width=9)
        for x in (80, 160, 240):
            ring(draw, x, 70)
        draw.line([(110, 73), (270, 73)], fill=0, width=6)

    regions = located(thousand)
    assert [region.probabilities.argmax() for region in regions] == [1, 0, 0, 0]
    assert [region.box.x for region in regions[2:]] == pytest.approx([152, 232], abs=14)


@pytest.mark.parametrize(("whole", "parts_asked"), [(0.8, False), (0.11, True)])
def test_parts_of_a_digit_are_looked_at_only_if_they_may_matter(whole, parts_asked):
    asked = []

    def judge(crops):
        asked.append(len(crops))
        probabilities = np.full((len(crops), 10), (1 - whole) / 9)
        probabilities[:, 3] = whole
        return answers(crops, [None] * len(crops))[0], probabilities

    def pair(draw):
        ring(draw, 60, 50)
        ring(draw, 116, 50)

    reading_of(pair, judge=judge)
    assert asked[0] == 1
    assert (sum(asked) > 1) == parts_asked


def test_a_wide_piece_of_ink_that_cannot_be_two_digits_stays_one():
    def doubtful(crops):
        pixels, probabilities = narrow_is_a_digit(crops)
        return pixels, np.full_like(probabilities, 0.1)

    reading = reading_of(lambda draw: ring(draw, 100, 50, 120, 90), judge=doubtful)
    assert len(reading.regions) == 1
    assert not reading.sure


@pytest.mark.parametrize(
    "sign",
    [
        lambda draw: draw.ellipse([148, 130, 158, 140], fill=0),
        lambda draw: draw.line([(152, 126), (149, 158)], fill=0, width=8),
        lambda draw: draw.line([(142, 95), (164, 95)], fill=0, width=8),
    ],
    ids=["point", "comma", "dash"],
)
def test_signs_are_no_digits(sign):
    def number(draw):
        ring(draw, 60, 50)
        sign(draw)
        ring(draw, 190, 50)

    assert [region.box.width > 40 for region in located(number)] == [True, True]


def test_small_zeros_beside_a_large_digit_are_found():
    def amount(draw):
        ring(draw, 30, 40, 60, 120)
        for x in (130, 190, 250):
            ring(draw, x, 80, 40, 46)

    assert len(located(amount)) == 4


def test_lines_are_read_from_top_to_bottom():
    def lines(draw):
        for y in (120, 20):
            for x in (150, 40, 260):
                ring(draw, x, y, 40, 60)

    boxes = [region.box for region in located(lines)]
    assert [(box.x // 10, box.y // 10) for box in boxes] == [
        (x, y) for y in (2, 12) for x in (4, 15, 26)
    ]  # fmt: skip


def test_a_steep_line_is_one_line():
    def steep(draw):
        for step in range(5):
            ring(draw, 20 + 75 * step, 220 - 50 * step, 40, 60)

    assert [region.box.x // 10 for region in located(steep, (420, 320))] == [2, 9, 17, 24, 32]


def test_what_is_not_allowed_is_not_looked_at():
    asked = []

    def counting(crops):
        asked.append(len(crops))
        return narrow_is_a_digit(crops)

    rng = np.random.default_rng(5)
    ink = extract_ink(np.where(rng.random((60, 60)) < 0.5, 0, 1).repeat(8, 0).repeat(8, 1).astype(np.float32))
    locate(ink, counting, Allowance(1_000_000))
    assert sum(asked) <= 100
