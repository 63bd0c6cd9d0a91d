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
    promising,
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


def test_pieces_that_are_not_promising_change_nothing():
    for seed in range(200):
        rng = np.random.default_rng(seed)
        count = int(rng.integers(2, 9))
        owners = np.sort(rng.integers(0, count, count)).tolist()
        lefts = np.cumsum(rng.uniform(5, 40, count)).tolist()
        atoms = [
            Atom(
                component=owners[i],
                left=lefts[i],
                right=lefts[i] + float(rng.uniform(5, 45)),
                top=float(rng.uniform(0, 60)),
                bottom=float(rng.uniform(70, 100)),
                middle=50.0,
                cut=float(rng.uniform(0.4, 2)) if i + 1 < count and owners[i] == owners[i + 1] else 0.0,
            )
            for i in range(count)
        ]
        scored = [
            (*run, int(rng.integers(10)), float(rng.random() ** rng.integers(1, 6)))
            for run in candidate_pieces(atoms, 100.0)
        ]
        known = [piece for piece in scored if rng.random() < 0.5]
        others = [piece[:2] for piece in scored if piece not in known]
        kept = promising(atoms, known, others, 100.0)
        fewer = [piece for piece in scored if piece in known or piece[:2] in kept]
        edges, rest = edges_of(atoms, scored, 100.0), edges_of(atoms, fewer, 100.0)
        path = best_path(count, edges)
        assert best_path(count, rest) == path, f"seed {seed}"
        assert trust_in_cuts(atoms, rest, path) == trust_in_cuts(atoms, edges, path), f"seed {seed}"


def test_parts_of_what_is_surely_a_digit_are_not_promising():
    atoms = [
        Atom(0, 0.0, 30.0, 0.0, 100.0, 50.0, cut=0.5),
        Atom(0, 30.0, 60.0, 0.0, 100.0, 50.0),
    ]
    assert promising(atoms, [(0, 2, 8, 0.9)], [(0, 1), (1, 2)], 100.0) == []
    assert promising(atoms, [(0, 2, 8, 0.2)], [(0, 1), (1, 2)], 100.0) == [(0, 1), (1, 2)]
