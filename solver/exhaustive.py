"""Try every formula: slow, obvious, and the yardstick for the other engines.

It shares nothing with them but the cells.  A set of cells is a Python integer (bit j is cell j); for
each length, every set that some formula of that length makes is listed, with the first such formula.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from .ceilings import ceiling
from .errors import UsageError
from .explanation import Explanation
from .formula import And, Atom, Formula, Not, Or
from .problem import Problem
from .result import SearchResult
from .spaces import SPACES
from .stopping import Stopped, Stopping

MAX_FUNCTIONS = 2_000_000
MAX_BYTES = 2**31
"""Of all functions together."""
LOOK_EVERY = 64

Functions = dict[int, Formula]
"""Sets of cells, each with a formula that holds there."""


def brute_force_search(
    problem: Problem,
    *,
    max_length: int = 3,
    space: str = "chain",
    should_stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The best formula of the space with at most `max_length` concepts, by trying all.

    space: `chain`, or `tree`: every AND/OR tree, with NOT on any leaf.  Of equal scores the shortest formula
    is kept.  should_stop: asked now and then; what is then given is the best so far, with no bound but the ceiling.
    Raises `UsageError` where there are more functions to try than two million, or than memory.
    """
    return search_brute(problem, Stopping.after(None, should_stop), max_length, space)


def search_brute(problem: Problem, stopping: Stopping, max_length: int, space: str) -> SearchResult:
    """`brute_force_search` until `stopping`."""
    if space not in SPACES:
        raise UsageError(f"no space is named {space!r}; there are {' and '.join(SPACES)}")
    if max_length < 1:
        raise UsageError(f"the length must be at least 1, not {max_length}")
    best: Explanation | None = None
    by_length = []
    bounds = []
    try:
        for functions in every_function(problem, max_length, space, stopping):
            for cells, formula in functions.items():
                if best is not None:
                    stopping.check()
                found = _explanation(problem, cells, formula)
                if best is None or found.iou > best.iou:
                    best = found
                    stopping.listener.found(best)
            assert best is not None
            by_length.append(best)
            bounds.append(best.iou)
    except Stopped:
        pass
    assert best is not None
    top = ceiling(problem)
    missing = max_length - len(by_length)
    by_length += [best] * missing
    bounds += [top] * missing
    return SearchResult.of(problem, "brute", by_length, stopping, space=space, bounds=tuple(bounds), ceiling=top)


def every_function(
    problem: Problem, max_length: int, space: str, stopping: Stopping | None = None
) -> Iterator[Functions]:
    """For each length from 1 on: the sets of cells that formulas of this length, and no shorter one, make."""
    stopping = stopping or Stopping()
    most = min(MAX_FUNCTIONS, 8 * MAX_BYTES // (len(problem.weights) + 1600))
    everything = (1 << len(problem.weights)) - 1
    atoms = {
        _number(problem.concepts.column(column)): Atom(name)
        for column, name in reversed(list(enumerate(problem.concepts.names)))
    }
    literals: Functions = dict(atoms)
    if space == "tree":
        literals = {everything ^ cells: Not(atom) for cells, atom in atoms.items()} | literals
    levels = [literals]
    known = set(literals)
    yield literals
    for length in range(2, max_length + 1):
        level: Functions = {}
        joins = _chains(levels[-1], atoms, everything) if space == "chain" else _trees(levels, length)
        for cells, formula in stopping.each(joins, LOOK_EVERY):
            if cells not in known:
                known.add(cells)
                level[cells] = formula
                if len(known) > most:
                    raise UsageError(
                        f"brute force stops at {most:,} functions, met at length {length}; "
                        "take fewer concepts, a smaller length or the engine beam"
                    )
        levels.append(level)
        yield level


def _chains(last: Functions, atoms: dict[int, Atom], everything: int) -> Iterator[tuple[int, Formula]]:
    for cells, formula in last.items():
        for concept, atom in atoms.items():
            yield cells | concept, Or(formula, atom)
            yield cells & concept, And(formula, atom)
            yield cells & (everything ^ concept), And(formula, Not(atom))


def _trees(levels: list[Functions], length: int) -> Iterator[tuple[int, Formula]]:
    for left_length in range(1, length // 2 + 1):
        for left, left_formula in levels[left_length - 1].items():
            for right, right_formula in levels[length - left_length - 1].items():
                yield left | right, Or(right_formula, left_formula)
                yield left & right, And(right_formula, left_formula)


def _number(mask: np.ndarray) -> int:
    """The set of cells where the mask holds."""
    return int.from_bytes(np.packbits(mask, bitorder="little").tobytes(), "little")


def _members(cells: int, n: int) -> list[int]:
    """The cells of a set, ascending, of n in all."""
    content = np.frombuffer(cells.to_bytes((n + 7) // 8, "little"), dtype=np.uint8)
    return [int(cell) for cell in np.flatnonzero(np.unpackbits(content, bitorder="little"))]


def _explanation(problem: Problem, cells: int, formula: Formula) -> Explanation:
    held = _members(cells, len(problem.weights))
    return Explanation(
        formula,
        intersection=sum(int(problem.active[j]) for j in held),
        formula_points=sum(int(problem.weights[j]) for j in held),
        unit_points=problem.unit_points,
        n_points=problem.n_points,
    )
