"""`compexact verify` of whole runs: every unit that was asked for gets a verdict, and every number is counted again."""

import json
from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.run.schema import digest_of
from compexact.solver import Atom, brute_force_search
from compexact.solver.arrays import from_arrays
from compexact.solver.certificate import Certificate
from compexact.solver.metrics import rounded_up
from compexact.solver.problem import Problem


def verdicts(ended):
    return [json.loads(line)["verdict"] for line in ended.out.splitlines()]


def reasons(ended):
    return {line["unit"]: line["reason"] for line in map(json.loads, ended.out.splitlines())}


def problem(npz, unit):
    arrays = np.load(npz)
    cells = from_arrays(arrays["concepts"], arrays["neurons"], unit_names=list(arrays["unit_names"]))
    return Problem.of(cells, unit)


@pytest.fixture
def run(compexact, npz, tmp_path):
    """Four units: three proven, one dead."""
    assert compexact("explain", npz, "--engine", "exact", "-o", tmp_path / "run").code == 0
    return tmp_path / "run"


@pytest.fixture
def lines(run):
    return run / "units.jsonl"


def test_every_unit_has_a_verdict_and_it_says_what_is_not_checked(compexact, run):
    ended = compexact("verify", run)
    assert (ended.code, ended.err) == (0, "")
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert [line["verdict"] for line in found] == ["confirmed"] * 4
    assert found[3] | {"seconds": 0} == {
        "unit": "u3",
        "verdict": "confirmed",
        "iou": 0.0,
        "bound": 0.0,
        "proof": "ceiling",
        "work": "no set of cells does better",
        "seconds": 0,
        "reason": None,
        "not_checked": ["seconds"],
    }


def test_a_deleted_line_is_missing(compexact, run, lines):
    first, _, *others = lines.read_text().splitlines(keepends=True)
    lines.write_text("".join([first, *others]))
    ended = compexact("verify", run)
    assert ended.code == 4
    assert verdicts(ended) == ["confirmed", "missing", "confirmed", "confirmed"]
    assert "1 of 4 units are missing" in ended.err
    lines.write_text("")
    assert verdicts(compexact("verify", run)) == ["missing"] * 4


@pytest.mark.parametrize("key", ["certificate", "certificate_digest"])
def test_a_proof_claimed_without_a_certificate_is_rejected(compexact, npz, run, lines, edited, key):
    edited(lines, "u1", lambda record: [record.pop(name) for name in ("certificate", key) if name in record])
    ended = compexact("verify", run)
    assert ended.code == 5
    assert verdicts(ended) == ["confirmed", "rejected", "confirmed", "confirmed"]
    assert "it says optimal and names no certificate" in reasons(ended)["u1"]
    assert "1 of 4 units are rejected" in ended.err
    again = compexact("explain", npz, "--engine", "exact", "--require", "optimal", "-o", run)
    assert (again.code, again.out) == (3, "")
    assert "unit 'u1': it says optimal and names no certificate; delete that line and run again" in again.err


def test_a_line_made_degenerate_is_rejected_and_not_gone_on_with(compexact, npz, run, lines, edited):
    edited(lines, "u1", lambda record: record.update(status="degenerate"))
    ended = compexact("verify", run)
    assert (ended.code, verdicts(ended)[1]) == (5, "rejected")
    again = compexact("explain", npz, "--engine", "exact", "--require", "optimal", "-o", run)
    assert (again.code, again.out) == (3, "")


def test_a_beam_has_nothing_to_prove_and_its_numbers_are_counted_again(compexact, npz, tmp_path, edited):
    compexact("explain", npz, "-o", tmp_path / "beam")
    ended = compexact("verify", tmp_path / "beam")
    assert verdicts(ended) == ["recounted"] * 4
    assert (ended.code, "has no certificate" in ended.err) == (2, True)
    edited(tmp_path / "beam/units.jsonl", "u2", lambda record: record.update(intersection=record["intersection"] + 1))
    ended = compexact("verify", tmp_path / "beam")
    assert (ended.code, verdicts(ended)) == (5, ["recounted", "recounted", "rejected", "recounted"])


def optimal_for(npz, run, length, record):
    """Make the record the optimum of another length, with a certificate that proves it."""
    of = problem(npz, record["unit"])
    found = brute_force_search(of, max_length=length)
    iou = found.best.iou
    text = Certificate("chain", length, iou, "sets").to_json(of, found.best)
    (run / record["certificate"]).write_text(text)
    record.pop("certificate_digest", None)
    record |= {"max_length": length, **found.best.record(), "bound": rounded_up(iou), "gap": 0.0}
    record |= {"bound_fraction": [iou.numerator, iou.denominator], "status": "optimal"}
    record |= {"by_length": [each.record() for each in found.by_length], "top": [found.best.record()]}


