"""The findings and the edits, as commands, on a world in which shortcuts are planted."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from compexact.experiments.cli import app
from compexact.experiments.demo.sentence_pairs import write_world
from compexact.experiments.questions.answer import Answer, Published, read_answer, save_answer
from compexact.probes.nli.saving import read_model
from compexact.solver.errors import DataError, UsageError

runner = CliRunner()


def ask(*arguments: str) -> typer.testing.Result:
    return runner.invoke(app, list(map(str, arguments)), catch_exceptions=False, standalone_mode=False)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A tiny model of the planted world, its probe and a run."""
    folder = tmp_path_factory.mktemp("planted")
    write_world(folder / "world", n_pairs=1500, seed=0)
    train, dev = folder / "world/train.tsv", folder / "world/dev.tsv"
    sizes = ["--embedding", "16", "--hidden", "16", "--mlp", "24", "--epochs", "3", "--batch-size", "32"]
    ask("train", "nli", "--train", train, "--dev", dev, *sizes, "--learning-rate", "0.005", "-o", folder / "model")
    ask("probe", "nli", "--model", folder / "model", "--pairs", dev, "--min-active", "10", "-o", folder / "probe")
    ask("explain", folder / "probe", "--length", "3", "-o", folder / "run")
    return folder


def test_the_findings_name_the_planted_words_of_each_label(trained):
    ask("experiment", "findings", trained / "run", "-o", trained / "findings", "--format", "jsonl")
    answer = read_answer(trained / "findings")
    words = [row for row in answer.more["words"] if row["side"] == "hypothesis" and row["label"] == "contradiction"]
    assert "nobody" in [row["word"] for row in words[:5]]
    assert {"unit", "iou", "w_contradiction", "argues_for", "formula"} <= set(answer.rows[0])
    with (trained / "findings/heuristics.csv").open() as stream:
        assert "negation" in [row["heuristic"] for row in csv.DictReader(stream)]
    assert (trained / "findings/figure.svg").exists()
    found = {row["heuristic"]: row["n_units"] for row in answer.more["heuristics"]}
    said, counted = answer.summary[0].split(": ")
    assert said == f"of {len(answer.rows)} formulas, these mention a heuristic"
    assert dict(each.rsplit(" in ", 1) for each in counted.split(", ")) == {k: str(n) for k, n in found.items()}


def test_edits_change_predictions_and_say_that_they_are_proposals(trained):
    result = ask(
        "experiment", "edits", trained / "run", "--model", trained / "model", "--pairs", trained / "world/dev.tsv",
        "-o", trained / "edits", "--format", "jsonl",
    )  # fmt: skip
    answer = read_answer(trained / "edits")
    assert answer.rows
    assert all(row["prediction_before"] != row["prediction_after"] for row in answer.rows)
    assert all(row["formula_after"] is (row["goal"] == "on") for row in answer.rows)
    assert "proposals" in result.stderr


def test_pairs_edited_by_hand_are_put_to_the_model(trained):
    ask(
        "experiment",
        "edits",
        trained / "run",
        "--model",
        trained / "model",
        "--by-hand",
        "paper",
        "-o",
        trained / "hand",
    )
    rows = read_answer(trained / "hand").rows
    assert len(rows) == 7
    assert all(np.isclose(sum(row["edited_probabilities"]), 1) for row in rows)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--pairs"),
        (["--pairs", "train.tsv"], "is not the file that was probed"),
    ],
)
def test_what_does_not_belong_to_the_probe_is_refused(trained, monkeypatch, arguments, said):
    monkeypatch.chdir(trained / "world")
    with pytest.raises(UsageError, match=said):
        ask("experiment", "edits", trained / "run", "--model", trained / "model", *arguments)


def test_an_answer_is_kept_whole_and_read_again(tmp_path):
    beside = Published("r", "Fig. 7", 0.31, None, "other data")
    rows = ({"unit": "=1+1", "iou": 0.5}, {"unit": "b", "iou": 0.25})
    answer = Answer("x", "Why?", ({"model": "m"},), {"n": 2}, rows, ("because",), (beside,))
    save_answer(answer, tmp_path / "kept")
    content = json.loads((tmp_path / "kept/answer.json").read_text())
    assert content["rows"] == [dict(row) for row in rows]
    assert content["published"][0]["theirs"] == 0.31
    assert (tmp_path / "kept/table.csv").read_text().splitlines()[1].startswith("'=1+1")
    with pytest.raises(UsageError):
        save_answer(answer, tmp_path / "kept")
    save_answer(answer, tmp_path / "kept", force=True)


@pytest.fixture
def renamed(trained, tmp_path, monkeypatch):
    """The model with classes LABEL_0 to LABEL_2, its pairs with labels of their own, and what all these mean."""
    module = f"renamed_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(
        "from compexact.probes.nli.saving import read_model\n\n\ndef model():\n"
        f"    module, _ = read_model({str(trained / 'model')!r})\n"
        "    module.class_names = ['LABEL_0', 'LABEL_1', 'LABEL_2']\n    return module\n"
    )
    monkeypatch.chdir(tmp_path)
    own = {"entailment": "follows", "neutral": "open", "contradiction": "clashes"}
    lines = (trained / "world/dev.tsv").read_text().splitlines(keepends=True)
    split = [line.split("\t", 1) for line in lines]
    Path("dev.tsv").write_text("".join("\t".join([own.get(label, label), rest]) for label, rest in split))
    classes = read_model(trained / "model")[0].class_names
    meant = [f"LABEL_{number} {name}\n" for number, name in enumerate(classes)]
    Path("labels.txt").write_text("".join([*meant, *(f"{mine} {name}\n" for name, mine in own.items())]))
    ask("probe", "nli", "--model", f"{module}:model", "--pairs", "dev.tsv", "--labels", "labels.txt", "-o", "probe")
    ask("explain", "probe", "--units", "0-3", "--length", "2", "-o", "run")
    return f"{module}:model"


def test_edits_and_ablate_read_labels_as_the_probe_did(renamed):
    few = ("--pairs-per-unit", "5", "-o", "edits")
    with pytest.raises(DataError, match=r"is no label.*--labels FILE says what others mean"):
        ask("experiment", "edits", "run", "--model", renamed, "--pairs", "dev.tsv", *few)
    ask("experiment", "edits", "run", "--model", renamed, "--pairs", "dev.tsv", "--labels", "labels.txt", *few)
    rows = read_answer(Path("edits")).rows
    assert {row["gold"] for row in rows} <= {"entailment", "neutral", "contradiction", None}
    hand = ("--by-hand", "paper", "--labels", "labels.txt", "-o", "hand")
    ask("experiment", "edits", "run", "--model", renamed, *hand)
    assert {row["prediction"] for row in read_answer(Path("hand")).rows} <= {"entailment", "neutral", "contradiction"}
    ask(
        "experiment", "ablate", "run", "--model", renamed, "--labels", "labels.txt", "--limit", "60", "--steps", "2",
        "-o", "ablate",
    )  # fmt: skip
    assert read_answer(Path("ablate")).rows[0]["accuracy"] is not None
