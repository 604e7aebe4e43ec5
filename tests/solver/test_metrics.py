import csv
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from compexact.solver.arrays import from_arrays
from compexact.solver.beam import beam_search
from compexact.solver.errors import DisagreementError
from compexact.solver.exhaustive import every_function
from compexact.solver.explanation import Explanation
from compexact.solver.formula import Atom
from compexact.solver.metrics import METRICS, Metric, rounded_up
from compexact.solver.problem import Problem
from compexact.solver.result import SearchResult, Status

REFERENCE = Path(__file__).resolve().parents[2] / "../shared/data/reference"
TABLES = [
    "caffe_reference_imagenet.csv",
    "caffe_reference_places205.csv",
    "caffe_reference_places365.csv",
    "netdissect_resnet18_places365_layer4.csv",
]


# Of the package's metrics, and of two more kinds: a product of all counts, and one that sees only what is not the unit.
MCC = Metric(
    "mcc",
    lambda tp, fp, fn, tn: (
        (tp * tn - fp * fn) * (tp * tn - fp * fn + abs(tp * tn - fp * fn)),
        2 * (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn),
    ),
    "the square of Matthews' correlation, 0 where that is negative",
)
SPECIFICITY = Metric("specificity", lambda tp, fp, fn, tn: (tn, tn + fp), "TN / (TN + FP)")
ALL = {**METRICS, "mcc": MCC, "specificity": SPECIFICITY}


@pytest.fixture(params=ALL)
def metric(request, monkeypatch):
    monkeypatch.setitem(METRICS, request.param, ALL[request.param])
    return METRICS[request.param]


@pytest.mark.parametrize(
    ("name", "value"),
    [("iou", (6, 12)), ("precision", (6, 10)), ("recall", (6, 8)), ("f1", (12, 18)), ("mcc", (40**2, 9600))],
)
def test_a_metric_has_its_known_value(name, value):
    assert ALL[name](6, 4, 2, 8) == Fraction(*value)
    assert ALL[name](0, 0, 0, 0) == 0


def random_problem(rng, most):
    rows, concepts = rng.integers(1, 9), rng.integers(1, 5)
    weights = rng.integers(1, most, size=rows)
    active = (rng.random((rows, 1)) * (weights[:, None] + 1)).astype(np.int64) * (rng.random((rows, 1)) < 0.7)
    return Problem.of(from_arrays(rng.random((rows, concepts)) < 0.5, weights=weights, active=active), 0)


def points_of(problem, formula):
    """(whether the formula holds, whether the unit is active) of every point, one by one."""
    held = problem.concepts.mask(formula).tolist()
    cells = zip(held, problem.weights.tolist(), problem.active.tolist())
    return [(holds, place < active) for holds, weight, active in cells for place in range(weight)]


def test_a_score_is_the_metric_of_a_count_over_points(metric):
    rng = np.random.default_rng(0)
    for _ in range(40):
        problem = random_problem(rng, 12)
        for formula in next(every_function(problem, 1, "tree")).values():
            points = points_of(problem, formula)
            counts = [points.count(kind) for kind in ((True, True), (True, False), (False, True), (False, False))]
            score = problem.explain(formula).score(metric.name)
            assert 0 <= score <= 1
            assert score == metric(*counts)
            assert max(map(abs, metric.pair(*counts))) <= metric.largest(len(points))


