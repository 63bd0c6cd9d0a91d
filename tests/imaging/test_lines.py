"""lines_of: what stands in one line, level or sloping, and in which order lines are read."""

import math

import pytest

from digitnet.imaging.components import Component
from digitnet.imaging.lines import lines_of, usual_height


def parts(*boxes):
    """Components from boxes (x, y, width, height), labelled in the order given."""
    return [Component(i, x, x + w, y, y + h) for i, (x, y, w, h) in enumerate(boxes, start=1)]


def labels(lines):
    return [[part.label for part in line.parts] for line in lines]


def test_nothing_has_no_lines():
    assert lines_of([]) == []


def test_a_level_line_is_read_from_left_to_right():
    lines = lines_of(parts((200, 20, 40, 60), (20, 24, 40, 60), (110, 16, 40, 60)))
    assert labels(lines) == [[2, 3, 1]]
    assert lines[0].height == 60


def test_lines_are_read_from_top_to_bottom_whatever_their_lengths():
    lines = lines_of(
        parts((150, 220, 40, 60), (40, 220, 40, 60), (40, 120, 40, 60), (40, 20, 40, 60), (150, 20, 40, 60))
    )
    assert labels(lines) == [[4, 5], [3], [2, 1]]


def test_a_column_of_digits_is_as_many_lines():
    lines = lines_of(parts((40, 172, 40, 60), (40, 20, 40, 60), (42, 96, 40, 60)))
    assert labels(lines) == [[2], [3], [1]]


@pytest.mark.parametrize("degrees", [-35, -20, -8, 8, 20, 35])
def test_a_slanted_line_is_one_line(degrees):
    slope = math.tan(math.radians(degrees))
    boxes = [(70 * i, round(300 + 70 * i * slope), 40, 60) for i in range(5)]
    assert labels(lines_of(parts(*boxes))) == [[1, 2, 3, 4, 5]]


@pytest.mark.parametrize("degrees", [-15, 15])
def test_slanted_lines_are_told_apart(degrees):
    slope = math.tan(math.radians(degrees))
    boxes = [(70 * i, round(300 + y + 70 * i * slope), 40, 60) for y in (130, 0) for i in range(5)]
    assert labels(lines_of(parts(*boxes))) == [[6, 7, 8, 9, 10], [1, 2, 3, 4, 5]]


def test_small_zeros_and_points_belong_to_the_line_they_stand_in():
    lines = lines_of(
        parts((20, 20, 40, 60), (80, 74, 8, 8), (110, 46, 26, 28), (20, 120, 40, 60), (110, 120, 40, 60))
    )
    assert labels(lines) == [[1, 2, 3], [4, 5]]


def test_a_speck_far_from_all_writing_is_dropped():
    assert labels(lines_of(parts((20, 20, 40, 60), (80, 20, 40, 60), (400, 300, 6, 6)))) == [[1, 2]]


def test_two_strokes_close_over_each_other_are_one_digit():
    (line,) = lines_of(parts((40, 20, 40, 28), (34, 58, 44, 32)))
    assert labels([line]) == [[2, 1]]
    assert line.height == 70


def test_the_detached_bar_of_a_five_is_in_its_line():
    bar, bowl = (62, 18, 40, 8), (36, 38, 52, 70)
    assert labels(lines_of(parts(bar, bowl))) == [[2, 1]]
    beside = lines_of(parts(bar, bowl, (130, 20, 40, 88), (190, 20, 40, 88)))
    assert labels(beside) == [[2, 1, 3, 4]]


def test_a_bar_far_over_a_broken_bowl_is_of_one_digit():
    (line,) = lines_of(parts((90, 40, 120, 40), (130, 130, 60, 30), (100, 170, 100, 70)))
    assert len(line.parts) == 3
    assert line.height == 200


def test_a_bar_over_a_column_of_digits_is_not_of_a_digit():
    lines = lines_of(parts((30, 20, 60, 32), (40, 70, 40, 60), (40, 146, 40, 60)))
    assert [line.parts[-1].label for line in lines][-1] == 3
    assert len(lines) >= 2


def test_the_usual_height_is_that_of_the_digits():
    specks = [(10 * i, 90, 4, 4) for i in range(20)]
    assert usual_height(parts((20, 20, 40, 60), (80, 20, 40, 62), (140, 20, 40, 64), *specks)) == 62
