"""Honest certificates of every kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from asking import by_prefixes, by_roles, claim
from problems import hard

from compexact.solver import Problem, SearchResult, exact_search
from compexact.solver.checking import PROOFS


@dataclass(frozen=True)
class Honest:
    """A problem, what a search answers, and the content of its certificate."""

    problem: Problem
    result: SearchResult
    content: dict[str, Any]

    @property
    def proof(self) -> str:
        return str(self.content["proof"])


def honest(problem: Problem, result: SearchResult) -> Honest:
    assert result.certificate is not None
    assert result.best is not None
    return Honest(problem, result, claim(problem, result.certificate, result.best))


@pytest.fixture(scope="session")
def proven() -> list[Honest]:
    """Of each kind of proof and each space, over problems small enough to know the truth."""
    out = []
    for seed in range(2):
        problem = hard(seed, cells=50, concepts=9)
        for space in ("chain", "tree"):
            out.append(honest(problem, exact_search(problem, space=space, max_length=3)))
            out.append(honest(problem, exact_search(problem, space=space, max_length=4, should_stop=lambda: True)))
        out.append(honest(problem, exact_search(problem, space="tree", max_length=6)))
    for seed in range(2):
        out.append(honest(hard(seed), by_prefixes(hard(seed), max_length=4)))
        assert sum(map(len, out[-1].content["content"]["trees"])) > 5
        out.append(honest(hard(seed, cells=30, concepts=8), by_roles(hard(seed, cells=30, concepts=8), max_length=4)))
    assert {each.proof for each in out} == set(PROOFS)
    return out
