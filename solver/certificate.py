"""What proves a bound: the claims, and the trees of prefixes that `solver/check.py` goes through again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from .chain import Chain
from .check import digest, seal
from .problem import Problem


@dataclass(frozen=True)
class Certificate:
    """No chain of at most `max_length` concepts has an IoU above `bound`.

    values: for each length r = 1, ..., max_length a number that no chain of r concepts exceeds, the cells being
    valued for the bound as in `solver/exact.py`.  trees: for each length the prefixes that were opened, in the
    order of the walk, each as `depth * 3 n_concepts + rule`.  Both are empty where the bound is so high that the
    positive values of all cells together do not suffice.
    """

    max_length: int
    bound: Fraction
    values: tuple[int, ...]
    trees: tuple[tuple[int, ...], ...]

    def to_json(self, problem: Problem, chain: Chain, iou: Fraction) -> str:
        """The text that `check` reads; about eight bytes for every opened prefix."""
        concepts = problem.concepts
        content: dict[str, Any] = {
            "format": 1,
            "digest": digest(concepts.indptr, concepts.indices, problem.weights, problem.active, concepts.names),
            "space": "chain",
            "unit": problem.unit,
            "max_length": self.max_length,
            "formula": [[int(operator), int(concept)] for operator, concept in chain],
            "iou": [iou.numerator, iou.denominator],
            "bound": [self.bound.numerator, self.bound.denominator],
            "values": list(self.values),
            "trees": [list(tree) for tree in self.trees],
        }
        return json.dumps(content | {"seal": seal(content)}, separators=(",", ":"))
