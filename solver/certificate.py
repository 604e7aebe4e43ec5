"""What proves a bound: the claim, and what `solver/checking` needs to go through the proof again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from .cells import ConceptRows
from .checking import seal
from .checking.claim import FORMAT
from .checking.digest import digest_with, rows_hash
from .explanation import Explanation
from .formula import And, Atom, Formula, Not, Or
from .problem import Problem


@dataclass(frozen=True)
class Certificate:
    """No formula of the space with at most `max_length` concepts has an IoU above `bound`.

    proof: `ceiling` or `sets`, without content; `transport`, the content a list of [cell, cell, amount];
    `prefixes` (chains only), the content `{"values", "trees"}`: for each length r a number that no
    chain of r concepts exceeds, and the prefixes that were opened, in the order of the walk, each as
    `depth * 3 n_concepts + rule`; `roles` (chains only), the content as `checking/roles.py` reads it.
    """

    space: str
    max_length: int
    bound: Fraction
    proof: str
    content: Any = None

    def to_json(self, problem: Problem, best: Explanation) -> str:
        """The text that `checking.check` reads."""
        content: dict[str, Any] = {
            "format": FORMAT,
            "digest": digest_with(problem.active, _rows_hash(problem.concepts, problem.weights.tobytes())),
            "space": self.space,
            "unit": problem.unit,
            "max_length": self.max_length,
            "formula": _nested(best.formula, problem),
            "iou": [best.iou.numerator, best.iou.denominator],
            "bound": [self.bound.numerator, self.bound.denominator],
            "proof": self.proof,
            "content": self.content,
        }
        return json.dumps(content | {"seal": seal(content)}, separators=(",", ":"))


@lru_cache(maxsize=2)
def _rows_hash(concepts: ConceptRows, weights: bytes) -> Any:
    """weights: the content of int64 (n_cells,), as arrays cannot be keys."""
    return rows_hash(concepts.indptr, concepts.indices, np.frombuffer(weights, dtype=np.int64), concepts.names)


def _nested(formula: Formula, problem: Problem) -> Any:
    """The formula as nested lists of operators and concept columns."""
    if isinstance(formula, Atom):
        return problem.concepts.position[formula.name]
    assert isinstance(formula, And | Or | Not)
    word = "NOT" if isinstance(formula, Not) else "AND" if isinstance(formula, And) else "OR"
    return [word, *(_nested(part, problem) for part in formula.operands)]
