"""Which of several readings of a picture to believe: of its ground, its ink and its digits."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from digitnet.imaging.background import Scene, examine_all
from digitnet.imaging.components import components
from digitnet.imaging.even_ground import even_ground
from digitnet.imaging.ink import Ink, ink_of
from digitnet.imaging.lines import usual_height
from digitnet.imaging.locate import Allowance, Box, Judge, Reading, locate
from digitnet.imaging.lone_digit import lone_digit
from digitnet.imaging.picture import Tones, unit_grey
from digitnet.imaging.ruling import without_rules

# Blur in stroke widths and lower threshold of the ways to look for ink on patterned ground.
_WAYS = ((0.25, 0.5), (0.25, 0.65), (0.4, 0.55), (0.4, 0.7))

# The most pixels that are worked through, all ways of seeing a picture together.
_MOST_WORK = 10_000_000
# A sure reading ends the search if the picture was seen in a way at least this likely, and also in one that
# is at least as likely as all others together if its digits cost no more than this each.
_CERTAIN, _LIKELY, _CHEAP = 0.9, 0.5, 0.05


def best_reading(tones: Tones, judge: Judge) -> Reading:
    """Read a grey picture (height, width), uint8 or float32 in [0, 1].

    A picture may be seen in several ways: which of its tones is the ground, how the light falls on it,
    how dark a mark must be to be ink, and whether long lines are ruled. The likeliest way comes first,
    and where it gives a reading that leaves no doubt, that is the answer. Otherwise all ways are tried
    and vote: a text has the sum of the weights of the readings that say so, and a reading weighs as much
    as its way was likely beforehand, times the odds that its digits are right. If even the winner is
    not sure, the ground may be patterned, and inks with the pattern blurred away are read too.

    On an even ground there is but one way, and a short one for a lone digit.
    """
    even = even_ground(tones)
    if even and (reading := lone_digit(even, judge)):
        return reading
    votes = _Votes(judge)
    first: tuple[Scene, Ink] | None = None
    size = tones.size
    for scene in [even.scene()] if even else examine_all(unit_grey(tones)):
        if not votes.may_read(size):
            break
        unruled = ink_of(scene)
        first = first or (scene, unruled)
        for ink in _with_and_without_rules(unruled):
            found = votes.read(ink, scene.prior)
            if found and found.sure and _ends_the_search(found, scene.prior):
                return found
    best = votes.winner()
    # A lone digit that is none too clear is not made clearer by looking for patterns behind it.
    if first is None or best.sure or votes.lone_digit() or not votes.may_read(size):
        return best
    for ink in _through_patterns(*first):
        found = votes.read(ink, first[0].prior)
        if found and found.sure and _keeps_digits(found, best):
            return found
        if not votes.may_read(size):
            break
    return votes.winner(best)


def _ends_the_search(reading: Reading, prior: float) -> bool:
    return prior >= _CERTAIN or (prior >= _LIKELY and reading.cost < _CHEAP * len(reading.regions))


class _Votes:
    """The readings so far and what they weigh, as long as the allowance lasts."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._allowance = Allowance(_MOST_WORK)
        self._readings: list[Reading] = []
        self._weights: defaultdict[str, float] = defaultdict(float)

    def read(self, ink: Ink, prior: float) -> Reading | None:
        """Read some ink and count its vote; None if there are no digits in it, or no time is left."""
        if not self._allowance.take(ink.mask.size):
            return None
        reading = locate(ink, self._judge, self._allowance)
        if not reading.regions:
            return None
        self._readings.append(reading)
        self._weights[reading.text] += prior * _odds(reading)
        return reading

    def may_read(self, size: int) -> bool:
        """Whether the allowance is enough to look at ink of so many pixels once more."""
        return size <= self._allowance.remaining

    def winner(self, plain: Reading | None = None) -> Reading:
        """The cheapest reading of the text that weighs most."""
        nothing = Reading([], 0.0, False)
        kept = [r for r in self._readings if plain is None or _keeps_digits(r, plain)]
        return min(kept, key=lambda r: (-self._weights[r.text], r.cost), default=nothing)

    def lone_digit(self) -> bool:
        """Whether some reading is a single digit that is more likely than not."""
        return any(len(reading.regions) == 1 and reading.cost < 1 for reading in self._readings)


def _odds(reading: Reading) -> float:
    """The odds of the digits of a reading being right, from the mean of their log probabilities."""
    confidence = math.exp(-reading.cost / len(reading.regions))
    return confidence / (1.02 - confidence)


def _through_patterns(scene: Scene, plain: Ink) -> Iterator[Ink]:
    """Inks for patterned ground: a pattern is thinner and fainter than the strokes, so blur it away."""
    width = min(max(plain.stroke_width, 2.5), 5.0)
    for blur, share in _WAYS:
        yield from _with_and_without_rules(ink_of(scene, blur=blur * width, share=share))


def _with_and_without_rules(ink: Ink) -> Iterator[Ink]:
    if not ink.mask.any():
        return
    yield ink
    _, parts = components(ink.mask)
    mask = without_rules(ink.mask, ink.stroke_width, usual_height(parts)) if parts else None
    if mask is not None and mask.any():
        yield replace(ink, mask=mask)


def _keeps_digits(reading: Reading, plain: Reading) -> bool:
    """Whether every likely digit of the plain reading has one of the other in its place, none is lost."""
    return all(
        region.probabilities.max() < 0.8
        or any(_overlap(region.box, other.box) > 0.5 for other in reading.regions)
        for region in plain.regions
    )


def _overlap(box: Box, other: Box) -> float:
    """How much of a box another covers."""
    wide = min(box.x + box.width, other.x + other.width) - max(box.x, other.x)
    high = min(box.y + box.height, other.y + other.height) - max(box.y, other.y)
    return max(wide, 0) * max(high, 0) / max(box.width * box.height, 1)
