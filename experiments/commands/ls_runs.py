"""`compexact ls RUN`: what is in a run, an audit or an answer, and whether the probe is still where it was."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

from ...probes.opening import open_probe
from ...solver.errors import CompexactError
from ..questions.answer import read_answer
from ..run.reading import Record, Run, read_run, say_without_digests


def run_summary(folder: Path) -> Record:
    """What `compexact ls` shows of a run or an audit (docs/contracts.md).  Raises `DataError` where it is damaged."""
    run = read_run(folder)
    say_without_digests(run)
    command, settings = run.header["command"], run.header["settings"]
    return {
        "command": command,
        "engine": settings["engine"],
        "settings": settings,
        **({"shard": f"{shard['number']}/{shard['of']}"} if (shard := run.header.get("shard")) else {}),
        "units_asked": len(run.header["units"]),
        "units_done": len(run.records),
        **(_audited if command == "audit" else _explained)(list(run.records.values())),
        "certificates": sum("certificate" in record for record in run.records.values()),
        "probe": str(run.probe_path),
        "probe_digest": run.header["probe"]["digest"],
        "probe_state": _probe_state(run),
    }


def _explained(records: list[Record]) -> Record:
    """How the units ended, and the means of those that are explained."""
    with_formula = [each for each in records if each["formula"] is not None and each["status"] != "degenerate"]
    weighs = any("score_fraction" in each for each in records)
    return {
        "statuses": dict(Counter(each["status"] for each in records)),
        "mean_iou": _mean(each["iou"] for each in with_formula),
        **({"mean_score": _mean(each["score"] for each in with_formula)} if weighs else {}),
        "mean_bound": _mean(each["bound"] for each in with_formula),
        "mean_gap": _mean(each["gap"] for each in with_formula),
    }


def _audited(records: list[Record]) -> Record:
    """The same of the engine that proves; and how the beam did beside it."""
    beside = [each for each in records if each["exact"]["status"] not in ("degenerate", "failed")]
    optimal = Counter(each["beam_optimal"] for each in beside)
    return _explained([each["exact"] for each in records]) | {
        "mean_beam_gap": _mean(each["beam_gap"] for each in beside),
        "beam_optimal": {"yes": optimal[True], "no": optimal[False], "not settled": optimal[None]},
    }


def _mean(values: Iterable[float | None]) -> float | None:
    """Over those that there are; None without any."""
    there = [value for value in values if value is not None]
    return fmean(there) if there else None


def _probe_state(run: Run) -> str:
    """`there`, `missing`, `damaged`, or `another` where its digest differs."""
    if not os.path.exists(run.probe_path):
        return "missing"
    try:
        probe = open_probe(run.probe_path)
    except CompexactError:
        return "damaged"
    return "there" if probe.has_digest(run.header["probe"]["digest"]) else "another"


def answer_summary(folder: Path) -> Record:
    """What `compexact ls` shows of an answer.  Raises `DataError` where it is damaged."""
    content = read_answer(folder)
    return {
        "answer": content.name,
        "question": content.question,
        "rows": len(content.rows),
        "settings": content.settings,
        "summary": content.summary,
    }
