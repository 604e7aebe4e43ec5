"""A unit and the model's classes: connection weights, and how often the model is right where the unit is active."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...probes.inputs import Inputs
from ...solver.errors import DataError

MOST_WEIGHTS = 5
ALL_WEIGHTS = 10
"""Of so few classes all are shown."""


@dataclass(frozen=True)
class Weight:
    """How strongly a unit speaks for a class."""

    label: str
    value: float


@dataclass(frozen=True)
class Accuracy:
    """Of the labelled inputs on which a unit is active, how many the model gets right."""

    right: int
    total: int

    @property
    def share(self) -> float:
        """In [0, 1]."""
        return self.right / self.total


class Classes:
    """What a probe keeps of its inputs and the model's classes, each part where the probe has it.

    Raises `DataError` where the arrays do not fit each other.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.names, self.targets, self.gold = inputs.classes, inputs.targets, inputs.gold
        self.predictions = inputs.predicted if inputs.has("predicted") else None
        self.weights = inputs.class_weights if inputs.has("class_weights") else None
        self.active = inputs.activity if inputs.has("activity") else None
        lengths = {len(each) for each in (self.targets or None, self.predictions, self.active) if each is not None}
        if len(lengths) > 1:
            raise DataError("the probe's predictions, targets and activity do not fit each other; probe again")

    def name(self, number: int) -> str:
        """Of a class; `class 3` where the names are not known."""
        return str(self.names[number]) if number < len(self.names) else f"class {number}"

    def of_input(self, number: int) -> tuple[str | None, str | None, bool | None]:
        """The input's prediction and target, and whether they agree; None where they cannot be compared."""
        target = self.targets[number] if self.targets else None
        predicted = -1 if self.predictions is None else int(self.predictions[number])
        prediction = self.name(predicted) if predicted >= 0 else None
        comparable = prediction is not None and target in self.names
        return prediction, target, prediction == target if comparable else None

    def is_active(self, column: int) -> np.ndarray | None:
        """bool (n_inputs,): on which inputs the unit is active; None where that is not kept."""
        return None if self.active is None else self.active.of(column)

    def accuracy(self, column: int) -> Accuracy | None:
        """None where there are no labels, no predictions, or no labelled input on which the unit is active."""
        if self.active is None or self.predictions is None or not self.targets:
            return None
        active = self.active.of(column)
        counted = active & (self.gold >= 0) & (self.predictions >= 0)
        total = int(counted.sum())
        return Accuracy(int((self.gold == self.predictions)[counted].sum()), total) if total else None

    def strongest(self, column: int) -> Weight | None:
        """The class that the unit speaks for most."""
        if self.weights is None or not len(self.weights):
            return None
        number = int(self.weights[:, column].argmax())
        return Weight(self.name(number), float(self.weights[number, column]))

    def most_and_least(self, column: int) -> tuple[list[Weight], list[Weight]]:
        """The classes that the unit speaks for and against most."""
        if self.weights is None:
            return [], []
        values = self.weights[:, column]
        order = np.argsort(-values, kind="stable").tolist()
        shown = ALL_WEIGHTS if len(order) <= ALL_WEIGHTS else MOST_WEIGHTS
        most, least = order[:shown], order[: -shown - 1 : -1]
        return (
            [Weight(self.name(number), float(values[number])) for number in most if values[number] > 0],
            [Weight(self.name(number), float(values[number])) for number in least if values[number] < 0],
        )
