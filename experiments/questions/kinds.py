"""`kinds`: do explanations join what belongs together?  A suggestion, and a sheet for people.  (Section 4.)

The paper's authors looked at 128 units and sorted their formulas by hand: abstractions that words and pictures bear
out, abstractions that only pictures bear out, specialisations (`L1 AND NOT L2`), and polysemantic units.  The rule
here sees formulas and words, not pictures, so it cannot tell the second from the last: both are `incoherent`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...probes.text.vectors import WordVectors, open_vectors
from ...solver.errors import UsageError
from ...solver.explanation import Explanation
from ...solver.formula import And, Formula, Not, Or
from ...solver.logic import negation_normal_form
from ...solver.parsing import parse
from ..commands.options import SeedOption
from ..commands.signature import Depends, Opened
from ..sentences.pair_formulas import literals
from .annotation_sheet import LABELS, Sheet, cohen_kappa, read_sheet
from .answer import PAPER_MARK, Answer, Published, input_record, legend_above, new_figure
from .explanations import explain_at
from .inputs import ProbeInput, UnitsInput
from .relatedness import SHARE, Relatedness, concept_topic
from .search_options import AT_LENGTH, SearchAtLengthInput
from .wordnet import open_wordnet

KINDS = ("single", "abstraction", "specialisation", "incoherent", "undecided")
SEEN_AS = {
    "single": "single",
    "abstraction": "abstraction",
    "specialisation": "specialisation",
    "perceptual": "incoherent",
    "polysemantic": "incoherent",
}
"""What the rule can say at best of each label that people give."""

DATA = "128 units of ResNet-18, Places365, ADE20K, by hand"
PAPER = (
    ("abstraction", 50 / 128, "words and pictures bear out"),
    ("specialisation", 10 / 128, "L1 AND NOT L2; here L1 AND L2, too"),
    ("incoherent", (28 + 40) / 128, "28 perceptual only and 40 polysemantic"),
)


@dataclass(frozen=True)
class Sample:
    """Of the units; all without a number.  seed: of all that is drawn by chance."""

    sample: Annotated[int | None, typer.Option(help="This many units, drawn by chance; the paper took 128.")] = None
    seed: SeedOption = 0

    def of(self, units: Sequence[str]) -> list[str]:
        """So many, in the order given; all where there are no more.  Raises `UsageError` for a number below 1."""
        if self.sample is None or self.sample >= len(units):
            return list(units)
        if self.sample < 1:
            raise UsageError(f"the sample must hold at least 1 unit, not {self.sample}")
        chosen = np.random.default_rng(self.seed).choice(len(units), self.sample, replace=False)
        return [units[place] for place in sorted(chosen)]


@dataclass(frozen=True)
class Rule:
    """A pair of concepts is related above `share` of all pairs.

    least_removed: `L1 AND NOT L2` specialises where it has at least this share fewer points than L1.
    """

    share: float = SHARE
    least_removed: float = 0.1


EVERY_UNIT, RULE = Sample(), Rule()


def kinds_of(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    vectors: Annotated[
        WordVectors | None,
        typer.Option(help="Word vectors: a GloVe text file, or a spaCy pipeline."),
        Opened(open_vectors),
    ] = None,
    labelled: Annotated[
        list[Path] | None, typer.Option(help="A filled-in sheet.csv; repeatable, one for each person.")
    ] = None,
    sample: Annotated[Sample, Depends(Sample)] = EVERY_UNIT,
    search: SearchAtLengthInput = AT_LENGTH,
    rule: Rule = RULE,
    on_progress: Progress = silent,
) -> Answer:
    """Do explanations join what belongs together?  A suggestion, and a sheet for people to label.  (Section 4.)

    Without word vectors and WordNet only categories speak, and the answer says so.  Shares of kinds are of the decided
    units.  (`Rule`: from when two concepts are related, and how much `AND NOT` must take away to specialise.)

    The rule, in this order.  `incoherent`: the alternatives of an OR do not hang together (by their concepts that are
    not negated); `undecided`, where those whose words are known do.  `specialisation`: `AND NOT`, or `AND`, takes away
    enough.  `abstraction`: different alternatives.  `single`: what is left, one concept or hardly narrowed.

    compexact experiment kinds probe --sample 128 --vectors glove.txt -o answers/kinds
    compexact experiment kinds probe --sample 128 --vectors glove.txt --labelled ann.csv --labelled ben.csv
    """
    length, least_removed = search.length, rule.least_removed
    settings = search.settings([length])
    if not 0 <= least_removed <= 1:
        raise UsageError(f"the least share of points removed lies between 0 and 1, such as 0.1, not {least_removed}")
    units = sample.of(units)
    explained = explain_at(probe, units, [length], settings, where=search.where, on_progress=on_progress)
    wordnet, said = open_wordnet()
    concepts = probe.cells.concepts
    relatedness = Relatedness.of(
        concepts.names, concepts.categories, vectors, wordnet, share=rule.share, seed=sample.seed
    )
    rows = tuple(
        _row(probe, unit.unit, best, relatedness, least_removed) for unit in explained if (best := unit.best(length))
    )
    if not rows:
        raise UsageError("no unit has a formula: all of them are active nowhere or everywhere")
    is_vision = probe.about.get("kind") == "vision"
    sheets = [read_sheet(file, {row["unit"]: row["formula"] for row in rows}) for file in labelled or ()]
    return Answer(
        name="kinds",
        question="Do explanations join what belongs together?",
        inputs=(input_record(probe),),
        settings={
            "units": len(units), "sample": sample.sample, "seed": sample.seed, "length": length,
            "engine": search.engine, "beam_size": search.beam_size, "share": rule.share,
            "least_removed": least_removed, "cut_offs": relatedness.cuts,
            "vectors": vectors.digest if vectors else None, "wordnet": wordnet.name if wordnet else None,
        },
        rows=rows,
        summary=(*_summary(rows), *_sources(rows, relatedness, said), *_sheet_sentences(sheets)),
        published=(*(_beside(rows) if is_vision else ()), *_people_beside(sheets)),
        more={"sheet": tuple(map(_sheet_row, rows)), "agreement": tuple(_agreement(rows, sheets))},
        draw=lambda: _figure(rows, sheets, PAPER if is_vision else ()),
    )  # fmt: skip


def _row(probe: Probe, unit: str, found: Explanation, relatedness: Relatedness, least_removed: float) -> dict[str, Any]:
    formula = negation_normal_form(found.formula)
    concepts = list(dict.fromkeys(_positive(formula)))
    removed = _removed(probe, formula, found)
    if not _is_coherent(formula, relatedness, known_only=False):
        kind = "undecided" if _is_coherent(formula, relatedness, known_only=True) else "incoherent"
    elif removed >= least_removed and removed > 0:
        kind = "specialisation"
    else:
        joins = _has_or(formula) and len(set(map(concept_topic, concepts))) > 1
        kind = "abstraction" if joins else "single"
    return {
        "unit": unit,
        "suggestion": kind,
        "related_pairs": sum(relatedness.related(*pair) for pair in combinations(concepts, 2)),
        "pairs": len(concepts) * (len(concepts) - 1) // 2,
        "removed": removed,
        "iou": float(found.iou),
        "formula": str(found.formula),
    }


def _is_coherent(formula: Formula, relatedness: Relatedness, *, known_only: bool) -> bool:
    """Whether the alternatives of every OR hang together, by the concepts of each that are not negated.

    known_only: leave out concepts whose words no source knows, and alternatives of nothing else.
    """
    if not all(_is_coherent(part, relatedness, known_only=known_only) for part in formula.operands):
        return False
    if not isinstance(formula, Or):
        return True
    groups = [_positive(part) for part in formula.operands]
    if known_only:
        known = [[name for name in group if relatedness.in_vocabulary(name)] for group in groups]
        groups = [kept for kept, group in zip(known, groups) if kept or not group]
    return relatedness.is_connected(groups)


def _has_or(formula: Formula) -> bool:
    return isinstance(formula, Or) or any(map(_has_or, formula.operands))


def _positive(formula: Formula) -> list[str]:
    """The concepts that are not negated."""
    return [name for name, holds in literals(formula) if holds]


def _removed(probe: Probe, formula: Formula, found: Explanation) -> float:
    """The share that AND takes away of the points of its rarest part that is not negated; 0 for other formulas."""
    parts = [part for part in formula.operands if not isinstance(part, Not)] if isinstance(formula, And) else []
    masks = [probe.cells.concepts.mask(part) for part in parts]
    rarest = min((int(probe.cells.weights[mask].sum()) for mask in masks), default=0)
    return 1 - found.formula_points / rarest if rarest else 0.0


def _sheet_row(row: dict[str, Any]) -> dict[str, Any]:
    """Without the suggestion: whoever labels should not see it."""
    return {"unit": row["unit"], "formula": row["formula"], "iou": row["iou"], "label": "", "note": ""}


def _summary(rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    counts = Counter(row["suggestion"] for row in rows)
    shown = ", ".join(f"{kind} {counts[kind]} ({counts[kind] / len(rows):.0%})" for kind in KINDS)
    sentences = [f"suggested for {len(rows)} formulas: {shown}; a suggestion from words, to be checked by people"]
    for kind in KINDS:
        best = max((row for row in rows if row["suggestion"] == kind), key=lambda row: row["iou"], default=None)
        if best:
            sentences.append(f"{kind}, highest IoU: unit {best['unit']}, {best['formula']} ({best['iou']:.3f})")
    return tuple(sentences)


def _sources(rows: Sequence[dict[str, Any]], relatedness: Relatedness, said: str) -> tuple[str, ...]:
    """What the suggestions rest on."""
    vectors = relatedness.vectors
    named = f"word vectors: {Path(vectors.name).name}" if vectors else "no word vectors are given (--vectors)"
    sentences = [named, said]
    if not relatedness.cuts:
        return (*sentences, "so only categories speak: all words of one category count as related")
    used = {name for row in rows for name in parse(row["formula"]).atoms()}
    if unknown := sorted(name for name in used if not relatedness.in_vocabulary(name)):
        shown = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        sentences.append(f"{len(unknown)} of {len(used)} concepts are in no source: {shown}")
    return tuple(sentences)


def _sheet_sentences(sheets: Sequence[Sheet]) -> list[str]:
    if not sheets:
        return [f"sheet.csv is for people: fill in the column label with {', '.join(LABELS[:-1])} or {LABELS[-1]}"]
    return [
        f"{sheet.name}: {len(sheet.labels)} labelled: "
        + ", ".join(f"{label} {n}" for label, n in Counter(sheet.labels.values()).most_common())
        for sheet in sheets
    ]


def _agreement(rows: Sequence[dict[str, Any]], sheets: Sequence[Sheet]) -> list[dict[str, Any]]:
    """Each sheet against the decided suggestions, in the rule's kinds, and against each other sheet, in people's."""
    suggested = {row["unit"]: row["suggestion"] for row in rows if row["suggestion"] != "undecided"}
    pairs = [
        (sheet.name, "suggestion", {unit: SEEN_AS[label] for unit, label in sheet.labels.items()}, suggested)
        for sheet in sheets
    ]
    pairs += [(one.name, other.name, one.labels, other.labels) for one, other in combinations(sheets, 2)]
    found = []
    for left, right, one, other in pairs:
        both = [unit for unit in one if unit in other]
        labels = [one[unit] for unit in both], [other[unit] for unit in both]
        agreed = sum(a == b for a, b in zip(*labels))
        row = {"left": left, "right": right, "units": len(both), "agreed": agreed}
        found.append(row | {"kappa": cohen_kappa(*labels)})
    return found


def _beside(rows: Sequence[dict[str, Any]]) -> tuple[Published, ...]:
    counts = Counter(row["suggestion"] for row in rows if row["suggestion"] != "undecided")
    n = counts.total()
    return tuple(
        Published(f"share {kind} ({what}); here suggested", "section 4", theirs, counts[kind] / n if n else None, DATA)
        for kind, theirs, what in PAPER
    )


def _people_beside(sheets: Sequence[Sheet]) -> tuple[Published, ...]:
    return tuple(
        Published(f"share meaningful, labelled in {sheet.name}", "section 4", 0.69, _meaningful(sheet), DATA)
        for sheet in sheets
    )


def _meaningful(sheet: Sheet) -> float | None:
    n = len(sheet.labels)
    return 1 - Counter(sheet.labels.values())["polysemantic"] / n if n else None


def _figure(rows: Sequence[dict[str, Any]], sheets: Sequence[Sheet], paper: Sequence[tuple[str, float, str]]) -> Any:
    figure, (left, right) = new_figure(columns=2)
    sources = [("suggested", [row["suggestion"] for row in rows])]
    sources += [(sheet.name, [SEEN_AS[label] for label in sheet.labels.values()]) for sheet in sheets]
    decided = KINDS[:-1]
    width, at = 0.8 / (len(sources) + 1), range(len(decided))
    for place, (name, found) in enumerate(sources):
        counts = Counter(kind for kind in found if kind in decided)
        shares = [counts[kind] / max(counts.total(), 1) for kind in decided]
        label = f"{name}, {counts.total()} decided of {len(found)}"
        bars = left.bar([i + place * width for i in at], shares, width, label=label)
        left.bar_label(bars, [str(counts[kind]) for kind in decided], fontsize=8)
    published = {decided.index(kind) + len(sources) * width: theirs for kind, theirs, _ in paper}
    if published:
        left.plot(list(published), list(published.values()), label="the paper's, by hand (other units)", **PAPER_MARK)
    left.set_xticks([i + width * len(sources) / 2 for i in at], decided, fontsize=8)
    left.set(ylabel="share of decided units")
    left.margins(y=0.1)
    legend_above(left)
    right.boxplot([[row["iou"] for row in rows if row["suggestion"] == kind] for kind in KINDS], widths=0.5)
    right.set_xticks(range(1, len(KINDS) + 1), KINDS, fontsize=7)
    right.set(ylabel="IoU", title="IoU by suggested kind")
    return figure
