"""Alternatives of units, on arrays where they are known, and what the data can tell apart."""

import csv
from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.questions.alternatives import equally_good, share
from compexact.experiments.questions.answer import read_answer
from compexact.experiments.questions.paired_bootstrap import by_groups, by_points, counts_of, shares_beaten
from compexact.probes.store import Probe
from compexact.solver import Atom
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.problem import Problem

NAMES = ["a", "b", "c", "d"]


def probe(n=5):
    """n times 20 points: `a` hits the unit on 9 of its 10, `b` on 9 others, `c` is `a` again, `d` hits 5."""
    unit = np.arange(20) < 10
    a, b = unit & (np.arange(20) != 0), unit & (np.arange(20) != 9)
    concepts = np.stack([a, b, a, np.arange(20) < 5], axis=1)
    cells = from_arrays(np.tile(concepts, (n, 1)), np.tile(unit[:, None], (n, 1)), concept_names=NAMES)
    return Probe(cells, {"kind": "arrays"})


def test_the_table_has_the_numbers_and_the_list_every_formula():
    answer = equally_good(probe(), ["0"], length=1, within="0.1")
    (row,) = answer.rows
    assert (row["alternatives"], row["padded"], row["distinct_on_data"], row["complete"]) == (2, 0, 2, True)
    assert (row["iou"], row["least_iou"], row["in_all"], row["in_most"]) == (0.9, 0.81, [], [])
    assert [(each["formula"], each["rank"], each["below_best"]) for each in answer.more["listed"]] == [
        ("a", 1, 0),
        ("b", 2, 0),
    ]
    concepts = {each["concept"]: each for each in answer.more["concepts"]}
    assert (concepts["a"]["twins"], concepts["a"]["replaced_by"], concepts["a"]["share"]) == (["c"], ["b"], 0.5)
    assert not concepts["b"]["in_best"]
    assert "the median unit has 2, between 2 and 2; 0 of 1 units have the best one alone" in answer.summary[0]


def test_what_is_as_good_cannot_be_told_apart_and_what_is_far_worse_can():
    answer = equally_good(probe(), ["0"], length=1, within="0.6")
    told = {each["formula"]: each["told_apart"] for each in answer.more["listed"]}
    assert told == {"a": False, "b": False, "d": True}
    assert answer.rows[0]["as_good"] == 2
    assert "points are drawn again, each an input of its own" in answer.summary[1]


def test_few_points_tell_less_apart_than_many():
    few, many = (equally_good(probe(n), ["0"], length=1, within="0.6").more["listed"][2] for n in (1, 20))
    assert few["formula"] == many["formula"] == "d"
    assert few["best_is_better"] < many["best_is_better"] == 1


def test_a_draw_of_whole_inputs_is_wider_than_one_of_points():
    """In each of ten inputs one of two formulas is right on all 50 points: ten draws, and not 500."""
    group = np.repeat(np.arange(10), 50)
    first, second = group < 6, group >= 6
    active, held = np.ones(500, dtype=bool), np.stack([first, second])
    by_input = shares_beaten(by_groups(held, active, group), seed=0)
    cells = from_arrays(held.T, active[:, None])
    problem = Problem.of(cells, 0)
    by_point = shares_beaten(by_points(problem, problem.concepts.dense().T), seed=0)
    assert by_input[1] == pytest.approx(0.74, abs=0.05)  # P(at least 6 of 10) and half of P(5 of 10), each with 0.6
    assert by_point[1] > 0.99


def test_points_that_are_alike_are_drawn_as_if_one_by_one():
    """Grouped counts of points give the shares of a bootstrap that draws every point."""
    rng = np.random.default_rng(1)
    held, active = rng.random((3, 60)) < 0.5, rng.random(60) < 0.5
    cells = from_arrays(held.T, active[:, None])
    problem = Problem.of(cells, 0)
    grouped = by_points(problem, problem.concepts.dense().T)
    assert grouped.sizes.sum() == 60
    alone = by_groups(held, active, np.arange(60))
    assert shares_beaten(grouped, 0, 4000) == pytest.approx(shares_beaten(alone, 1, 4000), abs=0.03)


def test_the_bootstrap_says_that_points_of_images_depend_on_each_other():
    asked = probe()
    listed = equally_good(asked, ["0"], length=1)
    image = Probe(asked.cells, {"kind": "vision"})
    assert "those of one are alike" in equally_good(image, ["0"], length=1).summary[1]
    assert "those of one" not in listed.summary[1]
    assert counts_of(image, "0", [Problem.of(asked.cells, 0).explain(Atom("a"))])[1] == "dependent points"


@pytest.mark.parametrize("text", ["1", "-0.1", "2 %", "1/0", "nan", "1e-400000", "1e-999999999"])
def test_a_share_that_is_none_is_refused(text):
    with pytest.raises(UsageError, match="--within takes a share from 0 to below 1"):
        share(text)


def test_a_share_is_taken_exactly():
    assert share("0.02") == share("1/50") == Fraction(1, 50)


def test_the_answer_is_kept_with_its_tables_and_figure(compexact, npz, tmp_path):
    ended = compexact("experiment", "alternatives", npz, "--length", "2", "--within", "0.3", "-o", tmp_path / "answer")
    assert ended.code == 0, ended.err
    answer = read_answer(tmp_path / "answer")
    with (tmp_path / "answer/listed.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in answer.rows:
        own = [each for each in rows if each["unit"] == row["unit"]]
        assert len(own) == row["alternatives"]
        ious = [float(each["iou"]) for each in own]
        assert ious == sorted(ious, reverse=True)
        assert all(iou >= row["least_iou"] for iou in ious)
    assert (tmp_path / "answer/figure.svg").is_file()
    exact = compexact("explain", npz, "--engine", "exact", "--units", "u0", "--length", "2", "--format", "csv").out
    assert answer.rows[0]["formula"] in exact


@pytest.mark.slow
def test_processes_give_the_same_answer(compexact, npz):
    asked = ("experiment", "alternatives", npz, "--length", "2", "--within", "0.3")
    assert compexact(*asked, "--jobs", "1").out == compexact(*asked, "--jobs", "2").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--length", "6"), "alternatives are listed at lengths from 1 to 5, not 6"),
        (("--space", "graph"), "the space is chain or tree, not 'graph'"),
        (("--within", "2"), "--within takes a share from 0 to below 1, such as 0.02 or 1/50, not '2'"),
        (("--listed", "0"), "--listed is at least 1, not 0"),
        (("--draws", "0"), "--draws is at least 1, not 0"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(compexact, npz, words, said):
    ended = compexact("experiment", "alternatives", npz, *words)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err
