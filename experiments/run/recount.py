"""The lines of a run against its probe and run.json: what a line states is counted again before it is shown.

Only what is cheap: whose answer it is, the counts of every formula and their order, the ceiling, that `degenerate` is
true, and that bound, gap and `optimal` follow from the fraction.  That the bound holds is for `compexact verify`.
Counting is by `solver/checking/recount.py`, which shares nothing with the searches.

Not counted again are `seconds`, the text of `error` and a `sample`; nor could be whether a beam would have found these
formulas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...probes.store import Probe
from ...solver.cells import Cells
from ...solver.checking import CertificateError
from ...solver.checking.error_weights import Errors
from ...solver.checking.recount import Rows, UnitPoints
from ...solver.errors import DataError, UsageError
from ...solver.formula import And, Atom, Formula, Not, Or
from ...solver.metrics import METRICS, confusion
from ...solver.parsing import parse
from ...solver.problem import Problem
from .engines import ENGINES
from .proofs import proof_is_missing
from .recount_audit import check_audit
from .wrong_line import WrongLine, fraction_of, is_rounded_up, require

AS_AUDITED = ("max_length", "fp_weight", "fn_weight")
"""What the beam and local search of an audit are asked as is the engine that proves."""
METRIC = "tversky"
NOTHING_FOUND = {"length": None, "intersection": 0, "union": 0, "iou": 0.0}


def check_lines(folder: Path, probe: Probe, header: Mapping[str, Any], lines: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise `DataError` for a unit's line that the probe or run.json contradicts: somebody has edited it."""
    recount = Recount(probe.cells, header)
    for unit, line in lines.items():
        if wrong := recount.validate_line(line) or proof_is_missing(line):
            raise DataError(f"{folder / 'units.jsonl'}, unit {unit!r}: {wrong}; delete that line and run again")


class Recount:
    """Counts lines of one run again.

    header: run.json.  cells: those of its probe.  errors: what its settings say; no line is believed about that.
    Raises `DataError` where these are too fine to be counted.
    """

    def __init__(self, cells: Cells, header: Mapping[str, Any]) -> None:
        concepts = cells.concepts
        self.cells, self.header = cells, header
        self.settings: Mapping[str, Any] = header["settings"]
        self.position = concepts.position
        self.rows = Rows(concepts.indptr, concepts.indices, len(concepts.names))
        self.errors = Errors.of(self.settings)
        try:
            self.errors.cells(cells.weights, cells.weights)
        except CertificateError as error:
            raise DataError(f"run.json and its probe do not go together: {error}") from None

    def points(self, unit: str) -> UnitPoints:
        """The unit's points."""
        return UnitPoints(self.rows, self.cells.weights, self.cells.active.of(self.cells.unit(unit)), self.errors)

    def problem(self, unit: str) -> Problem:
        """What a certificate of the unit is about: its points, each as often as an error there counts."""
        if self.errors.are_even:
            return Problem.of(self.cells, unit)
        active = self.cells.active.of(self.cells.unit(unit))
        return Problem(self.cells.concepts, *self.errors.cells(self.cells.weights, active), unit)

    def validate_line(self, line: Mapping[str, Any]) -> str | None:
        """Why a line of the run's form cannot be an answer to what run.json asks; None where nothing is wrong."""
        try:
            points = self.points(line["unit"])
            if self.header["command"] == "audit":
                chain = {name: value for name, value in self.settings.items() if name in AS_AUDITED}
                chain |= {"space": "chain"}
                asked = {
                    "beam": chain | {"engine": "beam"},
                    "local": chain | {"engine": "local"},
                    "exact": self.settings,
                }
                for part in [part for part in asked if part in line]:
                    require(line[part]["unit"] == line["unit"], f"the unit of {part} is {line[part]['unit']!r}")
                    _Answer(self, points, line[part], asked[part]).check()
                check_audit(line, self.settings)
            else:
                _Answer(self, points, line, self.settings).check()
        except (WrongLine, CertificateError) as error:
            return str(error)
        except UsageError as error:  # of a formula that does not parse
            return str(error).splitlines()[0]
        return None


