"""Accuracy against IoU, with the correlation planted."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy import stats

from compexact.experiments.questions.accuracy import accuracy_against_iou
from compexact.experiments.questions.answer import read_answer, save_answer
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError

N = 200
HOLDS = 40
UNITS = 12


def probe_of(right, *, targets=None, kind="nli", noise=None):
    """Unit k is active where the concept holds, and on 3 k points more; the model is right where `right` says.

    So a unit's IoU is 40 / (40 + 3 k).
    """
    concept = np.arange(N) < HOLDS
    active = np.stack([np.arange(N) < HOLDS + 3 * k for k in range(UNITS)], axis=1)
    if noise is not None:
        active = noise(active)
    cells = from_arrays(np.stack([concept, ~concept], axis=1), active, concept_names=["holds", "holds not"])
    names = {"targets": ["yes"] * N if targets is None else targets, "classes": ["no", "yes"]}
    arrays = {"predictions": right.astype(np.int64), "unit_active": np.packbits(active, axis=1)}
    return Probe(cells, {"kind": kind}, names, arrays)


def ask(probe, **options):
    return accuracy_against_iou(probe, probe.cells.unit_names, **{"lengths": (1, 3), **options})


def test_a_model_that_is_right_where_the_concept_holds_is_as_accurate_as_the_units_are_explained():
    answer = ask(probe_of(np.arange(N) < HOLDS))
    for row in answer.more["units"]:
        assert row["accuracy"] == pytest.approx(row["iou_1"])
    assert [row["accuracy"] for row in answer.more["units"]] == pytest.approx([40 / (40 + 3 * k) for k in range(UNITS)])
    assert answer.rows[0]["pearson"] == pytest.approx(1)
    assert answer.rows[0]["spearman"] == pytest.approx(1)
    assert answer.rows[0]["units"] == UNITS


def test_a_model_that_is_wrong_there_correlates_negatively_and_stands_beside_the_papers_value():
    answer = ask(probe_of(np.arange(N) >= HOLDS))
    assert answer.rows[1]["pearson"] == pytest.approx(-1)
    (beside,) = answer.published
    assert beside.theirs == -0.60
    assert beside.ours == answer.rows[1]["pearson"]


def test_the_papers_value_is_that_of_the_probes_kind_and_of_its_length():
    (vision,) = ask(probe_of(np.arange(N) < HOLDS, kind="vision")).published
    assert (vision.theirs, vision.ours) == (0.31, None)
    assert ask(probe_of(np.arange(N) < HOLDS, kind="arrays")).published == ()


def test_inputs_without_gold_label_count_neither_as_right_nor_as_wrong():
    targets = ["yes"] * N
    targets[:20] = [None] * 10 + ["-"] * 10
    answer = ask(probe_of(np.arange(N) < HOLDS, targets=targets))
    rows = answer.more["units"]
    assert [row["active_inputs"] for row in rows] == [20 + 3 * k for k in range(UNITS)]
    assert [row["right"] for row in rows] == [20] * UNITS
    assert "20 without one are left out" in answer.summary[-1]
    assert "11.1% of 180 inputs" in answer.summary[-1]


def test_units_active_on_too_few_labelled_inputs_are_left_out_and_counted():
    answer = ask(probe_of(np.arange(N) < HOLDS), least_inputs=52)
    assert answer.rows[0]["units"] == 8
    assert any("4 units are active on fewer than 52" in sentence for sentence in answer.summary)


def test_intervals_are_those_of_fisher_and_of_the_bootstrap():
    def noise(active):
        return active ^ (np.random.default_rng(1).random(active.shape) < 0.15)

    right = np.random.default_rng(2).random(N) < 0.6
    answer = ask(probe_of(right, noise=noise), lengths=(1,))
    (row,) = answer.rows
    ious = np.array([unit["iou_1"] for unit in answer.more["units"]])
    shares = np.array([unit["accuracy"] for unit in answer.more["units"]])
    z, half = np.arctanh(row["pearson"]), 1.959964 / np.sqrt(UNITS - 3)
    assert row["pearson"] == pytest.approx(np.corrcoef(ious, shares)[0, 1])
    assert (row["pearson_low"], row["pearson_high"]) == pytest.approx((np.tanh(z - half), np.tanh(z + half)), abs=1e-5)
    resampled = stats.bootstrap(
        (ious, shares), lambda a, b: stats.spearmanr(a, b).statistic, paired=True, vectorized=False,
        n_resamples=2000, method="percentile", rng=3,
    ).confidence_interval  # fmt: skip
    assert row["spearman"] == pytest.approx(stats.spearmanr(ious, shares).statistic)
    assert (row["spearman_low"], row["spearman_high"]) == pytest.approx(tuple(resampled), abs=0.08)


def test_the_seed_changes_the_bootstrap_alone():
    probe = probe_of(np.random.default_rng(2).random(N) < 0.6)
    one, same, other = (ask(probe, seed=seed).rows[0] for seed in (0, 0, 1))
    assert one == same
    assert one["spearman_low"] != other["spearman_low"]
    assert one["pearson_low"] == other["pearson_low"]


def test_a_model_that_is_always_right_has_no_correlation(tmp_path):
    answer = ask(probe_of(np.ones(N, dtype=bool)))
    assert answer.rows[0]["pearson"] is None
    assert "no correlation at length 1, 3" in answer.summary[0]
    assert (save_answer(answer, tmp_path / "answer") / "figure.png").is_file()
    left, right = answer.draw().axes
    assert left.get_ylim()[0] == 0
    assert [text.get_text().split(":")[0] for text in right.texts] == ["no correlation"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"names": {"targets": [None] * N, "classes": ["no", "yes"]}}, "no input has a gold label.*200 are without"),
        ({"names": {"targets": ["street"] * N, "classes": ["no", "yes"]}}, "200 are 'street'"),
        ({"names": {"classes": ["no", "yes"]}}, "no targets at all"),
        ({"names": {"targets": ["yes"] * N}}, "does not name the model's classes"),
        ({"arrays": {}}, "no predictions of the model"),
        ({"arrays": {"predictions": np.zeros(N, dtype=np.int64)}}, "on which inputs a unit is active"),
    ],
)
def test_a_probe_that_lacks_something_is_told_what(changed, message):
    whole = probe_of(np.arange(N) < HOLDS)
    probe = Probe(
        **{"cells": whole.cells, "about": whole.about, "names": whole.names, "arrays": whole.arrays} | changed
    )
    with pytest.raises(UsageError, match=message):
        ask(probe)


def test_fewer_than_four_units_are_refused():
    probe = probe_of(np.arange(N) < HOLDS)
    with pytest.raises(UsageError, match="at least 4 units; 3 of 3"):
        accuracy_against_iou(probe, ["0", "1", "2"], lengths=(1,))


NET = """
import torch
from torch import nn


