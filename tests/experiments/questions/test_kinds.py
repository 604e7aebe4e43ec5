"""Kinds of explanations, planted; labels of people and their agreement."""

import csv
import sys

import numpy as np
import pytest

from compexact.experiments.questions.answer import save_answer
from compexact.experiments.questions.kinds import Rule, Sample, kinds_of
from compexact.experiments.questions.search_options import SearchAtLength
from compexact.probes.store import Probe
from compexact.probes.text.vectors import WordVectors
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import DataError, UsageError

CONCEPTS = ["water", "river", "car", "bus", "blue-c", "zorp", "tree", "lamp"]
KINDS = {
    "water OR river": "abstraction",
    "water OR car": "incoherent",
    "(water OR river) AND NOT blue": "specialisation",
    "car": "single",
    "car AND blue": "specialisation",
    "car OR zorp": "undecided",
    "(car AND blue) OR bus": "abstraction",
    "(car OR river) AND NOT blue": "incoherent",
}


@pytest.fixture
def vectors() -> WordVectors:
    """Two groups, water and traffic; the other words are alone, and `zorp` has no vector."""
    words = ["water", "river", "car", "bus", "blue", "tree", "lamp"]
    rows = np.zeros((7, 5), dtype=np.float32)
    for row, (axis, rest) in enumerate([(0, 0.1), (0, 0.2), (1, 0.1), (1, 0.2), (2, 0), (3, 0), (4, 0)]):
        rows[row, axis], rows[row, 2] = 1, rows[row, 2] + rest or 1
    rows[4:] = np.eye(5, dtype=np.float32)[2:]
    return WordVectors(tuple(words), rows, "planted", "0" * 64)


@pytest.fixture
def probe() -> Probe:
    rng = np.random.default_rng(0)
    concepts = rng.random((400, len(CONCEPTS))) < 0.3
    water, river, car, bus, blue, zorp = concepts.T[:6]
    units = [
        water | river, water | car, (water | river) & ~blue, car, car & blue, car | zorp, (car & blue) | bus,
        (car | river) & ~blue,
    ]  # fmt: skip
    cells = from_arrays(
        concepts, np.stack(units, axis=1), concept_names=CONCEPTS, unit_names=list(KINDS),
        concept_categories=["object"] * 4 + ["color"] + ["object"] * 3,
    )  # fmt: skip
    return Probe(cells, {"kind": "vision"})


def ask(probe, **options):
    return kinds_of(probe, probe.cells.unit_names, **{"search": SearchAtLength("exact"), **options})


def test_planted_kinds_are_suggested(probe, vectors):
    answer = ask(probe, vectors=vectors)
    assert {row["unit"]: row["suggestion"] for row in answer.rows} == KINDS
    assert all(row["iou"] == 1 for row in answer.rows)
    assert "single 1 (12%), abstraction 2 (25%), specialisation 2 (25%), incoherent 2 (25%)" in answer.summary[0]
    assert any("1 of 6 concepts are in no source: zorp" in sentence for sentence in answer.summary)


def test_a_negation_that_takes_away_little_does_not_specialise(probe, vectors):
    found = {row["unit"]: row for row in ask(probe, vectors=vectors, rule=Rule(least_removed=0.5)).rows}
    row = found["(water OR river) AND NOT blue"]
    assert row["suggestion"] == "abstraction"
    assert row["removed"] == pytest.approx(0.3, abs=0.1)
    assert found["car AND blue"]["suggestion"] == "specialisation"
    points = {name: int(probe.cells.weights[probe.cells.concepts.named(name)].sum()) for name in ("car", "blue-c")}
    both = int(probe.cells.active[:, probe.cells.unit("car AND blue")].sum())
    assert points["car"] != points["blue-c"]
    assert found["car AND blue"]["removed"] == pytest.approx(1 - both / min(points.values()))


def test_without_vectors_and_wordnet_categories_speak_and_the_answer_says_so(probe, monkeypatch):
    monkeypatch.setitem(sys.modules, "wn", None)
    answer = ask(probe)
    found = {row["unit"]: row["suggestion"] for row in answer.rows}
    assert found["water OR car"] == "abstraction"
    assert found["car OR zorp"] == "abstraction"
    assert any("only categories speak" in sentence for sentence in answer.summary)
    assert any("`wn` is not installed" in sentence for sentence in answer.summary)


def test_shares_stand_beside_the_papers_and_leave_out_the_undecided(probe, vectors):
    assert ask(Probe(probe.cells, {"kind": "nli"}), vectors=vectors).published == ()
    beside = {each.what.split()[1]: each for each in ask(probe, vectors=vectors).published}
    assert beside["abstraction"].theirs == 50 / 128
    assert [beside[kind].ours for kind in ("abstraction", "specialisation", "incoherent")] == [2 / 7, 2 / 7, 2 / 7]
    assert sum(each.theirs for each in beside.values()) == 1


