"""`compexact evaluate nli`: how well a model of sentence pairs does, and what it says of one pair.

Nothing heavy is imported before it runs.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..progress import progress
from .options import BatchSizeOption, DeviceOption, ForceOption, FormatOption
from .pair_options import PAIRS_HELP, PairModel
from .signature import Depends

if TYPE_CHECKING:
    from ...probes.nli.evaluation import Evaluation
    from ...probes.nli.loading import LoadedPairModel
    from ...probes.text.pairs import Pairs
    from ..printing import Record


@dataclass(frozen=True)
class TypedPair:
    """Two sentences, or neither."""

    premise: Annotated[str | None, typer.Option(help="With --hypothesis: one pair, typed by hand.")] = None
    hypothesis: Annotated[str | None, typer.Option(help="With --premise.")] = None


def evaluate_nli(
    model: Annotated[PairModel, Depends(PairModel)],
    typed: Annotated[TypedPair, Depends(TypedPair)],
    pairs: Annotated[Path | None, typer.Option(help=PAIRS_HELP)] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A CSV file to write: label, prediction, probabilities.")
    ] = None,
    batch_size: BatchSizeOption = 64,
    device: DeviceOption = "auto",
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Accuracy and confusion of a model on labelled pairs, or its probabilities for one pair.

    compexact evaluate nli --model model --pairs snli_dev.jsonl -o predictions.csv
    compexact evaluate nli --model model --premise "A man sleeps." --hypothesis "Nobody sleeps."
    """
    from ...probes.atomic_folder import check_output_file
    from ...solver.errors import UsageError
    from ..printing import chosen_format

    format_name = chosen_format(format)
    premise, hypothesis = typed.premise, typed.hypothesis
    by_hand = premise is not None and hypothesis is not None
    if (premise is None) != (hypothesis is None) or by_hand == (pairs is not None):
        raise UsageError("name a file with --pairs, or type one pair with --premise and --hypothesis")
    if by_hand and output is not None:
        raise UsageError("-o goes with --pairs: it writes a line for every pair of the file")
    if output is not None:
        check_output_file(output, force=force)
    loaded = model.load()
    if premise is not None and hypothesis is not None:
        _one_pair(loaded, premise, hypothesis, device, format_name)
        return
    assert pairs is not None
    _file_of_pairs(loaded, pairs, model.labels, output, batch_size, device, format_name)


def _one_pair(model: LoadedPairModel, premise: str, hypothesis: str, device: str, format_name: str) -> None:
    from ...probes.nli.evaluation import probabilities
    from ...probes.nli.predicting import predict
    from ...probes.text.language import analyse, open_pipeline
    from ...probes.text.pairs import Pair, Pairs, Sentence
    from ...solver.errors import UsageError
    from ..printing import Printer

    for option, text in (("--premise", premise), ("--hypothesis", hypothesis)):
        if not text.strip():
            raise UsageError(f"{option} is empty; type a sentence")
    pairs = Pairs("typed", Path(), (Pair(Sentence(premise), Sentence(hypothesis), None),), "")
    (made,) = analyse(pairs, open_pipeline(None))
    shares = probabilities(predict(model, [made.premise.tokens], [made.hypothesis.tokens], device=device))[0]
    record: dict[str, Any] = {"premise": premise, "hypothesis": hypothesis}
    record["prediction"] = model.class_names[int(shares.argmax())]
    record |= {name: float(share) for name, share in zip(model.class_names, shares, strict=True)}
    vocabulary = getattr(model.module, "vocabulary", None)
    if vocabulary is not None:
        tokens = (*made.premise.tokens, *made.hypothesis.tokens)
        record["unknown_words"] = [token for token in tokens if not any(vocabulary.ids([token]))]
    printer = Printer(format_name, ("prediction", *model.class_names))
    printer(record)
    printer.finish()


def _file_of_pairs(
    model: LoadedPairModel,
    path: Path,
    names: Path | None,
    output: Path | None,
    batch_size: int,
    device: str,
    format_name: str,
) -> None:
    from ...probes.nli.evaluation import comparable, evaluate, probabilities
    from ...probes.nli.predicting import predict
    from ...probes.text.language import analyse, open_pipeline
    from ...probes.text.readers import open_pairs

    pairs = open_pairs(path, labels=names)
    labels = [pair.label for pair in pairs.pairs]
    with progress() as report:
        analysed = analyse(pairs, open_pipeline(None), report)
        logits = predict(
            model,
            [pair.premise.tokens for pair in analysed],
            [pair.hypothesis.tokens for pair in analysed],
            device=device,
            batch_size=batch_size,
            on_progress=report,
        )
    predictions = logits.argmax(axis=1)
    found = evaluate(predictions, labels, model.class_names)
    if output is not None:
        predicted, gold, classes = comparable(predictions, labels, model.class_names)
        is_right = [None if label is None else classes[place] == label for place, label in zip(predicted, gold)]
        said = [model.class_names[place] for place in predictions]
        _write_predictions(output, pairs, said, is_right, model.class_names, probabilities(logits).tolist())
    _print_evaluation(model.name, pairs.name, found, format_name)


def _print_evaluation(model: str, pairs: str, found: Evaluation, format_name: str) -> None:
    from ..printing import Printer, table

    if format_name != "table":
        Printer(format_name, ())(_evaluation_record(model, pairs, found))
        return
    share = "-" if found.accuracy is None else f"{100 * found.accuracy:.2f} %"
    print(f"accuracy {share}: {found.n_correct:,} of {found.n_labelled:,} labelled pairs", end="")
    print(f"; {found.n_unlabelled:,} pairs have no label" if found.n_unlabelled else "")
    rows: list[list[Any]] = [
        ["label", "pairs", "precision", "recall", *(f"predicted_{name}" for name in found.classes)]
    ]
    for label, counts in zip(found.classes, found.confusion.tolist(), strict=True):
        rows.append([label, sum(counts), found.precision(label), found.recall(label), *counts])
    for line in table(rows):
        print(line)


def _evaluation_record(model: str, pairs: str, found: Evaluation) -> Record:
    """confusion: label -> prediction -> pairs."""
    counts = found.confusion.tolist()
    return {
        "model": model,
        "pairs": pairs,
        "labelled": found.n_labelled,
        "unlabelled": found.n_unlabelled,
        "correct": found.n_correct,
        "accuracy": found.accuracy,
        "precision": {label: found.precision(label) for label in found.classes},
        "recall": {label: found.recall(label) for label in found.classes},
        "confusion": {label: dict(zip(found.classes, row)) for label, row in zip(found.classes, counts)},
    }


def _write_predictions(
    path: Path,
    pairs: Pairs,
    predictions: Sequence[str],
    is_right: Sequence[bool | None],
    classes: Sequence[str],
    shares: Sequence[Sequence[float]],
) -> None:
    """A line per pair, in the file's order; whole or not at all.  `gold` and `correct` are empty without label."""
    from ...probes.atomic_folder import new_file
    from ..printing import csv_cell

    with new_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["key", "gold", "pred", "correct", *classes])
        for pair, predicted, right, row in zip(pairs.pairs, predictions, is_right, shares, strict=True):
            correct = "" if right is None else right
            cells = [pair.key, pair.label or "", predicted, correct, *(f"{share:.6f}" for share in row)]
            writer.writerow([csv_cell(cell) for cell in cells])
