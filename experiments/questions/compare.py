"""`compare`: two runs side by side: another seed, layer, model or engine.  What changed?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import scipy
import typer

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.formula import Formula
from ...solver.logic import MAX_TABLE_CONCEPTS, are_equivalent
from ...solver.parsing import parse
from ..commands.signature import Depends
from ..run.folder import Record
from .answer import Answer, input_record, new_figure
from .inputs import RunInput

RELATIONS = ("same formula", "equivalent", "same points", "different", "one has none", "both have none")
COLORS = ("#2f7fd0", "#27ae60", "#e08a00", "#c0392b", "#777777", "#bbbbbb")


def _left_probe(
    left: RunInput, probe: Annotated[Path | None, typer.Option(help="The left run's probe, if it was moved.")] = None
) -> Probe:
    return left.open_probe(probe)


def _right_probe(
    right: RunInput,
    right_probe: Annotated[Path | None, typer.Option(help="The right run's probe, if it was moved.")] = None,
) -> Probe:
    return right.open_probe(right_probe)


def compare_runs(
    left: RunInput,
    right: RunInput,
    left_probe: Annotated[Probe, Depends(_left_probe)],
    right_probe: Annotated[Probe, Depends(_right_probe)],
    *,
    on_progress: Progress = silent,
) -> Answer:
    """Which units have another formula in another run (seed, layer, model, engine), and how much does IoU differ?

    Units are those that both runs have, by name.
    `relation`: the formulas are the same but for order and grouping; or equivalent, whatever the concepts mean; or
    hold on the same points of the left probe; or differ.  `agreement`: on the left probe, points where both formulas
    hold over points where either does.  Of a line of an audit, the proven answer is taken.
    Units of different weights or layers share no more than a name; then the table says little unit by unit, and the
    two sets of IoUs are compared as samples.

    compexact experiment compare beam-run exact-run -o answers/compare
    """
    answers = [left.answers, right.answers]
    shared = [unit for unit in answers[0] if unit in answers[1]]
    rows = []
    for done, unit in enumerate(shared, start=1):
        rows.append(_row(unit, answers[0][unit], answers[1][unit], left_probe))
        on_progress("units compared", done, len(shared))
    same_units = _same_units(left_probe, right_probe)
    alone = [len(answer) - len(shared) for answer in answers]
    return Answer(
        name="compare",
        question="Which units have another formula in another run, and how much does their IoU differ?",
        inputs=(input_record(left_probe), input_record(right_probe)),
        settings={
            "left": left.path.name,
            "right": right.path.name,
            "changed": _changed(left.header["settings"], right.header["settings"]),
            "same_units": same_units,
        },
        rows=tuple(rows),
        summary=_summary(rows, answers, alone, same_units=same_units),
        draw=(lambda: _figure(rows)) if rows else None,
    )


def _same_units(left: Probe, right: Probe) -> bool:
    """Whether a name means the same unit in both: same cells, or same weights and layer."""
    if left.digest == right.digest:
        return True
    weights = [(probe.about.get("inputs") or {}).get("model weights") for probe in (left, right)]
    return weights[0] is not None and weights[0] == weights[1] and left.about.get("layer") == right.about.get("layer")


def _changed(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The settings in which the runs differ: name -> [left, right]."""
    names = [*left, *(name for name in right if name not in left)]
    return {name: [left.get(name), right.get(name)] for name in names if left.get(name) != right.get(name)}


def _row(unit: str, left: Record, right: Record, probe: Probe) -> dict[str, Any]:
    first, second = (parse(record["formula"]) if record["formula"] else None for record in (left, right))
    relation, agreement = _relation(first, second, probe)
    return {
        "unit": unit,
        "relation": relation,
        "left_formula": left["formula"],
        "right_formula": right["formula"],
        "left_iou": left["iou"],
        "right_iou": right["iou"],
        "difference": right["iou"] - left["iou"],
        "agreement": agreement,
        "left_status": left["status"],
        "right_status": right["status"],
    }


