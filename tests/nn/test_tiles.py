"""Products in tiles are those of whole matrices, whatever the shapes, and nothing beside them is written."""

import numpy as np
import pytest

from digitnet.nn.buffers import aligned_empty
from digitnet.nn.tiles import fits_tiles, tiled_product, tiles_pay


@pytest.mark.parametrize("columns", [64, 192, 256, 320, 1536])
@pytest.mark.parametrize("depth", [1, 64, 300, 301, 977, 2048])
def test_they_are_those_of_whole_matrices(depth, columns):
    rng = np.random.default_rng(depth * columns)
    weight = rng.standard_normal((depth, columns))
    for batch in (1, 2, 5, 15, 16, 17, 47, 128):
        inputs, out = rng.standard_normal((batch, depth)), np.full((batch, columns), np.nan)
        tiled_product(inputs, weight, out)
        np.testing.assert_allclose(out, inputs @ weight, rtol=1e-9, atol=1e-9)


def test_the_matrices_may_be_parts_of_larger_ones():
    rng = np.random.default_rng(0)
    inputs, out = (rng.random((40, 500), np.float32) for _ in range(2))
    weight = rng.random((500, 300), np.float32)
    before = out.copy()
    tiled_product(inputs[:37, 10:410], weight[100:, 100:228], out[1:38, 200:328])
    np.testing.assert_allclose(out[1:38, 200:328], inputs[:37, 10:410] @ weight[100:, 100:228], rtol=1e-4)
    out[1:38, 200:328] = before[1:38, 200:328]
    np.testing.assert_array_equal(out, before)


def test_a_product_repeats_to_the_last_bit():
    rng = np.random.default_rng(0)
    inputs, weight = rng.random((50, 784), np.float32), rng.random((784, 256), np.float32)
    first, second = (np.empty((50, 256), np.float32) for _ in range(2))
    tiled_product(inputs, weight, first)
    tiled_product(inputs, weight, second)
    assert first.tobytes() == second.tobytes()


def test_other_libraries_and_mixtures_are_left_alone():
    known, other = {"architecture": "SkylakeX"}, {"architecture": "Zen"}
    assert tiles_pay([known, known])
    assert not any(tiles_pay(libraries) for libraries in ([known, other], [{"internal_api": "mkl"}], []))


def test_a_weight_must_begin_at_a_line_of_the_cache():
    memory = aligned_empty(1 + 8 * 64, np.float32)
    assert fits_tiles(memory[:-1].reshape(8, 64))
    assert not fits_tiles(memory[1:].reshape(8, 64))
    assert not fits_tiles(memory[: 8 * 63].reshape(8, 63))
