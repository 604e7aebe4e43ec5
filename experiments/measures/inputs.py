"""A probe seen input by input: on which images or sentence pairs each unit is active, what the model says of them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ...probes.store import Probe
from ...solver.errors import DataError, UsageError

ACTIVITY = ("image_active", "unit_active")
"""The arrays that keep it, as packed bits: those of a vision probe and of an nli probe."""
KEYS = (("images",), ("premises", "hypotheses"))
HAS_INPUTS = "`compexact probe vision` and `compexact probe nli` keep that; plain arrays do not have it"


def input_activity(probe: Probe) -> np.ndarray:
    """bool (n_inputs, n_units): whether the unit is active anywhere in the image, or on the sentence pair.

    Raises `UsageError` for a probe that does not keep it, such as one of plain arrays.
    """
    n_units = len(probe.cells.unit_names)
    for name in ACTIVITY:
        if name in probe.arrays:
            packed = probe.arrays[name]
            if packed.ndim != 2 or packed.shape[1] != -(-n_units // 8):
                raise DataError(f"array {name!r} has shape {packed.shape}, which does not fit {n_units} units")
            return np.unpackbits(packed, axis=1, count=n_units).astype(bool)
    raise UsageError(f"this probe does not say on which inputs a unit is active; {HAS_INPUTS}")


def input_keys(probe: Probe) -> list[tuple[str, ...]]:
    """What tells the inputs apart: an image's name, or a pair's two sentences.  `UsageError` where there are none."""
    for names in KEYS:
        if all(probe.names.get(name) for name in names):
            return list(zip(*(map(str, probe.names[name]) for name in names)))
    raise UsageError(f"this probe does not name its inputs; {HAS_INPUTS}")


def class_names(probe: Probe) -> list[str]:
    """The model's classes; `UsageError` where the probe does not name them."""
    if not probe.names.get("classes"):
        raise UsageError("this probe does not name the model's classes; probe a model that has class names")
    return [str(name) for name in probe.names["classes"]]


def predicted(probe: Probe) -> np.ndarray:
    """int64 (n_inputs,): the predicted class of every input, -1 where there is none.

    Raises `UsageError` where the model made no predictions.
    """
    predictions = probe.arrays.get("predictions")
    if predictions is None or not (predictions >= 0).any():
        raise UsageError(f"this probe has no predictions of the model; {HAS_INPUTS}, where the model names classes")
    return np.asarray(predictions, dtype=np.int64)


def gold(probe: Probe) -> np.ndarray:
    """int64 (n_inputs,): the class that each input is meant to have, -1 where it has none among the model's classes.

    Raises `UsageError` where no input has one, and says what the inputs have instead.
    """
    position = {name: number for number, name in enumerate(class_names(probe))}
    targets = probe.names.get("targets") or []
    found = np.array([position.get(str(target), -1) if target is not None else -1 for target in targets], np.int64)
    if not (found >= 0).any():
        raise UsageError(f"no input has a gold label among the model's {len(position)} classes{_instead(targets)}")
    return found


def _instead(targets: list[str | None]) -> str:
    """What the targets are, as the end of a sentence."""
    if not targets:
        return "; this probe has no targets at all"
    counts = Counter("without" if target is None else repr(target) for target in targets)
    shown = ", ".join(f"{n:,} are {what}" for what, n in counts.most_common(3))
    more = f" and {len(counts) - 3} other labels" if len(counts) > 3 else ""
    return f": of {len(targets):,}, {shown}{more}; probe a dataset whose labels are the model's classes"
