"""`compexact train`: from the options typed to a model, or a tagger, on disk."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...probes.atomic_folder import check_output
from ...solver.errors import UsageError
from ..printing import Printer, Record, chosen_format
from ..progress import progress
from ..run.interrupts import stop_on_interrupt

if TYPE_CHECKING:  # torch is imported by the command that needs it
    from ...probes.nli.examples import Examples
    from ...probes.nli.training import Epoch, Trained, TrainingSettings
    from ...probes.text.pairs import Pairs, Progress
    from ...probes.text.vectors import WordVectors

DEFAULT_EMBEDDING = 300
COLUMNS = ("model", "dev_accuracy", "best_epoch", "epochs", "stopped", "pairs", "unlabelled", "in_dev", "seconds")


def train_nli(
    train: Sequence[Path],
    dev: Path,
    output: Path,
    *,
    vectors: Path | None,
    embedding: int | None,
    model: Mapping[str, Any],
    settings: Mapping[str, Any],
    force: bool,
    format_name: str | None,
) -> None:
    """Train a model, save it, and print what became of it.  Everything that can be refused is, before that."""
    from ...probes.devices import choose_device
    from ...probes.nli.model import ModelSettings
    from ...probes.nli.saving import is_model, save_model
    from ...probes.nli.training import TrainingSettings, train_nli
    from ...probes.text.readers import open_pairs
    from ...probes.text.vectors import open_vectors

    check_output(output, force=force, is_ours=is_model)
    printer = Printer(chosen_format(format_name), COLUMNS)
    how = TrainingSettings(**settings)
    choose_device(how.device)
    ModelSettings(**model, embedding=embedding or DEFAULT_EMBEDDING)
    known = None if vectors is None else open_vectors(vectors)
    architecture = ModelSettings(**model, embedding=_embedding(embedding, known))
    files = [open_pairs(path) for path in [*train, dev]]
    began = time.monotonic()
    with progress() as report:
        *parts, tested = (_examples(pairs, report) for pairs in files)
        learnt, overlap = _training_pairs(parts, tested)
        print(_about_data(learnt, tested, overlap), file=sys.stderr)
        with stop_on_interrupt() as stop:
            trained = train_nli(
                learnt,
                tested,
                architecture,
                how,
                vectors=known,
                stop=stop.is_set,
                on_epoch=_print_epoch,
                on_progress=report,
            )
    seconds = time.monotonic() - began
    made = _made(files, parts, tested, overlap, how, known, trained, seconds)
    save_model(trained.module, made, output, force=force)
    printer(_trained_record(output, trained, learnt, overlap, seconds))
    printer.finish()
    if trained.stopped == "asked":
        raise KeyboardInterrupt


def _embedding(asked: int | None, vectors: WordVectors | None) -> int:
    """Numbers per word: as the vectors have, where there are some."""
    if vectors is None:
        return DEFAULT_EMBEDDING if asked is None else asked
    size = int(vectors.vectors.shape[1])
    if asked not in (None, size):
        raise UsageError(f"--embedding {asked}, but the vectors of {vectors.name} have {size} numbers")
    return size


def _examples(pairs: Pairs, report: Progress) -> Examples:
    from ...probes.nli.examples import examples
    from ...probes.text.language import analyse, open_pipeline

    return examples(pairs, analyse(pairs, open_pipeline(None), report))


def _training_pairs(parts: Sequence[Examples], dev: Examples) -> tuple[Examples, dict[str, int]]:
    """All training pairs but those that are in the dev file; and how much the two have in common."""
    from ...probes.nli.examples import joined, shared_premises, without

    everything = joined(parts)
    kept = without(everything, dev)
    return kept, {"pairs": len(everything) - len(kept), "premises": shared_premises(kept, dev)}


def _about_data(learnt: Examples, dev: Examples, overlap: Mapping[str, int]) -> str:
    return (
        f"{len(learnt):,} training pairs with a label ({learnt.skipped:,} without one were left out, and "
        f"{overlap['pairs']:,} that are dev pairs, too; {overlap['premises']:,} share a premise with one); "
        f"{len(dev):,} dev pairs ({dev.skipped:,} without a label)"
    )


def _print_epoch(epoch: Epoch) -> None:
    print(
        f"epoch {epoch.number}: loss {epoch.loss:.4f}, dev loss {epoch.dev_loss:.4f}, "
        f"dev accuracy {100 * epoch.dev_accuracy:.2f} %, {epoch.seconds:.0f} s",
        file=sys.stderr,
    )


def _made(
    files: Sequence[Pairs],
    parts: Sequence[Examples],
    dev: Examples,
    overlap: Mapping[str, int],
    settings: TrainingSettings,
    vectors: WordVectors | None,
    trained: Trained,
    seconds: float,
) -> dict[str, Any]:
    """What training.json holds."""
    from ...probes.text.language import annotation_sources, open_pipeline
    from ...probes.versions import PACKAGES, versions

    pipeline = open_pipeline(None)
    data = [
        {
            "name": pairs.name,
            "digest": pairs.digest,
            "pairs": len(pairs),
            "labelled": len(examples),
            "tokens": annotation_sources(pairs, pipeline)["tokens"],
        }
        for pairs, examples in zip(files, [*parts, dev], strict=True)
    ]
    return {
        "settings": asdict(settings),
        "train": data[:-1],
        "dev": data[-1],
        "train_pairs_in_dev_left_out": overlap["pairs"],
        "train_pairs_that_share_a_premise_with_dev": overlap["premises"],
        "vectors": None
        if vectors is None
        else {"name": vectors.name, "digest": vectors.digest, "words_with_vector": trained.known_vectors},
        "epochs": [asdict(epoch) for epoch in trained.epochs],
        "best_epoch": trained.best_epoch,
        "stopped": trained.stopped,
        "seconds": seconds,
        "versions": versions((*PACKAGES, "spacy")),
    }


def _trained_record(
    output: Path, trained: Trained, learnt: Examples, overlap: Mapping[str, int], seconds: float
) -> Record:
    return {
        "model": str(output),
        "best_epoch": trained.best_epoch,
        "epochs": len(trained.epochs),
        "stopped": trained.stopped,
        "dev_accuracy": trained.epochs[trained.best_epoch - 1].dev_accuracy,
        "pairs": len(learnt),
        "unlabelled": learnt.skipped,
        "in_dev": overlap["pairs"],
        "words": len(trained.module.vocabulary),
        "seconds": round(seconds, 1),
    }


def train_tagger(
    pairs: Path, output: Path, *, epochs: int, held_out: float, seed: int, force: bool, format_name: str | None
) -> None:
    """Train a tagger, save it, and print how well it does."""
    from ...probes.text.readers import open_pairs
    from ...probes.text.tagger import is_tagger, train_tagger

    check_output(output, force=force, is_ours=is_tagger)
    columns = ("tagger", "accuracy", "baseline", "epoch", "train_sentences", "held_out_sentences", "held_out_tokens")
    printer = Printer(chosen_format(format_name), columns)
    tagged = open_pairs(pairs)
    with progress() as report:
        made = train_tagger(
            tagged, output, seed=seed, epochs=epochs, held_out=held_out, force=force, on_progress=report
        )
    record = asdict(made)
    printer({"tagger": str(record.pop("path")), **record, "tags": list(made.tags)})
    printer.finish()
