"""A search that is stopped gives the best formula that its walk has come upon, and a bound above the optimum."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from asking import by_prefixes
from problems import hard, sparse

from compexact.solver import beam_search, certified, exact, exact_search
from compexact.solver.prefixes import branch_and_bound as by_prefix
from compexact.solver.prefixes import branch_tables as prefix_tables
from compexact.solver.prefixes import state as prefix_state
from compexact.solver.sets import search as by_set
from compexact.solver.sets import walk as set_kernels
from compexact.solver.stopping import Stopped, Stopping

LENGTH = 4
FOUND = {by_set: set_kernels.FOUND, by_prefix: prefix_state.FOUND}


def mask_of_set(tables, found, n_cells):
    """The cells of the formula that a walk over sets keeps: number of concepts, concepts, truth table."""
    k, *concepts = found.tolist()
    region = np.zeros(n_cells, dtype=np.int64)
    for i, concept in enumerate(concepts[:k]):
        region[tables.cells.rows[tables.cells.starts[concept] : tables.cells.starts[concept + 1]]] |= 1 << i
    return (concepts[k] >> region & 1).astype(bool)


def mask_of_rules(tables, found, n_cells):
    """The cells of the formula that a walk over prefixes keeps: number of rules, rules from the outermost inwards."""
    n = len(tables.cells.starts) - 1
    held = np.zeros(n_cells, dtype=bool)
    for rule in found[1 : 1 + found[0]][::-1].tolist():
        operator, concept = divmod(rule, n)
        column = np.zeros(n_cells, dtype=bool)
        column[tables.cells.rows[tables.cells.starts[concept] : tables.cells.starts[concept + 1]]] = True
        held = (held | column, held & column, held & ~column)[operator]
    return held


KINDS = {
    "chains by sets": (by_set, exact_search, {"space": "chain"}, mask_of_set),
    "trees by sets": (by_set, exact_search, {"space": "tree"}, mask_of_set),
    "chains by prefixes": (by_prefix, by_prefixes, {}, mask_of_rules),
}


@pytest.fixture
def walked(monkeypatch):
    """Short walks between looks; gives a function that starts a list of every IoU that the walks come upon."""

    def watch(problem, module, mask_of):
        seen = []
        walk = module.kernels.walk

        def kept(tables, state, quota):
            ended = walk(tables, state, quota)
            if state.numbers[FOUND[module]]:
                mask = mask_of(tables, state.found, len(problem.weights))
                both, points = int(problem.active[mask].sum()), int(problem.weights[mask].sum())
                seen.append(Fraction(both, problem.unit_points + points - both))
            return ended

        monkeypatch.setattr(module, "STEPS_BETWEEN_POLLS", 200)
        monkeypatch.setattr(module.kernels, "walk", kept)
        return seen

    return watch


def stopped_after(looks):
    countdown = iter([False] * looks)
    return lambda: next(countdown, True)


def looks_of_beam(problem, length):
    """How often a beam of one asks whether to stop: before its end nothing else has begun."""
    asked = itertools.count()
    beam_search(problem, max_length=length, beam_size=1, should_stop=lambda: next(asked) < 0)
    return next(asked)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [sparse, hard])
@pytest.mark.parametrize("seed", range(2))
def test_a_search_stopped_at_any_look_keeps_the_best_formula_it_came_upon(walked, kind, make, seed, monkeypatch):
    monkeypatch.setattr(exact, "BEAM_LENGTH", LENGTH)  # from local search there would be nothing to find
    module, search, space, mask_of = KINDS[kind]
    problem = make(seed)
    beam = beam_search(problem, max_length=LENGTH, beam_size=1).best
    optimum = search(problem, max_length=LENGTH, **space).best.iou
    seen = walked(problem, module, mask_of)
    kept = []
    first = looks_of_beam(problem, LENGTH)
    for looks in range(first + 2, first + 1202, 60):
        seen.clear()
        result = search(problem, max_length=LENGTH, beam_size=1, should_stop=stopped_after(looks), **space)
        assert result.best.iou >= max([beam.iou, *seen]), f"{looks} looks"
        assert result.best == problem.explain(result.best.formula)
        assert result.by_length[-1] == result.best
        assert result.best.iou <= optimum <= result.bound
        kept.append((result.best.iou, result.bound, bool(seen) and max(seen) > beam.iou))
    assert [iou for iou, _, _ in kept] == sorted(iou for iou, _, _ in kept)
    if beam.iou < optimum:
        assert any(better and iou < bound for iou, bound, better in kept), "never stopped between a find and the end"


def test_a_formula_found_just_before_the_log_is_full_is_kept(walked, monkeypatch):
    """The walk over prefixes stops to have its log enlarged; who asks to stop then loses nothing."""
    problem = hard(0)
    seen = walked(problem, by_prefix, mask_of_rules)
    monkeypatch.setattr(prefix_tables, "LOG_SIZE", 2)
    monkeypatch.setattr(by_prefix, "STEPS_BETWEEN_POLLS", 10**9)
    for looks in range(1, 600, 20):
        seen.clear()
        result = by_prefixes(problem, max_length=LENGTH, beam_size=1, should_stop=stopped_after(looks))
        assert result.best.iou >= max([Fraction(0), *seen]), f"{looks} looks"


def test_a_time_limit_keeps_what_was_found(walked, ticking):
    problem = sparse(0)
    beam = beam_search(problem, max_length=LENGTH, beam_size=1).best
    seen, better = walked(problem, by_set, mask_of_set), 0
    for limit in range(100, 1500, 100):
        seen.clear()
        result = exact_search(problem, max_length=LENGTH, beam_size=1, time_limit=float(limit))
        assert result.best.iou >= max([beam.iou, *seen]), f"{limit} s"
        better += beam.iou < result.best.iou < result.bound
    assert better


@pytest.mark.slow
def test_a_chain_of_six_concepts_keeps_what_its_walk_found(walked, monkeypatch):
    """Beyond the sets, and without the wide beam that long searches begin with, which would find the same."""
    monkeypatch.setattr(by_prefix, "WIDTH", 1)
    monkeypatch.setattr(exact, "POLLS", 1)
    problem, better = hard(0), 0
    beam = beam_search(problem, max_length=6, beam_size=1).best
    seen = walked(problem, by_prefix, mask_of_rules)
    first = looks_of_beam(problem, 6)
    for looks in (2 * first + 20, 800, 3200):
        seen.clear()
        result = exact_search(problem, max_length=6, beam_size=1, should_stop=stopped_after(looks))
        assert result.best.iou >= max([beam.iou, *seen]), f"{looks} looks"
        assert certified(problem, result).bound == result.bound >= result.best.iou
        better += beam.iou < result.best.iou < result.bound
    assert better


@pytest.mark.parametrize("most", [1, 7, 10**6])
def test_runs_of_items_leave_none_out_and_hold_no_more_work_than_asked_but_for_a_single_item(most):
    sizes = [3, 0, 0, 9, 1, 1, 5, 20, 0, 2]
    looks = itertools.count()
    runs = list(Stopping(should_stop=lambda: next(looks) < 0).runs(list(itertools.accumulate(sizes)), most))
    assert [item for run in runs for item in range(len(sizes))[run]] == list(range(len(sizes)))
    assert all(sum(sizes[run]) <= most or run.stop - run.start == 1 for run in runs)
    assert next(looks) == len(runs)


def test_runs_end_where_somebody_asks_to_stop():
    with pytest.raises(Stopped):
        list(Stopping(should_stop=stopped_after(3)).runs(range(1, 10), 1))
