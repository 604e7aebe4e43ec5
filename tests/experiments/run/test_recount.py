"""Lines of a run that somebody has edited: noticed before they are shown as answers."""

import itertools
import json
from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.run.audit import Audit, audit_record
from compexact.experiments.run.engines import SearchSettings, explain_unit
from compexact.experiments.run.recount import Recount
from compexact.experiments.run.schema import ExplainLine, check_form
from compexact.experiments.run.units import result_record
from compexact.solver.arrays import from_arrays
from compexact.solver.metrics import rounded_up


def cells():
    """Units: one with something to explain, one active nowhere, one everywhere, one that meets no concept."""
    rng = np.random.default_rng(0)
    concepts = rng.random((200, 6)) < 0.3
    neurons = rng.random((200, 4)) < [0.3, 0, 1, 0]
    neurons[:, 3] = ~concepts.any(axis=1)
    return from_arrays(concepts, neurons, unit_names=["u0", "dead", "full", "alone"])


CELLS = cells()


def asked(command="explain", **settings):
    return {"command": command, "settings": SearchSettings(**settings).record()}


def answered(unit="u0", **settings):
    """An engine's line, and what it was asked."""
    record = result_record(explain_unit(CELLS, unit, SearchSettings(**settings)))
    return json.loads(json.dumps(record)), asked(**settings)


def wrong(line, header):
    return Recount(CELLS, header).validate_line(line)


SETTINGS = [
    {"engine": "beam"},
    {"engine": "exact"},
    {"engine": "exact", "space": "tree"},
    {"engine": "exact", "max_length": 7},
    {"engine": "brute"},
    {"engine": "maxsat"},
    {"engine": "cpsat", "sample": 50},
    {"compat": "vision"},
    {"compat": "nli", "penalty": "0.9"},
    {"metric": "precision", "top_k": 4},
    {"metric": "f1", "penalty": "0.95", "top_k": 3},
    {"metric": "recall"},
]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda settings: " ".join(map(str, settings.values())))
@pytest.mark.parametrize("unit", ["u0", "dead", "full", "alone"])
def test_what_an_engine_answers_is_right(settings, unit):
    line, header = answered(unit, **{"max_length": 2, **settings})
    assert line["status"] != "failed"
    assert check_form(ExplainLine, line) == line
    assert wrong(line, header) is None


COUNTS = {"formula": "c1", "length": 1, "intersection": 3, "union": 4, "iou": 0.75}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"engine": "brute"}, "its engine is 'brute'"),
        ({"space": "tree"}, "its space is 'tree'"),
        ({"max_length": 1}, "its max_length is 1"),
        ({"intersection": 1}, "the counts are not those of "),
        ({"union": 0}, "the counts are not those of "),
        ({"iou": 0.75}, "the counts are not those of "),
        ({"length": 1}, "the counts are not those of "),
        ({"formula": "c0"}, "the counts are not those of c0"),
        ({"formula": None}, "the counts are not those of no formula"),
        ({"formula": "c9"}, "no concept is named 'c9'"),
        ({"formula": "c0 OR"}, "expected a concept"),
        ({"formula": "NOT c0"}, "the formula is no chain"),
        ({"formula": "c0 OR c1 OR c2"}, "longer than 2"),
        ({"top": [COUNTS]}, "of c1"),
        ({"top": []}, "top has more or fewer"),
        ({"by_length": []}, "by_length has not one formula for each length"),
        ({"metric": "f1", "score": 0.5}, "another metric"),
        ({"bound": 0.9}, "bound, gap and status"),
        ({"bound": None}, "bound, gap and status"),
        ({"gap": 0.1}, "bound, gap and status"),
        ({"bound_fraction": [9, 10]}, "bound, gap and status"),
        ({"bound_fraction": [9, 10], "bound": 0.9}, "bound, gap and status"),
        ({"bound_fraction": [0, 1], "bound": 0.0}, "bound, gap and status"),
        ({"bound_fraction": None, "bound": None, "gap": None}, "bound, gap and status"),
        ({"status": "degenerate"}, "whether the unit is degenerate"),
        ({"status": "failed"}, "bound, gap and status"),
        ({"ceiling": 0.99}, "the ceiling is not that of the unit"),
        ({"ceiling": 1.5}, "the ceiling is not that of the unit"),
    ],
)
def test_an_edited_field_is_noticed(change, why):
    line, header = answered(engine="exact", max_length=2)
    assert line["length"] == 2
    said = wrong(line | change, header)
    assert said
    assert why in said
    audited, header = audit_of()
    assert wrong(audited, header) is None
    assert wrong(audited | {"exact": audited["exact"] | change}, header)
    assert wrong(audited | {"beam": audited["beam"] | {"union": 3}}, header)


def audit_of(lengths=(2,), beam_sizes=(10,)):
    audit = Audit.of(SearchSettings(engine="exact"), lengths, beam_sizes)
    grid = audit(CELLS, 0, lambda: False)
    line = audit_record(grid) | {"exact": result_record(grid[-1].exact)}
    return json.loads(json.dumps(line)), {"command": "audit", "settings": audit.record()}


def points(line, place, **change):
    return {"grid": [point | (change if i == place else {}) for i, point in enumerate(line["grid"])]}


