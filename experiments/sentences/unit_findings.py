"""What the units of a sentence-pair model have learnt: their formulas and class weights, words and labels, heuristics.

Three tables, from a run and the probe that it was made from (Mu and Andreas 2020, section 5):

* a row per unit: formula, IoU, the weights to the classes, and the class that the unit argues for;
* a row per word, side and label: pointwise mutual information of the two over the gold labels;
* a row per heuristic (`data/heuristics.json`, or a file of the user's): the units whose formula mentions it.

Pointwise mutual information is that of Gururangan et al. (2018), "Annotation Artifacts in Natural Language Inference
Data", section 3: `PMI(word, label) = ln(p(word, label) / (p(word) p(label)))`.  Here `n(word, label)` is the number
of labelled pairs that have the word on the side, `N` adds `k` to each of these integers, for every word of the side
and every label, and `p` are the shares of `N` and of its sums over labels and over words.  Their `k` is 100.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...probes.inputs import Side
from ...probes.store import Probe
from ...probes.text.word_forms import word_form
from ...solver.errors import UsageError
from ...solver.parsing import parse
from ..run.folder import Run
from .heuristics import SIDES, Heuristic, read_heuristics
from .pair_formulas import literals

SMOOTHING = 100

Row = dict[str, Any]


@dataclass(frozen=True)
class UnitFinding:
    """A unit.

    weights: to each class, in their order; () where the layer does not feed the last linear one.  argues_for: the
    class with the largest of them, of equal ones the first: scores count by their differences only, so that is
    the class which the unit raises over the others, whatever the signs.
    """

    unit: str
    formula: str
    iou: float
    active: int
    weights: tuple[float, ...]
    argues_for: str | None

    @property
    def weight(self) -> float | None:
        """To the class that it argues for."""
        return max(self.weights, default=None)


@dataclass(frozen=True)
class Association:
    """A word and a label.  pairs: how many labelled pairs have the word on the side; with_label: of these.

    pmi: None where the two never come together and nothing is smoothed.
    """

    side: str
    word: str
    label: str
    with_label: int
    pairs: int
    pmi: float | None


@dataclass(frozen=True)
class Reified:
    """A heuristic, and the units whose formula mentions it.

    units: in the run's order.  negated: those of them that mention it only below NOT.  weights: means over the
    units, by class; () without units or weights.  strongest: the unit with the largest weight to the class it
    argues for; without weights, that with the highest IoU.
    """

    heuristic: Heuristic
    units: tuple[UnitFinding, ...]
    negated: tuple[str, ...]
    weights: tuple[float, ...]
    strongest: UnitFinding | None


@dataclass(frozen=True)
class Findings:
    """The three tables.  classes: the model's, in the order of the weights."""

    classes: tuple[str, ...]
    units: tuple[UnitFinding, ...]
    words: tuple[Association, ...]
    heuristics: tuple[Reified, ...]

    def unit_rows(self) -> list[Row]:
        """A row per unit with `w_CLASS` columns."""
        return [
            {"unit": found.unit, "iou": found.iou, **self._weights(found.weights), "argues_for": found.argues_for}
            | {"active": found.active, "formula": found.formula}
            for found in self.units
        ]

    def word_rows(self, most: int | None = None) -> list[Row]:
        """A row per side, label and word, the strongest association of each side and label first; at most this many."""
        groups: dict[tuple[str, str], list[Association]] = {}
        for found in self.words:
            groups.setdefault((found.side, found.label), []).append(found)
        return [vars(found) for group in groups.values() for found in sorted(group, key=_strongest_first)[:most]]

    def heuristic_rows(self) -> list[Row]:
        """A row per heuristic: how many units have reified it, their mean weights, and the strongest."""
        return [
            {
                "heuristic": found.heuristic.name,
                "n_units": len(found.units),
                "n_negated": len(found.negated),
                **self._weights(found.weights),
                "strongest": found.strongest.unit if found.strongest else None,
                "argues_for": found.strongest.argues_for if found.strongest else None,
                "weight": found.strongest.weight if found.strongest else None,
                "formula": found.strongest.formula if found.strongest else None,
                "units": [unit.unit for unit in found.units],
            }
            for found in self.heuristics
        ]

    def _weights(self, weights: Sequence[float]) -> Row:
        if not weights:
            return {f"w_{name}": None for name in self.classes}
        return {f"w_{name}": weight for name, weight in zip(self.classes, weights)}


