"""The ways in which people write each digit, as a few points that the pen passes.

The notation is that of :func:`digitnet.synthesis.strokes.parse`: points ``x,y`` in hundredths of the
height, y down, ``!`` a corner, ``/`` a new stroke. MNIST's digits are those of American writers; the open
4, the 1 with a long up-stroke, the crossed 7 and the curly 9 are what others write.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Variant:
    """One way to write a digit.

    Attributes:
        digit: 0 to 9.
        name: what is particular about it.
        weight: how often it is drawn, relative to the digit's other variants.
        shape: its strokes.
        slant: standard deviation of the shear that it bears without becoming another digit.
        freedom: how far its points may stray; smaller where little makes it another digit.
        thickest: the widest pen that leaves it legible, as a share of its height.

    >>> Variant(1, "plain", weight=1, shape="0,0! 0,100!").slant
    0.2
    """

    digit: int
    name: str
    weight: float
    shape: str
    slant: float = 0.2
    freedom: float = 1.0
    thickest: float = 0.17


#: All variants of all digits.
VARIANTS: tuple[Variant, ...] = (
    Variant(0, "oval", 3, "32,0 12,12 2,50 12,88 31,100 50,88 58,50 49,12 30,0"),
    Variant(0, "unclosed", 2, "42,7 26,1 8,18 2,55 12,90 32,100 52,84 58,48 52,18 44,9"),
    Variant(0, "overlapping", 2, "36,2 14,12 2,48 10,86 30,100 50,86 58,50 46,10 24,2 14,8"),
    Variant(0, "looped", 1, "34,5 10,18 2,56 14,92 32,100 52,82 57,44 46,12 32,4 25,12 34,18 48,8 58,-4"),
    Variant(0, "tailed", 1.5, "58,-5 44,4 24,2 6,24 2,60 14,94 34,98 52,80 58,46 50,14 40,4"),
    Variant(0, "squarish", 1, "30,0 12,4 3,20 0,50 3,80 12,96 30,100 49,96 57,80 60,50 57,20 48,4 29,0"),
    Variant(0, "wide", 1.5, "46,0 14,14 0,50 14,86 46,100 80,88 94,50 80,14 44,0"),
    Variant(0, "narrow", 1, "20,0 6,14 0,52 6,88 18,100 31,86 36,48 30,12 18,0", thickest=0.13),
    Variant(0, "pointed", 0.7, "30,0! 8,28 2,66 14,94 30,100 47,93 58,66 50,30 31,2"),
    Variant(
        0,
        "slashed",
        0.25,
        "32,0 12,12 2,50 12,88 31,100 50,88 58,50 49,12 30,0 / 60,-4! 0,104!",
        thickest=0.09,
    ),
    Variant(1, "stroke", 3, "4,0 5,50 3,100", 0.25, thickest=0.22),
    Variant(1, "bent", 1, "8,0 2,30 6,70 4,100", thickest=0.22),
    Variant(1, "short flag", 2, "0,22! 20,0! 20,100!", 0.18),
    Variant(1, "hooked", 1, "0,24 14,15 22,0! 20,100!", 0.18),
    Variant(1, "up-stroke", 3, "0,52! 32,0! 32,100!", 0.15, 0.7, thickest=0.13),
    Variant(1, "long up-stroke", 2.5, "0,80! 36,0! 36,100!", 0.15, 0.7, thickest=0.13),
    Variant(1, "full up-stroke", 1, "0,90! 38,0! 39,100!", 0.12, 0.6, thickest=0.13),
    Variant(1, "curved up-stroke", 1.5, "0,64 20,36 36,0! 36,100!", 0.15, 0.7, thickest=0.13),
    Variant(1, "based", 0.7, "26,0! 26,100! / 4,100! 48,100!", 0.12),
    Variant(1, "flag and base", 1.5, "6,22! 28,0! 28,100! / 4,100! 52,100!", 0.12, 0.8),
    Variant(2, "flat base", 2.5, "4,22 14,5 34,0 52,14 50,36 28,66 2,100! 60,100!"),
    Variant(2, "looped", 2, "4,20 18,2 40,2 52,20 43,50 24,80 8,95 2,88 12,80 30,90 46,100 62,92"),
    Variant(2, "angular", 1.2, "4,12 22,1 44,2 54,16 46,36! 2,98! 58,98!", 0.15, 0.8),
    Variant(2, "curled top", 1, "20,24 9,27 4,16 18,2 40,2 54,18 46,44 22,76 0,100! 30,95 60,98"),
    Variant(2, "wavy base", 1.5, "2,24 12,4 34,0 54,16 48,42 26,72 0,98! 16,91 38,100 64,92"),
    Variant(2, "round base", 1, "4,24 14,4 36,0 52,18 46,44 18,76 5,93 18,99 60,97"),
    Variant(2, "wide", 0.7, "2,26 18,3 46,0 68,16 60,42 30,72 0,98! 40,96 82,100"),
    Variant(3, "round", 2.5, "4,12 24,0 48,8 50,30 24,46! 52,56 57,80 34,100 10,97 0,84"),
    Variant(3, "smooth", 1.5, "6,10 28,0 50,11 44,37 24,46 46,53 58,75 40,98 4,94"),
    Variant(3, "looped", 1.2, "4,14 26,0 50,10 46,34 27,48 17,45 26,41 52,57 54,86 28,100 2,88"),
    Variant(3, "flat top", 2, "4,2! 54,2! 24,40! 46,44 58,68 46,94 22,100 0,88"),
    Variant(3, "curled", 1, "13,22 4,13 22,0 48,6 50,30 26,46! 54,56 57,84 32,100 6,93 4,80 13,77"),
    Variant(3, "pointed", 1, "2,6 26,0 48,14 18,46! 44,52 56,74 42,95 0,100"),
    Variant(4, "open", 3, "8,0! 4,60! 62,58! / 46,22! 46,100!", 0.15),
    Variant(4, "open curved", 2, "12,0 2,42 12,58 60,54 / 46,8! 44,100!", 0.15),
    Variant(4, "open high", 1.5, "6,0! 4,52! 52,52! / 52,2! 52,100!", 0.15),
    Variant(4, "y-like", 1.5, "4,0 3,30 16,47 38,42 50,0! 47,50 44,100!", 0.15),
    Variant(4, "closed", 2, "44,100! 44,0! 0,68! 64,68!", 0.15),
    Variant(4, "closed in two", 2, "42,0! 0,66! 62,66! / 44,2! 42,100!", 0.15),
    Variant(4, "long crossing", 1.2, "38,0! 0,62! 90,60! / 50,26! 46,100!", 0.15),
    Variant(4, "lightning", 1.2, "32,0! 2,58! 60,55! / 40,34! 34,100!", 0.15),
    Variant(4, "one stroke", 0.8, "34,0! 2,56! 42,56 56,42 48,34 40,60 36,100", 0.12),
    Variant(5, "one stroke", 2, "52,0! 10,0! 6,44! 28,36 54,54 52,86 26,100 2,90"),
    Variant(5, "two strokes", 2.5, "10,0! 6,44! 28,35 54,54 52,84 26,100 0,88 / 10,0! 58,-2!"),
    Variant(5, "detached bar", 1.5, "10,4! 6,44! 28,35 54,54 52,84 26,100 0,88 / 21,0! 64,-5!"),
    Variant(5, "rounded", 1.2, "54,2 30,2 12,6 8,40 30,38 54,56 50,88 24,100 0,92", 0.15),
    Variant(5, "s-like", 0.8, "56,3! 26,0 7,12 9,37 36,44 55,66 46,94 22,100 0,93", 0.12, 0.7),
    Variant(5, "long bar", 1, "14,2! 8,42! 32,36 50,56 46,86 20,100 0,92 / 10,4! 74,-8!"),
    Variant(5, "small belly", 0.8, "48,0! 8,0! 4,54! 24,46 44,62 40,90 20,100 0,94"),
    Variant(6, "curved", 2.5, "46,0 18,24 2,62 10,94 32,100 52,84 48,60 28,53 8,72"),
    Variant(6, "straight", 1.5, "38,0! 10,56 4,82 22,100 48,92 54,70 36,55 12,66 5,80"),
    Variant(6, "large loop", 1.2, "40,0 14,22 2,60 10,92 32,100 54,86 54,52 30,36 6,60"),
    Variant(6, "small loop", 1.2, "44,0 16,28 2,70 8,96 26,100 40,90 36,74 20,70 6,82", thickest=0.13),
    Variant(6, "open loop", 1.2, "44,2 14,30 2,68 14,98 40,98 54,78 42,60 24,62 16,68"),
    Variant(6, "curled top", 0.8, "54,12 42,0 20,12 4,50 8,90 30,100 52,86 50,60 28,52 6,70"),
    Variant(7, "plain", 2.5, "0,4! 54,2! 20,100!", 0.15, thickest=0.15),
    Variant(7, "serif", 1.2, "2,18! 4,2! 54,2! 22,100!", 0.15, thickest=0.15),
    Variant(7, "curved", 1.5, "0,6! 54,2! 30,42 22,100!", 0.15, thickest=0.15),
    Variant(7, "wavy top", 1, "0,14 7,2 28,8 56,2! 28,48 20,100", 0.15, thickest=0.15),
    Variant(7, "upright", 0.6, "0,3! 46,2! 42,100!", 0.1, thickest=0.15),
    Variant(7, "crossed", 3, "0,4! 52,2! 20,100! / 12,52! 52,48!", 0.15, thickest=0.15),
    Variant(7, "long cross", 1.2, "2,5! 54,2! 24,100! / 0,54! 64,46!", 0.15, thickest=0.15),
    Variant(7, "crossed, curved", 1.5, "0,8 6,2 54,2! 32,44 24,100! / 12,54! 54,48!", 0.15, thickest=0.15),
    Variant(7, "crossed, serif", 1, "2,20! 4,2! 54,2! 22,100! / 14,52! 52,48!", 0.15, thickest=0.15),
    Variant(
        8,
        "figure-eight",
        2.5,
        "44,12 26,0 7,12 14,36 44,58 52,84 28,100 4,86 10,60 40,40 50,16 38,4",
        thickest=0.15,
    ),
    Variant(
        8,
        "two circles",
        1.5,
        "28,0 8,10 9,35 28,46 47,35 48,10 29,0 / 28,46 4,60 2,86 28,100 54,86 52,60 29,46",
    ),
    Variant(
        8, "open top", 1.5, "50,7 24,1 6,18 18,42 46,60 50,88 24,100 4,84 14,60 44,34 56,4", thickest=0.15
    ),
    Variant(8, "s and stroke", 1, "50,12 28,0 8,16 22,42 48,62 46,92 24,100 2,86! 54,8!", thickest=0.15),
    Variant(
        8,
        "crossing ends",
        1,
        "58,2 32,0 8,12 16,38 46,60 50,88 26,100 4,84 14,58 42,32 44,8 36,-7",
        thickest=0.15,
    ),
    Variant(
        8,
        "from the middle",
        1,
        "30,46 8,30 14,5 32,0 50,14 44,34 12,60 4,84 24,100 50,92 52,68 28,46",
        thickest=0.15,
    ),
    Variant(
        8, "narrow", 0.8, "30,6 16,0 4,14 12,40 30,58 34,84 18,100 2,86 8,60 26,42 32,18 26,4", thickest=0.12
    ),
    Variant(9, "straight", 2, "50,18 30,0 6,12 4,38 24,52 44,40 52,14! 50,100!", 0.15, thickest=0.15),
    Variant(
        9, "curly", 2.5, "50,14 28,0 6,14 6,38 26,50 46,38 52,12 54,60 44,94 22,100 2,88", 0.15, thickest=0.15
    ),
    Variant(
        9,
        "hooked",
        1.5,
        "48,12 28,0 8,14 6,36 24,46 44,36 50,8! 53,70 42,97 18,99 4,84 12,76",
        0.15,
        thickest=0.15,
    ),
    Variant(9, "leaning", 1.5, "52,16 32,0 8,14 6,40 26,52 48,36 54,12 42,56 20,100", thickest=0.15),
    Variant(9, "curved", 1.2, "10,100 40,76 56,40 48,8 28,0 6,14 10,40 32,48 53,30", 0.15, thickest=0.15),
    Variant(9, "open loop", 1.2, "44,6 20,2 4,22 12,46 36,42 50,6! 48,100!", 0.15, thickest=0.15),
    Variant(9, "p mirrored", 1, "50,0! 50,100! / 50,3 20,0 2,22 14,46 50,48", 0.15, thickest=0.15),
    Variant(9, "large loop", 1, "52,22 34,0 6,10 0,40 18,62 46,50 55,20 54,66 46,100", thickest=0.15),
)
