"""`--hypernyms` and `--synsets`, as typed."""

import json

import pytest
from small_wordnet import SYNSETS, THING, write_wordnet

from compexact.probes.store import read_probe

MORE = {**SYNSETS, 11: (["water"], [THING]), 12: (["sea"], [11]), 13: (["beach"], [11]), 14: (["sky"], [THING])}


@pytest.fixture
def wordnet(tmp_path):
    return write_wordnet(tmp_path / "wordnet", MORE)


def probing(nets, broden):
    return (
        "probe",
        "vision",
        "--dataset",
        f"broden:{broden}",
        "--model",
        f"{nets}:net",
        "--layer",
        "0",
        "--image-size",
        12,
    )


def test_a_vision_probe_has_the_nouns_above_its_labels(compexact, nets, broden, wordnet, tmp_path):
    ended = compexact(*probing(nets, broden), "--hypernyms", f"wordnet:{wordnet}", "-o", "probe")
    assert ended.code == 0, ended.err
    assert "Hypernyms of WordNet 3.0 that are concepts: 2; 3 of 3 labels are nouns" in ended.err
    listed = compexact("ls", "probe", "--concepts", "--format", "jsonl").out.splitlines()
    means = {row["concept"]: row["means"] for row in map(json.loads, listed)}
    assert means == {
        "sky": "sky.n.01", "sea": "sea.n.01", "beach-s": "beach.n.01",
        "thing.n.01": "sky, sea, beach-s", "water.n.01": "sea, beach-s",
    }  # fmt: skip
    asked = compexact("score", "probe", "--units", "0", "water.n.01", "--format", "jsonl")
    same = compexact("score", "probe", "--units", "0", "sea OR beach-s", "--format", "jsonl")
    one, other = (json.loads(each.out) for each in (asked, same))
    assert (one["intersection"], one["union"]) == (other["intersection"], other["union"])


def test_hypernyms_are_added_to_a_probe_that_is_there_and_to_merged_shards(compexact, nets, broden, wordnet, tmp_path):
    asked = ("--hypernyms", f"wordnet:{wordnet}")
    compexact(*probing(nets, broden), "-o", "plain")
    assert compexact(*probing(nets, broden), *asked, "-o", "at-once").code == 0
    assert compexact("probe", "arrays", "plain", *asked, "-o", "later").code == 0
    assert read_probe(tmp_path / "later").digest == read_probe(tmp_path / "at-once").digest
    assert "predictions" in read_probe(tmp_path / "later").arrays
    again = compexact("probe", "arrays", "later", *asked, "-o", "twice")
    assert (again.code, again.err) == (
        2,
        "compexact: the probe has hypernyms already; name the one that they were added to\n",
    )
    shard = compexact(*probing(nets, broden), *asked, "--shard", "1/2", "-o", "shard")
    assert shard.code == 2
    assert "compexact probe arrays PROBE --hypernyms" in shard.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--hypernyms", "wordnet:nowhere"), "nowhere has no index.noun"),
        (("--hypernyms", "mine.tsv"), "mine.tsv does not exist; a file of lines name<TAB>member is needed"),
        (("--synsets", "mine.tsv"), "--synsets goes with --hypernyms wordnet"),
    ],
)
def test_what_cannot_be_is_said_before_the_model_runs(compexact, nets, broden, words, said):
    ended = compexact(*probing(nets, broden), *words, "-o", "probe")
    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_a_table_names_unions_of_ones_own(compexact, npz, tmp_path):
    (tmp_path / "mine.tsv").write_text("most\tc0\nmost\tc1\n")
    assert compexact("probe", "arrays", npz, "--hypernyms", tmp_path / "mine.tsv", "-o", tmp_path / "probe").code == 0
    found = json.loads(
        compexact("score", tmp_path / "probe", "--units", "u0", "most AND NOT c2", "--format", "jsonl").out
    )
    assert found["iou"] == 1
