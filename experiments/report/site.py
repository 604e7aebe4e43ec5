"""A run as a static site: an index and a page per unit, opened from disk, with nothing fetched from elsewhere.

    index.html         all units, sortable and searchable
    units/N.html       a page per unit; N is the unit's place in the probe
    audit.html         of an audit: how far the beam is from what is proven
    answers/N.html     the N-th answer of `compexact experiment` that was given, with its figure and tables beside it
    pictures/N.jpg     the images shown, each once
    layers/N-R.png     where unit N is active and its formula holds in its R-th top image; fR: in the image where the
                       formula holds R-th most; nR: the same of the formula with a leaf negated
    assets/            the style sheet and the script that sorts and filters

The same run gives the same bytes.  Names come from users' data: templates escape everything, nothing is marked
safe, no name becomes a file's name, and a content security policy forbids inline script.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ...probes.folders import check_output, new_folder
from ...probes.store import Probe
from ...probes.versions import versions
from ..runs import Run
from . import charts, text
from .answers import AnswerPage, read_answer_page
from .audits import audit_page, is_audit
from .classes import Classes
from .gallery import Gallery
from .index import Summary, all_settings, probe_facts, search_facts, summarise
from .negation import smallest
from .pictures import Pictures
from .sentences import Sentences
from .units import UnitReport, read_units

TEMPLATES = Path(__file__).with_name("templates")
ASSETS = ("report.css", "report.js", "icon.svg")
GENERATOR = '<meta name="generator" content="compexact report">'

Progress = Callable[[str, int, int], None]


def write_report(
    run: Run,
    probe: Probe,
    folder: Path,
    *,
    answers: Sequence[Path] = (),
    force: bool = False,
    on_progress: Progress | None = None,
) -> Path:
    """Write the site of a run or an audit, whole or not at all; give the path of its index.html.

    probe: the one that the run was made from (`run.open_probe()`).
    answers: folders that `compexact experiment NAME -o` made; each gets a page.
    force: replace the report that lies there.
    on_progress: called with (what is being done, how many units are done, of how many).

    Raises `UsageError` where the folder exists, or with `force` holds something else than a report; `DataError`
    where it cannot be written, and where run and probe do not belong together or are damaged.
    """
    folder = Path(folder)
    check_output(folder, force=force, is_ours=is_report)
    units = read_units(run, probe)
    asked = [read_answer_page(Path(answer), number) for number, answer in enumerate(answers, start=1)]
    with new_folder(folder, force=force, is_ours=is_report) as partial:
        _Site(run, probe, units, asked, partial).write(on_progress or (lambda what, done, total: None))
    return folder / "index.html"


def is_report(folder: Path) -> bool:
    """Whether a report lies in the folder."""
    index = folder / "index.html"
    return index.is_file() and GENERATOR in index.read_text(encoding="utf-8", errors="replace")[:2000]


class _Site:
    """The pages and files of one report, written to a folder."""

    def __init__(
        self, run: Run, probe: Probe, units: Sequence[UnitReport], answers: Sequence[AnswerPage], folder: Path
    ) -> None:
        self.run, self.probe, self.units, self.answers, self.folder = run, probe, units, answers, folder
        self.classes, self.sentences, pictures = Classes.of(probe), Sentences.of(probe), Pictures.of(probe)
        self.gallery = Gallery(probe, pictures, self.classes, folder) if pictures else None
        self.environment = _environment()
        self.environment.globals |= {
            "generator": f"compexact {versions(('compexact',)).get('compexact', '')}".strip(),
            "subject": " · ".join(str(probe.about[key]) for key in ("model", "layer") if probe.about.get(key)),
            "dataset": str(probe.about.get("dataset") or ""),
            "settings": run.header["settings"],
            "run_name": Path(os.path.abspath(run.path)).name,
        }

    def write(self, on_progress: Progress) -> None:
        """Everything, in any folder that does not exist."""
        for name in ("units", "assets", *(["answers"] if self.answers else [])):
            (self.folder / name).mkdir(parents=True)
        for name in ASSETS:
            shutil.copyfile(TEMPLATES / name, self.folder / "assets" / name)
        summary = summarise(self.run, self.units, len(self.probe.cells.concepts.names))
        self._write_index(summary)
        if is_audit(self.run):
            self._render("audit.html", "audit.html", audit=audit_page(self.run, self.units))
        for place in range(len(self.answers)):
            self._write_answer(place)
        for place, unit in enumerate(self.units):
            self._write_unit(place, unit)
            on_progress("writing pages", place + 1, len(self.units))

    def _render(self, template: str, path: str, **values: Any) -> None:
        text = self.environment.get_template(template).render(root="../" * path.count("/"), **values)
        (self.folder / path).write_bytes(text.encode("utf-8", "replace"))

    def _write_index(self, summary: Summary) -> None:
        self._render(
            "index.html",
            "index.html",
            summary=summary,
            facts=[*probe_facts(self.probe), *search_facts(self.run)],
            settings_groups=all_settings(self.run, self.probe),
            notes=self.probe.about.get("notes") or [],
            widest=max((unit.ceiling for unit in summary.explained), default=0) or 1,
            answers=self.answers,
            is_audit=is_audit(self.run),
            accuracy={unit.column: self.classes.accuracy(unit.column) for unit in self.units},
            strongest={unit.column: self.classes.strongest(unit.column) for unit in self.units},
        )

    def _write_answer(self, place: int) -> None:
        """The page, and beside it copies of the answer's figure and tables."""
        answer = self.answers[place]
        figure = answer.figure and self._copy(answer.figure, answer, "figure")
        tables = [
            replace(table, file=table.file and self._copy(table.file, answer, f"table{number or ''}"))
            for number, table in enumerate(answer.tables)
        ]
        before, after = (self.answers[i] if 0 <= i < len(self.answers) else None for i in (place - 1, place + 1))
        self._render(
            "answer.html", answer.page, answer=answer, figure=figure, tables=tables, before=before, after=after
        )

    def _copy(self, file: Path, answer: AnswerPage, name: str) -> Path:
        """Copy a file of the answer; give its new path, seen from the site's root."""
        copied = Path("answers") / f"{answer.number}-{name}{file.suffix}"
        shutil.copyfile(file, self.folder / copied)
        return copied

    def _write_unit(self, place: int, unit: UnitReport) -> None:
        self._render(
            "unit.html",
            unit.page,
            unit=unit,
            before=self.units[place - 1] if place else None,
            after=self.units[place + 1] if place + 1 < len(self.units) else None,
            chart=charts.length_chart(unit.by_length, unit.ceiling, None if unit.bound is None else float(unit.bound)),
            changes=charts.changes(unit.by_length),
            has_pictures=self.gallery is not None,
            **self._shown(unit),
            threshold=self._threshold(unit),
            weights=self.classes.most_and_least(unit.column),
            accuracy=self.classes.accuracy(unit.column),
        )

    def _shown(self, unit: UnitReport) -> dict[str, Any]:
        """The unit's inputs: rows of pictures, or of pairs."""
        minor = smallest(unit.negations)
        pairs = negated_pairs = None
        if self.sentences:
            pairs = self.sentences.unit(unit.column, unit.cell_mask)
            negated_pairs = self.sentences.unit(unit.column, minor.cell_mask).holding if minor else ()
        return {
            "minor": minor,
            "pictures": self.gallery.top(unit) if self.gallery else [],
            "holding": self.gallery.holding(unit) if self.gallery else [],
            "negated": self.gallery.negated(unit, minor) if self.gallery else [],
            "pairs": pairs,
            "negated_pairs": negated_pairs,
        }

    def _threshold(self, unit: UnitReport) -> float | None:
        thresholds = self.probe.arrays.get("thresholds")
        return None if thresholds is None else float(thresholds[unit.column])


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "ratio": text.ratio,
        "count": text.count,
        "decimal": text.decimal,
        "tokens": text.tokens,
    }
    environment.globals |= {
        "percent": text.percent,
        "plot": charts,
    }
    return environment
