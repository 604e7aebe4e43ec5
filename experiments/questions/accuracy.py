"""`accuracy`: is the model more often right where better explained units are active?  (Figure 7 of the paper.)"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import scipy
import typer

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import UsageError
from ..commands.options import LengthsOption, SeedOption
from .answer import PAPER_MARK, Answer, Published, input_record, legend_above, new_figure
from .explanations import Explained, explain_at
from .inputs import ProbeInput, UnitsInput
from .search_options import SEARCH, SearchInput
from .unit_correlations import finite

LEVEL = 0.95
RESAMPLES = 2000
LEAST_UNITS = 4
"""Below it the interval of Fisher's z does not exist."""

PAPER = {
    "vision": (10, Published("r, vision, length 10", "section 6, Fig. 7", 0.31, None, "ResNet-18, Places365, ADE20K")),
    "nli": (3, Published("r, NLI, length 3", "section 6, Fig. 7", -0.60, None, "other SNLI model; some 80 neurons")),
}


@dataclass(frozen=True, eq=False)
class _Accuracy:
    """Per unit: int64 (n_units,) labelled inputs where it is active, and how many of these the model gets right."""

    inputs: np.ndarray
    right: np.ndarray
    labelled: int
    unlabelled: int
    overall: float


def accuracy_against_iou(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    lengths: LengthsOption = range(1, 11),
    search: SearchInput = SEARCH,
    least_inputs: Annotated[int, typer.Option(help="Leave out units active on fewer labelled inputs.")] = 1,
    seed: SeedOption = 0,
    on_progress: Progress = silent,
) -> Answer:
    """Is the model more often right where better explained units are active?  (Figure 7.)

    The IoU of the units' formulas is correlated with the model's accuracy on the inputs where they are active; an
    image counts where the unit is active anywhere in it, and inputs without gold label are left out.  Intervals are of
    95 %: Pearson's by Fisher's z, Spearman's by the bootstrap over units (percentiles of 2000 resamples).

    compexact experiment accuracy nli-probe --lengths 1-5 -o answers/accuracy

    Raises `UsageError` where the probe has no predictions or gold labels, or fewer than four units are left.
    """
    settings = search.settings(lengths)
    counted = _accuracy(probe, units)
    kept = [place for place, n in enumerate(counted.inputs) if n >= max(least_inputs, 1)]
    if len(kept) < LEAST_UNITS:
        raise UsageError(
            f"a correlation needs at least {LEAST_UNITS} units; {len(kept)} of {len(units)} are active on at least "
            f"{max(least_inputs, 1)} inputs with a gold label"
        )
    names = [units[place] for place in kept]
    explained = explain_at(probe, names, lengths, settings, where=search.where, on_progress=on_progress)
    shares = counted.right[kept] / counted.inputs[kept]
    rows = tuple(_row(length, explained, shares, seed) for length in sorted(set(lengths)))
    return Answer(
        name="accuracy",
        question="Is the model more often right where better explained units are active?",
        inputs=(input_record(probe),),
        settings={
            "engine": search.engine,
            "beam_size": search.beam_size,
            "least_inputs": least_inputs,
            "seed": seed,
            "level": LEVEL,
        },
        rows=rows,
        summary=_summary(rows, counted, len(units) - len(kept), least_inputs),
        published=_beside(probe, rows),
        more={"units": tuple(_unit_row(unit, counted, place) for unit, place in zip(explained, kept))},
        draw=lambda: _figure(probe, rows, explained, shares, counted.overall),
    )


def _accuracy(probe: Probe, units: Sequence[str]) -> _Accuracy:
    """Counted over the inputs with a gold label."""
    inputs = probe.inputs
    predicted, labelled = inputs.predicted, inputs.labelled()
    right = predicted[labelled] == inputs.gold[labelled]
    active = inputs.active(units)[labelled]
    return _Accuracy(
        inputs=active.sum(axis=0),
        right=active[right].sum(axis=0),
        labelled=int(labelled.sum()),
        unlabelled=int((~labelled).sum()),
        overall=float(right.mean()),
    )


def _row(length: int, explained: Sequence[Explained], shares: np.ndarray, seed: int) -> dict[str, Any]:
    ious = np.array([float(unit.iou(length)) for unit in explained])
    row: dict[str, Any] = {"max_length": length, "units": len(explained), "mean_iou": float(ious.mean())}
    if np.ptp(ious) == 0 or np.ptp(shares) == 0:  # without spread there is no correlation
        names = ("pearson", "spearman")
        return row | {f"{name}{end}": None for name in names for end in ("", "_low", "_high", "_p_value")}
    pearson, spearman = scipy.stats.pearsonr(ious, shares), scipy.stats.spearmanr(ious, shares)
    intervals = (pearson.confidence_interval(LEVEL), _bootstrap(ious, shares, seed))
    for name, found, (low, high) in zip(("pearson", "spearman"), (pearson, spearman), intervals):
        row |= {name: float(found.statistic), f"{name}_low": finite(low), f"{name}_high": finite(high)}
        row |= {f"{name}_p_value": finite(found.pvalue)}
    return row