@pytest.mark.parametrize("most", [2, 10**9])
def test_a_beam_of_all_functions_finds_the_best_by_brute_force(metric, most):
    """Counts of a thousand million make products that no 64 bits hold."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        problem, length = random_problem(rng, most), int(rng.integers(1, 4))
        every = [problem.explain(f) for level in every_function(problem, length, "chain") for f in level.values()]
        scores = sorted((found.score(metric.name) for found in every if found.intersection), reverse=True)
        wide = beam_search(problem, max_length=length, beam_size=None, top_k=10, metric=metric.name)
        assert [found.score(metric.name) for found in wide.top] == scores[:10]
        assert [found.score(metric.name) for found in wide.by_length[-1:]] == scores[:1]
        narrow = beam_search(problem, max_length=length, beam_size=2, metric=metric.name).by_length
        assert all(found.score(metric.name) <= scores[0] for found in narrow)
        assert all(problem.explain(found.formula) == found for found in narrow)


def test_scores_that_differ_in_the_two_hundredth_bit_are_told_apart(monkeypatch):
    monkeypatch.setitem(METRICS, "deep", Metric("deep", lambda tp, fp, fn, tn: (tp**4, tp**4 + 1), ""))
    n = 2**40
    problem = Problem.of(from_arrays([[1, 0], [0, 1]], weights=[2 * n, 2 * n], active=[[n], [n + 1]]), 0)
    assert str(beam_search(problem, max_length=1, metric="deep").best.formula) == "c1"


def test_the_largest_number_of_a_metric_is_that_of_sums_and_products():
    assert MCC.largest(10) == 2 * 20**4
    assert SPECIFICITY.largest(10) == 20


@pytest.mark.parametrize("name", ["iou", "precision", "recall", "f1"])
def test_the_numbers_of_a_metric_of_sums_fit_into_doubles_without_loss(name):
    """Products do not: the beam then counts with Python's integers, and takes much longer."""
    assert METRICS[name].largest(10**15) < 2**53


def test_bounds_are_printed_rounded_up_and_scores_to_the_nearest():
    third = Fraction(1, 3)
    assert Fraction(rounded_up(third)) >= third
    assert Fraction(float(third)) < third
    assert rounded_up(Fraction(1, 4)) == 0.25


@pytest.mark.real_data
@pytest.mark.skipif(not REFERENCE.exists(), reason="the real inputs are not beside the project")
@pytest.mark.parametrize("table", TABLES)
def test_our_iou_reproduces_every_row_of_the_published_tables(table):
    """Each category's columns: truth, activation and intersection counts, and their IoU."""
    with (REFERENCE / table).open() as stream:
        rows = list(csv.DictReader(stream))
    checked = 0
    for row in rows:
        for category in (name.removesuffix("-iou") for name in row if name.endswith("-iou")):
            if not row[f"{category}-truth"] or not row[f"{category}-iou"]:
                continue
            truth, activation, both = (
                int(float(row[f"{category}-{what}"])) for what in ("truth", "activation", "intersect")
            )
            found = Explanation(Atom("c"), both, truth, activation, truth + activation)
            printed = Decimal(row[f"{category}-iou"])
            half_of_last_digit = Fraction(Decimal((0, (5,), int(printed.as_tuple().exponent) - 1)))
            assert abs(found.iou - Fraction(printed)) <= half_of_last_digit + Fraction(printed) / 2**52
            checked += 1
    assert checked >= 4 * len(rows)


def result(iou: Fraction, bound: Fraction | None, status: Status) -> SearchResult:
    best = Explanation(Atom("a"), iou.numerator, iou.numerator, iou.denominator, iou.denominator)
    return SearchResult("u", "exact", "chain", 3, best, Fraction(1), status, bound=bound)


def test_a_result_that_contradicts_itself_cannot_be_made():
    result(Fraction(1, 2), Fraction(1, 2), Status.OPTIMAL)
    with pytest.raises(DisagreementError, match="above the bound"):
        result(Fraction(1, 2), Fraction(1, 3), Status.BOUNDED)
    with pytest.raises(DisagreementError, match="called optimal"):
        result(Fraction(1, 2), Fraction(2, 3), Status.OPTIMAL)


def test_the_json_line_has_the_fields_of_the_contract_in_order():
    record = result(Fraction(1, 2), Fraction(2, 3), Status.BOUNDED).record()
    assert list(record) == [
        "unit", "engine", "space", "max_length", "formula", "length", "intersection", "union", "iou",
        "bound", "bound_fraction", "gap", "ceiling", "status", "seconds",
    ]  # fmt: skip
    assert record["bound_fraction"] == [2, 3]
    assert record["iou"] == 0.5
    assert Fraction(record["gap"]) >= Fraction(1, 6)
