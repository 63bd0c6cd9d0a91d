"""The lattice: the best path is the best of all paths, and costs say what a digit looks like."""

from itertools import combinations, pairwise

import numpy as np
import pytest

from digitnet.imaging.lattice import (
    Atom,
    Edge,
    best_path,
    candidate_pieces,
    drop_cost,
    edges_of,
    piece_cost,
    trust_in_cuts,
)


def atom(left, right, top=0.0, bottom=100.0, component=0, cut=0.0):
    return Atom(component, left, right, top, bottom, middle=50.0, cut=cut)


def test_the_best_path_is_the_cheapest_of_all():
    rng = np.random.default_rng(11)
    count = 7
    edges = [
        Edge(i, j, float(rng.random()), True)
        for i in range(count)
        for j in range(i + 1, min(i + 4, count + 1))
    ]
    price = {(edge.start, edge.stop): edge.cost for edge in edges}
    costs = []
    for size in range(count):
        for inner in combinations(range(1, count), size):
            places = (0, *inner, count)
            steps = list(pairwise(places))
            if all(step in price for step in steps):
                costs.append(sum(price[step] for step in steps))
    path = best_path(count, edges)
    assert sum(edge.cost for edge in path) == pytest.approx(min(costs))
    assert [edge.start for edge in path[1:]] == [edge.stop for edge in path[:-1]]


def test_there_is_no_path_where_no_edge_leads():
    assert best_path(3, [Edge(0, 1, 0.1, True), Edge(2, 3, 0.1, True)]) == []
    assert best_path(0, []) == []


def test_neighbours_make_pieces_unless_too_wide():
    atoms = [atom(0, 60), atom(50, 110, component=1), atom(150, 220, component=2)]
    assert candidate_pieces(atoms, 100) == [(0, 1), (0, 2), (1, 2), (2, 3)] or (1, 3) in candidate_pieces(
        atoms, 100
    )
    assert (0, 3) not in candidate_pieces(atoms, 100)


def test_a_component_is_a_candidate_however_often_it_is_cut():
    atoms = [atom(10 * i, 10 * i + 10, cut=0.5 if i < 9 else 0.0) for i in range(10)]
    assert (0, 10) in candidate_pieces(atoms, 100)


def test_low_narrow_ink_costs_more_as_a_digit_than_dropped():
    comma = Atom(0, 0, 12, 80, 115, middle=50.0)
    assert drop_cost(comma, 100) < piece_cost([comma], 100, 1, 0.99)
    one = Atom(0, 0, 12, 0, 100, middle=50.0)
    assert drop_cost(one, 100) > piece_cost([one], 100, 1, 0.2)
    small_zero = Atom(0, 0, 35, 50, 88, middle=50.0)
    assert drop_cost(small_zero, 100) > piece_cost([small_zero], 100, 0, 0.9)


def test_what_looks_like_a_digit_uncut_makes_cuts_doubtful():
    atoms = [atom(0, 40, cut=0.5), atom(40, 80)]
    pieces = [(0, 1, 3, 0.99), (1, 2, 5, 0.99)]
    for whole, low, high in ((0.1, 0.7, 1.0), (0.9, 0.0, 0.45)):
        edges = edges_of(atoms, [*pieces, (0, 2, 8, whole)], 100)
        cut = [edge for edge in edges if edge.digit][:2]
        assert low <= trust_in_cuts(atoms, edges, cut) <= high
