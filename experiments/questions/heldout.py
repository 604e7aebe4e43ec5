"""`heldout`: do explanations hold on inputs that they were not found on, and do longer or better ones overfit?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import numpy as np
import scipy
import typer

from ...probes.opening import open_probe
from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import UsageError
from ..commands.options import LengthsOption, ProvenOption
from ..commands.signature import Opened
from ..run.engines import SearchSettings
from .answer import Answer, input_record, new_figure
from .cross_validation import CrossValidation, over_splits
from .held_out_counts import LEVEL
from .inputs import ProbeInput, UnitsInput
from .search_options import BEAM, BeamInput
from .splits import TrainTestSplit, by_folds, by_probes, halves_of

HOW = {
    "folds": (
        "each fold of the inputs was once scored on, by formulas found on all others; whole inputs are in one fold, "
        "but the units' thresholds are those of all inputs"
    ),
    "documents": "half of the words to explain on, those of documents drawn at random; the others to score on",
    "sentences": "sentences of the one document, drawn at random, to explain on; words of one text are in both halves",
    "pairs": "half of the pairs, drawn at random, to explain on; the other half to score on",
    "half the folds": "half of the folds, drawn at random, to explain on; the others to score on",
    "points": (
        "the points of every cell dealt to two halves at random: neighbouring pixels of one image fall into both, so "
        "this check is optimistic; a probe made with --folds 10 gives a strict one, as does a probe of other images as "
        "--held-out"
    ),
    "probes": "explained on one probe, scored on another with other images; each has its own thresholds",
}


def held_out_iou(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    held_out: Annotated[
        Probe | None,
        typer.Option(help="A probe of the same model on other images.  Default: PROBE's folds, else split it."),
        Opened(open_probe),
    ] = None,
    lengths: LengthsOption = (1, 2, 3, 4, 5, 6, 8, 10),
    proven: ProvenOption = range(1, 4),
    splits: Annotated[
        int | None, typer.Option(help="So many random halves.  Default: PROBE's folds where it has some, else 1.")
    ] = None,
    beam: BeamInput = BEAM,
    on_progress: Progress = silent,
) -> Answer:
    """Do explanations hold on inputs that they were not found on?  Do longer ones, or the optimum, overfit?

    A probe that was made with --folds is cross-validated: each fold is scored on by formulas found on all others, and
    the table of units has their pooled IoU, its 95 % interval, and the length that each would choose.
    `overfit` is IoU where found minus held-out IoU.  `worse_than_shorter` counts the units whose held-out IoU is
    below that of the length before.  Units with nothing to explain in a part have IoU 0 there.
    The other probe has the same model, concepts and units.

    compexact experiment heldout probe -o answers/heldout
    compexact experiment heldout nli-probe --splits 5 -o answers/heldout
    compexact experiment heldout probe-a --held-out probe-b
    """
    if splits is not None and splits < 1:
        raise UsageError(f"there must be at least 1 split, not {splits}")
    if held_out is not None and splits is not None:
        raise UsageError("--splits goes without --held-out: two probes are one split")
    if not units:
        raise UsageError("no unit to explain")
    asked = {"beam": sorted(set(lengths)), "exact": sorted(set(proven))}
    parts = _splits(probe, held_out, splits, beam.seed)
    found: dict[str, CrossValidation] = {}
    for engine in [engine for engine, chosen in asked.items() if chosen]:
        settings = SearchSettings(beam_size=beam.beam_size) if engine == "beam" else SearchSettings(engine=engine)
        found[engine] = over_splits(probe, parts, units, asked[engine], settings, beam.where, on_progress)
    by = parts[0].by
    means = {engine: np.array([each.found.mean(axis=0), each.counts.iou]) for engine, each in found.items()}
    rows = tuple(
        row | (_row_of_folds(each, place) if by == "folds" else NO_FOLDS)
        for engine, each in found.items()
        for place, row in enumerate(_rows(engine, each.lengths, means[engine], len(units)))
    )
    return Answer(
        name="heldout",
        question="Do explanations hold on inputs that they were not found on, and do longer or better ones overfit?",
        inputs=(input_record(probe), *([] if held_out is None else [input_record(held_out)])),
        settings={
            "units": len(units),
            "split_by": by,
            "splits": len(parts),
            "beam_size": beam.beam_size,
            "seed": beam.seed,
        },
        rows=rows,
        summary=(*_summary(rows, asked, means), *(_choices(found) if by == "folds" else ()), HOW[by]),
        more={"units": tuple(_unit_rows(units, found))} if by == "folds" else {},
        draw=lambda: _figure(rows, means, asked),
    )


def _splits(probe: Probe, held_out: Probe | None, splits: int | None, seed: int) -> list[TrainTestSplit]:
    """The folds where the probe has them and nothing else is asked for."""
    if held_out is not None:
        return [by_probes(probe, held_out)]
    if splits is None and probe.inputs.has("folds"):
        return by_folds(probe)
    return [halves_of(probe, seed + number) for number in range(splits or 1)]


def _rows(engine: str, lengths: Sequence[int], ious: np.ndarray, n_units: int) -> list[dict[str, Any]]:
    rows = []
    for place, length in enumerate(lengths):
        here, held_out = ious[:, :, place]
        before = ious[1, :, place - 1] if place else None
        rows.append(
            {
                "engine": engine,
                "max_length": length,
                "units": n_units,
                "mean_iou": float(here.mean()),
                "mean_held_out_iou": float(held_out.mean()),
                "overfit": float((here - held_out).mean()),
                "overfit_share": float((here - held_out).mean() / here.mean()) if here.mean() else None,
                "gain_held_out": None if before is None else float((held_out - before).mean()),
                "better_than_shorter": None if before is None else int((held_out > before).sum()),
                "worse_than_shorter": None if before is None else int((held_out < before).sum()),
                "p_gain": None if before is None else _paired(held_out - before, "greater"),
            }
        )
    return rows


NO_FOLDS = {"standard_error": None, "low": None, "high": None}


def _row_of_folds(found: CrossValidation, place: int) -> dict[str, Any]:
    """How well the mean held-out IoU over these units is known: units share the inputs of a fold."""
    mean, error = float(found.mean_iou[place]), float(found.mean_error[place])
    half = float(scipy.stats.t.ppf((1 + LEVEL) / 2, found.counts.n_folds - 1)) * error
    return {"standard_error": error, "low": max(mean - half, 0.0), "high": min(mean + half, 1.0)}


def _unit_rows(units: Sequence[str], found: dict[str, CrossValidation]) -> Iterator[dict[str, Any]]:
    for engine, each in found.items():
        low, high = each.counts.interval()
        for unit, name in enumerate(units):
            for place, length in enumerate(each.lengths):
                yield {
                    "unit": name,
                    "engine": engine,
                    "max_length": length,
                    "iou": float(each.found[:, unit, place].mean()),
                    "held_out_iou": float(each.counts.iou[unit, place]),
                    "low": float(low[unit, place]),
                    "high": float(high[unit, place]),
                    "is_chosen": length == each.chosen_of(unit),
                }


def _choices(found: dict[str, CrossValidation]) -> Iterator[str]:
    for engine, each in found.items():
        chosen = Counter(each.chosen_of(unit) for unit in range(each.found.shape[1]))
        by_unit = ", ".join(f"{length} ({n})" for length, n in sorted(chosen.items()))
        yield (
            f"{engine}: the shortest length within one standard error of the best is {each.chosen()} for the mean over "
            f"all units; unit by unit it is (number of units) {by_unit}"
        )


def _paired(differences: np.ndarray, alternative: str = "two-sided") -> float | None:
    """p of Wilcoxon's signed-rank test; None where nothing differs."""
    return float(scipy.stats.wilcoxon(differences, alternative=alternative).pvalue) if differences.any() else None


