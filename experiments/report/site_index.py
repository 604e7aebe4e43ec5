"""The first page of several runs: the runs, the paper's values beside ours, and the answers by question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .answer_pages import AnswerPage, PublishedValue
from .audits import Message
from .run_pages import RunReport


@dataclass(frozen=True)
class RunLine:
    """A run on the first page.

    place, page, audit: seen from the site's root; no audit where the run is none.  shown: what `write_run` gives.
    """

    report: RunReport
    search: str
    place: str
    page: str
    audit: str | None
    shown: Mapping[str, Any]

    @property
    def message(self) -> Message | None:
        """What an audit found."""
        audit = self.shown["audit"]
        return audit.messages[0] if audit and audit.messages else None

    @property
    def name(self) -> str:
        """Model and layer, or the dataset, or the run's folder."""
        return self.report.subject or self.report.dataset or self.report.run.path.name


@dataclass(frozen=True)
class Beside:
    """A value of the paper, and the answers that have one of ours, each with it."""

    value: PublishedValue
    ours: Sequence[tuple[AnswerPage, PublishedValue]]


@dataclass(frozen=True)
class Question:
    """A question and its answers, one for each input that it was asked of."""

    name: str
    text: str
    answers: Sequence[AnswerPage]

    @property
    def anchor(self) -> str:
        """Where it stands on the page: of a number, as names can hold anything."""
        return f"question-{self.answers[0].number}"


def home_values(
    reports: Sequence[RunReport],
    places: Sequence[str],
    firsts: Sequence[Mapping[str, Any]],
    answers: Sequence[AnswerPage],
) -> dict[str, Any]:
    """What `home.html` shows.  places: of the runs' folders, seen from the site's root.  firsts: see `write_run`."""
    return {
        "runs": [_line(*each) for each in zip(reports, places, firsts)],
        "beside": values_beside(answers),
        "questions": by_question(answers),
    }


def by_question(answers: Sequence[AnswerPage]) -> list[Question]:
    """In the order in which the questions come first."""
    found: dict[tuple[str, str], list[AnswerPage]] = {}
    for answer in answers:
        found.setdefault((answer.name, answer.question), []).append(answer)
    return [Question(name, text, same) for (name, text), same in found.items()]


def values_beside(answers: Sequence[AnswerPage]) -> list[Beside]:
    """Each value of the paper once, in the order in which they come first, without those that were not asked for."""
    found: dict[tuple[str, ...], list[tuple[AnswerPage, PublishedValue]]] = {}
    for answer in answers:
        for value in answer.published:
            if value.is_asked:
                key = (value.what, value.source, value.theirs, value.data)
                found.setdefault(key, []).append((answer, value))
    return [Beside(same[0][1], same) for same in found.values()]


def _line(report: RunReport, place: str, shown: Mapping[str, Any]) -> RunLine:
    audit = f"{place}audit.html" if report.is_audit else None
    return RunLine(report, _search(report.run.header["settings"]), place, f"{place}index.html", audit, shown)


def _search(settings: Mapping[str, Any]) -> str:
    """`exact, at most 3 concepts`."""
    length = settings.get("max_length")
    search = f"{settings.get('engine')}, at most {length} concept{'' if length == 1 else 's'}"
    weights = settings.get("fp_weight", "1"), settings.get("fn_weight", "1")
    return search if weights == ("1", "1") else f"{search}, errors weighed {weights[0]} to {weights[1]}"