class Colours(nn.Module):
    class_names = ["red", "blue"]

    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 1)
        seen = torch.tensor([[1.0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 0, 1]])
        self.layer.weight.data, self.layer.bias.data = seen[:, :, None, None], torch.full((4,), -0.5)

    def forward(self, images):
        return self.layer(images)[:, :2].mean(dim=(2, 3))
"""


def test_pictures_in_a_folder_for_each_class_have_gold_labels(compexact, tmp_path, monkeypatch):
    """Units see red, blue, green, and red or blue; the net says red unless a picture is blue.  One is filed wrongly."""
    monkeypatch.chdir(tmp_path)
    Path("colour_net.py").write_text(NET)
    colours = {"red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 128, 0)}
    filed = {"red": ["red"] * 4 + ["green"], "blue": ["blue"] * 3 + ["red"]}
    for name, shown in filed.items():
        Path("photos", name).mkdir(parents=True)
        for number, colour in enumerate(shown):
            Image.new("RGB", (4, 4), colours[colour]).save(f"photos/{name}/{number}.png")
    model = ("--model", "colour_net:Colours", "--layer", "layer", "--image-size", "4", "--scale", "1")
    made = compexact(
        "probe", "vision", "--dataset", "imagefolder:photos", *model, "--threshold", "positive", "-o", "probe"
    )
    assert made.code == 0, made.err
    assert compexact("experiment", "accuracy", "probe", "--lengths", "1-2", "-o", "answer").code == 0
    answer = read_answer(Path("answer"))
    found = {row["unit"]: (row["right"], row["active_inputs"], row["formula"]) for row in answer.more["units"]}
    assert found["0"] == (4, 5, "red-c")
    assert found["1"] == (3, 3, "blue-c")
    assert found["2"] == (1, 1, "green-c")
    assert found["3"][:2] == (7, 8)
    assert [row["iou_2"] for row in answer.more["units"]] == [1, 1, 1, 1]
    assert answer.rows[0]["units"] == 4
    assert "the model is right on 88.9% of 9 inputs with a gold label" in " ".join(answer.summary)
