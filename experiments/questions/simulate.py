"""`simulate`: does a unit tell pictures made to satisfy its formula from pictures made not to?  (After CoSy.)"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import scipy
import typer

from ...probes.factories import call_factory, find_attribute
from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import UsageError
from ...solver.formula import Formula
from ...solver.parsing import parse
from ..commands.signature import Depends
from .answer import Answer, input_record, new_figure
from .inputs import RunInput, RunProbeInput
from .probed_model import Respond, picture_response

if TYPE_CHECKING:
    from PIL.Image import Image

Examples = Callable[[Formula, int], "tuple[list[Image], list[Image]]"]
"""(formula, n) -> up to n pictures in which it holds, and up to n in which it does not."""

LEAST = 5


def example_pictures(
    generator: Annotated[
        str | None,
        typer.Option(help="package.module:factory of a function (formula, n) to pictures with it and without."),
    ] = None,
) -> Examples:
    """What the factory makes, called without arguments; by default the demo world's pictures."""
    if generator is None:
        from ..demo.examples import DemoExamples

        return DemoExamples()
    made = call_factory(find_attribute(generator, "generator"), f"generator {generator!r}")
    if not callable(made):
        raise UsageError(f"generator {generator!r} gives {type(made).__name__}; a function (formula, n) is needed")
    return made


def simulated(
    run: RunInput,
    probe: RunProbeInput,
    examples: Annotated[Examples, Depends(example_pictures)],
    respond: Annotated[Respond, Depends(picture_response)],
    *,
    pictures: Annotated[int, typer.Option(help="With the formula, and as many without.")] = 40,
    on_progress: Progress = silent,
) -> Answer:
    """Does a unit tell new pictures that satisfy its formula from such that do not?  Default: of the demo world.

    After Kopf et al. (CoSy, NeurIPS 2024), who do so with generated pictures.
    `auc`: how often the unit's mean activation is higher on a picture with the formula than on one without (1/2:
    it does not tell them apart).  `difference`: mean activation with, minus without, in standard deviations of those
    without.  `other_auc`: the same AUC, averaged over the formulas of the other units: what any formula would get.
    Units whose formula has fewer than 5 pictures of either kind have no score.

    compexact experiment simulate demo/run --model compexact.probes.demo_model:demo_model --weights demo/model.pt
    """
    if pictures < LEAST:
        raise UsageError(f"at least {LEAST} pictures of a kind are needed, not {pictures}")
    chosen = {unit: record for unit, record in run.answers.items() if record["formula"]}
    values: dict[str, tuple[np.ndarray, np.ndarray] | None] = {}
    for done, record in enumerate(chosen.values(), start=1):
        text = record["formula"]
        if text not in values:
            values[text] = _values(parse(text), examples, respond, pictures)
        on_progress("formulas tried", done, len(chosen))
    rows = tuple(_row(unit, record, values, probe) for unit, record in chosen.items())
    return Answer(
        name="simulate",
        question="Does a unit tell pictures made to satisfy its formula from pictures made not to?",
        inputs=(input_record(probe),),
        settings={"run": run.path.name, "pictures": pictures},
        rows=rows,
        summary=_summary(rows, pictures),
        draw=lambda: _figure(rows),
    )


def _values(formula: Formula, examples: Examples, respond: Respond, n: int) -> tuple[np.ndarray, np.ndarray] | None:
    """Float (n, n_units) with the formula and without; None where there are too few pictures of a kind."""
    having, lacking = examples(formula, n)
    if min(len(having), len(lacking)) < LEAST:
        return None
    found = respond([*having, *lacking])
    return found[: len(having)], found[len(having) :]


def _auc(having: np.ndarray, lacking: np.ndarray) -> float:
    statistic = scipy.stats.mannwhitneyu(having, lacking).statistic
    return float(statistic) / (len(having) * len(lacking))


def _row(
    unit: str, record: dict[str, Any], values: dict[str, tuple[np.ndarray, np.ndarray] | None], probe: Probe
) -> dict[str, Any]:
    column = probe.cells.unit(unit)
    own = values[record["formula"]]
    others = [sides for text, sides in values.items() if text != record["formula"] and sides is not None]
    scored: dict[str, float | None] = dict.fromkeys(("auc", "difference", "other_auc"))
    if own is not None:
        having, lacking = (side[:, column] for side in own)
        spread = float(lacking.std())
        scored["auc"] = _auc(having, lacking)
        scored["difference"] = float(having.mean() - lacking.mean()) / spread if spread else None
        if others:
            scored["other_auc"] = float(np.mean([_auc(*(side[:, column] for side in each)) for each in others]))
    return {
        "unit": unit,
        "formula": record["formula"],
        "iou": record["iou"],
        "with": 0 if own is None else len(own[0]),
        "without": 0 if own is None else len(own[1]),
        **scored,
    }


def _summary(rows: tuple[dict[str, Any], ...], pictures: int) -> tuple[str, ...]:
    scored = [row for row in rows if row["auc"] is not None]
    sentences = []
    if scored:
        aucs = np.array([row["auc"] for row in scored])
        others = [row["other_auc"] for row in scored if row["other_auc"] is not None]
        beside = f", {np.mean(others):.3f} for the formulas of other units" if others else ""
        sentences.append(
            f"mean AUC {aucs.mean():.3f} over {len(scored)} units{beside} (up to {pictures} pictures of a kind); "
            f"{int((aucs >= 0.9).sum())} units have 0.9 and more, {int((aucs < 0.5).sum())} less than 0.5"
        )
        if len(scored) > 2:
            found = scipy.stats.spearmanr([row["iou"] for row in scored], aucs)
            sentences.append(
                f"Spearman correlation of AUC with IoU {found.statistic:.2f} "
                f"(p = {found.pvalue:.2g}, n = {len(scored)})"
            )
    if missing := len(rows) - len(scored):
        sentences.append(f"{missing} units have no score: their formula holds in nearly all pictures, or in none")
    return tuple(sentences)


def _figure(rows: tuple[dict[str, Any], ...]) -> Any:
    figure, axes = new_figure()
    scored = [row for row in rows if row["auc"] is not None]
    for name, label, color in (("auc", "own formula", "#2f7fd0"), ("other_auc", "other formulas", "#aaaaaa")):
        shown = [row for row in scored if row[name] is not None]
        axes.scatter([row["iou"] for row in shown], [row[name] for row in shown], s=14, color=color, label=label)
    axes.axhline(0.5, color="#777777", linestyle=":", linewidth=0.8)
    axes.set(xlabel="IoU", ylabel="AUC on new pictures", ylim=(0, 1.02))
    axes.legend(frameon=False)
    return figure