def test_a_line_of_another_length_than_the_run_is_rejected_with_its_own_certificate(compexact, npz, run, lines, edited):
    edited(lines, "u1", lambda record: optimal_for(npz, run, 1, record))
    ended = compexact("verify", run)
    assert (ended.code, verdicts(ended)[1]) == (5, "rejected")
    assert "its max_length is 1, not that of the run" in reasons(ended)["u1"]
    edited(lines, "u1", lambda record: optimal_for(npz, run, 3, record))
    assert verdicts(compexact("verify", run)) == ["confirmed"] * 4


def test_a_sample_that_nobody_asked_for_is_rejected(compexact, run, lines, edited):
    found = {"points": 1, "unit_points": 1, "cells": 1, "formula": "c0", "length": 1, "intersection": 1, "union": 1}
    found |= {"iou": 1.0, "bound": 1.0, "bound_fraction": [1, 1], "proven": True, "likely_bound": 1.0, "confidence": 1}
    edited(lines, "u1", lambda record: record.update(sample=found))
    assert verdicts(compexact("verify", run)) == ["confirmed", "rejected", "confirmed", "confirmed"]


def test_a_beam_that_calls_something_proven_is_rejected(compexact, npz, tmp_path, edited):
    compexact("explain", npz, "-o", tmp_path / "beam")
    proven = lambda record: [found.update(proven=True) for found in record["by_length"]]  # noqa: E731
    edited(tmp_path / "beam/units.jsonl", "u0", proven)
    assert verdicts(compexact("verify", tmp_path / "beam"))[0] == "rejected"


def test_a_swapped_certificate_is_noticed_though_it_proves_the_same(compexact, npz, run, lines, edited):
    file = run / json.loads(lines.read_text().splitlines()[1])["certificate"]
    content = json.loads(file.read_text())
    file.write_text(json.dumps(content))
    ended = compexact("verify", run)
    assert (ended.code, verdicts(ended)[1]) == (5, "rejected")
    assert "is not the file that was kept with" in reasons(ended)["u1"]
    again = compexact("explain", npz, "--engine", "exact", "-o", run)
    assert (again.code, "is not the file that was kept with it" in again.err) == (3, True)


def test_going_on_says_what_to_do_about_a_lost_certificate(compexact, npz, run, lines):
    (run / "certificates/1.json").unlink()
    for words in (("verify", run), ("explain", npz, "--engine", "exact", "-o", run)):
        ended = compexact(*words)
        assert (ended.code, ended.out) == (3, "")
        assert ended.err.endswith("where it is lost, delete its unit's line and run the same command again\n")
    kept = [line for line in lines.read_text().splitlines(keepends=True) if not line.startswith('{"unit": "u1"')]
    lines.write_text("".join(kept))
    assert compexact("explain", npz, "--engine", "exact", "-o", run).code == 0
    assert compexact("verify", run).code == 0


def bounded_by(record, bound):
    bound = Fraction(bound)
    gap = bound - Fraction(record["intersection"], record["union"])
    record |= {"bound": rounded_up(bound), "bound_fraction": [bound.numerator, bound.denominator]}
    record |= {"gap": rounded_up(gap), "status": "bounded"}


def test_the_bound_of_an_engine_without_certificates_is_proven_where_that_needs_none(compexact, npz, tmp_path, edited):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "brute", "--length", 2, "-o", run)
    assert compexact("verify", run).code == 0
    for unit in ("u1", "u2"):
        edited(run / "units.jsonl", unit, lambda record: record.pop("certificate") and record.pop("certificate_digest"))
        iou = Fraction(*json.loads((run / "certificates/1.json").read_text())["iou"]) if unit == "u1" else 1
        edited(run / "units.jsonl", unit, lambda record, iou=iou: bounded_by(record, iou))
    ended = compexact("verify", run)
    assert (ended.code, verdicts(ended)) == (0, ["confirmed"] * 4)
    proofs = [json.loads(line)["proof"] for line in ended.out.splitlines()]
    assert proofs[1:3] == ["sets", "ceiling"]


def test_a_bound_that_nothing_proves_is_unchecked(compexact, npz, tmp_path, edited):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "maxsat", "--units", "u1", "--length", 6, "--time-limit", 0.1, "-o", run)
    line = json.loads((run / "units.jsonl").read_text())
    assert "certificate" not in line or line.pop("certificate")
    middle = (Fraction(line["intersection"], line["union"]) + Fraction(line["ceiling"])).limit_denominator(10**6) / 2

    def claim(record):
        record.pop("certificate", None)
        record.pop("certificate_digest", None)
        bounded_by(record, middle)

    edited(run / "units.jsonl", "u1", claim)
    ended = compexact("verify", run)
    assert (ended.code, verdicts(ended)) == (4, ["unchecked"])
    assert "the word of engine maxsat" in reasons(ended)["u1"]


