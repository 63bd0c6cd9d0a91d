"""locate: one region a digit, left to right, and whole digits rather than pieces."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitnet.imaging.ink import extract_ink
from digitnet.imaging.locate import Region, locate


def located(draw_on, size: tuple[int, int] = (400, 200)) -> list[Region]:
    image = Image.new("L", size, 255)
    draw_on(ImageDraw.Draw(image))
    return locate(extract_ink(np.asarray(image, dtype=np.float32) / 255))


def test_no_ink_no_region():
    assert located(lambda draw: draw.point((5, 5), fill=254)) == []


def test_the_box_is_the_stroke():
    (region,) = located(lambda draw: draw.rectangle([120, 40, 131, 159], fill=0))
    box = region.box
    assert (box.x, box.y, box.width, box.height) == (120, 40, 12, 120)
    assert region.ink.shape == (120, 12)
    assert region.ink.min() > 0.99


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

    assert len(located(five)) == 1


def test_a_four_in_two_strokes_is_one_digit():
    def four(draw):
        draw.line([(120, 40), (100, 110), (150, 110)], fill=0, width=8)
        draw.line([(157, 60), (157, 170)], fill=0, width=8)

    assert len(located(four)) == 1


def test_a_broken_ring_is_one_digit():
    def ring(draw):
        draw.arc([100, 40, 180, 160], -88, 88, fill=0, width=8)
        draw.arc([100, 40, 180, 160], 92, 268, fill=0, width=8)

    assert len(located(ring)) == 1


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
        assert np.count_nonzero(region.ink[0] > 0.5) < 30
        assert np.count_nonzero(region.ink[-1] > 0.5) < 30
