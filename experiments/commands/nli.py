"""The commands of the second task: train, evaluate and probe models of sentence pairs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from .options import DeviceOption, FolderOption, ForceOption, FormatOption
from .probe import probe_app
from .signature import Depends, from_signature

train_app = typer.Typer(help="Train what a probe needs.", no_args_is_help=True, rich_markup_mode=None)
evaluate_app = typer.Typer(help="Test a model on labelled data.", no_args_is_help=True, rich_markup_mode=None)

PAIRS_HELP = "A file of sentence pairs: SNLI, MultiNLI, SICK or a plain table, packed or not."
ModelOption = Annotated[
    str, typer.Option(help="A folder that compexact train nli made, package.module:factory, or hf:FOLDER.")
]
WeightsOption = Annotated[Path | None, typer.Option(help="A local state dict, for package.module:factory.")]
PairsOption = Annotated[Path, typer.Option(help=PAIRS_HELP)]


@dataclass
class _Model:
    """The options of `ModelSettings`."""

    variant: Annotated[
        str,
        typer.Option(
            help="code (the paper's code: LSTM, BatchNorm, one layer), paper (its text: BiLSTM, two layers) or minimal."
        ),
    ] = "code"
    hidden: Annotated[int, typer.Option(help="Units of each LSTM.  The paper's: 512.")] = 256
    mlp: Annotated[int, typer.Option(help="Units of the probed layer.")] = 1024
    dropout: Annotated[float, typer.Option(help="Share set to zero in training.  The paper's: 0.1.")] = 0.2


@dataclass
class _Training:
    """The options of `TrainingSettings`."""

    epochs: Annotated[int, typer.Option(help="At most so many passes over the pairs.")] = 10
    patience: Annotated[int, typer.Option(help="Stop after so many epochs that are not better.")] = 2
    batch_size: Annotated[int, typer.Option(help="Pairs at once.")] = 64
    learning_rate: Annotated[float, typer.Option(help="Of Adam.")] = 0.001
    time_limit: Annotated[float | None, typer.Option(help="Seconds of wall clock; then the best so far is kept.")] = (
        None
    )
    seed: Annotated[int, typer.Option(help="Of weights, order and dropout.")] = 0
    device: DeviceOption = "cpu"


@train_app.command("nli")
@from_signature
def train_nli(
    train: Annotated[list[Path], typer.Option(help=f"{PAIRS_HELP}  Repeatable.")],
    dev: Annotated[Path, typer.Option(help="Such a file, to choose the best epoch by; nothing is learnt from it.")],
    output: FolderOption,
    model: Annotated[_Model, Depends(_Model)],
    settings: Annotated[_Training, Depends(_Training)],
    vectors: Annotated[
        Path | None, typer.Option(help="Word vectors to begin with: a GloVe text file, or a spaCy pipeline.")
    ] = None,
    freeze_vectors: Annotated[
        bool, typer.Option("--freeze-vectors", help="Leave all word vectors as they begin.")
    ] = False,
    embedding: Annotated[int | None, typer.Option(help="Numbers per word.  Default: the vectors', else 300.")] = None,
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
    from . import train as training

    training.train_nli(
        [*train],
        dev,
        output,
        vectors=vectors,
        embedding=embedding,
        model=vars(model),
        settings=vars(settings) | {"vectors": "frozen" if freeze_vectors else "tuned"},
        force=force,
        format_name=format,
    )


@train_app.command("tagger")
@from_signature
def train_tagger(
    pairs: Annotated[Path, typer.Option(help="A table of pairs with tokens and tags.")],
    output: FolderOption,
    epochs: Annotated[int, typer.Option(help="At most so many passes over the sentences.")] = 10,
    held_out: Annotated[float, typer.Option(help="Share of the sentences kept for the test.")] = 0.1,
    seed: Annotated[int, typer.Option(help="Of weights, order and the held-out share.")] = 0,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Train a part-of-speech tagger for `compexact probe nli --spacy`, where no trained pipeline is installed.

    compexact train tagger --pairs snli_dev_tagged.tsv.gz -o tagger
    """
    from . import train as training

    training.train_tagger(pairs, output, epochs=epochs, held_out=held_out, seed=seed, force=force, format_name=format)


