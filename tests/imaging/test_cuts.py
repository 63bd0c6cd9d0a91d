"""cuts_of: where digits touch there is a cut, through little ink and one stroke."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from digitnet.imaging.cuts import cuts_of, pieces_of


def drawn(draw_on, size=(140, 100)):
    image = Image.new("1", size, 0)
    draw_on(ImageDraw.Draw(image))
    mask = np.asarray(image)
    rows, columns = np.nonzero(mask)
    return mask[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


@pytest.mark.parametrize("scale", [0.4, 1, 4])
def test_two_rings_that_touch_are_cut_where_they_do(scale):
    def rings(draw):
        for x in (0, 60):
            box = [x * scale, 0, (x + 66) * scale, 98 * scale]
            draw.ellipse(box, outline=1, width=round(8 * scale))

    mask = drawn(rings, (round(140 * scale), round(100 * scale)))
    cuts = cuts_of(mask, 0.0, 8 * scale)
    middle = [cut for cut in cuts if abs(float(cut.path.mean()) / scale - 63) < 6]
    assert middle
    assert middle[0].strokes == 1


def test_a_slanted_pair_is_cut_along_the_slant():
    def strokes(draw):
        draw.line([(10, 95), (50, 5)], fill=1, width=8)
        draw.line([(60, 95), (100, 5)], fill=1, width=8)
        draw.line([(30, 50), (80, 50)], fill=1, width=6)

    mask = drawn(strokes)
    (best,) = [cut for cut in cuts_of(mask, 40 / 90, 8) if 0.3 < pieces_of(mask, [cut])[mask].mean() < 0.7][
        :1
    ]
    number = pieces_of(mask, [best])
    assert number[~mask].max() == -1
    assert best.path[0] > best.path[-1] + 20


def test_pieces_are_numbered_from_left_to_right():
    mask = np.ones((20, 60), dtype=bool)
    cuts = cuts_of(np.pad(mask, ((0, 0), (0, 0))), 0.0, 20)
    number = pieces_of(mask, cuts)
    assert number.max() == len(cuts)
    assert (np.diff(number, axis=1) >= 0).all()
