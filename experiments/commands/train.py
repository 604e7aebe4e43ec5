"""`compexact train nli` and `tagger`.  Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ...probes.nli.nli_settings import ModelSettings, TrainingSettings
from ...probes.progress import Progress
from ..progress import progress
from ..run.interrupts import stop_on_interrupt
from .options import FolderOption, ForceOption, FormatOption, SeedOption
from .pair_options import PAIRS_HELP, LabelsOption
from .signature import Depends

if TYPE_CHECKING:
    from ...probes.nli.examples import Examples
    from ...probes.nli.training import Epoch, Trained
    from ...probes.text.pairs import Pairs
    from ...probes.text.vectors import WordVectors
    from ..printing import Record

COLUMNS = ("model", "dev_accuracy", "best_epoch", "epochs", "stopped", "pairs", "unlabelled", "in_dev", "seconds")


@dataclass(frozen=True)
class FirstVectors:
    """The word vectors that training starts with."""

    vectors: Annotated[
        Path | None, typer.Option(help="Word vectors to begin with: a GloVe text file, or a spaCy pipeline.")
    ] = None
    freeze_vectors: Annotated[bool, typer.Option("--freeze-vectors", help="Leave all word vectors as they begin.")] = (
        False
    )
    embedding: Annotated[int | None, typer.Option(help="Numbers per word.  Default: the vectors', else 300.")] = None


def train_nli(
    train: Annotated[list[Path], typer.Option(help=f"{PAIRS_HELP}  Repeatable.")],
    dev: Annotated[Path, typer.Option(help="Such a file, to choose the best epoch by; nothing is learnt from it.")],
    output: FolderOption,
    model: Annotated[ModelSettings, Depends(partial(ModelSettings, hidden=256, dropout=0.2), "Model")],
    settings: Annotated[TrainingSettings, Depends(TrainingSettings, "Training")],
    first: Annotated[FirstVectors, Depends(FirstVectors, "Word vectors")],
    labels: LabelsOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Train the paper's sentence-pair model; keep its best epoch.

    Pairs without a label are left out, and so are training pairs that stand in the dev file.  The defaults suit two
    cores of a CPU and some ten thousand pairs; --embedding 300 --hidden 512 are the paper's sizes.

    compexact train nli --train snli_train.jsonl --dev snli_dev.jsonl -o model
    compexact train nli --train snli_train.jsonl --train sick.tsv --dev snli_dev.jsonl \\
        --vectors glove.6B.50d.txt.gz -o model
    """
    from ...probes.atomic_folder import check_output
    from ...probes.devices import choose_device
    from ...probes.nli.saving import is_model, save_model
    from ...probes.nli.training import train_nli
    from ...probes.text.readers import open_pairs
    from ...probes.text.vectors import open_vectors
    from ..printing import Printer, chosen_format

    check_output(output, force=force, is_ours=is_model)
    printer = Printer(chosen_format(format), COLUMNS)
    settings = replace(settings, vectors="frozen" if first.freeze_vectors else "tuned")
    choose_device(settings.device)
    model = replace(model, embedding=first.embedding or ModelSettings.embedding)
    known = None if first.vectors is None else open_vectors(first.vectors)
    model = replace(model, embedding=_embedding(first.embedding, known))
    files = [open_pairs(path, labels=labels) for path in [*train, dev]]
    began = time.monotonic()
    with progress() as report:
        *parts, tested = (_examples(pairs, report) for pairs in files)
        learnt, overlap = _training_pairs(parts, tested)
        print(_about_data(learnt, tested, overlap), file=sys.stderr)
        with stop_on_interrupt() as stop:
            trained = train_nli(
                learnt,
                tested,
                model,
                settings,
                vectors=known,
                stop=stop.is_set,
                on_epoch=_print_epoch,
                on_progress=report,
            )
    seconds = time.monotonic() - began
    made = _made(files, parts, tested, overlap, settings, known, trained, seconds)
    save_model(trained.module, made, output, force=force)
    printer(_trained_record(output, trained, learnt, overlap, seconds))
    printer.finish()
    if trained.stopped == "asked":
        raise KeyboardInterrupt


def _embedding(asked: int | None, vectors: WordVectors | None) -> int:
    """Numbers per word: as the vectors have, where there are some."""
    if vectors is None:
        return ModelSettings.embedding if asked is None else asked
    from ...solver.errors import UsageError

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
    pairs: Annotated[Path, typer.Option(help="A table of pairs with tokens and tags.")],
    output: FolderOption,
    epochs: Annotated[int, typer.Option(help="Maximum number of passes over the data.")] = 10,
    held_out: Annotated[float, typer.Option(help="Share of the sentences kept for the test.")] = 0.1,
    seed: SeedOption = 0,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Train a part-of-speech tagger.

    It serves `compexact probe nli --spacy` where no trained pipeline is installed.

    compexact train tagger --pairs snli_dev_tagged.tsv.gz -o tagger
    """
    from ...probes.atomic_folder import check_output
    from ...probes.text.readers import open_pairs
    from ...probes.text.tagger import is_tagger, train_tagger
    from ..printing import Printer, chosen_format

    check_output(output, force=force, is_ours=is_tagger)
    columns = ("tagger", "accuracy", "baseline", "epoch", "train_sentences", "held_out_sentences", "held_out_tokens")
    printer = Printer(chosen_format(format), columns)
    tagged = open_pairs(pairs)
    with progress() as report:
        made = train_tagger(
            tagged, output, seed=seed, epochs=epochs, held_out=held_out, force=force, on_progress=report
        )
    record = asdict(made)
    printer({"tagger": str(record.pop("path")), **record, "tags": list(made.tags)})
    printer.finish()