@evaluate_app.command("nli")
@from_signature
def evaluate_nli(
    model: ModelOption,
    pairs: Annotated[Path | None, typer.Option(help=PAIRS_HELP)] = None,
    premise: Annotated[str | None, typer.Option(help="With --hypothesis: one pair, typed by hand.")] = None,
    hypothesis: Annotated[str | None, typer.Option(help="With --premise.")] = None,
    weights: WeightsOption = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A CSV file to write: label, prediction, probabilities.")
    ] = None,
    batch_size: Annotated[int, typer.Option(help="Pairs at once.")] = 64,
    device: DeviceOption = "cpu",
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Accuracy and confusion of a model on labelled pairs, or its probabilities for one pair.

    compexact evaluate nli --model model --pairs snli_dev.jsonl -o predictions.csv
    compexact evaluate nli --model model --premise "A man sleeps." --hypothesis "Nobody sleeps."
    """
    from . import evaluate as evaluating

    evaluating.evaluate_nli(
        model,
        pairs=pairs,
        typed=(premise, hypothesis),
        weights=weights,
        output=output,
        batch_size=batch_size,
        device=device,
        force=force,
        format_name=format,
    )


@dataclass
class _Concepts:
    """The options of `PairConceptSettings`."""

    words: Annotated[int, typer.Option(help="The most frequent words become concepts.")] = 2000
    overlap: Annotated[str, typer.Option(help="paper (shared words / all words) or code (shared / not shared).")] = (
        "paper"
    )
    neighbours: Annotated[
        int,
        typer.Option("--neighbors", help="Also add NEIGHBORS of every word: its so many nearest; the paper's: 5."),
    ] = 0
    neighbours_with_word: Annotated[
        bool, typer.Option("--neighbors-with-word", help="Count the word itself among its NEIGHBORS.")
    ] = False


@dataclass
class _Probing:
    """The options of `NliSettings`."""

    threshold: Annotated[str, typer.Option(help="positive (> 0, after a ReLU) or quantile.")] = "positive"
    quantile: Annotated[float, typer.Option(help="Share of a unit's values above its threshold.")] = 0.1
    min_active: Annotated[int, typer.Option(help="Searches skip units active on fewer pairs.")] = 500
    top_pairs: Annotated[int, typer.Option(help="Pairs kept per unit for reports.")] = 5
    ranges: Annotated[
        int | None,
        typer.Option(help="Split each unit's activations into so many units: u@1 (lowest), ..."),
    ] = None
    ranges_by: Annotated[str, typer.Option(help="quantiles (equally many pairs) or kmeans.")] = "quantiles"
    mode: Annotated[str, typer.Option(help="eval, or train: dropout on, in batches of 16, as in the paper's code.")] = (
        "eval"
    )
    seed: Annotated[int, typer.Option(help="Of the dropout, in mode train.")] = 0
    batch_size: Annotated[int | None, typer.Option(help="Pairs at once.  Default: 64; 16 in mode train.")] = None
    device: DeviceOption = "cpu"


@probe_app.command("nli")
@from_signature
def probe_nli(
    model: ModelOption,
    pairs: PairsOption,
    output: FolderOption,
    concepts: Annotated[_Concepts, Depends(_Concepts)],
    settings: Annotated[_Probing, Depends(_Probing)],
    layer: Annotated[
        str | None, typer.Option(help="Dotted name.  Default: what the scores are a linear function of.")
    ] = None,
    weights: WeightsOption = None,
    spacy: Annotated[
        str | None, typer.Option(help="A spaCy pipeline, installed or a folder.  Default: rules, and the file's tags.")
    ] = None,
    tags_from: Annotated[
        str,
        typer.Option(help="file (the pipeline's where the file has none) or pipeline."),
    ] = "file",
    vectors: Annotated[Path | None, typer.Option(help="For --neighbors: GloVe text, or a spaCy pipeline.")] = None,
    limit: Annotated[int | None, typer.Option(help="Only the first so many pairs.")] = None,
    force: ForceOption = False,
) -> None:
    """Probe a model of sentence pairs: words, tags and overlap against the units of a layer.

    compexact probe nli --model model --pairs snli_dev_tagged.tsv.gz -o probe
    compexact probe nli --model model --pairs snli_dev.jsonl --spacy en_core_web_sm \\
        --vectors glove.6B.50d.txt.gz --neighbors 5 -o probe
    """
    from . import probe_nli as pair_probing

    pair_probing.probe_nli(
        model,
        pairs,
        output,
        weights=weights,
        layer=layer,
        spacy=spacy,
        tags_from=tags_from,
        vectors=vectors,
        concepts=vars(concepts),
        settings=vars(settings),
        limit=limit,
        force=force,
    )
