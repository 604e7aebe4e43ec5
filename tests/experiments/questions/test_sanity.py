"""Which metrics notice that labels are wrong: on concepts and units of which that is known by construction."""

from itertools import pairwise

import numpy as np
import pytest

from compexact.experiments.questions.answer import read_answer
from compexact.experiments.questions.sanity import extra_labels, metric_checks, missing_labels
from compexact.probes.store import Probe
from compexact.solver import Atom
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.explanation import Explanation

N = 20_000


def probe(nested=False):
    """Twelve rare concepts apart from each other (nested: each within the next), and a unit for each that is it."""
    edges = np.arange(13) * 15
    concepts = np.stack([(np.arange(N) >= (0 if nested else a)) & (np.arange(N) < b) for a, b in pairwise(edges)])
    return Probe(from_arrays(concepts.T, concepts.T), {"kind": "arrays"})


def asked(of, **more):
    answer = metric_checks(of, of.cells.unit_names, **more)
    return answer, {(row["metric"], row["test"], row["units"]): row for row in answer.rows}


def failures(rows):
    return {key for key, row in rows.items() if not row["passes"]}


def test_metrics_fail_where_they_must():
    """Of a concept that is the unit, precision stays 1 without half of its labels, recall with as many beside them."""
    answer, rows = asked(probe())
    own_and_known = [(test, units) for test in ("missing-labels", "extra-labels") for units in ("known", "own")]
    assert failures(rows) == {
        *(("precision", "missing-labels", units) for units in ("known", "own")),
        *(("recall", "extra-labels", units) for units in ("known", "own")),
        *(("specificity", test, units) for test, units in own_and_known),
        *(("informedness", "extra-labels", units) for units in ("known", "own")),
    }
    assert answer.summary[0] == "3 of 7 metrics pass all tests: iou, f1, mcc"
    assert "precision fails missing-labels (known), missing-labels (own)" in answer.summary


@pytest.mark.parametrize(
    ("metric", "test", "after"),
    [
        ("iou", "missing-labels", 8 / 15),
        ("iou", "extra-labels", 1 / 2),
        ("f1", "extra-labels", 2 / 3),
        ("precision", "extra-labels", 1 / 2),
        ("recall", "missing-labels", 8 / 15),
        ("recall", "extra-labels", 1),
    ],
)
def test_scores_after_the_change_are_those_of_the_counts(metric, test, after):
    _, rows = asked(probe())
    row = rows[metric, test, "known"]
    assert (row["cases"], row["median_before"]) == (12, 1)
    assert row["median_after"] == pytest.approx(after)


def test_a_metric_that_cannot_tell_a_unit_from_a_wider_or_narrower_concept_fails():
    _, rows = asked(probe(nested=True))
    for metric, right in (("iou", 1), ("mcc", 1), ("recall", 1 / 12), ("precision", 1 / 12), ("specificity", 1 / 12)):
        assert rows[metric, "known-unit", "known"]["right"] == pytest.approx(right), metric


def test_half_of_the_labels_are_taken_from_all_and_as_many_put_elsewhere():
    rng = np.random.default_rng(0)
    found = Explanation(Atom("a"), 300, 1000, 500, 100_000)
    fewer = [missing_labels(found, rng) for _ in range(200)]
    assert {each.formula_points for each in fewer} == {500}
    assert np.mean([each.intersection for each in fewer]) == pytest.approx(150, abs=3)
    more = [extra_labels(found, rng) for _ in range(200)]
    assert {each.formula_points for each in more} == {2000}
    assert np.mean([each.intersection for each in more]) == pytest.approx(300 + 1000 * 200 / 99_000, abs=0.5)
    everywhere = extra_labels(Explanation(Atom("a"), 400, 700, 500, 1000), rng)
    assert (everywhere.formula_points, everywhere.intersection) == (1000, 500)


def test_twins_are_known_once_and_no_rival():
    concepts = np.zeros((100, 3), dtype=bool)
    concepts[:20, :2], concepts[30:60, 2] = True, True
    answer, rows = asked(Probe(from_arrays(concepts, concepts[:, :1]), {}))
    assert rows["iou", "known-unit", "known"]["cases"] == 2
    assert rows["iou", "known-unit", "known"]["right"] == 1
    assert answer.settings["known"] == 200


def test_weights_of_errors_are_tested_as_a_metric():
    _, rows = asked(probe(), fp_weight="1/2", fn_weight="1/2")
    assert (
        rows["tversky", "extra-labels", "known"]["median_after"] == rows["f1", "extra-labels", "known"]["median_after"]
    )


def test_concepts_on_few_points_and_on_all_are_left_out():
    concepts = np.zeros((50, 2), dtype=bool)
    concepts[:9, 0], concepts[:, 1] = True, True
    with pytest.raises(UsageError, match="no concept holds on at least 10 points and not on all"):
        asked(Probe(from_arrays(concepts, concepts[:, :1]), {}))


def test_the_answer_is_kept_and_repeated_by_its_seed(compexact, npz, tmp_path):
    words = ("experiment", "sanity", npz, "--known", "3", "--seed", "4")
    ended = compexact(*words, "-o", tmp_path / "answer")
    assert ended.code == 0, ended.err
    assert ended.out == compexact(*words).out
    answer = read_answer(tmp_path / "answer")
    assert answer.settings == {"units": 4, "known": 3, "seed": 4}
    assert (tmp_path / "answer/figure.svg").is_file()
    refused = compexact("experiment", "sanity", npz, "--known", "0")
    assert (refused.code, "--known is at least 1, not 0" in refused.err) == (2, True)
