"""IoU against length, where the planted formula needs three concepts."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from compexact.experiments.questions.answer import save_answer
from compexact.experiments.questions.length import iou_by_length
from compexact.probes.store import Probe
from compexact.solver import from_arrays


@pytest.fixture
def planted():
    """Eight units, each `(a AND b) OR c` of its own three concepts; as a rule no two concepts do as well."""
    rng = np.random.default_rng(0)
    concepts = rng.random((4000, 9)) < 0.3
    triples = list(itertools.combinations(range(9), 3))[::10][:8]
    neurons = np.column_stack([(concepts[:, a] & concepts[:, b]) | concepts[:, c] for a, b, c in triples])
    return Probe(from_arrays(concepts, neurons), {"kind": "arrays"})


def test_three_concepts_reach_what_needs_three_and_more_add_nothing(planted):
    units = planted.cells.unit_names
    answer = iou_by_length(planted, units, lengths=(1, 2, 3, 5), proven=(1, 3), beam_size=200)
    by_length = {row["max_length"]: row for row in answer.rows}
    assert by_length[1]["mean_iou"] < by_length[2]["mean_iou"] + 1e-12 < by_length[3]["mean_iou"]
    assert by_length[3]["mean_optimum"] == by_length[5]["mean_iou"] == by_length[3]["mean_ceiling"] == 1
    assert by_length[3]["proven_units"] == 8
    assert by_length[2]["mean_optimum"] is None
    assert by_length[1]["p_value"] is None
    assert by_length[3]["p_value"] == pytest.approx(1 / 2**8)


def test_a_narrow_beam_stays_below_the_optimum_and_the_summary_says_by_how_much(planted):
    answer = iou_by_length(planted, planted.cells.unit_names, lengths=(1, 3), proven=(3,), beam_size=2)
    row = answer.rows[-1]
    assert row["mean_iou"] < row["mean_optimum"] == 1
    assert f"the beam misses {1 - row['mean_iou']:.4f}" in " ".join(answer.summary)


def test_the_papers_means_stand_beside_ours_where_the_length_was_asked_for(planted, tmp_path):
    vision = Probe(planted.cells, {"kind": "vision"})
    answer = iou_by_length(vision, planted.cells.unit_names[:2], lengths=(1, 3), proven=())
    assert [(each.theirs, each.ours is None) for each in answer.published] == [(0.059, False), (0.099, True)]
    save_answer(answer, tmp_path / "kept")
    assert (tmp_path / "kept/figure.png").read_bytes().startswith(b"\x89PNG")
    assert "the paper" in (tmp_path / "kept/figure.svg").read_text()


def test_the_papers_means_are_of_images_and_stand_beside_no_other_input(planted):
    assert iou_by_length(planted, planted.cells.unit_names[:2], lengths=(1,), proven=()).published == ()
