"""train, evaluate and probe on sentence pairs, as typed; on a tiny table whose labels follow from a word."""

import csv
import json
import os
import random
import signal
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from compexact.probes.opening import open_probe

SUBJECTS, VERBS = ["a man", "a woman", "two dogs"], ["sleeps", "runs", "eats", "sings"]
DATA = Path(__file__).resolve().parents[3] / "../shared/data"


def write_pairs(path: Path, n: int, seed: int, place: str) -> Path:
    """`nobody` means contradiction, `perhaps` neutral; the last pair has no label."""
    rng = random.Random(seed)
    rows = ["label\tpremise\thypothesis"]
    for number in range(n):
        subject, verb = rng.choice(SUBJECTS), rng.choice(VERBS)
        label = ("entailment", "neutral", "contradiction")[number % 3]
        start = {"entailment": subject, "neutral": f"perhaps {subject}", "contradiction": "nobody"}[label]
        rows.append(f"{label if number < n - 1 else '-'}\t{subject} {verb} in a {place}.\t{start} {verb}.")
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.fixture
def files(tmp_path):
    """Training pairs and dev pairs."""
    return write_pairs(tmp_path / "train.tsv", 200, 0, "park"), write_pairs(tmp_path / "dev.tsv", 61, 1, "street")


def train_command(files, output, *more):
    train, dev = files
    return (
        "train", "nli", "--train", train, "--dev", dev, "--embedding", 8, "--hidden", 8, "--mlp", 16, "--epochs", 8,
        "--batch-size", 10, "--learning-rate", 0.01, "--patience", 4, "-o", output, *more,
    )  # fmt: skip


@pytest.fixture
def model(compexact, files, tmp_path):
    assert compexact(*train_command(files, tmp_path / "model")).code == 0
    return tmp_path / "model"


def test_from_pairs_to_formulas(compexact, files, tmp_path):
    ended = compexact(*train_command(files, tmp_path / "model"))
    assert ended.code == 0
    trained = json.loads(ended.out)
    assert trained["dev_accuracy"] > 0.95
    assert (trained["pairs"], trained["unlabelled"], trained["in_dev"]) == (199, 1, 0)
    assert "epoch 1: loss" in ended.err
    made = json.loads((tmp_path / "model/training.json").read_text())
    assert made["settings"]["seed"] == 0
    assert len(made["train"][0]["digest"]) == 64
    assert made["epochs"][trained["best_epoch"] - 1]["dev_accuracy"] == trained["dev_accuracy"]

    probed = compexact(
        "probe", "nli", "--model", tmp_path / "model", "--pairs", files[1], "--min-active", 5, "-o", tmp_path / "probe"
    )
    assert probed.code == 0
    assert "61 points" in probed.out
    assert "tokens: spaCy's rules" in probed.err
    assert "tags: none" in probed.err
    record = json.loads(compexact("ls", tmp_path / "probe").out)
    assert (record["points"], record["units"], record["layer"]) == (61, 16, "hidden")
    assert (record["settings"]["min_active"], record["settings"]["concepts"]["overlap"]) == (5, "paper")
    explained = compexact("explain", tmp_path / "probe", "--length", 2)
    assert explained.code == 0
    formulas = [json.loads(line)["formula"] for line in explained.out.splitlines()]
    assert any("hyp:nobody" in str(formula) for formula in formulas)


def test_training_twice_gives_the_same_weights(compexact, files, tmp_path):
    for name in ("one", "two"):
        assert compexact(*train_command(files, tmp_path / name, "--epochs", 2)).code == 0
    assert (tmp_path / "one/weights.pt").read_bytes() == (tmp_path / "two/weights.pt").read_bytes()


def test_an_interrupted_training_keeps_its_best_model_and_exits_with_130(compexact, files, tmp_path):
    before = signal.getsignal(signal.SIGINT)

    def interrupt():
        while signal.getsignal(signal.SIGINT) is before:
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    ended = compexact(*train_command(files, tmp_path / "model", "--epochs", 10**6, "--patience", 10**6))
    assert ended.code == 130
    assert json.loads(ended.out)["stopped"] == "asked"
    typed = ("--premise", "a man", "--hypothesis", "a dog")
    assert compexact("evaluate", "nli", "--model", tmp_path / "model", *typed).code == 0


