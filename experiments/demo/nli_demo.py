"""`compexact demo nli`: the whole path on generated sentence pairs, in which shortcuts to the label are planted.

    world/    sentence pairs whose label holds by construction, word vectors, and the planted shortcuts
    model/    a small sentence-pair model trained on them
    probe/    the layer below its scores, counted against words, tags and overlap on pairs it has not seen
    run/      the best formula of every unit, proven
    findings.json, edits.jsonl   what the units argue for; edits that change a prediction
    report/   the pages

Each step is what its command does, on the files of the step before.  The same seed gives the same answers on the same
machine.

A trained unit need not stand for one word.  So a shortcut counts as *recovered* where both is true:

* the proven-best formula of some unit has its concept, not below NOT, and the unit's largest class weight is to the
  shortcut's label;
* putting the word into other hypotheses moves their predictions there: of the dev pairs that lack it and are predicted
  to be of another class, a share of at least `LEAST_FLIPS` is predicted to be of that label then.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...probes.atomic_folder import new_folder
from ...probes.progress import Progress
from ...probes.store import Probe, save_probe
from ...solver.errors import UsageError
from ...solver.parsing import parse
from ..printing import Printer, chosen_format
from ..progress import progress
from ..run.engines import SearchSettings
from ..run.folder import Run, run_units
from ..run.units import choose_active_units
from ..sentences.edit_moves import Lexicon, edits_satisfying
from ..sentences.editing import NOTE, Editor, EditSettings, propose_edits
from ..sentences.model_answers import ask_model
from ..sentences.pair_formulas import ConceptReader, literals
from ..sentences.unit_findings import UnitFinding, find, unit_findings
from .sentence_grammar import SHORTCUTS, Shortcut
from .sentence_pairs import write_world

if TYPE_CHECKING:  # torch is imported where a model is made
    from ...probes.nli.loading import LoadedPairModel
    from ...probes.text.language import AnalysedPair
    from ...probes.text.pairs import Pairs

MAX_LENGTH = 3
NEIGHBOURS = 5
MIN_ACTIVE_SHARE = 0.02
LEAST_FLIPS = 0.1
EPOCHS = 5
EDITED_PAIRS = 8
COLUMNS = ("shortcut", "label", "unit", "formula", "iou", "status", "w", "flips", "recovered")


@dataclass(frozen=True)
class ShortcutFound:
    """A planted shortcut, and the unit that shows it best; None where no unit does.

    w: the unit's weight to the label.  tried: dev pairs that lack the word and are predicted to be of another
    class.  flips: the share of them that is predicted to be of the label once the word is in.
    """

    shortcut: str
    label: str
    unit: str | None
    formula: str | None
    iou: float | None
    status: str | None
    w: float | None
    tried: int
    flips: float
    recovered: bool


def demo_nli(folder: Path, *, n_pairs: int, seed: int, force: bool, format_name: str | None) -> None:
    """Write, train, probe, explain, edit and report; print what became of the planted shortcuts."""
    if seed < 0:
        raise UsageError(f"the seed must be 0 or more, not {seed}")
    printer = Printer(chosen_format(format_name), COLUMNS)
    with new_folder(folder, force=force, is_ours=is_demo) as partial:
        found, n_edits = _make(partial, n_pairs, seed)
    for shortcut in found:
        printer(vars(shortcut))
    printer.finish()
    recovered = sum(shortcut.recovered for shortcut in found)
    print(
        f"{recovered} of {len(found)} planted shortcuts are in the proven best formula of a unit that argues for their "
        "label, and move predictions to it",
        file=sys.stderr,
    )
    print(f"{n_edits} edits change a prediction: {folder / 'edits.jsonl'}.  {NOTE}", file=sys.stderr)
    print(f"report: {folder / 'report' / 'index.html'}", file=sys.stderr)


def is_demo(folder: Path) -> bool:
    """Whether a demo lies in the folder."""
    return all((folder / name).exists() for name in ("world", "model", "probe"))


def _make(folder: Path, n_pairs: int, seed: int) -> tuple[list[ShortcutFound], int]:
    from ..report.site import write_report

    write_world(folder / "world", n_pairs=n_pairs, seed=seed)
    with progress() as update:
        model, dev = _train(folder, seed, update)
        probe, editor = _probe(folder, model, dev, update)
        chosen = choose_active_units(probe, None)
        settings = SearchSettings(engine="exact", max_length=MAX_LENGTH)
        run = run_units(probe, chosen.names, settings, folder / "run", min_active=chosen.min_active)
        units = unit_findings(run, probe)
        edits = propose_edits(editor, units, EditSettings(pairs_per_unit=EDITED_PAIRS), on_progress=update)
        write_report(run, probe, folder / "report", on_progress=update)
    _write_findings(folder, run, probe)
    _write_lines(folder / "edits.jsonl", edits.rows())
    return [_shortcut_found(shortcut, units, run, editor) for shortcut in SHORTCUTS], len(edits.kept)


def _train(folder: Path, seed: int, update: Progress) -> tuple[LoadedPairModel, Pairs]:
    """A model of the train pairs, saved and loaded again; and the dev pairs."""
    from ...probes.nli.examples import examples
    from ...probes.nli.loading import load_pair_model
    from ...probes.nli.model import ModelSettings
    from ...probes.nli.saving import save_model
    from ...probes.nli.training import TrainingSettings, train_nli
    from ...probes.text.language import analyse, open_pipeline
    from ...probes.text.readers import open_pairs

    train, dev = (open_pairs(folder / "world" / f"{name}.tsv", name=f"{name}.tsv") for name in ("train", "dev"))
    pipeline = open_pipeline(None)
    learnt, tested = (examples(pairs, analyse(pairs, pipeline)) for pairs in (train, dev))
    architecture = ModelSettings(variant="code", embedding=32, hidden=32, mlp=64, dropout=0.1)
    how = TrainingSettings(epochs=EPOCHS, batch_size=64, learning_rate=3e-3, patience=EPOCHS, seed=seed)
    trained = train_nli(learnt, tested, architecture, how, on_progress=update)
    accuracy = trained.epochs[trained.best_epoch - 1].dev_accuracy
    print(f"dev accuracy {accuracy:.3f}", file=sys.stderr)
    record = {"settings": asdict(how), "epochs": [asdict(epoch) for epoch in trained.epochs]}
    save_model(trained.module, record, folder / "model")
    return load_pair_model(str(folder / "model")), dev


def _probe(folder: Path, model: LoadedPairModel, dev: Pairs, update: Progress) -> tuple[Probe, Editor]:
    """The probe of the dev pairs, and what edits of them need."""
    from ...probes.nli.probe import NliSettings, Origin, probe_nli
    from ...probes.text.concepts import PairConceptSettings, pair_concepts
    from ...probes.text.language import analyse, open_pipeline
    from ...probes.text.vectors import open_vectors

    assert model.layer is not None
    analysed = analyse(dev, open_pipeline(None), update)
    concepts, vectors = PairConceptSettings(neighbours=NEIGHBOURS), open_vectors(folder / "world" / "vectors.txt")
    settings = NliSettings(layer=model.layer, min_active=round(MIN_ACTIVE_SHARE * len(dev)))
    probe = probe_nli(
        replace(model, name="model"),
        dev,
        analysed,
        pair_concepts(analysed, concepts, vectors),
        settings,
        update,
        Origin(
            {"concepts": asdict(concepts), "annotations": {"tokens": "the file", "tags": "the file"}},
            {"vectors": vectors.digest},
        ),
    )
    saved = save_probe(probe, folder / "probe")
    reader = ConceptReader.of(analysed, concepts, vectors)
    return saved, Editor(saved, analysed, reader, ask_model(model, saved))


def _write_findings(folder: Path, run: Run, probe: Probe) -> None:
    found = find(run, probe)
    tables = {"units": found.unit_rows(), "words": found.word_rows(20), "heuristics": found.heuristic_rows()}
    text = json.dumps(tables, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / "findings.json").write_text(text + "\n", encoding="utf-8")


def _write_lines(file: Path, rows: Sequence[dict[str, Any]]) -> None:
    lines = (json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    file.write_text("".join(lines), encoding="utf-8")


def _shortcut_found(shortcut: Shortcut, units: Sequence[UnitFinding], run: Run, editor: Editor) -> ShortcutFound:
    tried, flips = _flips(shortcut, editor)
    wanted = {(name, True) for name in shortcut.literals}
    showing = [
        unit
        for unit in units
        if unit.argues_for == shortcut.label and not wanted.isdisjoint(literals(parse(unit.formula)))
    ]
    best = max(showing, key=lambda unit: unit.iou, default=None)
    status = None if best is None else run.records[best.unit]["status"]
    return ShortcutFound(
        shortcut=shortcut.literal,
        label=shortcut.label,
        unit=None if best is None else best.unit,
        formula=None if best is None else best.formula,
        iou=None if best is None else best.iou,
        status=status,
        w=None if best is None else best.weight,
        tried=tried,
        flips=flips,
        recovered=status == "optimal" and flips >= LEAST_FLIPS,
    )


def _flips(shortcut: Shortcut, editor: Editor) -> tuple[int, float]:
    """(pairs tried, share of them that flips): the word is put into hypotheses that lack it."""
    predictions = editor.probe.inputs.predicted
    goal = editor.classes.index(shortcut.label)
    lexicon = Lexicon.of(editor.analysed)
    edited: list[AnalysedPair] = []
    for pair, predicted in zip(editor.analysed, predictions):
        if predicted == goal or editor.reader.holds(shortcut.literal, pair):
            continue
        results = edits_satisfying(shortcut.inserted, pair, editor.reader, lexicon)
        done = next((after for after in results if editor.reader.holds(shortcut.literal, after)), None)
        if done is not None:
            edited.append(done)
    if not edited:
        return 0, 0.0
    answers = editor.ask([pair.premise.tokens for pair in edited], [pair.hypothesis.tokens for pair in edited])
    return len(edited), float((answers.logits.argmax(axis=1) == goal).mean())
