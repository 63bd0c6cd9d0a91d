from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digitnet.errors import UnreadableImageError
from digitnet.image_scores import (
    Reading,
    by_source,
    compare_confidence,
    edit_distance,
    read_images,
    score_non_digits,
    score_numbers,
)
from digitnet.labelled_images import LabelledImage

numbers = st.text("0123", max_size=6)


def _reading(label, text, confidence=0.9, accepted=True, source="s", group="g"):
    return Reading(LabelledImage(Path("x.png"), label, group, source), text, confidence, accepted)


@given(numbers, numbers)
def test_edit_distance_is_the_shortest_way(read, label):
    @cache
    def distance(i, j):  # by definition: delete, insert, or keep or replace the last one
        if not i or not j:
            return i + j
        change = distance(i - 1, j - 1) + (read[i - 1] != label[j - 1])
        return min(distance(i - 1, j) + 1, distance(i, j - 1) + 1, change)

    assert edit_distance(read, label) == distance(len(read), len(label)) == edit_distance(label, read)


def test_scores_of_numbers():
    score = score_numbers(
        [
            _reading("42", "42"),
            _reading("1000", "100", accepted=False),  # one digit dropped
            _reading("7", "1"),  # one digit wrong, and accepted
            _reading("305", "", confidence=0.0, accepted=False),  # three dropped
        ]
    )
    assert score["pictures"] == 4
    assert score["right"] == 1
    assert score["exact"] == 0.25
    assert score["digit_accuracy"] == pytest.approx(1 - 5 / 10)
    assert score["accepted"] == 0.5
    assert score["errors_accepted"] == 1
    assert score["nothing_found"] == 1
    low, high = score["exact_interval_95"]
    assert 0 < low < 0.25 < high < 1


def test_digit_accuracy_counts_what_is_read_too_much():
    assert score_numbers([_reading("1", "1234")])["digit_accuracy"] == -2


def test_a_large_source_does_not_drown_a_small_one():
    readings = [_reading("1", "1", source="large")] * 8 + [_reading("1", "7", source="small")] * 2
    scores = by_source(readings, score_numbers)
    assert scores["sources"]["large"]["exact"] == 1
    assert scores["sources"]["small"]["exact"] == 0
    assert scores["mean_over_sources"]["exact"] == 0.5
    assert scores["all"]["exact"] == 0.8


def test_sources_of_the_same_name_in_two_folders_stay_apart():
    scores = by_source([_reading("", "7", group="a"), _reading("", "", group="b")], score_non_digits)
    assert list(scores["sources"]) == ["a/s", "b/s"]
    assert scores["all"]["nothing_found"] == 1


def test_confidence_is_compared_with_single_digits():
    digits = [_reading("1", "1", 0.5 + 0.005 * k, accepted=k > 5) for k in range(100)]
    others = [_reading("", "4", 0.6, accepted=True, source="a"), _reading("", "", 0.0, False, source="b")]
    result = compare_confidence([*digits, _reading("42", "42", 0.1)], others)
    assert (result["digits"], result["non_digits"]) == (100, 2)
    # 0.6 lies above twenty digits and ties with one; 0 lies below all
    assert result["auroc"] == pytest.approx((1 + (79 + 0.5) / 100) / 2)
    assert result["threshold"] == pytest.approx(0.52)  # four in a hundred lie below
    assert result["rejected"] == 0.5
    assert result["rejected_mean_over_sources"] == 0.5
    assert result["digits_rejected_as_set_up"] == 0.06
    assert result["rejected_as_set_up"] == 0.5


def test_numbers_stand_in_where_there_are_no_single_digits():
    result = compare_confidence([_reading("42", "42", 0.8)], [_reading("", "1", 0.8)])
    assert result["digits"] == 1
    assert result["auroc"] == 0.5


def test_what_cannot_be_read_never_stops_the_run():
    def recognize(path):
        if path.name == "broken":
            raise UnreadableImageError("The file is damaged.")
        if path.name == "cursed":
            raise ZeroDivisionError("division by zero")
        return SimpleNamespace(text="7", confidence=0.9, accepted=True)

    images = [LabelledImage(Path(name), "7", "g", "s") for name in ("broken", "fine", "cursed")]
    shown = []
    readings, failures = read_images(
        SimpleNamespace(recognize=recognize), images, lambda items, name: shown.append(name) or items
    )
    assert [reading.image.path.name for reading in readings] == ["fine"]
    assert readings[0].right
    assert failures == {
        Path("broken"): "The file is damaged.",
        Path("cursed"): "digitnet failed: ZeroDivisionError: division by zero",
    }
    assert shown == ["images"]
