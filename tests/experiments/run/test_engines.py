"""Every engine of the registry against brute force.  A new one is tested by being there."""

import time
from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.run.audit import Audit
from compexact.experiments.run.engines import ENGINES, SearchSettings, check_settings, explain_unit
from compexact.solver.arrays import from_arrays
from compexact.solver.cells import Cells
from compexact.solver.errors import UsageError
from compexact.solver.exhaustive import brute_force_search
from compexact.solver.formula import is_chain
from compexact.solver.problem import Problem
from compexact.solver.result import Status

IN_A_PROCESS = ("cpsat", "maxsat")  # which takes more than a second to start
SEARCHES = [
    pytest.param(name, space, marks=pytest.mark.slow if name in IN_A_PROCESS else ())
    for name, engine in ENGINES.items()
    for space in engine.spaces
]
PROVING = [name for name, engine in ENGINES.items() if engine.proves]


def random_cells(seed: int, rows: int = 12, concepts: int = 4) -> Cells:
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 9, size=rows)
    active = (rng.random((rows, 1)) * (weights[:, None] + 1)).astype(np.int64) * (rng.random((rows, 1)) < 0.6)
    active[0], active[1], weights[0] = 1, 0, 2
    return from_arrays(rng.random((rows, concepts)) < 0.5, weights=weights, active=active)


@pytest.mark.parametrize(("name", "space"), SEARCHES)
def test_an_answer_is_counted_right_and_lies_between_nothing_and_the_optimum(name, space):
    for length in (2, 3):
        cells = random_cells(length)
        problem = Problem.of(cells, 0)
        optimum = brute_force_search(problem, max_length=length, space=space).best.iou
        result = explain_unit(cells, 0, SearchSettings(engine=name, space=space, max_length=length))
        assert (result.engine, result.space, result.max_length, result.error) == (name, space, length, None)
        assert len(result.by_length) == length
        assert (result.by_length[-1], result.top[0]) == (result.best, result.best)
        for place, found in enumerate(result.by_length, start=1):
            assert found == problem.explain(found.formula)
            assert found.formula.length <= place
            assert space == "tree" or is_chain(found.formula)
        assert result.best.iou <= optimum <= result.ceiling
        assert (result.bound is not None) == ENGINES[name].proves
        if result.bound is None:
            assert result.status is Status.FEASIBLE
        else:
            assert result.bound >= optimum
            assert result.status in (Status.BOUNDED, Status.OPTIMAL)
            assert result.bound == optimum or result.status is Status.BOUNDED


@pytest.mark.parametrize("name", ENGINES)
def test_the_same_question_has_the_same_answer(name):
    settings = SearchSettings(engine=name, max_length=1, seed=5)
    first, again = (explain_unit(random_cells(9), 0, settings) for _ in range(2))
    assert first.record() | {"seconds": 0} == again.record() | {"seconds": 0}
    assert first.by_length == again.by_length


@pytest.mark.parametrize(("name", "space"), SEARCHES)
def test_a_search_that_is_told_to_stop_ends_soon_and_has_something(name, space):
    cells = random_cells(3, rows=150, concepts=12)
    length = 2 if name == "brute" else 6
    settings = SearchSettings(engine=name, space=space, max_length=length)
    started = time.perf_counter()
    result = explain_unit(cells, 0, settings, should_stop=lambda: time.perf_counter() - started > 0.1)
    assert time.perf_counter() - started < 20
    assert result.best == Problem.of(cells, 0).explain(result.best.formula)
    assert len(result.by_length) == length


@pytest.mark.parametrize(("name", "space"), SEARCHES)
@pytest.mark.parametrize("active", [0, 1])
def test_a_unit_active_nowhere_or_everywhere_is_degenerate(name, space, active):
    cells = from_arrays([[1, 0], [0, 1], [1, 1], [0, 0]], [[active]] * 4)
    result = explain_unit(cells, 0, SearchSettings(engine=name, space=space, max_length=2))
    assert result.status is Status.DEGENERATE
    assert result.error is None
    assert result.best is None or result.best.iou <= result.ceiling == Fraction(active)


@pytest.mark.parametrize("name", ENGINES)
def test_an_audit_takes_the_engines_that_prove_and_no_other(name):
    if ENGINES[name].proves:
        assert Audit.of(SearchSettings(engine=name)).settings.engine == name
    else:
        with pytest.raises(UsageError, match=f"so --engine {' or '.join(PROVING)}; not {name}"):
            Audit.of(SearchSettings(engine=name))


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_refuses_the_settings_that_it_would_ignore(name):
    others = {"beam_size": 7, "top_k": 2, "penalty": "0.5", "metric": "f1", "time_limit": 1.0, "sample": 3}
    for setting, value in others.items():
        settings = SearchSettings(engine=name, **{setting: value})
        if setting in ENGINES[name].takes:
            check_settings(settings)
        else:
            with pytest.raises(UsageError, match=f"takes no --{setting.replace('_', '-')}"):
                check_settings(settings)
