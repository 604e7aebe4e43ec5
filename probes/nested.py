"""Ranges of a vision model's activations, from probes of it with rising thresholds.

A probe counts where a unit is above its threshold.  Where a second probe of the same model and images has higher
thresholds, its points are among the first one's, and what is left of a cell is the range between the two.  So ranges
by quantile need no values: `--quantile 0.02`, `0.005` and `0.001` give those of the top 2 % to 0.5 %, of the top 0.5 %
to 0.1 %, and of the top 0.1 %.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from ..solver.cells import Cells
from ..solver.errors import UsageError
from .store import Probe


def ranges_between(probes: Sequence[Probe]) -> Probe:
    """A probe whose units are `u@1` (the weakest range) to `u@k`, of k probes with other thresholds.

    probes: in any order, of the same points, concepts and units.  Raises `UsageError` where they are not, or where no
    order makes each probe's points lie within those of the one before.
    """
    first = max(probes, key=_active)
    ordered = sorted(probes, key=_active, reverse=True)
    for probe in ordered[1:]:
        _check_same(first, probe)
    counts = [probe.cells.active for probe in ordered] + [np.zeros_like(first.cells.active)]
    for wider, narrower in pairwise(counts):
        if (narrower > wider).any():
            raise UsageError("the probes are not nested: in some cell a unit has more points under higher thresholds")
    ranges = [wider - narrower for wider, narrower in pairwise(counts)]
    names = [f"{unit}@{i}" for unit in first.cells.unit_names for i in range(1, len(ordered) + 1)]
    active = np.ascontiguousarray(np.stack(ranges, axis=2).reshape(len(first.cells), -1))
    cells = Cells(first.cells.concepts, first.cells.weights, active, tuple(names))
    made: dict[str, Any] = {**(first.about.get("settings") or {}), "ranges": len(ordered), "ranges_by": "thresholds"}
    return replace(first, cells=cells, about={**first.about, "settings": made}, names={}, arrays={}, path=None)


def _active(probe: Probe) -> int:
    return int(probe.cells.active.sum())


def _check_same(left: Probe, right: Probe) -> None:
    ours, theirs = left.cells, right.cells
    same = (
        ours.concepts.names == theirs.concepts.names
        and ours.unit_names == theirs.unit_names
        and np.array_equal(ours.concepts.indptr, theirs.concepts.indptr)
        and np.array_equal(ours.concepts.indices, theirs.concepts.indices)
        and np.array_equal(ours.weights, theirs.weights)
    )
    if not same:
        raise UsageError("the probes are not of the same points, concepts and units; only the threshold may differ")
