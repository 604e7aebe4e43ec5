"""Findings of a run over a probe of sentence pairs: weights, mutual information, heuristics."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from compexact.experiments.run.folder import Run
from compexact.experiments.sentences.heuristics import HEURISTICS_FILE, Heuristic, Literal, read_heuristics
from compexact.experiments.sentences.unit_findings import Findings, associations, find, reified
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import DataError, UsageError

CLASSES = ["entailment", "neutral", "contradiction"]
PAIRS = [
    ("A man runs", "Nobody runs", "contradiction"),
    ("A man runs", "nobody nobody sleeps", "contradiction"),
    ("A man runs", "A person runs", "entailment"),
    ("A man sits", "A man runs", "neutral"),
    ("A man sits", "Nobody runs", None),
]
CONCEPTS = ["hyp:nobody", "hyp:person", "pre:sits", "overlap>50%", "NEIGHBORS(pre:woman)", "hyp:tag:CD"]
WEIGHTS = [[-0.5, 0.25, -0.1, 1], [-0.2, 0.75, -0.3, 1], [0.75, -0.5, -0.2, 1]]
FORMULAS = {
    "0": "hyp:nobody AND NOT hyp:person",
    "1": "hyp:person AND NOT hyp:nobody",
    "2": '"NEIGHBORS(pre:woman)" OR overlap>50%',
}


@pytest.fixture
def probe() -> Probe:
    rng = np.random.default_rng(0)
    cells = from_arrays(rng.random((5, 6)) < 0.5, [[1, 1, 0, 0]] * 3 + [[1, 0, 1, 0]] * 2, concept_names=CONCEPTS)
    names = {
        "premise_tokens": [premise for premise, _, _ in PAIRS],
        "hypothesis_tokens": [hypothesis for _, hypothesis, _ in PAIRS],
        "targets": [label for _, _, label in PAIRS],
        "classes": CLASSES,
    }
    return Probe(cells, {"kind": "nli"}, names, {"class_weights": np.array(WEIGHTS, dtype=np.float32)})


@pytest.fixture
def run(tmp_path) -> Run:
    records = {
        unit: {"unit": unit, "formula": text, "iou": 0.5 - int(unit) / 10, "status": "optimal"}
        for unit, text in FORMULAS.items()
    }
    records["3"] = {"unit": "3", "formula": "hyp:person", "iou": 0.0, "status": "degenerate"}
    return Run(tmp_path, {"units": list(records)}, records)


def test_a_unit_argues_for_the_class_with_the_largest_weight_whatever_the_signs(run, probe):
    rows = {row["unit"]: row for row in find(run, probe).unit_rows()}
    assert list(rows) == ["0", "1", "2"]
    assert [rows[unit]["argues_for"] for unit in rows] == ["contradiction", "neutral", "entailment"]
    assert rows["1"]["w_entailment"] == 0.25
    assert rows["1"]["w_neutral"] == 0.75
    assert rows["1"]["w_contradiction"] == -0.5
    assert [rows[unit]["active"] for unit in rows] == [5, 3, 2]
    assert rows["0"]["formula"] == FORMULAS["0"]


def test_the_lines_of_an_audit_are_read_too(run, probe):
    audited = replace(run, records={unit: {"unit": unit, "beam": {}, "exact": r} for unit, r in run.records.items()})
    assert find(audited, probe).units == find(run, probe).units


def test_a_layer_that_does_not_feed_the_classes_has_no_weights(run, probe):
    without = Probe(probe.cells, probe.about, probe.names, {"class_weights": np.zeros((3, 7), dtype=np.float32)})
    row = find(run, without).unit_rows()[0]
    assert row["w_neutral"] is None
    assert row["argues_for"] is None
    heuristic = find(run, without).heuristic_rows()[0]
    assert heuristic["w_neutral"] is None


def test_mutual_information_counts_a_word_once_a_pair_and_leaves_out_pairs_without_label(probe):
    found = {(a.word, a.label): a for a in associations(probe, "hypothesis", smoothing=0)}
    nobody = found["nobody", "contradiction"]
    assert (nobody.with_label, nobody.pairs) == (2, 2)
    # Occurrences: contradiction nobody 2, runs 1, sleeps 1; entailment a, person, runs; neutral a, man, runs.
    assert nobody.pmi == pytest.approx(math.log((2 / 10) / ((2 / 10) * (4 / 10))))
    assert found["runs", "neutral"].pmi == pytest.approx(math.log((1 / 10) / ((3 / 10) * (3 / 10))))
    assert found["nobody", "neutral"].pmi is None


def test_smoothing_adds_k_to_every_count_of_word_and_label(probe):
    found = {(a.word, a.label): a for a in associations(probe, "hypothesis", smoothing=100)}
    n_words = len({word for word, _ in found})
    total = 10 + 100 * n_words * 3
    expected = (102 / total) / ((2 + 300) / total * (4 + 100 * n_words) / total)
    assert found["nobody", "contradiction"].pmi == pytest.approx(math.log(expected))
    assert found["nobody", "contradiction"].with_label == 2
    assert found["nobody", "neutral"].pmi < 0 < found["nobody", "contradiction"].pmi


def test_word_rows_give_the_strongest_of_every_side_and_label(run, probe):
    rows = find(run, probe, smoothing=1).word_rows(most=1)
    assert [(row["side"], row["label"]) for row in rows] == [(s, c) for s in ("premise", "hypothesis") for c in CLASSES]
    assert rows[-1]["word"] == "nobody"
    assert rows[3]["word"] == "person"


def test_a_heuristic_names_the_units_that_mention_it_and_which_only_below_not(run, probe):
    negation = Heuristic("negation", words=frozenset({"nobody"}))
    found = reified(negation, find(run, probe).units)
    assert [unit.unit for unit in found.units] == ["0", "1"]
    assert found.negated == ("1",)
    assert found.weights == pytest.approx((-0.125, 0.275, 0.125))
    assert found.strongest.unit == "0"


def test_neighbours_tags_and_overlap_count_as_mentions(run, probe):
    rows = {row["heuristic"]: row for row in find(run, probe).heuristic_rows()}
    assert rows["gender"]["units"] == ["2"]
    assert rows["overlap"]["units"] == ["2"]
    assert rows["negation"]["n_units"] == 2
    assert rows["negation"]["n_negated"] == 1
    assert rows["purpose and cause"] == rows["purpose and cause"] | {"n_units": 0, "strongest": None, "w_neutral": None}
    quantity = Heuristic("quantity", tags=frozenset({"CD"}))
    assert quantity.covers("hyp:tag:CD")
    assert not quantity.covers("hyp:cd")
    assert not Heuristic("cd", words=frozenset({"CD"})).covers("hyp:tag:CD")


def test_the_tables_can_be_printed_as_json(run, probe):
    findings = find(run, probe, smoothing=0)
    assert isinstance(findings, Findings)
    for rows in (findings.unit_rows(), findings.word_rows(), findings.heuristic_rows()):
        assert rows
        json.dumps(rows, allow_nan=False)


def test_findings_of_another_kind_of_probe_are_refused(run, probe):
    with pytest.raises(UsageError, match="'vision'"):
        find(run, Probe(probe.cells, {"kind": "vision"}))


def test_the_lists_that_come_along_are_read_and_hold_what_the_paper_names():
    lists = {heuristic.name: heuristic for heuristic in read_heuristics(HEURISTICS_FILE)}
    assert {"gender", "negation", "overlap", "posture and meals", "generic", "quantity"} <= set(lists)
    assert lists["negation"].covers("hyp:nobody")
    assert lists["posture and meals"].covers("hyp:sleeping")
    assert lists["overlap"].covers("overlap>75%")
    assert all(heuristic.about for heuristic in lists.values())


def test_a_users_own_lists_replace_them(run, probe, tmp_path):
    file = tmp_path / "mine.json"
    file.write_text('{"mine": {"words": ["Person"]}}')
    rows = find(run, probe, heuristics=read_heuristics(file)).heuristic_rows()
    assert [(row["heuristic"], row["units"]) for row in rows] == [("mine", ["0", "1"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[]", "must hold an object"),
        ("{", "cannot be read: "),
        ('{"a": ["word"]}', "'a'.*needs a list"),
        ('{"a": {"words": "word"}}', "'a'.*needs a list"),
        ('{"a": {"words": [1]}}', "'a'.*needs a list"),
        ('{"a": {"about": "nothing"}}', "'a'.*needs a list"),
        ('{"a": {"words": ["x"], "word": ["y"]}}', "'word' is not known"),
    ],
)
def test_lists_that_are_wrong_are_refused_with_their_name(tmp_path, content, message):
    file = tmp_path / "mine.json"
    file.write_text(content)
    with pytest.raises(DataError, match=message):
        read_heuristics(file)


def test_lists_that_are_not_there_are_refused(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        read_heuristics(tmp_path / "none.json")


@pytest.mark.parametrize("name", ["pre:", "tag:NN", "overlap>50%", "premise:dog", "dog"])
def test_names_of_other_kinds_are_no_words(name):
    assert Literal.of(name) is None


def test_a_word_with_a_colon_is_read_whole():
    assert Literal.of("pre:10:30") == Literal("pre", "10:30")
    assert Literal.of("hyp:tag::") == Literal("hyp", ":", is_tag=True)
