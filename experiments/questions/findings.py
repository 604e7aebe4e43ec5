"""`findings`: what have the units of a sentence-pair model learnt?  Class weights, words, heuristics.  (Section 5.)"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from ...probes.progress import Progress, silent
from ..commands.signature import Opened
from ..sentences.heuristics import Heuristic, read_heuristics
from ..sentences.unit_findings import Findings, find
from .answer import Answer, input_record, new_figure
from .inputs import RunInput, RunProbeInput

WORDS_SHOWN = 20


def findings_of(
    run: RunInput,
    probe: RunProbeInput,
    *,
    heuristics: Annotated[
        Sequence[Heuristic] | None, typer.Option(help="Your own word lists, as JSON."), Opened(read_heuristics)
    ] = None,
    on_progress: Progress = silent,
) -> Answer:
    """What have the units of a sentence-pair model learnt: words, heuristics, and for which class do they argue?

    The units with their class weights; the words that go with each label; the heuristics that formulas mention, which
    are those of `experiments/text/data/heuristics.json` by default.

    compexact experiment findings nli-run -o answers/findings
    """
    found = find(run, probe, heuristics=heuristics)
    units, reified = tuple(found.unit_rows()), tuple(found.heuristic_rows())
    return Answer(
        name="findings",
        question="What have the units learnt: which words and heuristics, and for which class do they argue?",
        inputs=(input_record(probe),),
        settings={"run": run.path.name, **run.header["settings"]},
        rows=units,
        summary=_summary(found),
        more={"heuristics": reified, "words": tuple(found.word_rows(WORDS_SHOWN))},
        draw=(lambda: _figure(found)) if found.heuristics else None,
    )


def _summary(found: Findings) -> tuple[str, ...]:
    sentences = []
    if found.heuristics:
        often = sorted(found.heuristics, key=lambda each: -len(each.units))
        shown = ", ".join(f"{each.heuristic.name} in {len(each.units)}" for each in often)
        sentences.append(f"of {len(found.units)} formulas, these mention a heuristic: {shown}")
    for each in found.heuristics:
        n = len(each.units)
        shown = f"; strongest: unit {each.strongest.unit}, {each.strongest.formula}" if each.strongest else ""
        sentences.append(f"{each.heuristic.name}: in the formulas of {n} of {len(found.units)} units{shown}")
    for label in found.classes:
        words = [a for a in found.words if a.label == label and a.side == "hypothesis" and a.pmi is not None]
        best = sorted(words, key=lambda a: (-(a.pmi or 0.0), a.word))[:5]
        if best:
            sentences.append(f"hypothesis words that go with {label}: {', '.join(a.word for a in best)}")
    return tuple(sentences)


def _figure(found: Findings) -> Any:
    figure, axes = new_figure()
    names = [each.heuristic.name for each in found.heuristics]
    axes.barh(names, [len(each.units) for each in found.heuristics], color="#2f7fd0")
    axes.invert_yaxis()
    axes.set(xlabel=f"units of {len(found.units)} whose formula mentions it")
    return figure
