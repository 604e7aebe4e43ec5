"""Formulas scored without a threshold: by definition, and the best of all formulas against brute force."""

from fractions import Fraction

import numpy as np
import pytest
from generators import random_problem

from compexact.solver import And, Atom, Not, Or
from compexact.solver.cells import concept_rows
from compexact.solver.errors import DataError, DisagreementError, UsageError
from compexact.solver.exhaustive import every_function
from compexact.solver.front import small_functions
from compexact.solver.graded import best_auc as module
from compexact.solver.graded import bounds
from compexact.solver.graded.activations import GradedUnit
from compexact.solver.graded.auc_beam import beam_by_auc
from compexact.solver.graded.best_auc import best_by_auc
from compexact.solver.stopping import Stopped, Stopping


def graded(seed, most_points=60):
    """Points of a random problem's cells, with activations that often are equal; and the problem."""
    problem, _ = random_problem(seed)
    rng = np.random.default_rng([seed, 7])
    cell_of = rng.integers(0, len(problem.weights), int(rng.integers(1, most_points)))
    values = rng.integers(-3, 9, len(cell_of)) / 2 + problem.active[cell_of] / problem.weights[cell_of].clip(1)
    return GradedUnit(problem.concepts, cell_of, values, "u"), problem


def auc_by_pairs(held, values):
    """By definition: over all pairs of a point inside and one outside."""
    inside, outside = values[held], values[~held]
    if not len(inside) or not len(outside):
        return Fraction(1, 2)
    above = int((inside[:, None] > outside).sum())
    return Fraction(2 * above + int((inside[:, None] == outside).sum()), 2 * len(inside) * len(outside))


def best_of_all(unit, problem, length, least):
    """The highest AUC, and minus the length of the shortest formula that has it; None without any."""
    aucs = [
        (auc_by_pairs(unit.concepts.mask(formula)[unit.cell_of], unit.values), -n)
        for n, functions in enumerate(every_function(problem, length, "chain"), start=1)
        for formula in functions.values()
        if least <= unit.concepts.mask(formula)[unit.cell_of].sum() <= unit.n_points - least
    ]
    return max(aucs, default=None)


def check(seeds):
    for seed in seeds:
        unit, problem = graded(seed)
        length, least = 1 + seed % 3, 1 + seed % 5
        found = best_by_auc(unit, length, least)
        best = best_of_all(unit, problem, length, least)
        assert (found and (found.auc, -found.formula.length)) == best, seed


def check_beam(seeds):
    """A beam of all functions finds the best, and one of few nothing better, at any length."""
    for seed in seeds:
        unit, problem = graded(seed)
        length, least = 1 + seed % 4, 1 + seed % 5
        best = best_of_all(unit, problem, length, least)
        found = beam_by_auc(unit, length, least, beam_size=None)
        assert (found and (found.auc, -found.formula.length)) == best, seed
        few = beam_by_auc(unit, length, least, beam_size=2)
        assert few is None or (few.auc <= best[0] and few.formula.length <= length), seed


def sampled(seed, n_points=400, n_concepts=14):
    """Points of many concepts, rare ones among them, and a unit that one of them and a pair move."""
    rng = np.random.default_rng([seed, 11])
    shares = rng.choice([0.01, 0.05, 0.2, 0.5], n_concepts)
    rows, cell_of = np.unique(rng.random((n_points, n_concepts)) < shares, axis=0, return_inverse=True)
    names = [f"c{i}" for i in range(n_concepts)]
    concepts = concept_rows(names, [""] * n_concepts, rows)
    a, b, c = rng.choice(n_concepts, 3, replace=False)
    held = rows[:, a] & ~rows[:, b] | rows[:, c]
    values = np.round(rng.normal(size=n_points) + 1.5 * held[cell_of.ravel()], int(rng.integers(0, 4)))
    return GradedUnit(concepts, cell_of.ravel(), values, "u")


def check_bound(seeds):
    """The functions that the bound keeps hold the best of those that are all gone through."""
    n_kept = n_all = 0
    for seed in seeds:
        unit = sampled(seed)
        least = 1 + seed % 20
        search = module.Search.of(unit, least, Stopping())
        found = best_by_auc(unit, 3, least)
        unpruned = search.best(3, Fraction(0))
        assert found == unpruned, seed
        rows = np.arange(len(unit.weights))
        sums = [module.pair_sums(search.cells, rows, amounts) for amounts in (unit.weights, unit.ranks)]
        kept = bounds.kept_functions(search.cells, unit.weights, *sums, least, found.auc, Stopping())
        n_kept += int((kept[np.triu_indices(len(kept), 1)] > 0).sum())
        n_all += len(kept) * (len(kept) - 1) // 2
    return n_kept / n_all


def test_the_best_formula_by_auc_is_that_of_brute_force():
    check(range(240))


def test_a_beam_by_auc_of_all_functions_finds_the_best_of_all():
    check_beam(range(120))


def test_the_bound_keeps_the_best_formula_and_rules_most_pairs_out():
    assert check_bound(range(30)) < 0.5


@pytest.mark.fuzz
def test_the_best_formula_by_auc_is_that_of_brute_force_on_thousands_of_problems():
    check(range(240, 2400))


@pytest.mark.fuzz
def test_a_beam_by_auc_finds_the_best_of_all_on_many_problems():
    check_beam(range(120, 900))


@pytest.mark.fuzz
def test_the_bound_keeps_the_best_formula_of_many_problems():
    check_bound(range(30, 600))


