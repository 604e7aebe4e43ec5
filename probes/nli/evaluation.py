"""How well a model does on labelled pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from ...solver.errors import UsageError


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Counts over pairs.

    classes: the model's.  confusion: int64 (n_classes, n_classes): pairs by label (rows) and prediction (columns).
    n_unlabelled: pairs without a label, which count nowhere else.
    """

    classes: tuple[str, ...]
    confusion: np.ndarray
    n_unlabelled: int

    @property
    def n_labelled(self) -> int:
        """How many pairs have a label."""
        return int(self.confusion.sum())

    @property
    def n_correct(self) -> int:
        """How many of them are predicted as labelled."""
        return int(np.trace(self.confusion))

    @property
    def accuracy(self) -> float | None:
        """Their share; None where no pair has a label."""
        return self.n_correct / self.n_labelled if self.n_labelled else None

    def precision(self, label: str) -> float | None:
        """Of the pairs predicted so, the share labelled so; None where none is predicted so."""
        place = self.classes.index(label)
        return _share(self.confusion[place, place], self.confusion[:, place].sum())

    def recall(self, label: str) -> float | None:
        """Of the pairs labelled so, the share predicted so; None where none is labelled so."""
        place = self.classes.index(label)
        return _share(self.confusion[place, place], self.confusion[place].sum())


def _share(part: int, whole: int) -> float | None:
    return int(part) / int(whole) if whole else None


def evaluate(predictions: np.ndarray, labels: Sequence[str | None], classes: tuple[str, ...]) -> Evaluation:
    """Compare predictions, integer (n,) places in `classes`, with labels (None: there is none).

    Raises `UsageError` where a label is not among the model's classes.
    """
    unknown = sorted({label for label in labels if label is not None} - set(classes))
    if unknown:
        raise UsageError(f"the model's classes are {', '.join(classes)}; the pairs have {unknown[0]!r}, too")
    known = np.array([label is not None for label in labels], dtype=bool)
    gold = np.array([classes.index(label) for label in labels if label is not None], dtype=np.int64)
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (gold, predictions[known]), 1)
    return Evaluation(classes, confusion, int((~known).sum()))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """float64 (n, n_classes): softmax, each row of sum 1."""
    return np.asarray(softmax(logits.astype(np.float64), axis=1))
