"""The check by pairs finds the largest value of any formula, no more and no less; and what is kept between units."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from asking import counted, forget_rows, verdict
from generators import problem_of
from problems import dense, few_concepts, hard, rare_unit, sparse

from compexact.solver import Atom, Problem, brute_force_search
from compexact.solver.cells import ConceptRows
from compexact.solver.certificate import Certificate
from compexact.solver.checking import CertificateError, bits, check, kept, pairs, sets, triples
from compexact.solver.checking.clock import ENDED, EXCEEDED
from compexact.solver.compiled import compiled


def outcome(problem, worth, space, length, limit, fast=True, by_bits=False):
    """How the walk over pairs ends, all concepts in their own order.  worth: of an active point, of another."""
    cells, every = counted(problem), np.arange(len(problem.concepts.names))
    ordered = sets._in_order(cells, every)
    amounts = cells.active + cells.inactive, cells.active
    values = worth[0] * cells.active - worth[1] * cells.inactive
    if by_bits:
        points, active = (sets._bits_of(cells, every, each, compiled) for each in amounts)
        of_all, of_active = (sets._shared_bits(each, compiled) for each in (points, active))
        ordered = sets.NO_CELLS
    else:
        of_all, of_active = (pairs.shared(ordered, each) for each in amounts)
        points = active = sets.NO_BITS
    counts = pairs.Counts(of_all, of_active, *worth, int(values.sum()))
    known = pairs.products(sets._tables(space, 3, length))
    most_of_two, largest_parts, go_on = (
        compiled(part) if fast else part for part in (pairs.most_of_two, pairs.largest_parts, triples.go_on)
    )
    most = most_of_two(counts, known.two, 0, len(every))
    if most > limit:
        return EXCEEDED
    standing = pairs.standing(counts, limit, max(most, counts.every))
    held = triples.Held(*ordered, values, points, active)
    given, work = triples.begin(counts, standing, largest_parts(counts, known.parts, standing), known, by_bits)
    x, reached = 0, np.array([limit])
    while x < len(every) - 2 and reached[0] <= limit:
        x = go_on(x, held, given, work, limit, reached, np.zeros(2, dtype=np.int64))
    return ENDED if reached[0] <= limit else EXCEEDED


def worth_of(p, q=9):
    return q, p


def largest_value(problem, worth, space, length):
    """The largest sum of values over the cells of any formula, truth table by truth table."""
    values = worth[0] * problem.active - worth[1] * (problem.weights - problem.active)
    matrix, best = problem.concepts.dense().astype(int), 0
    tables = sets._tables(space, 3, length).tolist()
    for chosen in itertools.combinations(range(matrix.shape[1]), 3):
        sums = np.zeros(8, dtype=np.int64)
        np.add.at(sums, matrix[:, chosen] @ [1, 2, 4], values)
        best = max(best, *(sum(int(sums[r]) for r in range(8) if table >> r & 1) for table in tables))
    return best


@pytest.mark.parametrize("space", ["chain", "tree"])
@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("by_bits", [False, True])
def test_the_walk_ends_at_the_largest_value_and_exceeds_anything_below(space, length, by_bits):
    looked_at = 0
    for make, seed in itertools.product((few_concepts, rare_unit, hard), range(12)):
        problem = make(seed)
        worth = worth_of(1 + seed % 3)
        if len(problem.concepts.names) < 3:
            continue
        best = largest_value(problem, worth, space, length)
        assert outcome(problem, worth, space, length, best, by_bits=by_bits) == ENDED, f"{make.__name__} {seed}"
        if best > 0:
            state = outcome(problem, worth, space, length, best - 1, by_bits=by_bits)
            assert state == EXCEEDED, f"{make.__name__} {seed}"
            looked_at += 1
    assert looked_at > 20


def test_without_compilation_the_walk_ends_the_same():
    problem = hard(3)
    worth = worth_of(1)
    best = largest_value(problem, worth, "chain", 3)
    assert outcome(problem, worth, "chain", 3, best, fast=False) == ENDED
    assert outcome(problem, worth, "chain", 3, best - 1, fast=False) == EXCEEDED


def test_without_compilation_cells_are_added_up():
    problem = hard(3)
    best = brute_force_search(problem, max_length=3).best
    true = Certificate("chain", 3, best.iou, "sets").to_json(problem, best)
    assert verdict(problem, true, fast=False).bound == verdict(problem, true).bound == best.iou


@pytest.mark.parametrize("make", [sparse, dense])
@pytest.mark.parametrize(("words", "held"), [(0, -1), (0, 2**40), (2**40, 2**40)])
def test_by_pairs_and_by_reach_the_same_bounds_are_confirmed(make, words, held, monkeypatch):
    for seed in range(3):
        monkeypatch.setattr(bits, "PER_ADDITION", words)
        monkeypatch.setattr(bits, "MOST_HELD", held)
        forget_rows()
        problem = make(seed, cells=40, concepts=16)
        best = brute_force_search(problem, max_length=3).best
        true = Certificate("chain", 3, best.iou, "sets").to_json(problem, best)
        assert verdict(problem, true).bound == best.iou
        monkeypatch.setattr(pairs, "MAX_TABLE", 0)
        forget_rows()
        assert verdict(problem, true).bound == best.iou
        monkeypatch.undo()


def test_all_but_what_three_concepts_share_is_counted_though_all_is_worth_more_than_any_two():
    matrix = np.array([[region >> i & 1 for i in range(3)] for region in range(8)], dtype=bool)
    weights = np.array([10] * 7 + [2])
    problem = problem_of(matrix, weights, np.where(matrix.all(axis=1), 0, weights))
    assert verdict(problem, claim(problem, Fraction(1), "tree")).bound == 1
    with pytest.raises(CertificateError, match="exceeds"):
        verdict(problem, claim(problem, Fraction(71, 72), "tree"))


def claim(problem: Problem, bound: Fraction, space: str = "chain") -> str:
    weaker = min((problem.explain(atom) for atom in atoms(problem)), key=lambda found: found.iou)
    return Certificate(space, 3, bound, "sets").to_json(problem, weaker)


def atoms(problem: Problem):
    return [Atom(name) for name in problem.concepts.names]


def unit(problem: Problem, active: np.ndarray) -> Problem:
    return Problem(problem.concepts, problem.weights, active, "v")


def test_what_one_unit_left_behind_confirms_nothing_false_of_the_next():
    """Units of the same cells in turn, then other weights, other names and other rows under a true claim's text."""
    problem = hard(1)
    other = unit(problem, problem.weights - problem.active)
    for _ in range(2):
        for asked in (problem, other):
            best = brute_force_search(asked, max_length=3).best
            text = Certificate("chain", 3, best.iou, "sets").to_json(asked, best)
            assert verdict(asked, text).iou == best.iou
            with pytest.raises(CertificateError, match="exceeds"):
                verdict(asked, claim(asked, best.iou - Fraction(1, 10**9)))
    best = brute_force_search(problem, max_length=3).best
    text = Certificate("chain", 3, best.iou, "sets").to_json(problem, best)
    rows = problem.concepts
    renamed = ConceptRows(tuple(f"d{n}" for n in rows.names), rows.categories, rows.indptr, rows.indices)
    for changed in (
        Problem(rows, problem.weights + 1, problem.active, "u"),
        Problem(renamed, problem.weights, problem.active, "u"),
    ):
        with pytest.raises(CertificateError, match="digests differ"):
            verdict(changed, text)


