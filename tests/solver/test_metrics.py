import csv
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from compexact.solver.errors import DisagreementError
from compexact.solver.explanation import Explanation
from compexact.solver.formula import Atom
from compexact.solver.metrics import METRICS, rounded_up
from compexact.solver.result import SearchResult, Status

REFERENCE = Path(__file__).resolve().parents[2] / "../shared/data/reference"
TABLES = [
    "caffe_reference_imagenet.csv",
    "caffe_reference_places205.csv",
    "caffe_reference_places365.csv",
    "netdissect_resnet18_places365_layer4.csv",
]


def test_metrics_are_made_of_the_three_counts():
    both, formula, unit = 6, 10, 8
    values = {name: metric(both, formula, unit) for name, metric in METRICS.items()}
    assert values == {
        "iou": Fraction(6, 12),
        "precision": Fraction(6, 10),
        "recall": Fraction(6, 8),
        "f1": Fraction(12, 18),
    }
    assert METRICS["iou"](0, 0, 0) == 0


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
