"""Runs as a static site, opened from disk, with nothing fetched from elsewhere.

    index.html         what was asked and found, and all units, sortable and searchable; of several runs: all runs, and
                       all answers by question.  units.csv has its table
    runs/N/            of several runs, the N-th: its own index.html, and what follows down to layers/
    units/N.html       a page per unit; N is the unit's place in the probe
    audit.html         of an audit: how far the beam is from what is proven, with its figure, audit.svg
    pictures/N.jpg     the images shown, each once
    layers/N-1.png     where unit N is active and its formula holds, in all images of its page, one below the other
    answers/N.html     the N-th answer of `compexact experiment` that was given, with its figure and tables beside it
    assets/            the style sheet and the script that sorts and filters

The same runs give the same bytes.  Names come from users' data: templates escape everything, nothing is marked
safe, no name becomes a file's name, and a content security policy forbids inline script.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ...probes.atomic_folder import check_output, new_folder
from ...probes.progress import Progress, silent
from ...probes.regular_files import starts_with
from ...probes.store import Probe
from ...probes.versions import versions
from ...solver.errors import UsageError
from ..run.folder import Run
from .answer_pages import AnswerPage, RunPages, find_answers, read_answer_page, write_answers
from .pages import TEMPLATES, Pages
from .run_pages import RunReport, write_run
from .site_index import home_values

ASSETS = ("report.css", "report.js", "icon.svg")
GENERATOR = '<meta name="generator" content="compexact report">'


def write_report(
    run: Run,
    probe: Probe,
    folder: Path,
    *,
    answers: Sequence[Path] = (),
    force: bool = False,
    on_progress: Progress = silent,
) -> Path:
    """Write the site of one run or audit; see `write_site`.  probe: `run.open_probe()`."""
    return write_site([(run, probe)], folder, answers=answers, force=force, on_progress=on_progress)


def write_site(
    runs: Sequence[tuple[Run, Probe]],
    folder: Path,
    *,
    answers: Sequence[Path] = (),
    force: bool = False,
    on_progress: Progress = silent,
) -> Path:
    """Write one site of runs and audits, whole or not at all; give the path of its index.html.

    runs: each with the probe that it was made from (`run.open_probe()`).  One run has the first page for itself;
    several have a folder each, and the first page leads to them, and shows the answers by question.
    answers: folders that `compexact experiment NAME -o` made, or folders of such; each answer gets a page.
    force: replace the report that lies there.
    on_progress: told of units.

    Raises `UsageError` where there is no run, where the folder exists, or with `force` holds something else than a
    report; `DataError` where it cannot be written, and where run and probe do not belong together or are damaged.
    """
    if not runs:
        raise UsageError("a report needs at least one run")
    folder = Path(folder)
    check_output(folder, force=force, is_ours=is_report)
    reports = [RunReport.read(run, probe) for run, probe in runs]
    asked = [read_answer_page(answer, number) for number, answer in enumerate(find_answers(answers), start=1)]
    total = sum(len(report.units) for report in reports)
    with new_folder(folder, force=force, is_ours=is_report) as partial:
        (partial / "assets").mkdir()
        for name in ASSETS:
            shutil.copyfile(TEMPLATES / name, partial / "assets" / name)
        for done, _ in enumerate(_write(reports, asked, partial), start=1):
            on_progress("writing pages", done, total)
    return folder / "index.html"


def _write(reports: Sequence[RunReport], answers: Sequence[AnswerPage], folder: Path) -> Iterator[None]:
    """Write all pages; comes back after each unit's."""
    top = Pages(folder, "", _shared(reports))
    places = [f"runs/{number}/" for number in range(1, len(reports) + 1)] if len(reports) > 1 else [""]
    write_answers(answers, top, _by_probe(reports, places))
    if len(reports) == 1:
        yield from write_run(reports[0], top, answers)
        return
    firsts = []
    for report, place in zip(reports, places):
        own = [answer for answer in answers if answer.digest and report.probe.has_digest(answer.digest)]
        pages = Pages(folder / place, "../" * place.count("/"), _shared([report]))
        firsts.append((yield from write_run(report, pages, own)))
    top.write("home.html", "index.html", **home_values(reports, places, firsts, answers))


def _by_probe(reports: Sequence[RunReport], places: Sequence[str]) -> dict[str, RunPages]:
    """The first run of each probe, by the probe's digest."""
    found: dict[str, RunPages] = {}
    for report, place in zip(reports, places):
        units = {unit.name: f"{place}{unit.page}" for unit in report.units}
        found.setdefault(_probe_digest(report), RunPages(f"{place}index.html", units))
    return found


def _probe_digest(report: RunReport) -> str:
    return str(report.run.header["probe"]["digest"])


def is_report(folder: Path) -> bool:
    """Whether a report lies in the folder."""
    return starts_with(folder / "index.html", GENERATOR, within=2000)


def _shared(reports: Sequence[RunReport]) -> dict[str, Any]:
    """What head and foot of a page about these runs say."""
    names = [Path(os.path.abspath(report.run.path)).name for report in reports]
    only = reports[0] if len(reports) == 1 else None
    return {
        "generator": f"compexact {versions(('compexact',)).get('compexact', '')}".strip(),
        "subject": only.subject if only else "",
        "dataset": only.dataset if only else "",
        "title": (only.subject or only.dataset or names[0]) if only else "",
        "run_names": names,
    }
