"""A question about some of the points: what an answer to it proves, and what it makes likely.

A formula's IoU on a random sample of the points estimates its IoU on all of them.  An optimum proven on the sample is
proven there only: for the whole it is one more candidate, and a bound for the whole needs another reason
(the ceiling), or holds with a stated probability (`likely_bound`).
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..solver.cells import ConceptRows
from ..solver.errors import UsageError
from ..solver.explanation import Explanation
from ..solver.metrics import rounded_up
from ..solver.problem import Problem
from .shape import Shape, Span

CONFIDENCE = Fraction(95, 100)
MAX_SAMPLE = 1_000_000
"""Beyond it drawing takes longer than it saves: a solver's work follows the cells, not the points."""


def draw(problem: Problem, size: int, seed: int) -> Problem:
    """The problem on `size` of its points, drawn without replacement; all of it where it has no more.

    Points are numbered cell by cell, the active ones first, and `size` distinct numbers are drawn.  So the counts
    of (cell, active or not) follow the multivariate hypergeometric distribution, exactly, for any
    number of points.  The same seed gives the same sample on every machine.  Cells without a drawn point are left out.
    """
    if size < 1:
        raise UsageError(f"the sample must have at least 1 point, not {size}")
    if size >= problem.n_points:
        return problem
    if size > MAX_SAMPLE:
        raise UsageError(
            f"a sample has at most {MAX_SAMPLE:,} points, not {size:,}; without one all cells are asked about"
        )
    kinds = np.stack([problem.active, problem.weights - problem.active], axis=1).ravel()
    points = np.array(random.Random(seed).sample(range(problem.n_points), size), dtype=np.int64)
    kind = np.searchsorted(np.cumsum(kinds), points, side="right")
    counts = np.bincount(kind, minlength=len(kinds)).reshape(-1, 2)
    rows = np.flatnonzero(counts.sum(axis=1))
    return Problem(
        _chosen_rows(problem.concepts, rows),
        counts[rows].sum(axis=1).astype(np.int64),
        counts[rows, 0].astype(np.int64),
        problem.unit,
    )


def _chosen_rows(concepts: ConceptRows, rows: np.ndarray) -> ConceptRows:
    parts = [concepts.indices[concepts.indptr[row] : concepts.indptr[row + 1]] for row in rows]
    indptr = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    indices = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int32)
    return ConceptRows(concepts.names, concepts.categories, indptr, indices)


def n_formulas(space: str, max_length: int, n_concepts: int) -> int:
    """At least as many as there are functions of the space with at most `max_length` of these concepts.

    Shorter formulas are counted by their padded forms (`a OR a`), so only the full length is counted, before any
    symmetry.  Chains: C (3 C)^(N - 1).  Trees: the ways to split N leaves, times 2^(N - 1) operators, times (2 C)^N
    literals.
    """
    if space == "chain":
        return n_concepts * (3 * n_concepts) ** (max_length - 1)
    shape = Shape(space, max_length)
    ways: dict[Span, int] = {}
    for node in shape.nodes:
        pairs = [node.operands(right) for right in node.rights]
        ways[node.span] = sum(ways.get(left, 1) * ways.get(right, 1) for left, right in pairs)
    return ways.get((0, max_length), 1) * 2 ** (max_length - 1) * (2 * n_concepts) ** max_length


def likely_bound(bound: Fraction, unit_points: int, formulas: int, confidence: Fraction = CONFIDENCE) -> Fraction:
    """An IoU that, with at least this probability over the draw, no formula exceeds on all points.

    bound: no formula has a higher IoU on the sample.  unit_points: the sample's active points, at least one.
    formulas: at least the number of the space's functions.

    Derivation.  Take one formula f with IoU s on all points; let E be the set of points where f or the unit holds,
    I those where both do, so s = |I| / |E|.  Let k points of the sample fall into E.  Given k, they are a sample
    without replacement from E, so the number i that falls into I is hypergeometric with mean k s, and by Hoeffding
    (1963, Theorem 1 with section 6: it holds without replacement) P(i <= k (s - t)) <= exp(-2 k t^2) for t > 0. With
    t(k) = sqrt(ln(M / d) / (2 k)) that is d / M for every k, so also without the condition: with probability at
    least 1 - d / M, s < i / k + t(k).  Over at most M functions all of this holds at once with probability at
    least 1 - d (union bound).  i / k is f's IoU on the sample, so at most the bound; and E includes the
    unit's points, so k is at least `unit_points`.  Hence s <= bound + sqrt(ln(M / d) / (2 unit_points)) for
    every f, where d = 1 - confidence.

    It speaks of the draw of the sample: whoever draws again until the answer pleases loses it.
    """
    log = math.log(formulas) - math.log(float(1 - confidence))
    margin = math.sqrt(log / (2 * unit_points)) * (1 + 1e-9)
    return min(Fraction(1), bound + Fraction(margin))


@dataclass(frozen=True)
class SampleReport:
    """What was asked of the sample and what came out.

    points, unit_points, cells: the sample's size.  best: the best formula on the sample, counted there.
    bound: no formula has a higher IoU on the sample.  likely_bound: nor, with probability `confidence`, on all points;
    None where the sample has no active point.
    """

    points: int
    unit_points: int
    cells: int
    best: Explanation | None
    bound: Fraction
    likely_bound: Fraction | None
    confidence: Fraction = CONFIDENCE

    def record(self) -> dict[str, Any]:
        """The fields that JSON lines show under `sample`."""
        best = {"formula": None, "length": None, "intersection": 0, "union": 0, "iou": 0.0}
        return {
            "points": self.points,
            "unit_points": self.unit_points,
            "cells": self.cells,
            **(self.best.record() if self.best else best),
            "bound": rounded_up(self.bound),
            "bound_fraction": [self.bound.numerator, self.bound.denominator],
            "proven": self.best is not None and self.best.iou == self.bound,
            "likely_bound": None if self.likely_bound is None else rounded_up(self.likely_bound),
            "confidence": float(self.confidence),
        }
