"""Ranges of activations: planted units that mean one concept where weak and another where strong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from compexact.experiments.questions.answer import save_answer
from compexact.experiments.questions.ranges import explained_ranges
from compexact.experiments.questions.search_options import SearchAtLength
from compexact.probes.nli.model import ModelSettings, SentencePairModel
from compexact.probes.nli.saving import save_model
from compexact.probes.nli.vocabulary import build_vocabulary
from compexact.probes.opening import open_probe
from compexact.probes.ranges import range_masks, read_ranges, split_into_ranges
from compexact.solver.errors import DataError, UsageError


@pytest.fixture
def planted(tmp_path):
    """Of 400 points, a quarter have only a, a quarter only b.  Unit `two`: about 1 on a and 5 on b; `one`: a alone."""
    rng = np.random.default_rng(0)
    kind = np.repeat([0, 1, 2, 3], 100)
    concepts = np.column_stack([kind == 1, kind == 2, rng.random(400) < 0.3])
    two = np.select([kind == 1, kind == 2], [1.0, 5.0], -1.0) + rng.random(400) / 10
    one = np.where(kind == 1, 1 + rng.random(400), 0.0)
    path = tmp_path / "activations.npz"
    activations = np.column_stack([two, one]).astype(np.float32)
    np.savez(path, concepts=concepts, concept_names=["a", "b", "c"], activations=activations, unit_names=["two", "one"])
    return path


@pytest.mark.parametrize("how", ["quantiles", "kmeans"])
@pytest.mark.parametrize("engine", ["beam", "exact"])
def test_the_ranges_of_a_unit_with_two_meanings_have_their_two_formulas(planted, how, engine, tmp_path):
    probe = read_ranges(planted, 2, how)
    answer = explained_ranges(probe, probe.cells.unit_names, search=SearchAtLength(engine, length=2))
    rows = {(row["unit"], row["range"]): row for row in answer.rows}
    assert [rows["two", i]["formula"] for i in (1, 2)] == ["a", "b"]
    assert [rows["two", i]["iou"] for i in (1, 2)] == [1, 1]
    assert [rows["two", i]["active_points"] for i in (1, 2)] == [100, 100]
    expected = np.mean([rows["two", 2]["iou"], rows["one", 2]["iou"]])
    assert answer.more["by_range"][1] == {"range": 2, "units": 2, "mean_iou": expected}
    alike = rows["one", 1]["formula"] == rows["one", 2]["formula"]
    assert f"in {1 if alike else 2} of 2 units" in answer.summary[0]
    assert (save_answer(answer, tmp_path / "kept") / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_a_range_without_points_is_shown_and_left_out_of_the_means(planted):
    arrays = dict(np.load(planted))
    arrays["activations"][:, 1] = np.where(arrays["concepts"][:, 0], 1, 0)
    np.savez(planted, **arrays)
    probe = read_ranges(planted, 2, "quantiles")
    answer = explained_ranges(probe, probe.cells.unit_names, search=SearchAtLength(length=1))
    rows = {(row["unit"], row["range"]): row for row in answer.rows}
    assert (rows["one", 1]["formula"], rows["one", 2]["formula"], rows["one", 2]["active_points"]) == ("a", None, 0)
    assert [row["units"] for row in answer.more["by_range"]] == [2, 1]
    assert "in 1 of 1 units" in answer.summary[0]


@pytest.mark.parametrize("how", ["quantiles", "kmeans"])
@pytest.mark.parametrize("k", [2, 5])
@pytest.mark.parametrize("distinct", [0, 1, 3, 1000])
def test_every_value_above_the_threshold_is_in_one_range_and_others_in_none(how, k, distinct):
    rng = np.random.default_rng(distinct)
    values = rng.choice(rng.random(distinct), 500).astype(np.float32) if distinct else np.zeros(5, np.float32)
    values[:3] = [0, -1, 0]
    edges = split_into_ranges(values, k, how, above=0.0)
    assert (edges.shape, edges.dtype, edges[0]) == ((k + 1,), np.float64, 0)
    assert (np.diff(edges) >= 0).all()
    masks = range_masks(values, edges)
    assert np.array_equal(masks.sum(axis=1), values > 0)
    assert masks.any(axis=0).sum() == min(distinct, k) or how == "quantiles"
    if how == "quantiles" and distinct == 1000:
        assert np.ptp(masks.sum(axis=0)) <= 12


def test_kmeans_parts_clusters_of_unequal_sizes():
    values = np.concatenate([np.linspace(1, 2, 90), np.linspace(8, 9, 9), [30.0]])
    assert range_masks(values, split_into_ranges(values, 3, "kmeans")).sum(axis=0).tolist() == [90, 9, 1]
    assert range_masks(values, split_into_ranges(values, 4, "quantiles")).sum(axis=0).tolist() == [25] * 4


@pytest.mark.parametrize("how", ["quantiles", "kmeans"])
def test_a_probe_of_sentence_pairs_has_a_unit_for_every_range(compexact, tmp_path, how):
    rng = np.random.default_rng(0)
    words = ["man", "woman", "dog", "sleeps", "runs", "eats", "nobody", "perhaps"]
    texts = [" ".join(rng.choice(words, 3)) for _ in range(160)]
    lines = [f"neutral\t{texts[2 * i]}\t{texts[2 * i + 1]}" for i in range(80)]
    (tmp_path / "pairs.tsv").write_text("\n".join(["label\tpremise\thypothesis", *lines]) + "\n")
    save_model(
        SentencePairModel(build_vocabulary([words]), ModelSettings(embedding=4, hidden=4, mlp=6)), {}, tmp_path / "m"
    )
    command = ("probe", "nli", "--model", tmp_path / "m", "--pairs", tmp_path / "pairs.tsv", "--min-active", 1)
    assert compexact(*command, "-o", tmp_path / "plain").code == 0
    assert compexact(*command, "--ranges", 3, "--ranges-by", how, "-o", tmp_path / "ranges").code == 0
    plain, ranged = open_probe(tmp_path / "plain"), open_probe(tmp_path / "ranges")
    assert ranged.cells.unit_names[:4] == ("0@1", "0@2", "0@3", "1@1")
    assert (ranged.about["settings"]["ranges"], ranged.about["settings"]["ranges_by"]) == (3, how)
    active, whole = (np.unpackbits(p.arrays["unit_active"], axis=1, count=n) for p, n in ((ranged, 18), (plain, 6)))
    assert np.array_equal(active.reshape(80, 6, 3).sum(axis=2), whole)
    assert np.array_equal(active.sum(axis=0), ranged.cells.active.sum(axis=0))
    arrays = ranged.arrays
    assert ["class_weights" in each for each in (plain.arrays, arrays)] == [True, False]
    for unit, count in enumerate(active.sum(axis=0)):
        shown, values = arrays["top_pairs"][unit][:count], arrays["top_values"][unit][:count]
        assert active[shown, unit].all()
        assert (np.diff(values) <= 0).all()
        assert ((values > arrays["thresholds"][unit]) & (values <= arrays["upper_edges"][unit])).all()
    ended = compexact("experiment", "ranges", tmp_path / "ranges", "--length", 1, "--format", "jsonl")
    assert ended.code == 0
    assert {json.loads(line)["range"] for line in ended.out.splitlines()} == {1, 2, 3}
    assert "range 3: mean IoU" in ended.err
    refused = compexact("experiment", "ranges", tmp_path / "plain")
    assert refused.code == 2
    assert "make ranges with compexact probe vision or nli --ranges 5" in refused.err


def test_the_command_splits_the_activations_of_a_file(compexact, planted, tmp_path):
    ended = compexact("experiment", "ranges", planted, "--k", 2, "--by", "kmeans", "--length", 1, "-o", tmp_path / "o")
    assert ended.code == 0
    assert json.loads((tmp_path / "o/answer.json").read_text())["settings"]["ranges"] == 2
    assert [json.loads(line)["formula"] for line in ended.out.splitlines()][:2] == ["a", "b"]
    assert compexact("explain", planted).code == 3


def test_what_cannot_be_split_is_refused_in_one_line(compexact, planted, npz, tmp_path):
    for words, message in [
        ((planted, "--k", 1), "at least 2, not 1"),
        ((planted, "--by", "x"), "quantiles or kmeans, not 'x'"),
        ((planted, "--above", "nan"), "finite"),
        ((npz, "--k", 2), "no activations to split"),
        ((npz,), "is not a range of a unit"),
        ((tmp_path / "none.npz",), "does not exist"),
    ]:
        ended = compexact("experiment", "ranges", *words)
        assert (ended.code, ended.out) == (2, "")
        assert message in ended.err
    arrays = dict(np.load(planted))
    arrays["activations"][3, 1] = np.nan
    np.savez(planted, **arrays)
    with pytest.raises(DataError, match="row 3, column 1"):
        read_ranges(planted, 2, "quantiles")
    with pytest.raises(UsageError, match="at least 2"):
        split_into_ranges(np.ones(3), 1)