def _summary(rows: Sequence[dict[str, Any]], asked: dict[str, list[int]], means: dict[str, np.ndarray]) -> list[str]:
    sentences = []
    for engine in means:
        own = [row for row in rows if row["engine"] == engine]
        best = max(own, key=lambda row: row["mean_held_out_iou"])
        first, last = own[0], own[-1]
        sentences.append(
            f"{engine}: from length {first['max_length']} to {last['max_length']}, mean IoU goes from "
            f"{first['mean_iou']:.4f} to {last['mean_iou']:.4f} where found, and from "
            f"{first['mean_held_out_iou']:.4f} to {last['mean_held_out_iou']:.4f} held out, where it is highest at "
            f"length {best['max_length']} "
            f"({best['mean_held_out_iou']:.4f}); {last['units']} units"
        )
    for length in asked["exact"] if len(means) == 2 else []:
        if length in asked["beam"]:
            sentences.append(_beam_and_optimum(length, asked, means))
    return sentences


def _beam_and_optimum(length: int, asked: dict[str, list[int]], means: dict[str, np.ndarray]) -> str:
    """Whether what the proven optimum gains over the beam is there on held-out inputs, too."""
    beam, exact = (means[engine][:, :, asked[engine].index(length)] for engine in ("beam", "exact"))
    here, held_out = exact - beam
    p_value = _paired(held_out)
    changed = int((here != 0).sum())
    said = "no difference" if p_value is None else f"Wilcoxon, paired, two-sided, p = {p_value:.2g}"
    return (
        f"length {length}: the proven optimum is above the beam by {here.mean():.5f} where found ({changed} units "
        f"differ), and by {held_out.mean():+.5f} held out ({said}; {int((held_out > 0).sum())} units better, "
        f"{int((held_out < 0).sum())} worse)"
    )


def _figure(rows: Sequence[dict[str, Any]], means: dict[str, np.ndarray], asked: dict[str, list[int]]) -> Any:
    figure, (left, right) = new_figure(columns=2)
    for engine, color in (("beam", "#2f7fd0"), ("exact", "#c0392b")):
        own = [row for row in rows if row["engine"] == engine]
        if own:
            lengths = [row["max_length"] for row in own]
            left.plot(
                lengths, [row["mean_iou"] for row in own], color=color, marker="o", label=f"{engine}, where found"
            )
            held_out = [row["mean_held_out_iou"] for row in own]
            left.plot(lengths, held_out, color=color, marker="x", linestyle="--", label=f"{engine}, held out")
    left.set(xlabel="maximum length", ylabel="mean IoU")
    left.legend(frameon=False)
    engine = "beam" if "beam" in means else "exact"
    found, scored = means[engine][:, :, -1]
    right.scatter(found, scored, s=8, color="#2f7fd0", alpha=0.5)
    top = float(max(found.max(), scored.max())) * 1.05 or 1.0
    right.plot([0, top], [0, top], color="#777777", linestyle=":", linewidth=0.8)
    right.set(xlabel="IoU where found", ylabel="IoU held out", title=f"{engine}, length {asked[engine][-1]}")
    return figure