def test_a_function_that_is_left_out_is_noticed(monkeypatch):
    kept = small_functions.functions_of
    monkeypatch.setattr(small_functions, "functions_of", lambda n: kept(n)[: 15 if n == 3 else None])
    with pytest.raises((AssertionError, DisagreementError)):
        check(range(240))


def test_a_wrong_sum_is_noticed(monkeypatch):
    kept = module.pair_sums
    monkeypatch.setattr(module, "pair_sums", lambda *given: kept(*given) + 1)
    with pytest.raises((AssertionError, DisagreementError)):
        check(range(240))


def changed(change):
    """A `band_of` that gives wrong numbers."""
    kept = bounds.band_of
    return lambda *given: kept(*given)._replace(**change(kept(*given)))


@pytest.mark.parametrize(
    "change",
    [
        lambda band: {"least": band.least + band.q * 30},
        lambda band: {"gain": band.gain // 2},
        lambda band: {"ahead_gain": band.ahead_gain // 2},
        lambda band: {"ahead_loss": 0 * band.ahead_loss},
        lambda band: {"ahead_points": band.ahead_points // 4},
        lambda band: {"slope": band.slope + band.q},
        lambda band: {"highest": band.lowest},
    ],
    ids=["threshold", "gain", "gain ahead", "loss ahead", "points ahead", "slope", "sizes"],
)
def test_a_wrong_bound_is_noticed(monkeypatch, change):
    monkeypatch.setattr(bounds, "band_of", changed(change))
    with pytest.raises((AssertionError, DisagreementError)):
        check_bound(range(150))


def test_bands_cover_every_size_that_is_asked_for():
    for n_points, least in ((2, 1), (9, 2), (100, 1), (1000, 5), (10**6, 5000), (7, 4)):
        found = bounds.bands(n_points, least)
        assert [first for first, _ in found[1:]] == [last for _, last in found[:-1]]
        assert (not found) == (2 * least > n_points)
        assert not found or (found[0][0], found[-1][1]) == (least, n_points - least)


def known():
    """`a` holds on the three highest of six points, `b` on the two lowest and the highest."""
    a, b = [1, 1, 1, 0, 0, 0], [1, 0, 0, 0, 1, 1]
    rows = concept_rows(["a", "b"], ["", ""], np.unique(np.array([a, b], dtype=bool).T, axis=0))
    of = {tuple(row): number for number, row in enumerate(rows.dense().tolist())}
    cell_of = np.array([of[bool(x), bool(y)] for x, y in zip(a, b)])
    return GradedUnit(rows, cell_of, np.array([9.0, 8.0, 7.0, 3.0, 2.0, 1.0]), "u")


def test_scores_are_those_of_their_definitions():
    unit, a, b = known(), Atom("a"), Atom("b")
    assert unit.explain(a).auc == 1
    assert unit.explain(b).auc == Fraction(3, 9)
    assert unit.explain(And(a, Not(a))).auc == unit.explain(Or(a, Not(a))).auc == Fraction(1, 2)
    assert unit.average_precision(a) == 1
    assert unit.average_precision(b) == pytest.approx((1 + 2 / 5 + 3 / 6) / 3)
    held = np.array([1, 0, 0, 0, 1, 1])
    assert unit.correlation(b) == pytest.approx(np.corrcoef(unit.values, held)[0, 1])
    assert unit.mean_difference(a) == pytest.approx((8 - 2) / unit.values.std())


def test_equal_activations_are_above_a_threshold_together():
    rows = concept_rows(["a"], [""], np.array([[0], [1]], dtype=bool))
    unit = GradedUnit(rows, np.array([1, 0, 1, 0]), np.array([2.0, 2.0, 1.0, 0.0]), "u")
    assert unit.average_precision(Atom("a")) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert unit.explain(Atom("a")).auc == Fraction(5, 8)


def test_words_that_are_too_rare_alone_are_joined_in_the_beam():
    """`a` and `b` hold on one of eight points each, where the unit is highest; two are asked for, and `c` has four."""
    rows = np.array([[1, 0, 0], [0, 1, 0], *[[0, 0, 1]] * 4, *[[0, 0, 0]] * 2], dtype=bool)
    cells, cell_of = np.unique(rows, axis=0, return_inverse=True)
    unit = GradedUnit(concept_rows(["a", "b", "c"], [""] * 3, cells), cell_of.ravel(), np.arange(8.0)[::-1], "u")
    found = beam_by_auc(unit, 2, 2, beam_size=3)
    assert (found.formula, found.auc) == (Or(Atom("a"), Atom("b")), 1)


def test_what_cannot_be_searched_is_refused():
    unit = known()
    with pytest.raises(UsageError, match="at 1 to 3 concepts, not 4"):
        best_by_auc(unit, 4)
    with pytest.raises(UsageError, match="the beam size must be at least 1"):
        beam_by_auc(unit, 4, beam_size=0)
    with pytest.raises(Stopped):
        best_by_auc(unit, 3, 1, Stopping(should_stop=lambda: True))
    with pytest.raises(DataError, match="not a finite number"):
        GradedUnit(unit.concepts, unit.cell_of, np.full(6, np.nan), "u")
    with pytest.raises(DataError, match="5 activations for 6 points"):
        GradedUnit(unit.concepts, unit.cell_of, np.zeros(5), "u")


def test_a_concept_that_holds_everywhere_or_nowhere_says_nothing():
    rows = concept_rows(["all", "none"], ["", ""], np.array([[1, 0]], dtype=bool))
    assert best_by_auc(GradedUnit(rows, np.zeros(4, dtype=int), np.arange(4.0), "u"), 2) is None
