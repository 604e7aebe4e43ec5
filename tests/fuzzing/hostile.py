"""A probe and a certificate that were both made to deceive: nothing false may be confirmed.

A number makes small cells, spoils the arrays or not, and claims something about them by one of the four proofs, which
is then spoilt or not; digest and seal always fit what is there, so that nothing is refused for them alone.  What the
checker confirms is held against the cells read one by one in Python's integers, and all formulas over them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from fuzzing.case import Case, require

from compexact.solver.arrays import from_arrays
from compexact.solver.cells import Cells, ConceptRows
from compexact.solver.checking import PROOFS, CertificateError, Verdict, check
from compexact.solver.compiled import compiled
from compexact.solver.errors import DataError
from compexact.solver.problem import Problem

ATTEMPTS = 25
LONGEST = 6
SECONDS = 20.0
KINDS = tuple(PROOFS)
Rng = np.random.Generator
Content = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Arrays:
    """What a checker is handed; anything may be in it."""

    indptr: Any
    indices: Any
    weights: Any
    active: Any
    names: Any


@dataclass(frozen=True)
class Truth:
    """The cells in Python's integers.  concepts: for each its set of cells, as the bits of a number."""

    concepts: tuple[int, ...]
    weights: tuple[int, ...]
    active: tuple[int, ...]

    def iou(self, cells: int) -> Fraction:
        held = [j for j in range(len(self.weights)) if cells >> j & 1]
        both = sum(self.active[j] for j in held)
        union = sum(self.active) + sum(self.weights[j] - self.active[j] for j in held)
        return Fraction(both, union) if union else Fraction(0)

    def functions(self, space: str, length: int) -> list[set[int]]:
        """The sets of cells that 1, 2, ... leaves make."""
        every = (1 << len(self.weights)) - 1
        atoms = set(self.concepts)
        levels = [atoms if space == "chain" else atoms | {every ^ cells for cells in atoms}]
        for leaves in range(2, length + 1):
            if space == "chain":
                pairs = ((f, c) for f in levels[-1] for c in atoms)
                levels.append({made for f, c in pairs for made in (f | c, f & c, f & ~c)})
            else:
                splits = ((levels[leaves - k - 1], levels[k - 1]) for k in range(1, leaves // 2 + 1))
                levels.append({made for left, right in splits for f in left for g in right for made in (f | g, f & g)})
        return levels

    def best(self, space: str, length: int) -> Fraction:
        """The optimum; of six leaves where it is asked for more, which is no higher."""
        levels = self.functions(space, min(length, LONGEST))
        return max((self.iou(cells) for cells in set().union(*levels)), default=Fraction(0))

    def held(self, formula: Any) -> int:
        if type(formula) is int:
            return self.concepts[formula]
        every, (first, *rest) = (1 << len(self.weights)) - 1, map(self.held, formula[1:])
        if formula[0] == "NOT":
            return every ^ first
        for part in rest:
            first = first & part if formula[0] == "AND" else first | part
        return first


def truth_of(arrays: Arrays) -> Truth | None:
    """What the arrays say; None where they are no cells."""
    columns = [arrays.indptr, arrays.indices, arrays.weights, arrays.active]
    if any(column.ndim != 1 or column.dtype.kind not in "iu" for column in columns):
        return None
    indptr, indices, weights, active = ([int(n) for n in column] for column in columns)
    names = arrays.names
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        return None
    if len(indptr) != len(weights) + 1 or len(active) != len(weights) or sum(weights) >= 2**52:
        return None
    if any(not 0 <= a <= w for a, w in zip(active, weights)) or (indptr[0], indptr[-1]) != (0, len(indices)):
        return None
    if any(start > stop for start, stop in pairwise(indptr)) or any(not 0 <= c < len(names) for c in indices):
        return None
    rows = [tuple(indices[start:stop]) for start, stop in pairwise(indptr)]
    if len(set(rows)) < len(rows) or any(list(row) != sorted(set(row)) for row in rows):
        return None
    having = (sum(1 << j for j, row in enumerate(rows) if c in row) for c in range(len(names)))
    return Truth(tuple(having), tuple(weights), tuple(active))


def honest(rng: Rng) -> Arrays:
    """Up to six cells of up to four concepts, with counts of any size that is allowed."""
    n = int(rng.integers(1, 5))
    rows = rng.choice(2**n, int(rng.integers(1, min(2**n, 6) + 1)), replace=False)
    sets = [[c for c in range(n) if row >> c & 1] for row in rows.tolist()]
    top = int(rng.choice([3, 12, 10**6, 2**31, 2**49]))
    weights = rng.integers(max(1, top // 3), top, len(rows))
    active = np.where(rng.random(len(rows)) < 0.3, 0, rng.integers(0, weights + 1))
    indptr = np.cumsum([0, *map(len, sets)])
    indices = np.array([c for row in sets for c in row], dtype=np.int32)
    return Arrays(indptr, indices, weights, active, tuple(f"c{c}" for c in range(n)))


def spoilt(arrays: Arrays, rng: Rng) -> Arrays:
    """One thing changed; most changes leave no cells."""
    return DAMAGES[int(rng.integers(len(DAMAGES)))](arrays, rng)


def _one_count(arrays: Arrays, rng: Rng) -> Arrays:
    which = ("weights", "active")[int(rng.integers(2))]
    column = np.array(getattr(arrays, which), dtype=object)
    column[int(rng.integers(len(column)))] = int(rng.choice(HUGE)) * int(rng.choice([-1, 1, 1, 1]))
    return replace(arrays, **{which: _packed(column)})


def _all_counts(arrays: Arrays, rng: Rng) -> Arrays:
    """So that the sum wraps around, or just does not."""
    n, huge = len(arrays.weights), int(rng.choice(HUGE))
    weights = [huge // int(rng.choice([1, n])) + int(rng.integers(-1, 2))] * n
    active = [w if rng.random() < 0.5 else int(a) for w, a in zip(weights, arrays.active)]
    return replace(arrays, weights=_packed(weights), active=_packed(active))


def _packed(numbers: Any) -> np.ndarray:
    """int64 where they fit, else uint64, else as they are."""
    for dtype in (np.int64, np.uint64):
        try:
            return np.array([int(n) for n in numbers], dtype=dtype)
        except OverflowError:
            continue
    return np.array(numbers, dtype=object)


def _dtype(arrays: Arrays, rng: Rng) -> Arrays:
    which = str(rng.choice(["indptr", "indices", "weights", "active"]))
    dtype = DTYPES[int(rng.integers(len(DTYPES)))]
    with np.errstate(all="ignore"):
        column = getattr(arrays, which).astype(dtype)
    if column.dtype.kind == "f" and len(column):
        column[int(rng.integers(len(column)))] += rng.choice([0.0, 0.9, np.nan, np.inf])
    return replace(arrays, **{which: column})


def _shape(arrays: Arrays, rng: Rng) -> Arrays:
    which = str(rng.choice(["indptr", "indices", "weights", "active"]))
    column = getattr(arrays, which)
    shapes = (column[:, None], column[None], column[:-1], np.append(column, column[-1:]), column[:0], column[::-1])
    return replace(arrays, **{which: shapes[int(rng.integers(len(shapes)))]})


def _entry(arrays: Arrays, rng: Rng) -> Arrays:
    """A concept twice, out of place, or one that is not there."""
    indices = np.array(arrays.indices, dtype=np.int64)
    if not len(indices):
        return arrays
    at, n = int(rng.integers(len(indices))), len(arrays.names)
    indices[at] = rng.choice([indices[at - 1], 0, n - 1, n, -1, 2**31, 2**62, -(2**63)])
    return replace(arrays, indices=indices)


def _end(arrays: Arrays, rng: Rng) -> Arrays:
    """Rows that end elsewhere: often equal, or out of order."""
    indptr = np.array(arrays.indptr, dtype=np.int64)
    at = int(rng.integers(len(indptr)))
    indptr[at] = rng.choice([0, 1, indptr[at] - 1, indptr[at] + 1, len(arrays.indices), 2**62, -(2**63)])
    return replace(arrays, indptr=indptr if rng.random() < 0.7 else indptr.astype(np.uint64))


def _equal_rows(arrays: Arrays, rng: Rng) -> Arrays:
    """One cell again, with other counts."""
    at = int(rng.integers(len(arrays.weights)))
    row = arrays.indices[arrays.indptr[at] : arrays.indptr[at + 1]]
    indptr = np.append(arrays.indptr, arrays.indptr[-1] + len(row))
    more = int(rng.integers(1, 50))
    weights, active = np.append(arrays.weights, more), np.append(arrays.active, int(rng.integers(0, more + 1)))
    return replace(arrays, indptr=indptr, indices=np.append(arrays.indices, row), weights=weights, active=active)


def _concept_twice(arrays: Arrays, rng: Rng) -> Arrays:
    """In one row: what is summed by entry counts the cell twice."""
    if not len(arrays.indices):
        return arrays
    at = int(rng.integers(len(arrays.indices)))
    indptr = np.where(arrays.indptr > at, arrays.indptr + 1, arrays.indptr)
    return replace(arrays, indptr=indptr, indices=np.insert(arrays.indices, at, arrays.indices[at]))


def _names(arrays: Arrays, rng: Rng) -> Arrays:
    names: list[Any] = list(arrays.names)
    changes = (names[:-1], [*names, "more"], [*names, *names[:1]], [*names[:-1], None], names[:1] * len(names), [])
    return replace(arrays, names=changes[int(rng.integers(len(changes)))])


HUGE = np.array([0, 1, 2**31, 2**51, 2**52 - 1, 2**52, 2**53, 2**61, 2**62, 2**63 - 1, 2**63, 2**64 - 1], dtype=object)
DTYPES = (np.int8, np.uint8, np.int32, np.uint64, ">i8", np.float64, np.float32, bool, object, "U5")
DAMAGES: tuple[Callable[[Arrays, Rng], Arrays], ...] = (
    _one_count, _all_counts, _dtype, _shape, _entry, _end, _equal_rows, _concept_twice, _names,
)  # fmt: skip


def naive(arrays: Arrays) -> Truth:
    """The arrays as somebody reads them who looks at nothing; what cannot be read is made up."""
    with np.errstate(all="ignore"):
        try:
            columns = [np.asarray(c).astype(np.int64).reshape(-1) for c in (arrays.weights, arrays.active)]
            counts = [tuple(int(n) for n in column) for column in columns]
            weights, active = (tuple((n + 2**51) % 2**52 - 2**51 for n in count) for count in counts)
            rows = [[int(c) for c in arrays.indices[int(start) : int(stop)]] for start, stop in pairwise(arrays.indptr)]
        except (TypeError, ValueError, OverflowError, IndexError):
            return Truth((1,), (1,), (1,))
    n = min(len(weights), len(active))
    having = (sum(1 << j for j, row in enumerate(rows[:n]) if c in row) for c in range(max(1, len(arrays.names))))
    return Truth(tuple(having), weights[:n], active[:n])


def claim_about(arrays: Arrays, rng: Rng) -> Content:
    """A claim that is true, or nearly, of what the arrays seem to say."""
    seen = truth_of(arrays) or naive(arrays)
    space, proof = ("chain", "tree")[int(rng.integers(2))], KINDS[int(rng.integers(len(KINDS)))]
    if proof in ("prefixes", "roles"):
        space = "chain"
    length, n = int(rng.integers(1, 6)), len(seen.concepts)
    formula = random_formula(n, int(rng.integers(1, length + 1)), space, rng) if n else 0
    iou = _fraction(seen.iou(seen.held(formula)) if n else Fraction(0))
    optimum = _fraction(seen.best(space, length))
    above = optimum + (1 - optimum) * Fraction(int(rng.integers(0, 100)), 100)
    hair = Fraction(1, 10 ** int(rng.integers(2, 16)))
    bounds = (optimum, optimum, optimum, above, above, above, iou, (iou + optimum) / 2, max(iou, optimum - hair))
    bound = bounds[int(rng.integers(len(bounds)))]
    content = _content(proof, seen, bound, length, rng)
    return {
        "format": 2, "space": space, "unit": "u", "max_length": length, "formula": formula, "proof": proof,
        "iou": [iou.numerator, iou.denominator], "bound": [bound.numerator, bound.denominator], "content": content,
    }  # fmt: skip


def _fraction(iou: Fraction) -> Fraction:
    return min(Fraction(1), max(Fraction(0), iou))


def random_formula(n: int, leaves: int, space: str, rng: Rng) -> Any:
    concept = int(rng.integers(n))
    if leaves == 1:
        return ["NOT", concept] if space == "tree" and rng.random() < 0.3 else concept
    word = ("AND", "OR")[int(rng.integers(2))]
    right = 1 if space == "chain" else int(rng.integers(1, leaves))
    left = random_formula(n, leaves - right, space, rng)
    if space == "tree":
        return [word, left, random_formula(n, right, space, rng)]
    return [word, left, ["NOT", concept] if word == "AND" and rng.random() < 0.5 else concept]


def _content(proof: str, seen: Truth, bound: Fraction, length: int, rng: Rng) -> Any:
    p, q = bound.numerator, bound.denominator
    values = [q * a - p * (w - a) for w, a in zip(seen.weights, seen.active)]
    if proof == "transport":
        return list(_greedy(values, rng))
    if proof == "roles":
        return _charged(seen, values, rng)
    if proof != "prefixes":
        return None
    most, claimed = 0, []
    for functions in seen.functions("chain", length):
        most = max([most, *(sum(v for j, v in enumerate(values) if cells >> j & 1) for cells in functions)])
        claimed.append(most)
    trees = [list(whole_tree(3 * len(seen.concepts), 0, r)) for r in range(1, length + 1)]
    return {"values": [*claimed[:-1], p * sum(seen.active)], "trees": trees}


def _charged(seen: Truth, values: list[int], rng: Rng) -> Content:
    """Nothing is charged, or random amounts for random concepts of the cells; all deeper chains at once."""
    taken: list[list[int]] = [[], [], []]
    for j, value in enumerate(values):
        having = [c for c, cells in enumerate(seen.concepts) if cells >> j & 1]
        if having and rng.random() < 0.3:
            amount = int(rng.integers(0, 1 + min(abs(value), 2**62)))
            for column, number in zip(taken, (j, having[int(rng.integers(len(having)))], amount)):
                column.append(number)
    nothing = {"unit": 0, "taken": [[], [], []], "spared": [[], [], [], []], "inner": [[], []]}
    rows = {"taken": taken} | (_rows_of_two(seen, values, rng) if rng.random() < 0.7 else {})
    charges = (nothing, nothing | rows)
    own, deeper = (charges[int(rng.integers(2))] for _ in range(2))
    return {"own": [own], "deeper": deeper, "shorter": None, "next": []}


def _rows_of_two(seen: Truth, values: list[int], rng: Rng) -> Content:
    """Random amounts for pairs of cells, and for circles of two ORs and two filters."""
    cells, n = len(values), len(seen.concepts)
    if not cells or not n:
        return {}
    amounts = [int(rng.integers(0, 1 + min(abs(values[int(rng.integers(cells))]), 2**62))) for _ in range(4)]
    pairs = [[int(j) for j in rng.integers(cells, size=2)] for _ in range(2)]
    steps = [[int(c) for c in rng.integers(n, size=4)] for _ in range(2)]
    circles = [[[0, a, d, 0, b], [0, b, e, 0, a]] for a, b, d, e in steps]
    return {"apart": [*pairs, amounts[:2]], "circles": [circles, amounts[2:]]}


def whole_tree(n_rules: int, depth: int, r: int) -> Iterator[int]:
    """Every prefix that may be opened, in the order of the walk."""
    if r - depth > 3:
        for rule in range(n_rules):
            yield depth * n_rules + rule
            yield from whole_tree(n_rules, depth + 1, r)


def _greedy(values: list[int], rng: Rng) -> Iterator[list[int]]:
    """Each good cell to the bad ones in a random order, until it is empty or they are full."""
    left = list(values)
    for j in rng.permutation(len(values)).tolist():
        for k in rng.permutation(len(values)).tolist():
            if left[j] > 0 > left[k] and rng.random() < 0.8:
                amount = min(left[j], -left[k])
                left[j], left[k] = left[j] - amount, left[k] + amount
                yield [j, k, amount]


def bent(content: Content, rng: Rng) -> Content:
    """One field, or one place deep in one, is changed."""
    content = json.loads(json.dumps(content))
    kind = int(rng.integers(6))
    if kind == 0:
        p, q = content["bound"]
        scale = 10 ** int(rng.integers(1, 12))
        content["bound"] = [max(0, p * scale - int(rng.integers(1, scale + 1))), q * scale]
    elif kind == 1:
        content["iou"] = content["bound"]
    elif kind == 2:
        content["max_length"] += int(rng.choice([-1, 1, 1, 3, 60]))
    elif kind == 3:
        content["space"] = "tree" if content["space"] == "chain" else "chain"
    elif kind == 4:
        content["proof"] = KINDS[int(rng.integers(len(KINDS)))]
        if rng.random() < 0.7:
            content["content"] = [None, []][int(rng.integers(2))]
    else:
        key = str(rng.choice([*content, "content", "content", "formula"]))
        content[key] = _junked(content[key], rng)
    return content


JUNK = (None, True, -1, 0, 1, 2, 64, 65, 2**31, 2**61 - 1, 2**62, 2**63, 2**64, 10**30, 0.5, float("nan"), "", "NOT",
        "AND", [], [[]], {}, [0, 1], [1, 1], ["OR", 0, 0], [[0, 1, 1]])  # fmt: skip


def _junked(value: Any, rng: Rng) -> Any:
    if isinstance(value, list) and value and rng.random() < 0.8:
        at, change = int(rng.integers(len(value))), rng.random()
        if change < 0.1:
            return value[:at] + value[at + 1 :]
        if change < 0.2:
            return value[:at] + value[at : at + 1] * 2 + value[at + 1 :]
        return [*value[:at], _junked(value[at], rng), *value[at + 1 :]]
    if isinstance(value, dict) and value and rng.random() < 0.9:
        key = sorted(value)[int(rng.integers(len(value)))]
        return value | {key: _junked(value[key], rng)}
    if type(value) is int and rng.random() < 0.6:
        return value + int(rng.choice([-1, 1, -10, 10, 3, 2**40]))
    return JUNK[int(rng.integers(len(JUNK)))]


def sealed_for(arrays: Arrays, content: Content) -> str:
    """The text, with a digest and a seal that fit, computed here as somebody would who converts whatever there is."""
    hasher = hashlib.sha256(json.dumps(list(arrays.names)).encode())
    for column in (arrays.indptr, arrays.indices, arrays.weights, arrays.active):
        with np.errstate(all="ignore"):
            try:
                plain = np.ascontiguousarray(column).astype("<i8")
            except (TypeError, ValueError, OverflowError):
                plain = np.zeros(1, dtype="<i8")
        hasher.update(f"{len(plain)}:".encode() + plain.tobytes())
    rest = content if "digest" in content else content | {"digest": hasher.hexdigest()}
    seal = hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    return json.dumps(rest | {"seal": seal})


def attempt(seed: int) -> str:
    """Try one; what came of it, with the kind of proof where it was confirmed.  `Disagreement` where it is false."""
    rng = np.random.default_rng([seed, 7])
    arrays = honest(rng)
    for _ in range(int(rng.choice([0, 0, 1, 1, 1, 2]))):
        arrays = spoilt(arrays, rng) if truth_of(arrays) else arrays
    truth = truth_of(arrays)
    the_door_is_shut(arrays, truth)
    content = claim_about(arrays, rng)
    if rng.random() < 0.6:
        content = bent(content, rng)
    columns = (arrays.indptr, arrays.indices, arrays.weights, arrays.active, arrays.names)
    fast = compiled if seed % 8 else None
    try:
        found = check(sealed_for(arrays, content), *columns, compiled=fast, time_limit=SECONDS)
    except CertificateError as error:
        require("\n" not in str(error), f"more than a line: {error}")
        return "refused, no cells" if truth is None else "refused"
    must_be_true(found, truth, content)
    return f"confirmed by {found.proof}"


def must_be_true(found: Verdict, truth: Truth | None, content: Content) -> None:
    require(truth is not None, f"confirmed, and these are no cells: {found}")
    assert truth is not None
    require((found.space, found.max_length) == (content["space"], content["max_length"]), f"another claim: {found}")
    iou, optimum = truth.iou(truth.held(content["formula"])), truth.best(found.space, found.max_length)
    require(found.iou == iou == Fraction(*content["iou"]), f"the formula has {iou}: {found}")
    require(found.bound == Fraction(*content["bound"]), f"another bound: {found}")
    require(iou <= found.bound, f"the formula exceeds the bound: {found}")
    require(optimum <= found.bound, f"the optimum is {optimum}: {found}")
    if found.max_length <= LONGEST:
        require(iou <= optimum, f"no formula of the space: {content['formula']}")


def the_door_is_shut(arrays: Arrays, truth: Truth | None) -> None:
    """`Cells` and `Problem` take what is cells, and refuse all else by `DataError`."""
    if not all(isinstance(name, str) for name in arrays.names):
        return
    categories = ("",) * len(arrays.names)
    try:
        rows = ConceptRows(tuple(arrays.names), categories, arrays.indptr, arrays.indices)
        problem = Problem(rows, arrays.weights, arrays.active, "u")
    except DataError:
        require(truth is None, "cells are refused as a problem")
        return
    require(truth is not None, f"these are no cells: {arrays}")
    assert truth is not None
    require((problem.n_points, problem.unit_points) == (sum(truth.weights), sum(truth.active)), "miscounted")
    try:
        cells = Cells(rows, arrays.weights, arrays.active[:, None], ("u",))
    except DataError:
        require(0 in truth.weights, "cells are refused")
        return
    if not arrays.names:
        return
    merged = from_arrays(rows.dense(), weights=cells.weights, active=cells.active)
    require(cells.n_points == merged.n_points == sum(truth.weights), "miscounted when merged")


def nothing_false_is_confirmed(case: Case) -> None:
    """Attempts of this number; each has a number of its own, for `attempt`."""
    for each in range(ATTEMPTS):
        number = case.seed * ATTEMPTS + each
        try:
            attempt(number)
        except Exception as error:
            raise type(error)(f"hostile.attempt({number}): {error}") from error