def test_training_pairs_that_are_dev_pairs_are_left_out_and_reported(compexact, files, tmp_path):
    train, dev = files
    lines = dev.read_text().splitlines()
    train.write_text(train.read_text() + "\n".join(line.replace(".", " !").upper() for line in lines[1:11]) + "\n")
    text = train.read_text()
    for label in ("ENTAILMENT", "NEUTRAL", "CONTRADICTION"):
        text = text.replace(label, label.lower())
    train.write_text(text)
    ended = compexact(*train_command(files, tmp_path / "model", "--epochs", 1))
    assert ended.code == 0
    assert json.loads(ended.out)["in_dev"] == 10
    assert json.loads(ended.out)["pairs"] == 199
    assert "10 that are dev pairs, too" in ended.err


def test_an_evaluation_is_that_of_the_pairs_written(compexact, model, files, tmp_path):
    ended = compexact("evaluate", "nli", "--model", model, "--pairs", files[1], "-o", tmp_path / "out.csv")
    assert ended.code == 0
    record = json.loads(ended.out)
    assert (record["labelled"], record["unlabelled"]) == (60, 1)
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert len(rows) == 61
    assert [row["correct"] for row in rows].count("True") == record["correct"]
    assert (rows[-1]["gold"], rows[-1]["correct"]) == ("", "")
    assert record["accuracy"] == record["correct"] / 60
    labelled = [(row["gold"], row["pred"]) for row in rows[:-1]]
    for gold, counts in record["confusion"].items():
        assert counts == {pred: labelled.count((gold, pred)) for pred in counts}
    for row in rows:
        shares = {name: float(row[name]) for name in ("entailment", "neutral", "contradiction")}
        assert max(shares, key=shares.get) == row["pred"]
        assert sum(shares.values()) == pytest.approx(1, abs=1e-5)
    table = compexact("evaluate", "nli", "--model", model, "--pairs", files[1], "--format", "table").out
    assert "of 60 labelled pairs; 1 pairs have no label" in table
    assert "predicted neutral" in table


def test_a_pair_typed_by_hand_gets_three_probabilities(compexact, model):
    typed = ("--premise", "A man sleeps in a zoo.", "--hypothesis", "Nobody sleeps.")
    ended = compexact("evaluate", "nli", "--model", model, *typed)
    assert ended.code == 0
    record = json.loads(ended.out)
    assert record["prediction"] == "contradiction"
    assert record["contradiction"] > 0.5
    assert record["contradiction"] + record["neutral"] + record["entailment"] == pytest.approx(1)
    assert record["unknown_words"] == ["zoo"]


def test_neighbours_are_made_only_where_asked_for(compexact, model, files, tmp_path):
    vectors = tmp_path / "vectors.txt"
    rng = np.random.default_rng(0)
    words = ["man", "woman", "dogs", "sleeps", "runs", "eats", "sings", "nobody"]
    vectors.write_text("\n".join(f"{word} " + " ".join(f"{x:.4f}" for x in rng.normal(size=4)) for word in words))
    command = ("probe", "nli", "--model", model, "--pairs", files[1], "--vectors", vectors, "--min-active", 1)
    without = compexact(*command, "-o", tmp_path / "without")
    assert without.code == 0
    assert "--neighbors 5" in without.err
    added = compexact(*command, "--neighbors", 2, "-o", tmp_path / "with")
    assert added.code == 0
    assert "--neighbors 5" not in added.err
    names = [open_probe(tmp_path / name).cells.concepts.names for name in ("without", "with")]
    assert not any(name.startswith("NEIGHBORS") for name in names[0])
    assert "NEIGHBORS(pre:man)" in names[1]
    inputs = [open_probe(tmp_path / name).about["inputs"] for name in ("without", "with")]
    assert ["vectors" in entry for entry in inputs] == [False, True]