def test_what_an_audit_says_of_the_beam_follows_from_the_answers():
    line, header = audit_of([1, 3], [1, 5])
    assert wrong(line, header) is None
    other = None if line["beam_optimal"] else True
    for change in ({"beam_gap": 0.01}, {"beam_gap": None}, {"beam_optimal": other}, {"grid": line["grid"][1:]}):
        assert wrong(line | change, header)
    first, *_, last = line["trace"]
    for trace in ([last, first], [first], [[9.0, *first[1:]], last], [[0.0, 0.9, 1.0], last], [[0.0, 0.0, 0.0], last]):
        assert "its trace" in wrong(line | {"trace": trace}, header)
    assert wrong(line | {"trace": []}, header) is None
    for field in line["grid"][0]:
        for value in (0.0123, None, True, False, 2, "feasible"):
            if value != line["grid"][3][field]:
                said = wrong(line | points(line, 3, **{field: value}), header)
                assert said, (field, value)
    assert "local_gap" in line["grid"][0]
    for place, field in itertools.product((0, 3), ("local_iou", "local_gap", "local_seconds")):
        grid = json.loads(json.dumps(line["grid"]))
        del grid[place][field]
        assert "local search" in wrong(line | {"grid": grid}, header)
    assert wrong(line | points(line, 1, beam_iou=1.0), header)
    assert wrong(line | points(line, 1, beam_gap=0.5), header)
    assert wrong(line | points(line, 0, exact_iou=0.0, beam_iou=0.0), header)
    assert wrong(line | points(line, 0, status="degenerate"), header)


def test_a_bound_without_a_proof_of_the_optimum_may_leave_a_gap():
    record, header = answered(engine="exact", max_length=1)
    bound, gap = Fraction(record["intersection"] + 1, record["union"]), Fraction(1, record["union"])
    line = record | {"bound_fraction": [bound.numerator, bound.denominator], "status": "bounded"}
    line |= {"bound": rounded_up(bound), "gap": rounded_up(gap)}
    assert wrong(line, header) is None
    assert wrong(line | {"status": "optimal"}, header)


def test_a_beam_proves_nothing():
    line, header = answered()
    bound = {
        "bound_fraction": [1, 1],
        "bound": 1.0,
        "gap": rounded_up(1 - Fraction(line["intersection"], line["union"])),
    }
    assert "bound, gap and status" in wrong(line | bound | {"status": "bounded"}, header)
    assert "bound, gap and status" in wrong(line | bound, header)


def test_formulas_are_in_the_order_of_their_scores_and_each_a_function_of_its_own():
    line, header = answered(top_k=3, beam_size=20)
    first, second, third = line["top"]
    assert wrong(line | {"top": [first, third, second]}, header) == "top rises"
    assert wrong(line | {"top": [second, third]}, header) == (
        "the answer is not the last of by_length and the first of top"
    )
    assert "the same function" in wrong(line | {"top": [first, second, second]}, header)
    assert "top has more" in wrong(line | {"top": [first, second, third, third]}, header)
    one, two, three = line["by_length"]
    assert wrong(line | {"by_length": [two, two, three]}, header) == f"{two['formula']} is longer than 1"
    assert wrong(line | {"by_length": [one, two, one]}, header) == "by_length falls"
    assert wrong(line | {"by_length": [one, one, one]}, header) == (
        "the answer is not the last of by_length and the first of top"
    )


def test_a_penalised_score_may_prefer_a_lower_iou():
    line, header = answered(penalty="0.5", max_length=4)
    assert wrong(line, header) is None
    line, header = answered(penalty="0.9", max_length=3)
    plain = header | {"settings": header["settings"] | {"penalty": "1"}}
    assert wrong(line, header) is None
    assert len({found["length"] for found in line["by_length"]}) == 1 or wrong(line, plain) is None


@pytest.mark.parametrize("unit", ["dead", "full", "alone"])
def test_a_unit_with_nothing_to_explain_is_said_to_be_so(unit):
    line, header = answered(unit)
    other = "feasible" if line["status"] == "degenerate" else "degenerate"
    assert "degenerate" in wrong(line | {"status": other}, header)
    nothing = {"formula": None, "length": None, "intersection": 0, "union": 0, "iou": 0.0, "by_length": [], "top": []}
    found, header = answered()
    assert wrong(found | nothing, header) == "it has no formula, and there is something to explain"


def test_a_unit_that_meets_no_concept_is_degenerate_only_for_the_search_of_the_paper_code():
    line, header = answered("alone", compat="vision")
    assert line["status"] == "degenerate"
    assert wrong(line | {"status": "feasible"}, header)
    assert wrong(line, asked()) == "whether the unit is degenerate is not so"


def test_a_score_that_is_not_the_metric_of_the_counts_is_noticed():
    line, header = answered(metric="precision")
    assert "the score is not the precision" in wrong(line | {"score": line["score"] / 2}, header)
    assert "its metric is not precision" in wrong(line | {"metric": "recall"}, header)
    del line["metric"]
    assert "its metric is not precision" in wrong(line, header)


@pytest.mark.parametrize("command", ["explain", "audit"])
def test_going_on_with_an_edited_run_is_refused_in_a_line_that_names_it(compexact, npz, tmp_path, command, edited):
    words = (command, npz, "--length", 2, "-o", tmp_path / "run")
    first, file = compexact(*words), tmp_path / "run/units.jsonl"
    whole = file.read_text()
    line = next(line for line in whole.splitlines() if line.startswith('{"unit": "u1"'))

    def raised(record):
        answer = record["exact"] if command == "audit" else record
        answer["intersection"] += 1

    edited(file, "u1", raised, seal=False)
    ended = compexact(*words)
    assert (ended.code, ended.out) == (3, "")
    message = f"compexact: {file}, line 2 is damaged: its digest is not that of its content; delete that line"
    assert ended.err.splitlines()[-1].startswith(message)
    edited(file, "u1", lambda record: None)
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
