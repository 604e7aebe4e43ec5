"""The pages of one run: its index, a page per unit, and the audit's."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from ...probes.store import Probe
from ...solver.error_weights import ErrorWeights
from ..run.audit_plot import plot_audit
from ..run.folder import Run
from . import charts
from .activation_chart import ActivationChart, activation_chart
from .answer_pages import AnswerPage
from .audits import audit_page
from .chance_levels import chance_levels
from .class_weights import Classes
from .equally_good import EquallyGood, equally_good
from .few_points import least_points, on_few_points
from .first_view import asked, examples
from .gallery import Gallery
from .negation import smallest, telling
from .pages import Pages
from .pair_texts import Sentences
from .pictures import Pictures
from .run_index import Summary, all_settings, probe_facts, search_facts, summarise
from .unit_page import UnitReport, read_units
from .units_table import units_csv
from .word_texts import WordTexts


@dataclass(frozen=True, eq=False)
class RunReport:
    """A run, its probe, and its units that are read back."""

    run: Run
    probe: Probe
    units: Sequence[UnitReport]

    @classmethod
    def read(cls, run: Run, probe: Probe) -> RunReport:
        """Raises `DataError` where the two do not belong together, or the run is damaged."""
        return cls(run, probe, read_units(run, probe))

    @property
    def subject(self) -> str:
        """Model and layer; "" where they are not known."""
        return " · ".join(str(self.probe.about[key]) for key in ("model", "layer") if self.probe.about.get(key))

    @property
    def dataset(self) -> str:
        """Its name; "" where there is none."""
        return str(self.probe.about.get("dataset") or "")

    @property
    def is_audit(self) -> bool:
        """Whether `compexact audit` made the run."""
        return self.run.header.get("command") == "audit"

    @cached_property
    def errors(self) -> ErrorWeights:
        """What errors count in the run: by its score pages call a formula good."""
        settings = self.run.header["settings"]
        return ErrorWeights.of(settings.get("fp_weight", "1"), settings.get("fn_weight", "1"))

    @cached_property
    def least_points(self) -> int:
        """Units that are active on fewer are remarked upon."""
        return least_points(self.probe.about)

    @cached_property
    def on_few(self) -> set[int]:
        """The columns of those units."""
        return on_few_points(self.units, self.least_points)

    @cached_property
    def summary(self) -> Summary:
        """The units taken together."""
        return summarise(self.run, self.units, len(self.probe.cells.concepts.names), self.errors)


def write_run(
    report: RunReport, pages: Pages, answers: Sequence[AnswerPage] = ()
) -> Generator[None, None, dict[str, Any]]:
    """Write the pages of a run; comes back after each unit's, and gives what a first screen shows of it.

    answers: that its index links.
    """
    (pages.folder / "units").mkdir(parents=True)
    classes = Classes(report.probe.inputs)
    shown = _UnitPages(report, classes, pages, equally_good(report.probe, answers))
    for place in range(len(report.units)):
        shown.write(place)
        yield
    audit = audit_page(report.run, report.units, report.errors) if report.is_audit else None
    first = {"audit": audit, **shown.first()}
    pages.write("index.html", "index.html", **first, **_index_values(report, classes, answers))
    (pages.folder / "units.csv").write_text(units_csv(report.summary, report.errors), encoding="utf-8", newline="")
    if audit:
        settings = report.run.header["settings"]
        pages.write("audit.html", "audit.html", audit=audit, settings=settings, errors=report.errors)
        if audit.settled:
            plot_audit(list(report.run.records.values()), pages.folder / "audit.svg")
    return first


def _index_values(report: RunReport, classes: Classes, answers: Sequence[AnswerPage]) -> dict[str, Any]:
    return {
        "summary": report.summary,
        "errors": report.errors,
        "settings": report.run.header["settings"],
        "facts": [*probe_facts(report.probe), *search_facts(report.run)],
        "settings_groups": all_settings(report.run, report.probe),
        "notes": report.probe.about.get("notes") or [],
        "widest": max((unit.ceiling for unit in report.summary.explained), default=0) or 1,
        "answers": answers,
        "least_points": report.least_points,
        "on_few": report.on_few,
        "asked": asked(report.probe, str(report.run.header["settings"].get("engine")), report.units),
        "accuracy": {unit.column: classes.accuracy(unit.column) for unit in report.units},
        "strongest": {unit.column: classes.strongest(unit.column) for unit in report.units},
        "chance": chance_levels(report.probe, report.run.header["settings"], answers),
    }


class _UnitPages:
    """The pages of the units; pictures are written beside them as they are shown."""

    def __init__(
        self, report: RunReport, classes: Classes, pages: Pages, others: Mapping[str, EquallyGood] | None = None
    ) -> None:
        self.report, self.classes, self.pages, self.others = report, classes, pages, others or {}
        inputs = report.probe.inputs
        self.thresholds = inputs.thresholds if inputs.has("thresholds") else None
        self.histogram = inputs.histogram if inputs.has("histogram") and inputs.has("thresholds") else None
        self.sentences, pictures = Sentences.of(report.probe), Pictures.of(report.probe)
        self.words = WordTexts.of(report.probe)
        self.gallery = Gallery(report.probe, pictures, classes, pages.folder) if pictures else None

    def write(self, place: int) -> None:
        """The page of the unit at this place of the run."""
        units = self.report.units
        unit = replace(units[place])  # of one's own: what is computed of a unit goes when its page is written
        bound = None if unit.bound is None else float(unit.bound)
        self.pages.write(
            "unit.html",
            unit.page,
            unit=unit,
            errors=self.report.errors,
            settings=self.report.run.header["settings"],
            before=units[place - 1] if place else None,
            after=units[place + 1] if place + 1 < len(units) else None,
            chart=charts.length_chart(unit.by_length, unit.ceiling, bound, self.report.errors),
            changes=charts.changes(unit.by_length),
            least_points=self.report.least_points,
            on_few=self.report.on_few,
            has_pictures=self.gallery is not None,
            **self._shown(unit),
            spread=self._spread(unit.column),
            threshold=None if self.thresholds is None else float(self.thresholds[unit.column]),
            weights=self.classes.most_and_least(unit.column),
            accuracy=self.classes.accuracy(unit.column),
            others=self.others.get(unit.name),
        )

    def _shown(self, unit: UnitReport) -> dict[str, Any]:
        """The unit's inputs: rows of pictures, pairs, or sentences."""
        errors = self.report.errors
        kept = telling(unit.negations, errors.score(unit.best), errors) if unit.best else []
        minor = smallest(kept)
        pairs = negated_pairs = None
        if self.sentences:
            pairs = self.sentences.unit(unit.column, unit.cell_mask)
            negated_pairs = self.sentences.unit(unit.column, minor.cell_mask).holding if minor else ()
        return {
            "kept": kept,
            "minor": minor,
            "pictures": self.gallery.unit(unit, minor) if self.gallery else None,
            "words": self.words.unit(unit) if self.words else None,
            "pairs": pairs,
            "negated_pairs": negated_pairs,
        }

    def _spread(self, column: int) -> ActivationChart | None:
        """None where the probe keeps no histograms."""
        if self.histogram is None or self.thresholds is None:
            return None
        of_all = self.histogram.lowest, self.histogram.highest, self.thresholds
        lowest, highest, threshold = (float(values[column]) for values in of_all)
        what = "value" if self.gallery else "point"
        return activation_chart(self.histogram.counts[column], lowest, highest, threshold, what)

    def first(self) -> dict[str, Any]:
        """What the index shows of units' inputs: the first picture of each, and the first text of the examples."""
        chosen = examples(self.report.units, self.report.errors, self.report.on_few)
        return {
            "examples": chosen,
            "first_pictures": self.gallery.first if self.gallery else {},
            "first_sentences": {
                each.unit.column: next(iter(self.words.unit(each.unit).top), None) for each in chosen if self.words
            },
            "first_pairs": {
                each.unit.column: next(iter(self.sentences.unit(each.unit.column, each.unit.cell_mask).top), None)
                for each in chosen
                if self.sentences
            },
        }
