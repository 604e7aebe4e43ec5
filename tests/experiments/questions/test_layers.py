"""Links between two layers, planted."""

from dataclasses import replace

import numpy as np
import pytest

from compexact.experiments.questions.answer import save_answer
from compexact.experiments.questions.layers import layer_links, layer_side
from compexact.experiments.questions.search_options import SearchAtLength
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError

FEEDS = [4, 0, 2]
"""Later unit k is a copy of earlier unit FEEDS[k]; it is active where earlier unit 5 - FEEDS[k] is not, or nearly."""


@pytest.fixture
def parts():
    rng = np.random.default_rng(0)
    concepts = rng.random((60, 6)) < 0.4
    early = concepts.copy()
    late = early[:, FEEDS].copy()
    late[0] ^= True
    return concepts, early, late


def probe_of(concepts, active, names, layer, **more):
    images = [f"{i}.png" for i in range(len(concepts))]
    cells = from_arrays(concepts, active, unit_names=names)
    return Probe(
        cells, {"kind": "vision", "layer": layer}, {"images": images},
        {"image_active": np.packbits(active, axis=1), **more},
    )  # fmt: skip


@pytest.fixture
def both(parts) -> Probe:
    concepts, early, late = parts
    names = [*(f"early:{i}" for i in range(6)), *(f"late:{i}" for i in range(3))]
    return probe_of(concepts, np.concatenate([early, late], axis=1), names, "early,late")


def links(before, after, **options):
    return layer_links(before, after, **{"search": SearchAtLength(length=1), **options})


def test_the_planted_earlier_unit_comes_first_with_its_formula(both):
    answer = links(layer_side(both, "early"), layer_side(both, "late"), top=1)
    first = [row for row in answer.rows if row["rank"] == 1]
    assert [(row["unit"], row["earlier"]) for row in first] == [
        ("late:0", "early:4"), ("late:1", "early:0"), ("late:2", "early:2")
    ]  # fmt: skip
    assert [row["earlier_formula"] for row in first] == ["c4", "c0", "c2"]
    assert [row["formula"] for row in first] == ["c4", "c0", "c2"]
    assert all(row["correlation"] > 0.9 and row["iou"] > 0.9 for row in first)
    assert all(row["correlation"] < 0.5 for row in answer.rows if row["rank"] == 2)
    assert "of 3 later units have a contributor" in answer.summary[0]


def test_two_probes_of_the_same_images_give_the_same_links(both, parts):
    concepts, early, late = parts
    one = probe_of(concepts, early, [str(i) for i in range(6)], "early")
    other = probe_of(concepts, late, [str(i) for i in range(3)], "late")
    apart = links(layer_side(one, None), layer_side(other, None))
    together = links(layer_side(both, "early"), layer_side(both, "late"))
    assert [row["correlation"] for row in apart.rows] == [row["correlation"] for row in together.rows]
    assert len(apart.inputs) == 2


def test_correlation_is_of_the_largest_values_where_they_are_kept(parts):
    concepts, early, late = parts
    values = np.random.default_rng(1).random((60, 9)).astype(np.float32)
    values[:, 7] = 1 - values[:, 3]
    names = [*(f"early:{i}" for i in range(6)), *(f"late:{i}" for i in range(3))]
    probe = probe_of(concepts, np.concatenate([early, late], axis=1), names, "early,late", unit_max=values)
    answer = links(layer_side(probe, "early"), layer_side(probe, "late"), top=1, alpha=0.05)
    (row,) = [row for row in answer.rows if row["unit"] == "late:1" and row["rank"] == 2]
    assert (row["earlier"], row["correlation"], row["role"]) == ("early:3", pytest.approx(-1), "inhibitor")
    assert answer.settings["correlation_of"] == "the largest value"


def test_only_the_chosen_units_take_part(both):
    side = layer_side(both, "early", ["early:1", "early:2", "late:0"])
    assert side.units == ("early:1", "early:2")
    rows = links(side, layer_side(both, "late"), top=9).rows
    assert {row["earlier"] for row in rows} == {"early:1", "early:2"}
    with pytest.raises(UsageError, match="no unit of layer 'early'"):
        layer_side(both, "early", ["late:0"])


def test_layers_that_are_not_there_or_not_named_are_refused(both, parts):
    with pytest.raises(UsageError, match="several layers: early, late"):
        layer_side(both, None)
    with pytest.raises(UsageError, match="no layer 'earl', but early, late; did you mean 'early'"):
        layer_side(both, "earl")
    one = probe_of(parts[0], parts[1], None, "early")
    assert layer_side(one, "early").units == tuple("012345")
    with pytest.raises(UsageError, match="the same units"):
        links(layer_side(one, None), layer_side(one, "early"))


def test_probes_of_other_inputs_are_refused(parts):
    concepts, early, late = parts
    one, other = (probe_of(concepts, active, None, layer) for active, layer in ((early, "early"), (late, "late")))
    moved = replace(other, names={"images": ["0.png", "other.png", *other.names["images"][2:]]})
    with pytest.raises(UsageError, match=r"number 1 \(from 0\) is '1.png' and 'other.png'"):
        links(layer_side(one, None), layer_side(moved, None))
    fewer = probe_of(concepts[:50], late[:50], None, "late")
    with pytest.raises(UsageError, match="60 and 50 inputs"):
        links(layer_side(one, None), layer_side(fewer, None))
    with pytest.raises(UsageError, match="does not name its inputs"):
        links(layer_side(replace(one, names={}), None), layer_side(other, None))


def test_the_figure_is_drawn(both, tmp_path):
    folder = save_answer(links(layer_side(both, "early"), layer_side(both, "late")), tmp_path / "answer")
    assert (folder / "figure.png").stat().st_size > 10_000
