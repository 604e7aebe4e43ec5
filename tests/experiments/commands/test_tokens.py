"""probe tokens as typed, and what follows: from a transformer and annotated text to pages."""

import json
import re

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_transformer import save_tiny

from compexact.probes.opening import open_probe
from compexact.solver.parsing import parse

TAGS = {"the": "DET", "a": "DET", "dog": "NOUN", "cat": "NOUN", "park": "NOUN", "sleeps": "VERB", "in": "ADP"}


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def corpus(tmp_path):
    """Sixty sentences with tags, in documents of ten; two words of it are markup."""
    lines = []
    for i in range(60):
        where = ["in", "the", "park"] if i % 5 > 2 else []
        words = [("the", "a")[i % 2], ("dog", "cat")[i % 3 % 2], "sleeps", *where, f"<b{i}>"]
        tags = [TAGS.get(word, "SYM") for word in words]
        lines.append(json.dumps({"tokens": words, "upos": tags, "document": f"d{i // 10}"}))
    (tmp_path / "small.jsonl").write_text("\n".join(lines))
    return tmp_path / "small.jsonl"


def probe_command(model, corpus, output, *more):
    return (
        "probe", "tokens", "--model", f"hf:{model}", "--layer", "encoder.layer.1.intermediate", "--corpus",
        f"jsonl:{corpus}", "--quantile", 0.1, "--min-points", 5, "-o", output, *more,
    )  # fmt: skip


def test_from_a_transformer_to_pages(compexact, model, corpus, tmp_path):
    ended = compexact(*probe_command(model, corpus, tmp_path / "words"))
    assert ended.code == 0, ended.err
    probe = open_probe(tmp_path / "words")
    said = json.loads(compexact("ls", tmp_path / "words").out)
    assert (said["points"], said["units"], said["dataset"]) == (probe.cells.n_points, 24, "small.jsonl")
    assert said["settings"]["concepts"]["concepts"].startswith("word:2000,upos,position")
    ended = compexact("explain", tmp_path / "words", "--length", 2, "--units", "0-3", "-o", tmp_path / "run")
    assert ended.code == 0
    lines = [json.loads(line) for line in ended.out.splitlines()]
    assert [line["unit"] for line in lines] == ["0", "1", "2", "3"]
    options = ("--engine", "exact", "--length", 2, "--units", 0)
    exact = compexact("explain", tmp_path / "words", *options, "-o", tmp_path / "e")
    assert json.loads(exact.out)["status"] == "optimal"
    assert compexact("verify", tmp_path / "e").code == 0
    score = json.loads(compexact("score", tmp_path / "words", "--unit", 0, lines[0]["formula"]).out)
    assert (score["intersection"], score["union"]) == (lines[0]["intersection"], lines[0]["union"])
    assert compexact("report", tmp_path / "run", "-o", tmp_path / "site").code == 0
    page = (tmp_path / "site/units/0.html").read_text()
    assert page.count("Sentences that activate it most") == 1
    assert "<b1>" not in page
    assert "&lt;b" in page
    kept = probe.inputs.sentences
    highest = re.findall(r"highest <b>([^<]+)</b>", page)
    assert len(highest) >= kept.top_sentences.shape[1]
    holds = probe.cells.concepts.mask(parse(lines[0]["formula"], probe.cells.concepts.position))
    active = probe.inputs.activity.of(0)
    n_misses = int((active & ~holds[probe.inputs.point_cells]).sum())
    assert re.search(rf"Misses <small class=\"quiet\">{n_misses} point", page)
    audit = compexact("audit", tmp_path / "words", "--length", 2, "--units", "0-1")
    assert audit.code == 0


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (("--layer", "encoder.layer.9"), 2, "no layer 'encoder.layer.9' in BertModel; nearest names: encoder.layer"),
        (("--layer", "pooler.dense"), 2, "layer pooler.dense gives a tensor of shape .* \\(one vector per text\\?\\)"),
        (("--align", "lats"), 2, "align is last or first or mean or max, not 'lats'; did you mean 'last'"),
        (("--concepts", "wrod"), 2, "there is no family of concepts 'wrod'.*did you mean 'word'"),
        (("--concepts", "dep"), 2, "the corpus has nothing for the family 'dep'; its columns are: upos"),
        (("--neighbors", "5"), 2, "--neighbors needs --vectors"),
        (("--min-points", "99999"), 3, "no concept holds on 99999 points or more"),
        (("--corpus", "jsonl:nowhere"), 2, "nowhere does not exist"),
        (("--corpus", "conllu:{corpus}"), 3, "small.jsonl line 1: 1 cells, not the 10 of CoNLL-U"),
        (("--corpus", "jsonl:{corpus}"), 3, "was read already, at .*small.jsonl line 1"),
        (("--window", "999"), 2, "--window 999: the model takes 40 tokens at most"),
        (("--device", "tpu"), 2, "unknown device 'tpu'"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_and_leaves_nothing(compexact, model, corpus, tmp_path, more, code, says):
    ended = compexact(*probe_command(model, corpus, tmp_path / "words"), *(each.format(corpus=corpus) for each in more))
    assert ended.code == code, ended.err
    lines = [line for line in ended.err.splitlines() if line.startswith("compexact:")]
    assert len(lines) == 1
    assert re.search(says, lines[0])
    assert not (tmp_path / "words").exists()


def test_a_folder_that_is_no_model_is_said(compexact, corpus, tmp_path):
    ended = compexact(*probe_command(tmp_path, corpus, tmp_path / "words"))
    assert ended.code == 2
    assert "no folder with a config.json" in ended.err


def test_the_latents_of_an_autoencoder_are_units(compexact, model, corpus, tmp_path):
    rng = np.random.default_rng(0)
    shapes = {"W_enc": (16, 40), "b_enc": (40,), "W_dec": (40, 16), "b_dec": (16,)}
    (tmp_path / "sae").mkdir()
    (tmp_path / "sae/cfg.json").write_text(json.dumps({"architecture": "topk", "k": 4, "hook_name": "blocks.1"}))
    save_file(
        {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()},
        tmp_path / "sae/sae_weights.safetensors",
    )
    words = tmp_path / "latents"
    ended = compexact(
        "probe", "tokens", "--model", f"hf:{model}", "--layer", "encoder.layer.1", "--sae", tmp_path / "sae",
        "--corpus", f"jsonl:{corpus}", "--min-points", 5, "-o", words,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    assert re.search(r"The 40 latents of sae \(trained at blocks.1\) explain -?[\d.]+% of the variance", ended.err)
    probe = open_probe(words)
    assert probe.about["settings"]["threshold"] == "positive"
    assert probe.about["settings"]["sae"] == ["sae"]
    assert any("latents of sae" in note for note in probe.about["notes"])
    assert probe.inputs.activity.of_all().sum(axis=1).max() == 4
    assert compexact("explain", words, "--length", 2, "-o", tmp_path / "run").code == 0
    assert compexact("report", tmp_path / "run", "-o", tmp_path / "site").code == 0
    ended = compexact(*probe_command(model, corpus, tmp_path / "no", "--sae", tmp_path / "sae"))
    assert (ended.code, ended.err.count("compexact:")) == (2, 1)
    assert "takes 16 values of a point; layer encoder.layer.1.intermediate has 24" in ended.err
