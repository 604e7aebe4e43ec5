"""`edits`: copy-paste adversarial examples for text: which small edits change a prediction?  (Section 7.)"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...probes.store import Probe
from ...solver.errors import UsageError
from ..runs import Run
from ..text.edits import NOTE, Editor, EditSettings, evaluate_edits, propose_edits
from ..text.findings import unit_findings
from ..text.model_answers import ask_model
from ..text.pair_formulas import ConceptReader
from .answer import Answer, input_record
from .explained import Progress

if TYPE_CHECKING:  # torch is imported by the command that loads the model
    from ...probes.nli.loading import LoadedPairModel
    from ...probes.text.language import AnalysedPair
    from ...probes.text.vectors import WordVectors


def edits_of(
    run: Run,
    probe: Probe,
    model: LoadedPairModel,
    analysed: Sequence[AnalysedPair],
    *,
    units: Sequence[str] | None = None,
    vectors: WordVectors | None = None,
    settings: EditSettings | None = None,
    on_progress: Progress = lambda what, done, total: None,
) -> Answer:
    """Edits of the probe's pairs that make a unit's formula true or false and change the predicted label.

    analysed: the pairs that the probe was made of, in their order.  units: None for all of the run.  vectors: those
    that the probe's NEIGHBORS concepts were made with.
    """
    from ...probes.text.concepts import PairConceptSettings

    _check_model(model, probe)
    concepts = PairConceptSettings(**probe.about["settings"]["concepts"])
    if concepts.neighbours and vectors is None:
        raise UsageError("the probe has NEIGHBORS concepts; name the vectors they were made with: --vectors FILE")
    reader = ConceptReader.of(analysed, concepts, vectors)
    editor = Editor(probe, analysed, reader, ask_model(model, probe))
    chosen = [found for found in unit_findings(run, probe) if units is None or found.unit in units]
    edits = propose_edits(editor, chosen, settings, on_progress=on_progress)
    tried, flipped = (sum(getattr(each, name) for each in edits.tried) for name in ("tried", "flipped"))
    switched = sum(each.switched or 0 for each in edits.tried)
    return Answer(
        name="edits",
        question="Which small edits, suggested by a unit's formula, change the predicted label?",
        inputs=(input_record(probe),),
        settings={"run": run.path.name, "units": len(chosen), **vars(settings or EditSettings())},
        rows=tuple(edits.rows()),
        summary=(
            f"{flipped:,} of {tried:,} edits change the prediction; on {switched:,} the unit switched as wanted",
            NOTE,
        ),
        more={"tried": tuple(edits.tried_rows())},
    )


def edited_pairs(
    file: Path,
    probe: Probe,
    model: LoadedPairModel,
    *,
    on_progress: Progress = lambda what, done, total: None,
) -> Answer:
    """Pairs edited by hand (`experiments/text/data/paper_edits.tsv`, or such a file) put to the model."""
    _check_model(model, probe)
    rows: list[dict[str, Any]] = evaluate_edits(file, ask_model(model, probe), list(model.class_names))
    flipped = sum(row["flipped"] for row in rows)
    right = sum(row["right"] for row in rows), sum(row["edited_right"] for row in rows)
    return Answer(
        name="edited-pairs",
        question="What does the model make of these pairs, before and after an edit by hand?",
        inputs=(input_record(probe),),
        settings={"file": file.name},
        rows=tuple(rows),
        summary=(
            f"{flipped} of {len(rows)} edits change the prediction; {right[0]} are right before, {right[1]} after",
            "labels before and after are judgements of whoever wrote the file",
        ),
    )


def _check_model(model: LoadedPairModel, probe: Probe) -> None:
    """Refuse another model than the probe's: its units would be others."""
    if probe.about.get("kind") != "nli":
        raise UsageError(f"edits need a probe of sentence pairs, not of kind {probe.about.get('kind')!r}")
    if model.digest != probe.about["inputs"]["model weights"]:
        raise UsageError(f"{model.name} is not the model that was probed: the digests of their weights differ")