def test_rows_that_change_in_place_are_looked_at_again():
    """The arrays are the caller's; only their content decides what is kept of them."""
    problem = hard(2)
    indices = problem.concepts.indices.astype(np.int64).copy()
    best = brute_force_search(problem, max_length=2).best
    text = Certificate("chain", 2, best.iou, "sets").to_json(problem, best)

    def ask():
        rows = problem.concepts
        return check(text, rows.indptr, indices, problem.weights, problem.active, rows.names, compiled=compiled)

    assert ask().iou == best.iou
    indices[[0, 1]] = indices[[1, 0]]
    with pytest.raises(CertificateError):
        ask()
    indices[[0, 1]] = indices[[1, 0]]
    assert ask().iou == best.iou
    indices[0] += 1
    with pytest.raises(CertificateError):
        ask()


@pytest.mark.parametrize("change", ["rows", "weights", "names"])
def test_rows_are_known_again_by_every_number_and_name(change):
    problem = hard(2)
    rows, weights = problem.concepts, problem.weights
    names, indices = list(rows.names), rows.indices
    known = kept.rows_of(rows.indptr, indices, weights, names)
    assert kept.rows_of(rows.indptr.copy(), indices.astype(np.uint64), weights.astype(np.uint64), names) is known
    if change == "rows":
        indices = np.where(np.arange(len(indices)) == len(indices) - 1, 0, indices)
    if change == "weights":
        weights = weights + (np.arange(len(weights)) == 3)
    if change == "names":
        names[-1] += "'"
    other = kept.rows_of(rows.indptr, indices, weights, names)
    assert other is not known
    assert other.hash.hexdigest() != known.hash.hexdigest()
    assert not other.made