class _Answer:
    """One answer beside what was asked for it."""

    def __init__(
        self, recount: Recount, points: UnitPoints, record: Mapping[str, Any], asked: Mapping[str, Any]
    ) -> None:
        self.recount, self.points, self.record, self.asked = recount, points, record, asked
        self.masks: dict[str, Any] = {}

    @property
    def failed(self) -> bool:
        return bool(self.record["status"] == "failed")

    @property
    def proves(self) -> bool:
        """Whether its engine can; a header of a run names none that is not there."""
        return ENGINES[self.record["engine"]].proves

    def check(self) -> None:
        """Raise `WrongLine` where something is not so."""
        for name in ("engine", "space", "max_length"):
            require(self.record[name] == self.asked[name], f"its {name} is {self.record[name]!r}, not that of the run")
        self._check_counts()
        self._check_metric()
        self._check_bound()
        require(is_rounded_up(self.record["ceiling"], self.points.ceiling()), "the ceiling is not that of the unit")
        self._check_status()
        self._check_lists()

    def _found(self) -> Iterator[tuple[Mapping[str, Any], int]]:
        """Every formula with its counts, and how long it may be."""
        longest = self.record["max_length"]
        if self.record["formula"] is None:
            require(all(self.record[key] == value for key, value in NOTHING_FOUND.items()), _not_of("no formula"))
        else:
            yield self.record, longest
        for length, found in enumerate(self.record.get("by_length", ()), start=1):
            yield found, length
        for found in self.record.get("top", ()):
            yield found, longest

    def _check_counts(self) -> None:
        for found, longest in self._found():
            text = found["formula"]
            tree = _by_column(parse(text, self.recount.position), self.recount.position)
            length = self.recount.rows.length(tree, self.record["space"])
            require(length <= longest, f"{_short(text)} is longer than {longest}")
            if text not in self.masks:
                self.masks[text] = self.recount.rows.mask(tree)
            intersection, either = self.points.counts(self.masks[text])
            counted = {
                "length": length,
                "intersection": intersection,
                "union": either,
                "iou": intersection / either if either else 0.0,
            }
            require(all(found[key] == value for key, value in counted.items()), _not_of(text))
            self._check_weighed(found, text)

    def _check_weighed(self, found: Mapping[str, Any], text: str) -> None:
        """Where errors are weighed, that the score is the one of the counts; else, that there is none to mislead."""
        if self.recount.errors.are_even:
            scores = {"score_fraction"} if found is self.record else {"score", "score_fraction"}
            require(not scores & set(found), "it has a weighed score, and the run weighs no errors")
            return
        score = self.points.score(found["intersection"], found["union"])
        there = "score_fraction" in found and "score" in found
        right = there and Fraction(*found["score_fraction"]) == score and found["score"] == float(score)
        require(right, f"the score is not that of the counts of {_short(text)}")

    def _check_metric(self) -> None:
        weights = ("fp_weight", "fn_weight")
        if not self.recount.errors.are_even:
            require(self.record.get("metric") == METRIC, f"its metric is not {METRIC}, that of the run")
            same = all(self.record.get(name) == self.asked.get(name, "1") for name in weights)
            require(same, "its weights of errors are not those of the run")
            if self.record["formula"] is None:
                self._check_weighed(self.record, "no formula")
            return
        require(not set(weights) & set(self.record), "it weighs errors, and the run does not")
        require(not {"score_fraction"} & set(self.record), "it has a weighed score, and the run weighs no errors")
        metric = self.asked.get("metric", "iou")
        if metric == "iou" or self.failed:
            require(not {"metric", "score"} & set(self.record), "it has another metric than the run")
            return
        require(self.record.get("metric") == metric, f"its metric is not {metric}, that of the run")
        score = self._metric_of(self.record) if self.record["formula"] is not None else Fraction(0)
        require(self.record.get("score") == float(score), f"the score is not the {metric} of its counts")

    def _check_bound(self) -> None:
        record, bound = self.record, self.record["bound_fraction"]
        is_proven = record["status"] in ("optimal", "bounded")
        if bound is None:
            right = record["bound"] is None and record["gap"] is None and not is_proven
        else:
            gap = Fraction(*bound) - fraction_of(record)
            right = is_rounded_up(record["bound"], Fraction(*bound)) and is_rounded_up(record["gap"], gap)
            right = right and gap >= 0 and (gap == 0 or record["status"] != "optimal")
            right = right and self.proves and not self.failed
        require(right, "bound, gap and status are not those of its fractions")
        claims = any(found.get("proven") for found in record.get("by_length", ()))
        require(self.proves or not claims, f"by_length calls something proven, and {record['engine']} proves nothing")
        sampled = self.asked.get("sample") is not None
        require(sampled or "sample" not in record, "it has a sample, and none was asked for")

    def _check_status(self) -> None:
        if self.failed:
            require(
                "error" in self.record and self.record["formula"] is None, "it failed, and gives an answer or no error"
            )
            return
        nothing_met = not self.points.meets_a_concept
        skipped = {"vision": nothing_met, "nli": not self.recount.position}.get(self.asked.get("compat") or "", False)
        degenerate = self.points.is_degenerate or skipped
        require((self.record["status"] == "degenerate") == degenerate, "whether the unit is degenerate is not so")
        if self.record["formula"] is None:
            require(degenerate or nothing_met, "it has no formula, and there is something to explain")

    def _check_lists(self) -> None:
        """A formula for every length, none worse than a shorter one; the best of all last, and on top."""
        if "by_length" not in self.record:
            return
        by_length, top = self.record["by_length"], self.record["top"]
        if self.record["formula"] is None:
            require(not by_length, "it has no formula, and yet some")
            return
        require(len(by_length) == self.record["max_length"], "by_length has not one formula for each length")
        require(1 <= len(top) <= self.asked.get("top_k", 1), "top has more or fewer formulas than were asked for")
        functions = {self.masks[found["formula"]].tobytes() for found in top}
        require(len(functions) == len(top), "two formulas of top are the same function")
        if self.asked.get("compat"):  # whose scores are rounded, and by another length
            return
        require(_falls([self._score(found) for found in reversed(by_length)]), "by_length falls")
        require(_falls([self._score(found) for found in top]), "top rises")
        best = {self._score(found) for found in (self.record, by_length[-1], top[0])}
        require(len(best) == 1, "the answer is not the last of by_length and the first of top")

    def _score(self, found: Mapping[str, Any]) -> Fraction:
        penalty = Fraction(str(self.asked.get("penalty", "1")))
        return self._metric_of(found) * penalty ** (found["length"] - 1)

    def _metric_of(self, found: Mapping[str, Any]) -> Fraction:
        intersection, points = found["intersection"], self.points
        if not self.recount.errors.are_even:
            return points.score(intersection, found["union"])
        formula = found["union"] - points.unit_points + intersection
        counts = confusion(intersection, formula, points.unit_points, points.n_points)
        return METRICS[self.asked.get("metric", "iou")](*counts)


def _not_of(text: str) -> str:
    return f"the counts are not those of {_short(text)}"


def _short(formula: str) -> str:
    """As much of it as a message of one line holds."""
    return formula if len(formula) <= 200 else formula[:197] + "..."


def _falls(scores: Sequence[Fraction]) -> bool:
    return all(first >= second for first, second in pairwise(scores))


def _by_column(formula: Formula, position: Mapping[str, int]) -> Any:
    """The formula as nested lists of operators and concept columns."""
    if isinstance(formula, Atom):
        return position[formula.name]
    assert isinstance(formula, And | Or | Not)
    word = "NOT" if isinstance(formula, Not) else "AND" if isinstance(formula, And) else "OR"
    return [word, *(_by_column(part, position) for part in formula.operands)]
