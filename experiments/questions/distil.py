"""`distil`: how much of the model does a classifier recover that sees the explanations in place of the neurons?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import typer

from ...probes.progress import Progress, silent
from ...solver.errors import UsageError
from ...solver.formula import Formula
from ...solver.parsing import parse
from ..commands.options import SeedOption
from .answer import Answer, input_record, legend_above, new_figure
from .inputs import RunInput, RunProbeInput
from .logistic import tuned_logistic
from .truths import Truths, read_truths

LEAST = 40
"""Inputs that can be split."""
LEAST_PER_CLASS = 5
"""Inputs for each class that the model predicts, on average."""


def distilled(
    run: RunInput,
    probe: RunProbeInput,
    *,
    splits: Annotated[int, typer.Option(help="Random halves to average over.")] = 3,
    seed: SeedOption = 0,
    on_progress: Progress = silent,
) -> Answer:
    """How much of the model does a linear classifier recover that sees the explanations in place of the neurons?

    Inputs of the classifier: for a pair, whether each unit's formula holds; for an image, the share of its points
    where it holds.  Beside it: the units themselves, binarised (for an image: active anywhere in it), the formulas
    dealt to the wrong inputs (chance), and the majority.  Trained on a random half of the inputs to give the model's
    *predictions* (section 8 of the paper, question 3); `agreement` with them and `accuracy` against the targets are
    of the other half, averaged over the splits.  `recovered`: (agreement - majority) / (1 - majority).

    compexact experiment distil nli-run -o answers/distil

    Raises `UsageError` where the probe lacks predictions or has too few inputs to split.
    """
    if splits < 1:
        raise UsageError(f"there must be at least 1 split, not {splits}")
    chosen = {unit: parse(record["formula"]) for unit, record in run.answers.items() if record["formula"]}
    if not chosen:
        raise UsageError(f"{run.path} has no formula to distil")
    inputs = read_truths(probe, list(chosen.values()))
    n_classes = len(np.unique(inputs.predicted))
    if len(inputs.predicted) < max(LEAST, LEAST_PER_CLASS * n_classes):
        raise UsageError(
            f"{len(inputs.predicted)} {inputs.kind} have their points' cells in the probe, and the model predicts "
            f"{n_classes} classes for them; {LEAST} are the least, and {LEAST_PER_CLASS} a class"
        )
    columns = [probe.cells.unit(unit) for unit in chosen]
    found: dict[str, list[tuple[float, float | None]]] = {}
    for number in range(splits):
        rng = np.random.default_rng([seed, number])
        for name, predicted, scored in _predictions(inputs, columns, rng):
            found.setdefault(name, []).append(_scores(inputs, predicted, scored))
        on_progress("splits done", number + 1, splits)
    rows = tuple(_row(name, found, len(chosen)) for name in found)
    return Answer(
        name="distil",
        question="How much of the model does a classifier recover that sees the explanations in place of the neurons?",
        inputs=(input_record(probe),),
        settings={
            "run": run.path.name,
            "inputs": len(inputs.predicted),
            "inputs_are": inputs.kind,
            "splits": splits,
            "seed": seed,
        },
        rows=rows,
        summary=(*_summary(rows, inputs), *_leaks(chosen, probe.inputs.classes)),
        draw=lambda: _figure(rows),
    )


def _predictions(
    inputs: Truths, columns: list[int], rng: np.random.Generator
) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(what predicts, its predictions, of which inputs) for one random half."""
    order = rng.permutation(len(inputs.predicted))
    train, test = order[: len(order) // 2], order[len(order) // 2 :]
    # Classes that never occur cost time and say nothing.
    occurring, classes = np.unique(inputs.predicted[train], return_inverse=True)
    features = {
        "formulas": inputs.share,
        "units, binarised": inputs.active[:, columns],
        "formulas of other inputs": inputs.share[rng.permutation(len(inputs.share))],
    }
    found = []
    for name, values in features.items():
        fitted = tuned_logistic(values[train], classes, len(occurring), rng)
        found.append((name, occurring[fitted.predict(np.asarray(values[test], dtype=np.float64))], test))
    majority = occurring[np.bincount(classes).argmax()]
    found.append(("majority", np.full(len(test), majority), test))
    found.append(("the model", inputs.predicted[test], test))
    return found


def _scores(inputs: Truths, predicted: np.ndarray, scored: np.ndarray) -> tuple[float, float | None]:
    """Agreement with the model, and accuracy over the inputs whose target is one of its classes (None: none is)."""
    agreement = float((predicted == inputs.predicted[scored]).mean())
    gold = inputs.gold[scored]
    known = gold >= 0
    return agreement, float((predicted == gold)[known].mean()) if known.any() else None


def _row(name: str, found: dict[str, list[tuple[float, float | None]]], n_units: int) -> dict[str, Any]:
    agreements = np.array([agreement for agreement, _ in found[name]])
    accuracies = [accuracy for _, accuracy in found[name] if accuracy is not None]
    base = float(np.mean([agreement for agreement, _ in found["majority"]]))
    return {
        "from": name,
        "features": n_units if name not in ("majority", "the model") else None,
        "agreement": float(agreements.mean()),
        "agreement_spread": float(agreements.std()),
        "accuracy": float(np.mean(accuracies)) if accuracies else None,
        "recovered": (float(agreements.mean()) - base) / (1 - base) if base < 1 else None,
    }


def _summary(rows: tuple[dict[str, Any], ...], inputs: Truths) -> tuple[str, ...]:
    by_name = {row["from"]: row for row in rows}
    formulas, units = by_name["formulas"], by_name["units, binarised"]
    sentences = [
        f"a linear classifier of {formulas['features']} formulas agrees with the model on {formulas['agreement']:.1%} "
        f"of held-out {inputs.kind}, one of the binarised units on {units['agreement']:.1%}; the majority class is "
        f"{by_name['majority']['agreement']:.1%} ({len(inputs.predicted):,} {inputs.kind}, half of them held out)"
    ]
    if formulas["accuracy"] is None:
        sentences.append("no input's target is a class of the model, so there is no accuracy")
    else:
        sentences.append(
            f"accuracy: formulas {formulas['accuracy']:.1%}, binarised units {units['accuracy']:.1%}, "
            f"the model {by_name['the model']['accuracy']:.1%}, majority {by_name['majority']['accuracy']:.1%}"
        )
    if inputs.kind == "images" and len(inputs.predicted) < inputs.n_all:
        sentences.append(
            f"only {len(inputs.predicted):,} of {inputs.n_all:,} images have their points' cells in the probe, those "
            "that some unit likes best; probe with --top-images as large as the number of images to have all"
        )
    sentences.append("the formulas were found on all inputs, those held out here among them")
    return tuple(sentences)


def _leaks(formulas: dict[str, Formula], classes: Sequence[str]) -> tuple[str, ...]:
    """A warning where concepts are the very classes: then the formulas carry the label, whatever the units do."""
    telling = {name for formula in formulas.values() for name in formula.atoms()} & set(classes)
    if not telling:
        return ()
    n = sum(not telling.isdisjoint(formula.atoms()) for formula in formulas.values())
    return (
        f"{n} formulas use concepts that are classes of the model, such as {min(telling)}: they carry the label, so "
        "what is recovered says little of the units; probe without that category (--categories)",
    )


def _figure(rows: tuple[dict[str, Any], ...]) -> Any:
    figure, axes = new_figure()
    names = [row["from"] for row in rows]
    axes.barh(names, [row["agreement"] for row in rows], color="#2f7fd0", label="agreement with the model")
    if rows[0]["accuracy"] is not None:
        axes.plot([row["accuracy"] for row in rows], names, "D", color="#e08a00", label="accuracy")
    axes.invert_yaxis()
    axes.set(xlabel="share of held-out inputs", xlim=(0, 1))
    legend_above(axes)
    return figure
