"""`explain`, `audit` and `score`: the commands of these names, for a probe that is open or lies on disk."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from .experiments.commands import audit as audit_command
from .experiments.commands import explain as explain_command
from .experiments.commands import score as score_command
from .experiments.commands.units_asked import Settle, UnitsAsked, Work
from .experiments.progress import progress as shown_progress
from .experiments.questions.length_choice import settled
from .experiments.run.audit import Audit
from .experiments.run.engines import check_settings
from .experiments.run.folder import UnitsWork, asked_of, do_units, find_outcomes
from .experiments.run.interrupts import stop_on_interrupt
from .experiments.run.scoring import scored
from .experiments.run.settings import SearchSettings
from .experiments.run.units import Choice, Explain, choose_units
from .experiments.run.where import Where
from .options import Asked, takes
from .probes.npz import about_arrays
from .probes.opening import open_probe
from .probes.progress import Progress, silent
from .probes.store import Probe
from .runs import AuditRun, Run, open_run
from .scores import Scores
from .solver.cells import Cells
from .solver.error_weights import ErrorWeights
from .solver.errors import UsageError
from .solver.formula import Formula
from .solver.reference_forms import FORMS
from .unit_names import asked_units
from .values import shown

NOT_IN_PYTHON = ("probe", "units", "output", "format", "require")


@takes(explain_command.explain, without=NOT_IN_PYTHON)
def explain(
    probe: Any, units: Any = None, *, output: str | Path | None = None, progress: bool = True, asked: Asked
) -> Run:
    """Find the formula that matches each unit best.

    probe: what `compexact.probe` gives, or the path of one.  units: names, numbers, `0,3,10-20`, or several; all
    without it.  output: keep the run in this folder, or go on with what is there; else it is in memory, and `save`
    keeps it.  progress: whether it is shown.  Ctrl-C ends the search, and what was found is given.

    Raises `UsageError` for what cannot be asked.
    """
    settings = asked.of(SearchSettings)
    check_settings(settings)
    least = FORMS[settings.compat].min_active if settings.compat else 0
    return _searched(Explain(settings), probe, units, output, progress, asked, least, settled)


@takes(audit_command.audit, without=NOT_IN_PYTHON)
def audit(
    probe: Any, units: Any = None, *, output: str | Path | None = None, progress: bool = True, asked: Asked
) -> AuditRun:
    """Hold the beam, and local search beside it, against an engine that proves, unit by unit.

    Several lengths and beam sizes make a grid.  The rest is as of `explain`.
    """
    work: Audit = asked.of(audit_command.asked_audit)
    found = _searched(work, probe, units, output, progress, asked)
    assert isinstance(found, AuditRun)
    return found


@takes(score_command.score, without=("probe", "formula", "units", "format"))
def score(probe: Any, formula: str | Formula, units: Any = None, *, asked: Asked) -> Scores:
    """Count one formula given by hand: a row for each unit, with every metric.

    formula: a text such as `(water OR river) AND NOT blue`.  Raises `UsageError`, with the place, for what is none.
    """
    opened = opened_probe(probe)
    if not isinstance(formula, str | Formula):
        raise UsageError(f"formula is a text such as '(water OR river) AND NOT blue', not {shown(formula)}")
    chosen = choose_units(opened.cells, asked_units(opened.cells, units))
    errors = ErrorWeights.of(asked.values["fp_weight"], asked.values["fn_weight"])
    return Scores(list(scored(opened.cells, str(formula), chosen, errors)))


def opened_probe(probe: Any) -> Probe:
    """A probe, or what one can be opened or made of; `UsageError` for anything else."""
    if isinstance(probe, Probe):
        return probe
    if isinstance(probe, Cells):
        return Probe(probe, about_arrays("cells", {}, {}))
    if isinstance(probe, str | Path):
        return open_probe(probe)
    raise UsageError(f"a probe is what compexact.probe() gives, or the path of one, not {shown(probe)}")


def _searched(
    work: Work,
    probe: Any,
    units: Any,
    output: str | Path | None,
    progress: bool,
    asked: Asked,
    least: int = 0,
    settle: Settle[Work] | None = None,
) -> Run:
    opened = opened_probe(probe)
    if output is not None and not isinstance(output, str | Path):
        raise UsageError(f"output is the path of a folder, not {shown(output)}")
    named = asked_units(opened.cells, units)
    options: UnitsAsked = asked.of(UnitsAsked, probe=opened, units=named, output=output, format=None)
    choice = options.chosen(opened, least)
    with _progress(progress) as report:
        if settle is not None:
            work = settle(work, opened, options.of_all_shards(opened, least).names, options.where, report)
        work = replace(work, trace=options.trace_file(choice.names))
        if output is not None:
            return _kept(work, opened, choice, Path(output), options.where, report)
        return _in_memory(work, opened, choice, options.where, report)


def _kept(work: UnitsWork, probe: Probe, choice: Choice, folder: Path, where: Where, report: Progress) -> Run:
    done = 0

    def count(_: Any) -> None:
        nonlocal done
        done += 1
        report("units", done, len(choice.names))

    with suppress(KeyboardInterrupt):
        do_units(work, probe, choice, folder, where=where, on_record=count)
    return _told(open_run(folder, probe=probe))


def _in_memory(work: UnitsWork, probe: Probe, choice: Choice, where: Where, report: Progress) -> Run:
    records, certificates = {}, {}
    with stop_on_interrupt() as stop, suppress(KeyboardInterrupt):
        for outcome in find_outcomes(work, probe, choice.names, where=where, stop=stop):
            records[outcome.unit] = outcome.record
            if outcome.certificate is not None:
                certificates[outcome.unit] = outcome.certificate
            report("units", len(records), len(choice.names))
    kind: Callable[..., Run] = AuditRun if isinstance(work, Audit) else Run
    return _told(kind(probe, asked_of(work, probe, choice), records, certificates))


def _told(run: Run) -> Run:
    if not run.is_finished:
        print(f"interrupted: {len(run):,} of {len(run.header['units']):,} units are there", file=sys.stderr)
    return run


def _progress(is_shown: bool) -> Any:
    from contextlib import nullcontext

    if not isinstance(is_shown, bool):
        raise UsageError(f"progress is True or False, not {shown(is_shown)}")
    return shown_progress() if is_shown else nullcontext(silent)
