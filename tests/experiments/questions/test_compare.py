"""`compare` on two runs whose differences are planted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compexact.experiments.questions.compare import compare_runs
from compexact.experiments.run.folder import Run
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays

CONCEPTS = [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0]]
LEFT = {
    "same": ("a OR b", 0.5),
    "equivalent": ("NOT (a OR b)", 0.4),
    "points": ("c", 0.3),
    "different": ("a", 0.2),
    "none": (None, 0.0),
    "gone": ("a", 0.9),
}
RIGHT = {
    "same": ("b OR a", 0.5),
    "equivalent": ("NOT a AND NOT b", 0.4),
    "points": ("d", 0.3),
    "different": ("b", 0.6),
    "none": ("a", 0.1),
    "new": ("b", 0.8),
}


@pytest.fixture
def probe() -> Probe:
    cells = from_arrays(
        CONCEPTS, weights=[1, 2, 4, 8, 1], active=[[1]] * 5, concept_names=list("abcd"), unit_names=["x"]
    )
    return Probe(cells, {"inputs": {"model weights": "w"}, "layer": "l"})


def run(answers, **settings) -> Run:
    records = {
        unit: {"unit": unit, "formula": formula, "iou": iou, "status": "feasible"}
        for unit, (formula, iou) in answers.items()
    }
    return Run(Path("run"), {"settings": {"engine": "beam", **settings}, "units": list(answers)}, records)


def test_every_unit_gets_the_strongest_relation_that_holds(probe):
    rows = {row["unit"]: row for row in compare_runs(run(LEFT), run(RIGHT), probe, probe).rows}
    assert {unit: row["relation"] for unit, row in rows.items()} == {
        "same": "same formula",
        "equivalent": "equivalent",
        "points": "same points",
        "different": "different",
        "none": "one has none",
    }
    assert rows["different"]["difference"] == pytest.approx(0.4)
    # a: the cells of 1 and 2 points; b: those of 2 and 4; both: 2, either: 7.
    assert rows["different"]["agreement"] == pytest.approx(2 / 7)
    assert rows["none"]["agreement"] is None


def test_the_summary_counts_units_and_names_what_only_one_run_has(probe):
    answer = compare_runs(run(LEFT), run(RIGHT, engine="exact"), probe, probe)
    assert answer.summary[0].startswith("5 units are in both runs: 1 same formula, 1 equivalent, 1 same points")
    assert answer.summary[1] == "1 units are in the left run only, 1 in the right only"
    assert "higher for 2 units, lower for 0" in " ".join(answer.summary)
    assert answer.settings["changed"] == {"engine": ["beam", "exact"]}
    # a OR b, a (left); the same, NOT a AND NOT b, d, b (right).
    assert "2 different formulas are in both runs, of 4 (left) and 5 (right)" in answer.summary


def test_units_of_another_model_are_compared_as_samples_not_in_pairs(probe):
    other = replace(probe, cells=from_arrays(CONCEPTS, np.eye(5, dtype=int)[:, :1], concept_names=list("abcd")))
    assert compare_runs(run(LEFT), run(RIGHT), probe, other).settings["same_units"] is True
    foreign = replace(other, about={"inputs": {"model weights": "v"}, "layer": "l"})
    answer = compare_runs(run(LEFT), run(RIGHT), probe, foreign)
    assert answer.settings["same_units"] is False
    assert "two samples (Mann-Whitney" in " ".join(answer.summary)
    assert "higher for" not in " ".join(answer.summary)


def test_formulas_over_other_concepts_are_compared_by_their_text_alone(probe):
    rows = compare_runs(run({"u": ("other", 0.1)}), run({"u": ("a", 0.1)}), probe, probe).rows
    assert (rows[0]["relation"], rows[0]["agreement"]) == ("different", None)


def test_of_an_audit_the_proven_answer_is_taken(probe):
    audited = run(LEFT)
    records = {unit: {"unit": unit, "beam": {}, "exact": record} for unit, record in audited.records.items()}
    audit = replace(audited, records=records)
    assert compare_runs(audit, run(RIGHT), probe, probe).rows == compare_runs(audited, run(RIGHT), probe, probe).rows


def test_the_figure_can_be_drawn(probe):
    assert len(compare_runs(run(LEFT), run(RIGHT), probe, probe).draw().axes) == 2