def _bootstrap(left: np.ndarray, right: np.ndarray, seed: int) -> tuple[float, float]:
    """The percentile interval of Spearman's correlation; resamples without spread are left out."""
    chosen = np.random.default_rng(seed).integers(0, len(left), (RESAMPLES, len(left)))
    ranks = [scipy.stats.rankdata(values[chosen], axis=1) for values in (left, right)]
    centred = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    spread = np.sqrt((centred[0] ** 2).sum(axis=1) * (centred[1] ** 2).sum(axis=1))
    found = (centred[0] * centred[1]).sum(axis=1)[spread > 0] / spread[spread > 0]
    tail = (1 - LEVEL) / 2
    return (float(np.quantile(found, tail)), float(np.quantile(found, 1 - tail))) if len(found) else (np.nan, np.nan)


def _unit_row(unit: Explained, counted: _Accuracy, place: int) -> dict[str, Any]:
    n, right = int(counted.inputs[place]), int(counted.right[place])
    row = {"unit": unit.unit, "active_inputs": n, "right": right, "accuracy": right / n}
    row |= {f"iou_{length}": float(unit.iou(length)) for length in sorted(unit.by_length)}
    return row | {"formula": unit.text(max(unit.by_length))}


def _summary(rows: Sequence[dict[str, Any]], counted: _Accuracy, skipped: int, least: int) -> tuple[str, ...]:
    sentences = []
    known = [row for row in rows if row["pearson"] is not None]
    if len(known) < len(rows):
        missing = ", ".join(str(row["max_length"]) for row in rows if row["pearson"] is None)
        sentences.append(f"no correlation at length {missing}: IoU or accuracy does not differ between units")
    for row in known:
        sentences.append(
            f"length {row['max_length']}: r = {row['pearson']:+.3f} [{_shown(row['pearson_low'])}, "
            f"{_shown(row['pearson_high'])}], rho = {row['spearman']:+.3f} [{_shown(row['spearman_low'])}, "
            f"{_shown(row['spearman_high'])}], n = {row['units']} units"
        )
    sentences.append(
        f"the model is right on {counted.overall:.1%} of {counted.labelled:,} inputs with a gold label; "
        f"{counted.unlabelled:,} without one are left out"
    )
    if skipped:
        sentences.append(f"{skipped} units are active on fewer than {max(least, 1)} of them and are left out")
    return tuple(sentences)


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:+.3f}"


def _beside(probe: Probe, rows: Sequence[dict[str, Any]]) -> tuple[Published, ...]:
    """The paper's correlation for this kind of model, with ours at the same length."""
    if probe.about.get("kind") not in PAPER:
        return ()
    length, paper = PAPER[probe.about["kind"]]
    ours = {row["max_length"]: row["pearson"] for row in rows}.get(length)
    return (Published(paper.what, paper.source, paper.theirs, ours, paper.data),)


def _figure(
    probe: Probe, rows: Sequence[dict[str, Any]], explained: Sequence[Explained], shares: np.ndarray, overall: float
) -> Any:
    """The units at the paper's length where it was asked for, else at the one with the strongest correlation."""
    figure, (left, right) = new_figure(columns=2)
    papers, paper = PAPER.get(probe.about.get("kind", ""), (None, None))
    chosen = max(rows, key=lambda row: (row["max_length"] == papers, abs(row["pearson"] or 0.0)))
    ious = np.array([float(unit.iou(chosen["max_length"])) for unit in explained])
    _draw_units(left, chosen, ious, shares)
    left.axhline(overall, color="#777777", linestyle=":", label="all inputs")
    left.legend(frameon=False)
    for name, color, shift in (("pearson", "#103a66", -0.06), ("spearman", "#c0392b", 0.06)):
        known = [row for row in rows if row[f"{name}_low"] is not None]
        middle, low, high = (np.array([row[f"{name}{end}"] for row in known]) for end in ("", "_low", "_high"))
        right.errorbar(
            [row["max_length"] + shift for row in known], middle, yerr=np.maximum([middle - low, high - middle], 0),
            fmt="o-", color=color, capsize=2, markersize=4, label=name.capitalize(),
        )  # fmt: skip
    right.axhline(0, color="#777777", linewidth=0.7)
    if paper:
        right.plot([papers], [paper.theirs], label="the paper's r (other model and data)", **PAPER_MARK)
    right.set(xlabel="maximum length", ylabel="correlation, 95 % interval")
    right.locator_params(axis="x", integer=True)
    legend_above(right)
    if not any(row["pearson"] is not None for row in rows):
        said = "no correlation: IoU or accuracy\ndoes not differ between units"
        right.text(0.5, 0.3, said, ha="center", transform=right.transAxes, color="#777777")
        right.set(ylim=(-1, 1), xticks=sorted({row["max_length"] for row in rows} | ({papers} if papers else set())))
    return figure


def _draw_units(axes: Any, row: dict[str, Any], ious: np.ndarray, shares: np.ndarray) -> None:
    axes.scatter(ious, shares, s=8, alpha=0.5, color="#2f7fd0")
    if row["pearson"] is not None:
        line = scipy.stats.linregress(ious, shares)
        ends = np.array([ious.min(), ious.max()])
        axes.plot(ends, line.intercept + line.slope * ends, color="#103a66", label=f"r = {row['pearson']:+.2f}")
    if np.ptp(shares) == 0:
        axes.set_ylim(0, 1.05)
    axes.set(xlabel=f"IoU at length {row['max_length']}", ylabel="accuracy where the unit is active")