def find(
    run: Run, probe: Probe, *, heuristics: Sequence[Heuristic] | None = None, smoothing: int = SMOOTHING
) -> Findings:
    """The findings of a run of `compexact explain` over an nli probe.

    heuristics: by default those of `data/heuristics.json`.  smoothing: the `k` of the mutual information.
    Units without a formula (degenerate, failed) are left out.  Raises `UsageError` for another kind of probe.
    """
    if probe.about.get("kind") != "nli":
        raise UsageError(f"findings need a probe of sentence pairs, not of kind {probe.about.get('kind')!r}")
    units = unit_findings(run, probe)
    chosen = read_heuristics() if heuristics is None else heuristics
    words = [found for side in SIDES for found in associations(probe, side, smoothing)]
    return Findings(
        classes=probe.inputs.classes,
        units=tuple(units),
        words=tuple(words),
        heuristics=tuple(reified(heuristic, units) for heuristic in chosen),
    )


def unit_findings(run: Run, probe: Probe) -> list[UnitFinding]:
    """The run's units that have a formula, in its order."""
    classes = probe.inputs.classes
    matrix = probe.inputs.class_weights if classes and probe.inputs.has("class_weights") else None
    found = []
    for unit, answer in run.answers.items():
        if answer.get("formula") is None or answer["status"] in ("degenerate", "failed"):
            continue
        column = probe.cells.unit(unit)
        weights = () if matrix is None else tuple(float(weight) for weight in matrix[:, column])
        argues_for = classes[weights.index(max(weights))] if weights else None
        active = int(probe.cells.active.totals[column])
        found.append(UnitFinding(unit, answer["formula"], float(answer["iou"]), active, weights, argues_for))
    return found


def associations(probe: Probe, side: Side, smoothing: int = SMOOTHING) -> list[Association]:
    """Every word of a side (`premise` or `hypothesis`) with every gold label.

    A word counts once a pair, in lower case.  Pairs without a label are left out.
    """
    if smoothing < 0:
        raise UsageError(f"the smoothing must be at least 0, not {smoothing}")
    counts: Counter[tuple[str, str]] = Counter()
    labels: dict[str, None] = {}
    for text, label in zip(probe.inputs.tokenised(side), probe.inputs.targets, strict=True):
        if label is not None:
            labels[label] = None
            counts.update((word, label) for word in set(map(word_form, text.split())))
    order = sorted(labels, key=_class_order(probe))
    words = sorted({word for word, _ in counts})
    smooth = {(word, label): counts[word, label] + smoothing for word in words for label in order}
    of_word = {word: sum(smooth[word, label] for label in order) for word in words}
    of_label = {label: sum(smooth[word, label] for word in words) for label in order}
    total = sum(of_word.values())
    return [
        Association(
            side=side,
            word=word,
            label=label,
            with_label=counts[word, label],
            pairs=sum(counts[word, other] for other in order),
            pmi=_pmi(smooth[word, label], of_word[word], of_label[label], total),
        )
        for label in order
        for word in words
    ]


def _pmi(both: int, word: int, label: int, total: int) -> float | None:
    """ln of (both / total) / ((word / total) (label / total)), from integers."""
    return math.log(both * total / (word * label)) if both else None


def _strongest_first(found: Association) -> tuple[float, str]:
    return (math.inf if found.pmi is None else -found.pmi, found.word)


def _class_order(probe: Probe) -> Any:
    classes = probe.inputs.classes
    return lambda label: (classes.index(label) if label in classes else len(classes), label)


def reified(heuristic: Heuristic, units: Iterable[UnitFinding]) -> Reified:
    """The units whose formula mentions the heuristic."""
    found, negated = [], []
    for unit in units:
        mentions = [holds for name, holds in literals(parse(unit.formula)) if heuristic.covers(name)]
        if mentions:
            found.append(unit)
            negated += [] if any(mentions) else [unit.unit]
    columns = [unit.weights for unit in found if unit.weights]
    means = tuple(math.fsum(column) / len(column) for column in zip(*columns))
    strongest = max(found, key=lambda unit: (unit.weight or 0.0, unit.iou), default=None)
    return Reified(heuristic, tuple(found), tuple(negated), means, strongest)
