"""What an answer of `experiment alternatives` says on a unit's page: which concepts all formulas as good need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from ...probes.schema import Count, Strict, Text, formed
from ...probes.store import Probe
from ...solver.errors import CompexactError, DataError
from ...solver.formula import Formula
from ...solver.parsing import parse
from .answer_pages import AnswerPage

MOST_REPLACEMENTS = 5
MOST_OTHERS = 10
"""Concepts that some alternatives have, and not most."""


class _UnitLine(Strict, extra="allow"):
    unit: Text
    alternatives: Count
    complete: bool
    as_good: Count
    formula: str | None


class _ConceptLine(Strict, extra="allow"):
    unit: Text
    concept: Text
    alternatives: Count
    in_best: bool
    replaced_by: list[str]
    twins: list[str]


class _Settings(Strict, extra="allow"):
    max_length: Count
    space: Text
    within: Text


class _More(Strict, extra="allow"):
    concepts: list[_ConceptLine] = Field([])


class _Content(Strict):
    settings: _Settings
    rows: list[_UnitLine]
    more: _More


@dataclass(frozen=True)
class EquallyGood:
    """The alternatives of a unit.

    n: how many, the best one, `formula`, among them; as_good: those that the data cannot tell from it.
    in_all, in_most, others: concepts by the share of alternatives that have them.  n_others: how many those are.
    replaced: concepts of the best formula, each with those that can stand in its place.  twins: each with those that
    hold on the same points.
    """

    page: str
    max_length: int
    space: str
    within: str
    n: int
    is_complete: bool
    as_good: int
    formula: Formula
    in_all: tuple[str, ...]
    in_most: tuple[str, ...]
    others: tuple[str, ...]
    n_others: int
    replaced: tuple[tuple[str, tuple[str, ...]], ...]
    twins: tuple[tuple[str, tuple[str, ...]], ...]


def equally_good(probe: Probe, answers: Sequence[AnswerPage]) -> dict[str, EquallyGood]:
    """By unit, what the first answer about it says; only of answers that were asked of this probe.

    Raises `DataError` where an answer's tables are not those of `alternatives`.
    """
    found: dict[str, EquallyGood] = {}
    for answer in answers:
        if answer.name == "alternatives" and answer.digest and probe.has_digest(answer.digest):
            found = _units(probe, answer) | found
    return found


def _units(probe: Probe, answer: AnswerPage) -> dict[str, EquallyGood]:
    kept = answer.content
    try:
        content = formed(_Content, {"settings": kept.settings, "rows": kept.rows, "more": dict(kept.more)})
        return {
            unit.unit: _unit(probe, answer.page, content, unit)
            for unit in content.rows
            if unit.alternatives and unit.formula
        }
    except (ValueError, CompexactError) as error:
        raise DataError(f"the answer alternatives is damaged: {error}; ask again") from None


def _unit(probe: Probe, page: str, content: _Content, unit: _UnitLine) -> EquallyGood:
    concepts = [each for each in content.more.concepts if each.unit == unit.unit]
    n, settings = unit.alternatives, content.settings
    some = [each.concept for each in concepts if 2 * each.alternatives <= n]
    return EquallyGood(
        page=page,
        max_length=settings.max_length,
        space=settings.space,
        within=settings.within,
        n=n,
        is_complete=unit.complete,
        as_good=unit.as_good,
        formula=parse(str(unit.formula), probe.cells.concepts.position),
        in_all=tuple(each.concept for each in concepts if each.alternatives == n),
        in_most=tuple(each.concept for each in concepts if n < 2 * each.alternatives < 2 * n),
        others=tuple(some[:MOST_OTHERS]),
        n_others=len(some),
        replaced=tuple((each.concept, _few(each.replaced_by)) for each in concepts if each.replaced_by),
        twins=tuple((each.concept, tuple(each.twins)) for each in concepts if each.twins and each.in_best),
    )


def _few(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(names[:MOST_REPLACEMENTS])
