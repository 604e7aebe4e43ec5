"""For every input of a probe: where formulas hold, which units are active, what the model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...probes.store import Probe
from ...solver.errors import UsageError
from ...solver.formula import Formula


@dataclass(frozen=True, eq=False)
class Truths:
    """The inputs of which the probe keeps every point's cell.

    kind: `pairs`, or `images` (those pictured alone).  share: float32 (n_inputs, n_formulas), the share of the
    input's points where each formula holds; of a pair, 0 or 1.  active: bool (n_inputs, n_units), whether the unit
    is active on the input; on an image, anywhere in it.  predicted, gold: int64 (n_inputs,): a class, or -1 for none.
    n_all: of how many inputs these are.
    """

    kind: str
    share: np.ndarray
    active: np.ndarray
    predicted: np.ndarray
    gold: np.ndarray
    n_all: int


def read_truths(probe: Probe, formulas: Sequence[Formula]) -> Truths:
    """Raises `UsageError` where the probe keeps no points' cells, or has no prediction for an input."""
    inputs = probe.inputs
    masks = np.array([probe.cells.concepts.mask(formula) for formula in formulas], dtype=bool)
    cells, predicted, gold, active = inputs.point_cells, inputs.predicted, inputs.gold, inputs.activity.of_all()
    if (predicted < 0).any():
        raise UsageError("the probed model gives no class scores, or NaN ones, for some inputs: nothing to predict")
    if inputs.are_pairs:
        return Truths("pairs", masks[:, cells].T.astype(np.float32), active, predicted, gold, len(predicted))
    rows = inputs.pictured
    share = _shares(cells.reshape(len(rows), -1), masks)
    return Truths("images", share, active[rows], predicted[rows], gold[rows], len(predicted))


def _shares(point_cells: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """float32 (n_images, n_formulas)."""
    n_cells = masks.shape[1]
    counts = np.array([np.bincount(cells, minlength=n_cells) for cells in point_cells], dtype=np.float32)
    return counts @ masks.T.astype(np.float32) / point_cells.shape[1]
