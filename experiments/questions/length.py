"""`length`: how much better do explanations get as they may be longer?  (Figures 3 and 4 of the paper.)"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import scipy

from ...probes.progress import Progress, silent
from ...solver.ceilings import ceiling
from ...solver.problem import Problem
from ..commands.options import BeamSizeOption, LengthsOption, LocalOption, ProvenOption
from ..commands.where_asked import HERE, WhereAsked
from ..run.engines import SearchSettings
from .answer import PAPER_MARK, Answer, Published, input_record, legend_above, new_figure
from .explanations import Explained, explain_at
from .inputs import ProbeInput, UnitsInput

DATA = "ResNet-18 on Places365, Broden (ADE20K), 512 units"
PAPER = {1: 0.059, 10: 0.099}
"""Mean IoU over units of a vision model, by length (section 5, Fig. 3).  There is no such number for sentence pairs."""


def iou_by_length(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    lengths: LengthsOption = range(1, 11),
    proven: ProvenOption = range(1, 4),
    local: LocalOption = True,
    beam_size: BeamSizeOption = 10,
    where: WhereAsked = HERE,
    on_progress: Progress = silent,
) -> Answer:
    """How much better do explanations get as they may be longer?  (Figures 3 and 4.)

    IoU of every unit against maximum length: the beam's, that of local search, the proven optimum where it is asked for
    (quick up to length 4), and the ceiling.  The gain over the shortest is tested over the units by Wilcoxon's
    signed-rank test (paired, one-sided).

    compexact experiment length probe -o answers/length
    compexact experiment length nli-probe --lengths 1-5,10,20,30
    """

    def explained(chosen: Sequence[int], settings: SearchSettings) -> list[Explained]:
        return explain_at(probe, units, chosen, settings, where=where, on_progress=on_progress) if chosen else []

    beam = explained(lengths, SearchSettings(beam_size=beam_size))
    better = explained(lengths if local else (), SearchSettings(engine="local", beam_size=beam_size))
    exact = explained(proven, SearchSettings(engine="exact"))
    tops = np.array([float(ceiling(Problem.of(probe.cells, unit))) for unit in units])
    rows = tuple(_row(length, beam, better, exact, tops, min(lengths)) for length in sorted(set(lengths)))
    is_vision = probe.about.get("kind") == "vision"
    return Answer(
        name="length",
        question="How much better do explanations get as they may be longer?",
        inputs=(input_record(probe),),
        settings={"units": len(units), "beam_size": beam_size, "proven_lengths": list(proven), "local": local},
        rows=rows,
        summary=_summary(rows, tops),
        published=_beside(rows) if is_vision else (),
        draw=lambda: _figure(rows, beam, tops, PAPER if is_vision else {}),
    )


def _row(
    length: int, beam: list[Explained], local: list[Explained], exact: list[Explained], tops: np.ndarray, shortest: int
) -> dict[str, Any]:
    ious = np.array([float(unit.iou(length)) for unit in beam])
    first = np.array([float(unit.iou(shortest)) for unit in beam])
    proven = [unit for unit in exact if length in unit.by_length]
    return {
        "max_length": length,
        "units": len(beam),
        "mean_iou": float(ious.mean()),
        "median_iou": float(np.median(ious)),
        "mean_local": float(np.mean([float(unit.iou(length)) for unit in local])) if local else None,
        "mean_optimum": float(np.mean([float(unit.iou(length)) for unit in proven])) if proven else None,
        "proven_units": sum(unit.by_length[length].status.value == "optimal" for unit in proven),
        "mean_ceiling": float(tops.mean()),
        "gain_over_shortest": float(ious.mean() / first.mean() - 1) if first.mean() else None,
        "p_value": _paired(ious, first),
    }


def _paired(longer: np.ndarray, shorter: np.ndarray) -> float | None:
    """p of Wilcoxon's signed-rank test that longer formulas are better; None where no unit changes."""
    if (longer == shorter).all():
        return None
    return float(scipy.stats.wilcoxon(longer, shorter, alternative="greater").pvalue)


def _summary(rows: Sequence[dict[str, Any]], tops: np.ndarray) -> tuple[str, ...]:
    first, last = rows[0], rows[-1]
    sentences = [
        f"mean IoU {first['mean_iou']:.4f} at length {first['max_length']}, {last['mean_iou']:.4f} at length "
        f"{last['max_length']}; no formula of any length can exceed {tops.mean():.4f} on average",
    ]
    if last["gain_over_shortest"] is not None and last["p_value"] is not None:
        sentences.append(f"a gain of {last['gain_over_shortest']:.0%} (Wilcoxon, paired, p = {last['p_value']:.2g})")
    if last["mean_local"] is not None and last["mean_iou"]:
        gain = last["mean_local"] / last["mean_iou"] - 1
        sentences.append(f"at length {last['max_length']}, local search has {last['mean_local']:.4f}: {gain:.1%} more")
    for row in rows:
        if row["mean_optimum"] is not None:
            missed = row["mean_optimum"] - row["mean_iou"]
            sentences.append(
                f"length {row['max_length']}: the proven optimum is {row['mean_optimum']:.4f} on average, "
                f"the beam misses {missed:.4f}"
            )
    return tuple(sentences)


def _beside(rows: Sequence[dict[str, Any]]) -> tuple[Published, ...]:
    """The paper's values, with ours where the length was asked for."""
    ours = {row["max_length"]: row["mean_iou"] for row in rows}
    return tuple(
        Published(f"mean IoU at length {length}", "section 5, Fig. 3", theirs, ours.get(length), DATA)
        for length, theirs in PAPER.items()
    )


def _figure(rows: Sequence[dict[str, Any]], beam: list[Explained], tops: np.ndarray, paper: Mapping[int, float]) -> Any:
    figure, (left, right) = new_figure(columns=2)
    lengths = [row["max_length"] for row in rows]
    for unit in beam:
        left.plot(lengths, [float(unit.iou(length)) for length in lengths], color="#2f7fd0", alpha=0.08, linewidth=0.7)
    left.plot(lengths, [row["mean_iou"] for row in rows], color="#103a66", marker="o", label="beam, mean")
    local = [(row["max_length"], row["mean_local"]) for row in rows if row["mean_local"] is not None]
    if local:
        left.plot(*zip(*local), color="#27ae60", marker="+", linestyle="-.", label="local search, mean")
    proven = [(row["max_length"], row["mean_optimum"]) for row in rows if row["mean_optimum"] is not None]
    if proven:
        left.plot(*zip(*proven), color="#c0392b", marker="x", linestyle="--", label="proven optimum, mean")
    left.axhline(tops.mean(), color="#777777", linestyle=":", label="ceiling, mean")
    if paper:
        left.plot(list(paper), list(paper.values()), label="the paper's means (other model and data)", **PAPER_MARK)
    left.set(xlabel="maximum length", ylabel="IoU")
    left.locator_params(axis="x", integer=True)
    legend_above(left)
    chosen = [lengths[0], lengths[len(lengths) // 2], lengths[-1]]
    right.hist([[float(unit.iou(length)) for unit in beam] for length in chosen], bins=20)
    right.legend([f"length {length}" for length in chosen], frameon=False)
    right.set(xlabel="IoU", ylabel="units")
    return figure
