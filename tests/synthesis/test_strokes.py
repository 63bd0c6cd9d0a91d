"""Curves and the hand that leads them."""

import numpy as np
import pytest

from digitnet.errors import ConfigurationError
from digitnet.synthesis.strokes import curve, length, parse, resampled, write


def test_a_corner_ends_a_piece_and_a_slash_a_stroke():
    first, second = parse("0,0 10,0! 10,20 / -5,7 6.5,8")
    assert [piece.tolist() for piece in first] == [[[0, 0], [10, 0]], [[10, 0], [10, 20]]]
    assert [piece.tolist() for piece in second] == [[[-5, 7], [6.5, 8]]]


@pytest.mark.parametrize("shape", ["", "1,2", "1,2 3", "1,2 3,x", "1,2 3,4 / ", "1,2,3 4,5,6"])
def test_what_is_no_stroke_is_refused(shape):
    with pytest.raises(ConfigurationError, match=r"stroke|x,y"):
        parse(shape)


def test_a_curve_runs_through_its_points_smoothly():
    points = np.array([[0.0, 0.0], [40.0, 5.0], [45.0, 60.0], [0.0, 100.0]])
    line = curve(points)
    for point in points:
        assert np.hypot(*(line - point).T).min() < 1e-9
    along = np.diff(line, axis=0)
    turns = np.abs(np.diff(np.unwrap(np.arctan2(along[:, 1], along[:, 0]))))
    assert turns.max() < 0.35


def test_points_on_a_straight_line_stay_on_it():
    points = np.array([[0.0, 0.0], [1.0, 2.0], [20.0, 40.0], [25.0, 50.0]])
    line = curve(points)
    np.testing.assert_allclose(line[:, 1], 2 * line[:, 0], atol=1e-9)


def test_resampling_keeps_ends_and_distances():
    line = resampled(np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 70.0]]), 11)
    assert line[0].tolist() == [0, 0]
    assert line[-1].tolist() == [30, 70]
    np.testing.assert_allclose(np.hypot(*np.diff(line, axis=0).T), 10)
    assert length(line) == pytest.approx(100)


def test_the_hand_moves_strokes_but_keeps_them():
    strokes = parse("0,0! 0,60! 60,60! / 40,20! 40,100!")
    first = write(strokes, np.random.default_rng(0))
    second = write(strokes, np.random.default_rng(1))
    assert len(first) == len(second) == 2
    assert not np.array_equal(first[0][:10], second[0][:10])
    for line in first + second:
        assert np.isfinite(line).all()
        assert 50 < length(line) < 220
    again = write(strokes, np.random.default_rng(0))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert parse("0,0! 0,60! 60,60!")[0][0].tolist() == strokes[0][0].tolist()  # the shape is not altered