def _relation(left: Formula | None, right: Formula | None, probe: Probe) -> tuple[str, float | None]:
    """One of RELATIONS, and the agreement; None where a formula is missing or has a concept of another probe."""
    if left is None or right is None:
        return ("both have none" if left is right else "one has none"), None
    known = probe.cells.concepts.position
    agreement = None
    if all(name in known for name in (*left.atoms(), *right.atoms())):
        agreement = _agreement(left, right, probe)
    if left == right:
        return "same formula", agreement
    if len({*left.atoms(), *right.atoms()}) <= MAX_TABLE_CONCEPTS and are_equivalent(left, right):
        return "equivalent", agreement
    return ("same points" if agreement == 1 else "different"), agreement


def _agreement(left: Formula, right: Formula, probe: Probe) -> float:
    """Points of both over points of either; 1 where neither holds anywhere."""
    masks = [probe.cells.concepts.mask(formula) for formula in (left, right)]
    both, either = (int(probe.cells.weights[mask].sum()) for mask in (masks[0] & masks[1], masks[0] | masks[1]))
    return both / either if either else 1.0


def _summary(
    rows: list[dict[str, Any]], answers: list[dict[str, Record]], alone: list[int], *, same_units: bool
) -> tuple[str, ...]:
    counts = Counter(row["relation"] for row in rows)
    said = ", ".join(f"{counts[relation]} {relation}" for relation in RELATIONS if counts[relation])
    sentences = [f"{len(rows)} units are in both runs: {said}" if rows else "no unit is in both runs"]
    if any(alone):
        sentences.append(f"{alone[0]} units are in the left run only, {alone[1]} in the right only")
    left, right = ([record["iou"] for record in answer.values()] for answer in answers)
    if left and right:
        sentences.append(
            f"mean IoU {np.mean(left):.4f} (left, {len(left)} units) and {np.mean(right):.4f} "
            f"(right, {len(right)} units); {_test(rows, left, right, same_units=same_units)}"
        )
    differences = [row["difference"] for row in rows]
    if same_units and rows:
        higher, lower = sum(d > 0 for d in differences), sum(d < 0 for d in differences)
        sentences.append(f"the right run's IoU is higher for {higher} units, lower for {lower}")
    return (*sentences, *_shared_formulas(answers))


def _test(rows: list[dict[str, Any]], left: list[float], right: list[float], *, same_units: bool) -> str:
    if same_units and rows:
        if not any(row["difference"] for row in rows):
            return "no unit's IoU differs"
        p_value = scipy.stats.wilcoxon([row["difference"] for row in rows]).pvalue
        return f"paired over the shared units (Wilcoxon, two-sided) p = {p_value:.2g}"
    p_value = scipy.stats.mannwhitneyu(left, right).pvalue
    return f"the units are others, so compared as two samples (Mann-Whitney, two-sided): p = {p_value:.2g}"


def _shared_formulas(answers: list[dict[str, Record]]) -> tuple[str, ...]:
    """How many different formulas both runs have, whichever unit has them."""
    keys = [{parse(record["formula"]).key for record in answer.values() if record["formula"]} for answer in answers]
    both = len(keys[0] & keys[1])
    return (f"{both} different formulas are in both runs, of {len(keys[0])} (left) and {len(keys[1])} (right)",)


def _figure(rows: list[dict[str, Any]]) -> Any:
    figure, (left, right) = new_figure(columns=2)
    for relation, color in zip(RELATIONS, COLORS):
        chosen = [row for row in rows if row["relation"] == relation]
        if chosen:
            x, y = ([row[side] for row in chosen] for side in ("left_iou", "right_iou"))
            left.scatter(x, y, s=9, color=color, alpha=0.6, label=f"{relation} ({len(chosen)})")
    top = max(max(row["left_iou"], row["right_iou"]) for row in rows) * 1.05 or 1.0
    left.plot([0, top], [0, top], color="#777777", linestyle=":", linewidth=0.8)
    left.set(xlabel="IoU, left run", ylabel="IoU, right run")
    left.legend(frameon=False, fontsize=8)
    right.hist([row["difference"] for row in rows], bins=30, color="#2f7fd0")
    right.set(xlabel="IoU, right minus left", ylabel="units", yscale="log")
    return figure
