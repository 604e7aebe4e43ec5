"""`controls`: are the explanations better than those of masks without meaning, or of an untrained network?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

import numpy as np
import scipy
import typer

from ...probes.opening import open_probe
from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import UsageError
from ..commands.options import LengthsOption
from ..commands.signature import Depends, Opened
from ..run.engines import SearchSettings, check_settings
from ..run.interrupts import stop_on_interrupt
from ..run.units import map_units
from ..run.where import Where
from .answer import Answer, input_record, new_figure
from .explanations import Explained, explain_at
from .inputs import ProbeInput, UnitsInput, chosen_units
from .permutation_test import DrawNull, Null
from .search_options import BEAM, BeamInput
from .shuffles import Points, Shuffle, shuffle_of

LEVEL = 0.05
AgainstInput = Annotated[
    Probe | None,
    typer.Option(help="A probe with the same concepts, such as of an untrained network."),
    Opened(open_probe),
]


@dataclass(frozen=True)
class OtherUnits:
    """Those of another network."""

    probe: Probe
    units: Sequence[str]


def _other_units(against: AgainstInput = None) -> OtherUnits | None:
    return None if against is None else OtherUnits(against, chosen_units(against))


def against_chance(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    lengths: LengthsOption = range(1, 4),
    shuffles: Annotated[int, typer.Option(help="Shuffled masks a unit.")] = 19,
    null: Annotated[
        str | None,
        typer.Option(
            help="What shuffles keep: images (blobs), documents (what follows each other) or points (numbers alone).  "
            "Default: images where the probe has masks (--keep-masks), documents of words, else points."
        ),
    ] = None,
    against: Annotated[OtherUnits | None, Depends(_other_units)] = None,
    beam: BeamInput = BEAM,
    on_progress: Progress = silent,
) -> Answer:
    """Are the explanations better than those of shuffled masks (a p-value a unit), or of another network's units?

    Every shuffled mask is searched again, so the p-value is that of a search, not of a formula that was given.  Of
    images that were probed with --keep-masks each gets the mask of another, moved within it; the masks of documents
    are moved along them.  Above `chance_iou` a unit's p-value is at most 0.05.
    The least p-value there can be is 1 / (1 + shuffles).  `discoveries` are the units that are significant at 0.05
    with the share of false ones held at 0.05; `q_value` is the p-value so adjusted (Benjamini and Hochberg 1995).
    The other probe's units have no counterparts here, so the two sets of IoUs are compared as samples (Mann-Whitney,
    one-sided).  `exceeds` is the share of pairs of units in which this probe's has the higher IoU (ties count half):
    0.5 where the two are alike.

    compexact experiment controls probe --shuffles 99 -o answers/controls
    compexact experiment controls words --null points --shuffles 99
    compexact experiment controls probe --against untrained-probe
    """
    lengths = tuple(sorted(set(lengths)))
    if shuffles < 1:
        raise UsageError(f"there must be at least 1 shuffle, not {shuffles}")
    if not units:
        raise UsageError("no unit to explain")
    settings = SearchSettings(max_length=lengths[-1], beam_size=beam.beam_size, seed=beam.seed)
    check_settings(settings)
    if against is not None and against.probe.cells.concepts.names != probe.cells.concepts.names:
        raise UsageError("the two probes have other concepts, or in another order; probe both on the same dataset")
    shuffle = shuffle_of(probe, null)
    work = DrawNull(lengths, shuffles, beam.beam_size, beam.seed, shuffle)
    nulls = _nulls(probe, units, work, beam.where, on_progress)
    others = (
        explain_at(against.probe, against.units, lengths, settings, where=beam.where, on_progress=on_progress)
        if against is not None
        else []
    )
    rows = tuple(_row(place, length, nulls, others) for place, length in enumerate(lengths))
    return Answer(
        name="controls",
        question="Are the explanations better than those of shuffled masks, or of another network's units?",
        inputs=(input_record(probe), *([] if against is None else [input_record(against.probe)])),
        settings={
            "units": len(units),
            "shuffles": shuffles,
            "null": type(shuffle).__name__.lower(),
            "beam_size": beam.beam_size,
            "seed": beam.seed,
        },
        rows=rows,
        summary=_summary(rows, nulls, probe, shuffle),
        more={"units": tuple(_unit_rows(lengths, nulls))},
        draw=lambda: _figure(lengths, nulls, others),
    )


def _nulls(probe: Probe, units: Sequence[str], work: DrawNull, where: Where, on_progress: Progress) -> dict[str, Null]:
    nulls = {}
    with stop_on_interrupt() as stop:
        for unit, null in map_units(work, probe, units, where=where, stop=stop):
            nulls[unit] = null
            on_progress("units shuffled", len(nulls), len(units))
        if stop.is_set():
            raise KeyboardInterrupt
    return nulls


def _row(place: int, length: int, nulls: dict[str, Null], others: list[Explained]) -> dict[str, Any]:
    real = np.array([null.real[place] for null in nulls.values()])
    shuffled = np.array([null.shuffled[:, place] for null in nulls.values()])
    p_values = np.array([null.p_values[place] for null in nulls.values()])
    other = np.array([float(unit.iou(length)) for unit in others])
    test = scipy.stats.mannwhitneyu(real, other, alternative="greater") if len(other) else None
    return {
        "max_length": length,
        "units": len(nulls),
        "mean_iou": float(real.mean()),
        "mean_shuffled_iou": float(shuffled.mean()),
        "mean_best_shuffled_iou": float(shuffled.max(axis=1).mean()),
        "significant": int((p_values <= LEVEL).sum()),
        "discoveries": int((scipy.stats.false_discovery_control(p_values) <= LEVEL).sum()),
        "against_units": len(others) or None,
        "against_mean_iou": float(other.mean()) if len(other) else None,
        "against_p_value": None if test is None else float(test.pvalue),
        "exceeds": None if test is None else float(test.statistic) / (len(real) * len(other)),
    }


def _unit_rows(lengths: Sequence[int], nulls: dict[str, Null]) -> Iterator[dict[str, Any]]:
    p_values = np.array([null.p_values for null in nulls.values()])
    q_values = scipy.stats.false_discovery_control(p_values, axis=0)
    for number, (unit, null) in enumerate(nulls.items()):
        for place, length in enumerate(lengths):
            shuffled = null.shuffled[:, place]
            yield {
                "unit": unit,
                "max_length": length,
                "iou": float(null.real[place]),
                "mean_shuffled_iou": float(shuffled.mean()),
                "chance_iou": _chance_level(shuffled),
                "best_shuffled_iou": float(shuffled.max()),
                "p_value": float(p_values[number, place]),
                "q_value": float(q_values[number, place]),
            }


def _chance_level(shuffled: np.ndarray) -> float:
    """Above it at most so many shuffled IoUs are as high that p is at most LEVEL; of fewer than 19, the highest."""
    exceeding = max(int(Fraction(str(LEVEL)) * (len(shuffled) + 1)), 1)
    return float(np.sort(shuffled)[-exceeding])


def _summary(rows: Sequence[dict[str, Any]], nulls: dict[str, Null], probe: Probe, shuffle: Shuffle) -> tuple[str, ...]:
    n_shuffles = len(next(iter(nulls.values())).shuffled)
    sentences = [
        f"length {row['max_length']}: mean IoU {row['mean_iou']:.4f} of {row['units']} units, "
        f"{row['mean_shuffled_iou']:.4f} of their masks shuffled; {row['significant']} units have p <= {LEVEL}, "
        f"{row['discoveries']} after Benjamini and Hochberg"
        for row in rows
    ]
    sentences.append(f"with {n_shuffles} shuffles a unit, the least p-value there can be is {1 / (1 + n_shuffles):.2g}")
    sentences += [
        f"length {row['max_length']}: the {row['against_units']} units of the other probe have mean IoU "
        f"{row['against_mean_iou']:.4f}; a unit here exceeds one there in {row['exceeds']:.0%} of all pairs "
        f"(Mann-Whitney, one-sided, p = {row['against_p_value']:.2g})"
        for row in rows
        if row["against_units"] is not None
    ]
    if probe.about.get("kind") == "vision" and isinstance(shuffle, Points):
        sentences.append(
            "shuffling moves single points, so it also breaks masks into dust: that a unit beats it says that its "
            "mask goes with the annotated regions, not that the unit means them; probe with --keep-masks for shuffles "
            "that keep masks in one piece, or take an untrained network (--against)"
        )
    elif isinstance(shuffle, Points) and probe.inputs.has("folds") and not probe.inputs.are_pairs:
        sentences.append(
            "shuffling moves single points, also of inputs that have several; where those of one input are alike, "
            "p-values are too low"
        )
    return (*sentences, shuffle.says)


def _figure(lengths: Sequence[int], nulls: dict[str, Null], others: list[Explained]) -> Any:
    figure, axes = new_figure(columns=2)
    for place, (ax, title) in enumerate(zip(axes, (f"length {lengths[0]}", f"length {lengths[-1]}"))):
        at = -place  # the first length, then the last
        real = np.array([null.real[at] for null in nulls.values()])
        shuffled = np.concatenate([null.shuffled[:, at] for null in nulls.values()])
        drawn = [("units", real, "#2f7fd0"), ("shuffled masks", shuffled, "#777777")]
        if others:
            drawn.append(("other probe", np.array([float(unit.iou(lengths[at])) for unit in others]), "#e08a00"))
        bins = np.linspace(0, max(float(np.max(values)) for _, values, _ in drawn) or 1.0, 40)
        for label, values, color in drawn:
            weights = np.full(len(values), 1 / len(values))
            ax.hist(values, bins=bins, weights=weights, color=color, alpha=0.55, label=label)
        ax.set(xlabel="IoU", ylabel="share", title=title)
        ax.legend(frameon=False)
    return figure
