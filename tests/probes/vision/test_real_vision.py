"""The real network on the real images: the figures that the README and the docs name."""

import json
from pathlib import Path

import numpy as np
import pytest

from compexact.probes.opening import open_probe
from compexact.solver import Problem, beam_search, parse

DATA = Path(__file__).resolve().parents[3] / "../shared/data"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.slow,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not DATA.exists(), reason="the real inputs are not beside the project"),
]


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    from compexact.probes import Preprocessing, VisionSettings, load_model, open_dataset, probe_vision, save_probe

    made = probe_vision(
        load_model("torchvision:squeezenet1_0", weights=DATA / "squeezenet/squeezenet1_0_dc.pth"),
        open_dataset(f"broden:{DATA}/broden_mini"),
        Preprocessing(227, "bgr", (104, 117, 123), (1, 1, 1), 255),
        VisionSettings(("features.12",)),
    )
    folder = tmp_path_factory.mktemp("real") / "probe"
    save_probe(made, folder)
    return open_probe(folder)


def test_a_thousand_images_are_under_two_thousand_cells(probe):
    summary = probe.summary()
    assert probe.about["images"] == 1_003
    assert {key: summary[key] for key in ("points", "cells", "concepts", "units")} == {
        "points": 12_807_307,
        "cells": 1_821,
        "concepts": 195,
        "units": 512,
    }


def test_thresholds_cut_off_half_a_percent_of_the_layers_values(probe):
    maps = 1_003 * 13 * 13
    assert probe.arrays["thresholds"].shape == (512,)
    assert probe.arrays["unit_max"].max(axis=0).min() > 0
    # The share above is exact on cells; upsampling spreads it over pixels.
    share = probe.cells.active.sum(axis=0) / probe.cells.n_points
    assert maps * 0.005 > 800
    assert 0.0005 < np.median(share) < 0.01


def test_unit_0_is_jeans_bench_and_romper_or_better(probe):
    problem = Problem.of(probe.cells, "0")
    named = problem.explain(parse("(jeans OR bench) OR romper"))
    found = beam_search(problem, max_length=3, beam_size=10)
    assert float(named.iou) >= 0.0449
    assert found.best.iou >= named.iou
    assert found.ceiling > found.best.iou


def test_every_unit_gets_a_line_that_others_can_read(probe):
    for unit in range(0, 512, 37):
        record = beam_search(Problem.of(probe.cells, unit)).record()
        assert json.loads(json.dumps(record)) == record
        assert 0 < record["iou"] < record["ceiling"] < 1
