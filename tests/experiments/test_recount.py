"""Lines of a run that somebody has edited: noticed before they are shown as answers."""

import json
from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.audit import Audit, audit_record
from compexact.experiments.engines import SearchSettings, explain_unit
from compexact.experiments.recount import what_is_wrong
from compexact.experiments.runs import result_record
from compexact.solver.points import from_arrays
from compexact.solver.problem import Problem
from compexact.solver.score import rounded_up


def cells():
    rng = np.random.default_rng(0)
    return from_arrays(
        rng.random((200, 6)) < 0.3, rng.random((200, 3)) < [0.3, 0, 1], unit_names=["u0", "dead", "full"]
    )


@pytest.mark.parametrize("engine", ["beam", "exact", "brute"])
@pytest.mark.parametrize("unit", ["u0", "dead", "full"])
def test_what_an_engine_answers_is_right(engine, unit):
    record = result_record(explain_unit(cells(), unit, SearchSettings(engine=engine, max_length=2)))
    assert what_is_wrong(Problem.of(cells(), unit), json.loads(json.dumps(record))) is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"intersection": 1}, "the counts are not those of "),
        ({"union": 0}, "the counts are not those of "),
        ({"iou": 0.75}, "the counts are not those of "),
        ({"iou": "0.75"}, "the counts are not those of "),
        ({"length": 1}, "the counts are not those of "),
        ({"formula": "c0"}, "the counts are not those of c0"),
        ({"formula": None}, "the counts are not those of no formula"),
        ({"formula": "c9"}, "no concept is named 'c9'"),
        ({"formula": "c0 OR"}, "expected a concept"),
        ({"formula": 3}, ""),
        ({"top": [{"formula": "c1", "length": 1, "intersection": 3, "union": 4, "iou": 0.75}]}, "of c1"),
        ({"by_length": 3}, ""),
        ({"bound": 0.9}, "bound, gap and status"),
        ({"bound": None}, "bound, gap and status"),
        ({"gap": 0.1}, "bound, gap and status"),
        ({"bound_fraction": [9, 10]}, "bound, gap and status"),
        ({"bound_fraction": [9, 10], "bound": 0.9}, "bound, gap and status"),
        ({"bound_fraction": [0, 1], "bound": 0.0}, "bound, gap and status"),
        ({"bound_fraction": None, "bound": None, "gap": None}, "bound, gap and status"),
        ({"bound_fraction": [1, 0]}, ""),
        ({"bound_fraction": [1]}, ""),
        ({"status": "great"}, "'great' is not a valid Status"),
        ({"ceiling": 0.99}, "the ceiling is not that of the unit"),
        ({"seconds": "1"}, ""),
        ({"bound_fraction": [10**999, 1]}, ""),
    ],
)
def test_an_edited_field_is_noticed(change, why):
    problem = Problem.of(cells(), "u0")
    record = result_record(explain_unit(cells(), "u0", SearchSettings(engine="exact", max_length=2)))
    assert record["length"] == 2
    wrong = what_is_wrong(problem, record | change)
    assert wrong
    assert why in wrong
    audited = audit_record(Audit.of(SearchSettings(engine="exact", max_length=2))(cells(), 0, lambda: False))
    assert what_is_wrong(problem, audited) is None
    assert what_is_wrong(problem, audited | {"exact": audited["exact"] | change})
    assert what_is_wrong(problem, audited | {"beam": audited["beam"] | {"union": 3}})


def test_a_bound_without_a_proof_of_the_optimum_may_leave_a_gap():
    problem = Problem.of(cells(), "u0")
    record = result_record(explain_unit(cells(), "u0", SearchSettings(max_length=1)))
    bound, gap = Fraction(record["intersection"] + 1, record["union"]), Fraction(1, record["union"])
    line = record | {"bound_fraction": [bound.numerator, bound.denominator], "status": "bounded"}
    line |= {"bound": rounded_up(bound), "gap": rounded_up(gap)}
    assert what_is_wrong(problem, line) is None
    assert what_is_wrong(problem, line | {"status": "optimal"})


@pytest.mark.parametrize("command", ["explain", "audit"])
def test_going_on_with_an_edited_run_is_refused_in_a_line_that_names_the_unit(compexact, npz, tmp_path, command):
    words = (command, npz, "--length", 2, "-o", tmp_path / "run")
    first, file = compexact(*words), tmp_path / "run/units.jsonl"
    whole = file.read_text()
    line = next(line for line in whole.splitlines() if line.startswith('{"unit": "u1"'))
    file.write_text(whole.replace(line, line.replace('"intersection": ', '"intersection": 1')))
    ended = compexact(*words)
    assert (ended.code, ended.out) == (3, "")
    message = ended.err.splitlines()[-1]
    assert message.startswith(f"compexact: {file}, unit 'u1': the counts are not those of ")
    assert message.endswith("; delete that line and run again")
    file.write_text(whole.replace(line + "\n", ""))
    again = compexact(*words)
    assert again.code == 0
    assert [json.loads(each)["unit"] for each in again.out.splitlines()] == ["u0", "u1", "u2", "u3"]
    assert first.out.splitlines()[0] == again.out.splitlines()[0]
