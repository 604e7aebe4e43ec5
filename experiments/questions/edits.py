"""`edits`: copy-paste adversarial examples for text: which small edits change a prediction?  (Section 7.)"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...probes.text.concepts import PairConceptSettings
from ...probes.text.language import analyse, open_pipeline
from ...probes.text.readers import Pairs, open_pairs
from ...probes.text.vectors import WordVectors, open_vectors
from ...solver.errors import UsageError
from ..commands.options import UnitsOption
from ..commands.pair_options import LabelsOption
from ..commands.signature import Depends, Opened
from ..run.units import choose_units
from ..sentences.editing import NOTE, PAPER_EDITS, Editor, EditSettings, evaluate_edits, propose_edits
from ..sentences.model_answers import ask_model
from ..sentences.pair_formulas import ConceptReader
from ..sentences.unit_findings import unit_findings
from .answer import Answer, input_record
from .inputs import RunInput, RunProbeInput

if TYPE_CHECKING:  # torch is imported by the command that loads the model
    from ...probes.nli.loading import LoadedPairModel


def _load_model(
    probe: RunProbeInput,
    model: Annotated[str, typer.Option(help="The model that was probed: a folder, package.module:factory, hf:FOLDER.")],
    labels: LabelsOption = None,
) -> Any:
    from ...probes.nli.loading import load_pair_model

    if probe.about.get("kind") != "nli":
        raise UsageError(f"edits need a probe of sentence pairs, not of kind {probe.about.get('kind')!r}")
    return load_pair_model(model, labels=labels)


ModelInput = Annotated["LoadedPairModel", Depends(_load_model)]


def _open_pairs(
    pairs: Annotated[Path | None, typer.Option(help="The file that was probed; its pairs are edited.")] = None,
    labels: LabelsOption = None,
) -> Pairs | None:
    return None if pairs is None else open_pairs(pairs, labels=labels)


@dataclass(frozen=True)
class Source:
    """What the probe was made of."""

    vectors: Annotated[
        WordVectors | None, typer.Option(help="Those of the probe's NEIGHBORS concepts."), Opened(open_vectors)
    ] = None
    spacy: Annotated[str | None, typer.Option(help="The pipeline that the probe was made with.")] = None


def edits(
    run: RunInput,
    probe: RunProbeInput,
    model: ModelInput,
    source: Annotated[Source, Depends(Source)],
    pairs: Annotated[Pairs | None, Depends(_open_pairs)] = None,
    *,
    by_hand: Annotated[
        Path | None, typer.Option(help="Pairs before and after an edit, instead: a table, or the word `paper`.")
    ] = None,
    units: UnitsOption = None,
    settings: Annotated[EditSettings | None, Depends(EditSettings)] = None,
    on_progress: Progress = silent,
) -> Answer:
    """Which small edits of sentence pairs, suggested by a unit's formula, change the predicted label?  (Figs. 6, 9.)

    The edits make the formula true or false.

    compexact experiment edits nli-run --model model --pairs dev.tsv --units 39 -o answers/edits
    compexact experiment edits nli-run --model model --by-hand paper

    Raises `UsageError` where the model, the pairs or the vectors are not those that were probed.
    """
    _check_model(model, probe)
    if by_hand is not None:
        return edited_pairs(PAPER_EDITS if str(by_hand) == "paper" and not by_hand.exists() else by_hand, probe, model)
    analysed = analyse(_probed_pairs(pairs, probe), open_pipeline(source.spacy))
    concepts = PairConceptSettings(**probe.about["settings"]["concepts"])
    if concepts.neighbours and source.vectors is None:
        raise UsageError("the probe has NEIGHBORS concepts; name the vectors they were made with: --vectors FILE")
    wanted = None if units is None else choose_units(probe.cells, units)
    reader = ConceptReader.of(analysed, concepts, source.vectors)
    editor = Editor(probe, analysed, reader, ask_model(model, probe))
    chosen = [found for found in unit_findings(run, probe) if wanted is None or found.unit in wanted]
    found = propose_edits(editor, chosen, settings, on_progress=on_progress)
    tried, flipped = (sum(getattr(each, name) for each in found.tried) for name in ("tried", "flipped"))
    switched = sum(each.switched or 0 for each in found.tried)
    return Answer(
        name="edits",
        question="Which small edits, suggested by a unit's formula, change the predicted label?",
        inputs=(input_record(probe),),
        settings={"run": run.path.name, "units": len(chosen), **vars(settings or EditSettings())},
        rows=tuple(found.rows()),
        summary=(
            f"{flipped:,} of {tried:,} edits change the prediction; on {switched:,} the unit switched as wanted",
            NOTE,
        ),
        more={"tried": tuple(found.tried_rows())},
    )


def _probed_pairs(pairs: Pairs | None, probe: Probe) -> Pairs:
    """The pairs that the probe was made of, in their order."""
    if pairs is None:
        raise UsageError("name the file that was probed with --pairs, or pairs edited by hand with --by-hand")
    if pairs.digest != probe.about["inputs"]["pairs"]:
        raise UsageError(f"{pairs.path} is not the file that was probed: the digests differ")
    return replace(pairs, pairs=pairs.pairs[: probe.about["settings"].get("limit")])


def edited_pairs(file: Path, probe: Probe, model: LoadedPairModel) -> Answer:
    """Pairs edited by hand (`experiments/text/data/paper_edits.tsv`, or such a file) put to the model."""
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
    if model.digest != probe.about["inputs"]["model weights"]:
        raise UsageError(f"{model.name} is not the model that was probed: the digests of their weights differ")