def test_the_figure_draws_the_shares_that_stand_beside_the_papers(probe, vectors):
    answer = ask(probe, vectors=vectors)
    left = answer.draw().axes[0]
    bars = [bar.get_height() for bar in left.patches]
    assert [label.get_text() for label in left.get_xticklabels()][1:] == [
        each.what.split()[1] for each in answer.published
    ]
    assert bars[1:] == [each.ours for each in answer.published]
    assert list(left.lines[-1].get_ydata()) == [each.theirs for each in answer.published]


def fill_in(folder, name, labels, **changes):
    """A copy of the sheet with labels for some units; changes: of the columns of the labelled lines."""
    with (folder / "sheet.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["unit"] in labels:
            row |= {"label": labels[row["unit"]], **changes}
    file = folder.parent / f"{name}.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return file


@pytest.fixture
def kept(probe, vectors, tmp_path):
    return save_answer(ask(probe, vectors=vectors), tmp_path / "answer")


def test_the_sheet_does_not_show_the_suggestion(kept):
    text = (kept / "sheet.csv").read_text()
    assert text.splitlines()[0] == "unit,formula,iou,label,note"
    assert not any(kind in text for kind in KINDS.values())


def test_agreement_with_the_suggestion_and_between_people(probe, vectors, kept):
    said = {
        "abstraction": "abstraction",
        "incoherent": "polysemantic",
        "specialisation": "Specialisation ",
        "single": "single",
    }
    right = {unit: said[kind] for unit, kind in KINDS.items() if kind != "undecided"}
    ann = fill_in(kept, "ann", right | {"water OR car": "perceptual", "car OR zorp": "perceptual"})
    ben = fill_in(kept, "ben", {"water OR car": "polysemantic", "car": "single", "water OR river": "abstraction"})
    answer = ask(probe, vectors=vectors, labelled=[ann, ben])
    rows = {(row["left"], row["right"]): row for row in answer.more["agreement"]}
    assert rows["ann", "suggestion"] == {
        "left": "ann", "right": "suggestion", "units": 7, "agreed": 7, "kappa": 1.0
    }  # fmt: skip
    both = rows["ann", "ben"]
    assert (both["units"], both["agreed"]) == (3, 2)
    assert both["kappa"] == pytest.approx((2 / 3 - 2 / 9) / (1 - 2 / 9))
    meaningful = {each.what: each for each in answer.published if "labelled" in each.what}
    assert meaningful["share meaningful, labelled in ann"].ours == pytest.approx(1 - 1 / 8)
    assert meaningful["share meaningful, labelled in ben"].ours == pytest.approx(1 - 1 / 3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label": "polysemantics"}, "line 5: 'polysemantics' is no label; use abstraction.*mean 'polysemantic'"),
        ({"formula": "bus"}, "line 5: unit 'car' was labelled for 'bus'; its formula is now 'car'"),
        ({"unit": "van"}, "line 5: unit 'van' is not asked for"),
        ({"unit": "water OR river", "formula": "river OR water"}, "line 5: unit 'water OR river' is labelled twice"),
    ],
)
def test_a_sheet_that_does_not_fit_is_refused_with_its_line(probe, vectors, kept, changes, message):
    file = fill_in(kept, "ann", {"car": "single"}, **changes)
    if "twice" in message:
        file.write_text(file.read_text().replace(",,", ",abstraction,", 1))
    with pytest.raises(DataError, match=message):
        ask(probe, vectors=vectors, labelled=[file])


def test_a_sheet_without_its_columns_is_refused(probe, kept):
    file = fill_in(kept, "ann", {})
    file.write_text(file.read_text().replace("label", "lable"))
    with pytest.raises(DataError, match="no column 'label'; it has 'unit', 'formula'"):
        ask(probe, labelled=[file])


def test_a_sheet_that_is_not_there_or_no_text_is_refused(probe, vectors, tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        ask(probe, vectors=vectors, labelled=[tmp_path / "none.csv"])
    (tmp_path / "bytes.csv").write_bytes(b"unit,formula,label\n\xff\xfe,a,b\n")
    with pytest.raises(DataError, match="is not UTF-8"):
        ask(probe, vectors=vectors, labelled=[tmp_path / "bytes.csv"])


def test_a_sample_is_drawn_by_its_seed(probe, vectors):
    def units(seed):
        return [row["unit"] for row in ask(probe, vectors=vectors, sample=Sample(4, seed)).rows]

    assert units(0) == units(0)
    assert len(units(0)) == 4
    assert len({tuple(units(seed)) for seed in range(5)}) > 1
    assert len(ask(probe, sample=Sample(100)).rows) == len(KINDS)
    with pytest.raises(UsageError, match="at least 1 unit"):
        ask(probe, sample=Sample(0))
