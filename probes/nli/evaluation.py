"""How well a model does on labelled pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import softmax

from ...solver.errors import UsageError
from ..text.labels import TWO_CLASSES, for_classes
from ..text.pairs import LABELS


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


def comparable(
    predictions: np.ndarray, labels: Sequence[str | None], classes: tuple[str, ...]
) -> tuple[np.ndarray, list[str | None], tuple[str, ...]]:
    """Predictions, labels and classes, of which each label is one.

    Labels of three relations become those of a model of two, and a model of three becomes one of two where the labels
    are.  Raises `UsageError` where neither helps.
    """
    as_model = for_classes(labels, classes)
    if as_model is not None:
        return predictions, as_model, classes
    if set(LABELS) <= set(classes):
        as_pairs = for_classes(labels, TWO_CLASSES)
        if as_pairs is not None:
            is_other = np.array([name != LABELS[0] for name in classes], dtype=np.int64)
            return is_other[predictions], as_pairs, TWO_CLASSES
    unknown = next(label for label in labels if label is not None and label not in classes)
    raise UsageError(
        f"the model's classes are {', '.join(classes)}; the pairs have {unknown!r}, too; --labels FILE names the "
        "model's classes, with lines such as label_0 entailment"
    )


def evaluate(predictions: np.ndarray, labels: Sequence[str | None], classes: tuple[str, ...]) -> Evaluation:
    """Compare predictions, integer (n,) places in `classes`, with labels (None: there is none).

    Where only one side has two classes, entailment and the rest, both are counted so.
    Raises `UsageError` where the two cannot be compared.
    """
    predictions, labels, classes = comparable(predictions, labels, classes)
    known = np.array([label is not None for label in labels], dtype=bool)
    gold = np.array([classes.index(label) for label in labels if label is not None], dtype=np.int64)
    confusion = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(confusion, (gold, predictions[known]), 1)
    return Evaluation(classes, confusion, int((~known).sum()))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """float64 (n, n_classes): softmax, each row of sum 1."""
    return np.asarray(softmax(logits.astype(np.float64), axis=1))