def test_a_limit_takes_the_first_pairs_and_code_counts_overlap_otherwise(compexact, model, files, tmp_path):
    command = ("probe", "nli", "--model", model, "--pairs", files[1], "--min-active", 1, "--overlap", "code")
    assert compexact(*command, "--limit", 7, "--mode", "train", "-o", tmp_path / "probe").code == 0
    probe = open_probe(tmp_path / "probe")
    assert probe.cells.n_points == 7
    assert probe.names["targets"][:3] == ["entailment", "neutral", "contradiction"]
    assert "overlap>0%" not in probe.cells.concepts.names
    assert any("training mode" in note for note in probe.about["notes"])


TAGGED = "label\tpremise_tokens\tpremise_tags\thypothesis_tokens\thypothesis_tags\n"


def test_a_tagger_is_trained_and_used_and_named(compexact, model, tmp_path):
    rows = [
        f"neutral\tthe {noun} {verb}\tDT NN VBZ\t{noun} number {n} {verb}\tNN NN CD VBZ"
        for n, (noun, verb) in enumerate((s.split()[-1], v) for s in SUBJECTS for v in VERBS)
    ]
    (tmp_path / "tagged.tsv").write_text(TAGGED + "\n".join(rows) + "\n")
    ended = compexact("train", "tagger", "--pairs", tmp_path / "tagged.tsv", "--epochs", 3, "-o", tmp_path / "tagger")
    assert ended.code == 0
    assert 0 <= json.loads(ended.out)["accuracy"] <= 1
    command = ("probe", "nli", "--model", model, "--pairs", tmp_path / "tagged.tsv", "--min-active", 1)
    of_file = compexact(*command, "-o", tmp_path / "file")
    assert "tags: the file" in of_file.err
    probed = compexact(*command, "--spacy", tmp_path / "tagger", "--tags-from", "pipeline", "-o", tmp_path / "probe")
    assert probed.code == 0
    assert "compexact_tagger" in probed.err
    about = open_probe(tmp_path / "probe").about
    assert "compexact_tagger" in about["settings"]["annotations"]["tags"]
    assert len(about["inputs"]["spacy pipeline"]) == 64


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (("train", "nli", "--train", "none.tsv", "--dev", "{dev}", "-o", "m"), 2, "none.tsv"),
        (("train", "nli", "--train", "{train}", "--dev", "{dev}", "-o", "taken"), 2, "taken exists already"),
        (("train", "nli", "--train", "{train}", "--dev", "{dev}", "--hidden", "0", "-o", "m"), 2, "hidden is a whole"),
        (("train", "nli", "--train", "{train}", "--dev", "{dev}", "--epochs", "0", "-o", "m"), 2, "epochs must be at"),
        (("train", "nli", "--train", "{train}", "--dev", "{dev}", "--variant", "x", "-o", "m"), 2, "variant is code"),
        (("train", "nli", "--train", "{train}", "--dev", "{dev}", "--device", "tpu", "-o", "m"), 2, "unknown device"),
        (("train", "nli", "--train", "{train}", "--dev", "{dev}", "--vectors", "{v}", "--embedding", "9", "-o", "m"),
         2, "--embedding 9, but the vectors"),
        (("train", "tagger", "--pairs", "{dev}", "-o", "m"), 3, "has no tags"),
        (("evaluate", "nli", "--model", "{model}"), 2, "name a file with --pairs, or type one pair"),
        (("evaluate", "nli", "--model", "{model}", "--premise", "a"), 2, "name a file with --pairs, or type one pair"),
        (("evaluate", "nli", "--model", "{model}", "--premise", "a", "--hypothesis", " "), 2, "--hypothesis is empty"),
        (("evaluate", "nli", "--model", "{model}", "--pairs", "{dev}", "-o", "taken"), 2, "taken is a folder"),
        (("evaluate", "nli", "--model", "{model}", "--pairs", "{dev}", "-o", "{dev}"), 2, "exists already"),
        (("evaluate", "nli", "--model", "nowhere", "--pairs", "{dev}"), 2, "'nowhere' is no folder"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{dev}", "--layer", "hiden", "-o", "p"), 2, "no layer"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{dev}", "--layer", "embedding", "-o", "p"), 2,
         "a vector per word"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{dev}", "--neighbors", "5", "-o", "p"), 2,
         "--neighbors needs --vectors"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{dev}", "--spacy", "en_none", "-o", "p"), 2, "en_none"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{dev}", "--tags-from", "pipeline", "-o", "p"), 2,
         "makes no tags"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{dev}", "--limit", "0", "-o", "p"), 2, "--limit is at"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{dev}", "--words", "-1", "-o", "p"), 2, "words must be"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{dev}", "--mode", "x", "-o", "p"), 2, "mode is eval or"),
        (("probe", "nli", "--model", "{model}", "--pairs", "{broken}", "-o", "p"), 3, "line 3"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line_and_nothing_is_written(
    command, code, message, compexact, files, tmp_path, monkeypatch, tiny_model
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "v.txt").write_text("man 1 2\nwoman 3 4\n")
    broken = tmp_path / "broken.tsv"
    broken.write_text("label\tpremise\thypothesis\nneutral\ta man\ta dog\nmaybe\ta\tb\n")
    places = {"train": files[0], "dev": files[1], "model": tiny_model, "v": tmp_path / "v.txt", "broken": broken}
    before = sorted(tmp_path.iterdir())
    ended = compexact(*(word.format(**places) for word in command))
    assert ended.code == code
    assert message in ended.err
    assert ended.out == ""
    assert len([line for line in ended.err.splitlines() if line.startswith("compexact: ")]) == 1
    assert "Traceback" not in ended.err
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """An untrained model on disk."""
    from compexact.probes.nli.model import ModelSettings, SentencePairModel
    from compexact.probes.nli.saving import save_model
    from compexact.probes.nli.vocabulary import build_vocabulary

    module = SentencePairModel(build_vocabulary([["a", "man"]]), ModelSettings(embedding=4, hidden=4, mlp=6))
    folder = tmp_path_factory.mktemp("models") / "tiny"
    save_model(module, {}, folder)
    return folder


@pytest.mark.parametrize("command", [("train", "nli"), ("train", "tagger"), ("evaluate", "nli"), ("probe", "nli")])
def test_every_command_has_help_with_an_example(compexact, command):
    ended = compexact(*command, "--help")
    assert ended.code == 0
    assert f"  compexact {' '.join(command)}" in ended.out


@pytest.mark.real_data
def test_snli_dev_is_probed_whole(compexact, tmp_path):
    """An untrained model; the paper's own probing set, its sizes, and the counts of a concept by hand."""
    from compexact.probes.nli.model import ModelSettings, SentencePairModel
    from compexact.probes.nli.saving import save_model
    from compexact.probes.nli.vocabulary import build_vocabulary
    from compexact.probes.text.readers import open_pairs

    tagged = DATA / "snli/snli_dev_tagged.tsv.gz"
    if not tagged.exists():
        pytest.skip(f"{tagged} is not there")
    pairs = open_pairs(tagged)
    vocabulary = build_vocabulary(pair.hypothesis.tokens for pair in pairs.pairs)
    save_model(SentencePairModel(vocabulary, ModelSettings(embedding=8, hidden=8, mlp=32)), {}, tmp_path / "model")
    ended = compexact("probe", "nli", "--model", tmp_path / "model", "--pairs", tagged, "-o", tmp_path / "probe")
    assert ended.code == 0
    probe = open_probe(tmp_path / "probe")
    cells = probe.cells
    assert (cells.n_points, len(cells.unit_names)) == (10_000, 32)
    assert 9_900 < len(cells) <= 10_000
    assert 4_000 < len(cells.concepts.names) < 4_200
    holds = np.array(["sleeping" in [t.lower() for t in pair.hypothesis.tokens] for pair in pairs.pairs])
    active = np.unpackbits(probe.arrays["unit_active"], axis=1, count=32).astype(bool)
    column = cells.concepts.named("hyp:sleeping")
    assert int(cells.weights[column].sum()) == holds.sum() > 50
    assert cells.active[column].sum(axis=0).tolist() == active[holds].sum(axis=0).tolist()
    assert sum(target is None for target in probe.names["targets"]) == 158
