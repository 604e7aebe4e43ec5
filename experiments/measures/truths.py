"""For every input of a probe: where formulas hold, which units are active, what the model predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...probes.store import Probe
from ...solver.errors import UsageError
from ...solver.formula import Formula
from .halves import has_pairs, pairs_active


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of which the probe keeps every point's cell.

    kind: `pairs`, or `images` (those pictured alone).  share: float32 (n_inputs, n_formulas), the share of the
    input's points where each formula holds; of a pair, 0 or 1.  active: bool (n_inputs, n_units), whether the unit
    is active on the input; on an image, anywhere in it.  predictions: int64 (n_inputs,).
    targets: a class name or None for each.  n_all: of how many inputs these are.
    """

    kind: str
    share: np.ndarray
    active: np.ndarray
    predictions: np.ndarray
    targets: list[str | None]
    classes: list[str]
    n_all: int


def read_inputs(probe: Probe, formulas: Sequence[Formula]) -> Inputs:
    """Raises `UsageError` where the probe keeps no points' cells or no predictions."""
    masks = np.array([probe.cells.concepts.mask(formula) for formula in formulas], dtype=bool)
    missing = {"point_cells", "predictions"} - set(probe.arrays)
    if missing:
        raise UsageError(
            f"the probe keeps no {' and no '.join(sorted(missing))}; one of compexact probe vision or nli does"
        )
    predictions, targets = probe.arrays["predictions"], list(probe.names["targets"])
    classes = list(map(str, probe.names.get("classes", ())))
    if (predictions < 0).any():
        raise UsageError("the probed model gives no class scores, or NaN ones, for some inputs: nothing to predict")
    if has_pairs(probe):
        share = masks[:, probe.arrays["point_cells"]].T.astype(np.float32)
        return Inputs("pairs", share, pairs_active(probe), predictions, targets, classes, len(predictions))
    pictured = probe.arrays["pictured"]
    active = np.unpackbits(probe.arrays["image_active"], axis=1, count=len(probe.cells.unit_names)).astype(bool)
    chosen = [targets[image] for image in pictured]
    share = _shares(probe.arrays["point_cells"].reshape(len(pictured), -1), masks)
    return Inputs("images", share, active[pictured], predictions[pictured], chosen, classes, len(predictions))


def _shares(point_cells: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """float32 (n_images, n_formulas)."""
    n_cells = masks.shape[1]
    counts = np.array([np.bincount(cells, minlength=n_cells) for cells in point_cells], dtype=np.float32)
    return counts @ masks.T.astype(np.float32) / point_cells.shape[1]
