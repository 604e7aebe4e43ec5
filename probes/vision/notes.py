"""What a reader of a vision probe should know: each function gives notes, or none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...solver.cells import Cells
from ..unreadable_images import Skipped

MAX_LISTED = 20


def about_cells(cells: Cells) -> list[str]:
    """Concepts that do not occur, and units that are active nowhere or everywhere."""
    notes = []
    occurring = np.bincount(cells.concepts.indices, minlength=len(cells.concepts.names)) > 0
    if absent := int((~occurring).sum()):
        notes.append(f"{absent} of {len(occurring)} concepts occur in no image")
    totals = cells.active.totals
    if dead := int((totals == 0).sum()):
        notes.append(f"{dead} of {len(totals)} units are active nowhere")
    if full := int((totals == cells.n_points).sum()):
        notes.append(f"{full} of {len(totals)} units are active everywhere")
    return notes


def about_skipped(skipped: Sequence[Skipped], n_read: int) -> list[str]:
    """Images that are left out.  n_read: how many are not."""
    if not skipped:
        return []
    reasons = _listed([image.reason for image in skipped], "; ")
    return [f"{len(skipped)} of {len(skipped) + n_read} images cannot be read and are left out: {reasons}"]


def about_dropped(names: Sequence[str], n_units: int) -> list[str]:
    """Units that are left out.  n_units: how many there are in all."""
    if not names:
        return []
    what = f"{len(names)} of {n_units} units have activations that are NaN or infinite and are left out"
    return [f"{what}: {_listed(names, ', ')}"]


def about_steps(steps: np.ndarray) -> list[str]:
    """Units with ranges that are made from every `steps`-th value.  steps: int64 (n_units,), 1 for all values."""
    if not (steps > 1).any():
        return []
    return [
        f"the ranges of {int((steps > 1).sum())} of {len(steps)} units are made from a part of their values, "
        f"to save memory: from 1 in {int(steps.max())} at least"
    ]


def about_predictions(predictions: np.ndarray, n_classes: int) -> list[str]:
    """Images without a prediction, where the model has classes.  predictions: int64 (n_images,)."""
    without = int((predictions < 0).sum()) if n_classes else 0
    return [f"{without} of {len(predictions)} images have no prediction: a class score is NaN"] if without else []


def _listed(words: Sequence[str], between: str) -> str:
    more = f"{between}and {len(words) - MAX_LISTED} more" if len(words) > MAX_LISTED else ""
    return between.join(words[:MAX_LISTED]) + more