def test_what_by_length_calls_proven_is_proven_again(compexact, npz, run, lines, edited):
    def proven(record):
        for found in record["by_length"]:
            found["proven"] = True

    edited(lines, "u1", proven)
    assert verdicts(compexact("verify", run)) == ["confirmed"] * 4
    of = problem(npz, "u1")
    worse = min((of.explain(Atom(name)) for name in of.concepts.names), key=lambda found: found.iou).record()
    edited(lines, "u1", lambda record: record["by_length"].__setitem__(0, worse | {"proven": True}))
    ended = compexact("verify", run)
    assert (ended.code, verdicts(ended)[1]) == (5, "rejected")
    assert "by_length at length 1: a chain of at most 1 concepts exceeds the bound" in reasons(ended)["u1"]
    edited(lines, "u1", lambda record: record["by_length"].__setitem__(0, worse | {"proven": False}))
    assert verdicts(compexact("verify", run)) == ["confirmed"] * 4


def test_beyond_five_concepts_only_the_certified_claim_is_proven(compexact, npz, tmp_path, edited):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "exact", "--units", "u0", "--length", 7, "-o", run)

    def sixth(formula):
        def change(record):
            found = problem(npz, "u0").explain(formula).record()
            record["by_length"][:6] = [found | {"proven": False}] * 5 + [found | {"proven": True}]

        return change

    file = run / "units.jsonl"
    edited(file, "u0", sixth(Atom("c0")))
    ended = compexact("verify", run)
    assert verdicts(ended) == ["rejected"]
    assert reasons(ended)["u0"] == "nothing proves what by_length calls proven of length 6"
    edited(file, "u0", lambda record: record["by_length"][5].update(proven=False))
    assert verdicts(compexact("verify", run)) == ["confirmed"]


def test_an_audit_says_that_the_grids_middle_is_not_checked(compexact, npz, tmp_path, edited):
    run = tmp_path / "audit"
    compexact("audit", npz, "--length", "1,2", "--beam-size", "1,5", "-o", run)
    ended = compexact("verify", run)
    assert verdicts(ended) == ["confirmed"] * 4
    assert json.loads(ended.out.splitlines()[0])["not_checked"] == ["seconds", "trace", "grid"]
    for change in ({"beam_optimal": None}, {"beam_gap": 0.5}):
        before = (run / "units.jsonl").read_text()
        edited(run / "units.jsonl", "u1", lambda record, change=change: record.update(change))
        assert verdicts(compexact("verify", run)) == ["confirmed", "rejected", "confirmed", "confirmed"]
        (run / "units.jsonl").write_text(before)


def rewrite_header(run, change):
    header = json.loads((run / "run.json").read_text())
    change(header)
    header["digest"] = digest_of(header)
    (run / "run.json").write_text(json.dumps(header))


@pytest.mark.parametrize("path", ["x" * 4000, "x/" * 2000, "a\0b"])
def test_a_path_that_no_probe_can_have_is_one_where_none_is(compexact, run, path):
    rewrite_header(run, lambda header: header["probe"].update(path=path))
    ended = compexact("verify", run)
    assert (ended.code, "name it with --probe" in ended.err) == (2, True)
    ended = compexact("ls", run)
    assert (ended.code, json.loads(ended.out)["probe_state"]) == (0, "missing")


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["settings"].update(metric="precision"),
        lambda header: header["settings"].update(penalty="0.5"),
        lambda header: header["settings"].update(compat="vision"),
        lambda header: header["settings"].update(engine="exakt"),
        lambda header: header["settings"].update(time_limit=0),
    ],
)
def test_settings_that_no_engine_takes_are_no_run(compexact, run, change):
    """Else `optimal`, which is of the IoU, would stand beside another score."""
    rewrite_header(run, change)
    for command in ("verify", "ls"):
        ended = compexact(command, run)
        assert (ended.code, ended.out, "does not describe a run" in ended.err) == (3, "", True)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header["probe"].update(path="x" * 100_000),
        lambda header: header["units"].append("u" * 100_000),
        lambda header: header["units"].append("u\u202e"),
    ],
)
def test_a_path_or_name_that_none_can_be_is_refused_in_a_short_line(compexact, run, change):
    rewrite_header(run, change)
    for command in ("verify", "ls"):
        ended = compexact(command, run)
        assert (ended.code, ended.out, "does not describe a run" in ended.err) == (3, "", True)
        assert len(ended.err) < 500


def test_a_unit_that_the_probe_has_not_is_bad_data(compexact, run):
    rewrite_header(run, lambda header: header["units"].append("u9"))
    ended = compexact("verify", run)
    assert (ended.code, "asks for a unit that" in ended.err) == (3, True)
