"""Proofs on the command line: exact runs, audits, and the verification of both."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.run.audit import Audit, Audited, audit_record, summarise, worst_units
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import read_run
from compexact.experiments.run.units import map_units
from compexact.probes.store import Probe
from compexact.solver import Problem, Status, beam_search
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError

EXACT = SearchSettings(engine="exact")


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def trap(tmp_path):
    """Arrays on which a beam of 1 misses the best formula, `(c0 AND c1) OR c2`."""
    concepts = [
        [1, 1, 0],
        [1, 1, 0],
        [1, 0, 1],
        [0, 1, 1],
        [1, 0, 0],
        [0, 1, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 1],
    ]
    neurons = np.array([[1, 1, 0, 0, 0, 0, 0, 0, 1, 1], [0] * 10], dtype=bool).T
    np.savez(tmp_path / "trap.npz", concepts=np.array(concepts, dtype=bool), neurons=neurons)
    return tmp_path / "trap.npz"


def test_exact_answers_are_optimal_only_with_a_certificate_that_is_kept_and_verified(compexact, npz, tmp_path):
    ended = compexact("explain", npz, "--engine", "exact", "-o", tmp_path / "run")
    assert ended.code == 0
    statuses = [record["status"] for record in lines(ended.out)]
    assert statuses == ["optimal", "optimal", "optimal", "degenerate"]
    assert all("certificate" not in record for record in lines(ended.out))
    run = read_run(tmp_path / "run")
    assert all((tmp_path / "run" / run.records[unit]["certificate"]).is_file() for unit in ("u0", "u1", "u2"))
    verified = compexact("verify", tmp_path / "run")
    assert verified.code == 0
    assert [line["verdict"] for line in lines(verified.out)] == ["confirmed"] * 4
    one = compexact("verify", tmp_path / "run/certificates/1.json", "--probe", npz)
    assert lines(one.out)[0]["unit"] == "u1"


@pytest.mark.parametrize("tampering", ["line", "certificate", "swapped", "missing"])
def test_tampering_with_a_run_is_found_out(compexact, npz, tmp_path, tampering):
    compexact("explain", npz, "--engine", "exact", "--units", "u0,u1,u2", "-o", tmp_path / "run")
    records, certificates = tmp_path / "run/units.jsonl", tmp_path / "run/certificates"
    if tampering == "line":
        changed = lines(records.read_text())
        changed[1]["bound_fraction"] = [1, 1]
        records.write_text("".join(json.dumps(line) + "\n" for line in changed))
    elif tampering == "certificate":
        text = (certificates / "1.json").read_text()
        (certificates / "1.json").write_text(text.replace('"max_length":3', '"max_length":2'))
    elif tampering == "swapped":
        (certificates / "1.json").write_text((certificates / "2.json").read_text())
    else:
        (certificates / "1.json").unlink()
    ended = compexact("verify", tmp_path / "run")
    assert ended.code == (3 if tampering == "missing" else 5)
    if tampering != "missing":
        assert [line["verdict"] for line in lines(ended.out)] == ["confirmed", "rejected", "confirmed"]
        assert lines(ended.out)[1]["reason"]
        assert "1 of 3 units are rejected" in ended.err


def test_a_certificate_of_other_data_is_rejected(compexact, npz, trap, tmp_path):
    compexact("explain", trap, "--engine", "exact", "-o", tmp_path / "run")
    other = np.load(npz)
    np.savez(tmp_path / "other.npz", concepts=other["concepts"][:, :3], neurons=other["neurons"])
    ended = compexact("verify", tmp_path / "run/certificates/0.json", "--probe", tmp_path / "other.npz")
    assert ended.code == 5


def test_verify_says_what_it_needs(compexact, npz, tmp_path):
    assert compexact("verify", tmp_path / "nothing").code == 2
    compexact("explain", npz, "-o", tmp_path / "beam")
    ended = compexact("verify", tmp_path / "beam")
    assert ended.code == 2
    assert "has no certificate" in ended.err
    (tmp_path / "x.json").write_text("[1")
    assert compexact("verify", tmp_path / "x.json", "--probe", npz).code == 3
    assert "--probe" in compexact("verify", tmp_path / "x.json").err


def test_require_optimal_is_exit_code_4_where_a_unit_is_not_proven(compexact, npz):
    ended = compexact("explain", npz, "--require", "optimal")
    assert ended.code == 4
    assert "3 of 4 units are not proven optimal" in ended.err
    assert compexact("explain", npz, "--engine", "exact", "--require", "optimal").code == 0
    assert compexact("explain", npz, "--require", "perfect").code == 2


def test_an_audit_line_holds_both_answers_and_the_verdict(compexact, trap, tmp_path):
    ended = compexact("audit", trap, "--beam-size", 1, "-o", tmp_path / "audit")
    assert ended.code == 0
    missed, degenerate = lines(ended.out)
    assert list(missed) == ["unit", "beam", "local", "exact", "beam_gap", "beam_optimal"]
    assert missed["beam"]["status"] == "feasible"
    assert missed["exact"]["status"] == "optimal"
    assert missed["exact"]["formula"] == "(c0 AND c1) OR c2"
    assert missed["beam_optimal"] is False
    gap = Fraction(4, 6) - Fraction(missed["beam"]["intersection"], missed["beam"]["union"])
    assert Fraction(missed["beam_gap"]) >= gap > 0
    assert degenerate["exact"]["status"] == "degenerate"
    assert "unit 0: best 0.6667  (c0 AND c1) OR c2" in ended.err
    assert compexact("verify", tmp_path / "audit").code == 0
    again = compexact("audit", trap, "--beam-size", 1, "-o", tmp_path / "audit")
    assert again.out == ended.out
    wide = lines(compexact("audit", trap).out)[0]
    assert wide["beam_optimal"] is True
    assert wide["beam_gap"] == 0.0


def test_brute_force_audits_too_and_the_beam_cannot_audit_itself(compexact, trap):
    record = lines(compexact("audit", trap, "--engine", "brute", "--beam-size", 1).out)[0]
    assert record["beam_optimal"] is False
    assert compexact("audit", trap, "--engine", "beam").code == 2


def random_cells():
    rng = np.random.default_rng(0)
    return from_arrays(rng.random((60, 8)) < 0.3, rng.random((60, 30)) < 0.3)


def test_the_summary_counts_what_the_lines_say():
    cells = random_cells()
    audits = [grid[0] for _, grid in map_units(Audit.of(EXACT, [4], [2]), Probe(cells, {}), cells.unit_names)]
    records = [audit_record((audited,)) for audited in audits]
    (summary,) = summarise(records)
    beaten = [audited for audited in audits if audited.exact.best.iou > audited.beam.best.iou]
    assert (summary.max_length, summary.beam_size, summary.units, summary.proven) == (4, 2, 30, 30)
    assert summary.beaten == len(beaten)
    assert summary.optimal + summary.beaten == 30
    assert 0 < len(beaten) < 30
    worst = worst_units(records)
    losses = [line["exact"]["iou"] - line["beam"]["iou"] for line in worst]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == max(float(a.exact.best.iou) - float(a.beam.best.iou) for a in audits)
    assert summarise([]) == []


def test_an_equal_answer_under_an_open_bound_does_not_settle_whether_the_beam_was_optimal():
    beam = beam_search(Problem.of(random_cells(), 0))
    audited = Audited(10, beam, beam, replace(beam, engine="exact", bound=beam.ceiling, status=Status.BOUNDED))
    assert audited.gap == beam.ceiling - beam.best.iou > 0
    assert audited.beam_was_optimal is None


def test_a_unit_that_failed_is_left_out_of_the_summary():
    audit, cells = Audit.of(EXACT, [2]), random_cells()
    answers = audit(cells, 0, lambda: False), audit.failed(cells, 1, "its process was killed")
    assert [summary.units for summary in summarise([audit.line(grid) for grid in answers])] == [1]


def test_a_grid_proves_every_length_once_and_holds_every_beam_against_it(compexact, npz, tmp_path):
    ended = compexact("audit", npz, "--length", "3,1,2", "--beam-size", "1,5", "-o", tmp_path / "grid")
    first = lines(ended.out)[0]
    points = [(point["max_length"], point["beam_size"]) for point in first["grid"]]
    assert points == [(1, 1), (1, 5), (2, 1), (2, 5), (3, 1), (3, 5)]
    assert first["exact"]["max_length"] == 3
    for line in lines(ended.out):
        for narrow, wide in zip(line["grid"][::2], line["grid"][1::2]):
            assert narrow["exact_iou"] == wide["exact_iou"]
            assert narrow["beam_gap"] >= wide["beam_gap"] >= 0
    assert (tmp_path / "grid/audit.svg").read_text().startswith("<?xml")
    assert (tmp_path / "grid/audit.png").stat().st_size > 5_000
    assert compexact("verify", tmp_path / "grid").code == 0


def test_an_audit_without_proof_is_refused():
    with pytest.raises(UsageError, match="needs an engine that proves"):
        Audit.of(SearchSettings())


@pytest.mark.slow
def test_ctrl_c_gives_incumbent_and_bound_and_the_same_command_goes_on(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "hard.npz", concepts=rng.random((3000, 120)) < 0.2, neurons=rng.random((3000, 2)) < 0.2)
    code = "from compexact.experiments.cli import main; main()"
    run = tmp_path / "run"
    command = [sys.executable, "-c", code, "explain", str(tmp_path / "hard.npz"), "--engine", "exact", "--length", "10"]
    trace = tmp_path / "trace.jsonl"
    command += ["-o", str(run), "--trace", str(trace)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (trace.exists() and len(trace.read_text().splitlines()) > 2):  # it has found and proven something
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in err
    found = lines(out)
    assert [record["unit"] for record in found] == ["0"]
    assert found[0]["status"] == "bounded"
    assert found[0]["iou"] < found[0]["bound"] <= found[0]["ceiling"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not any(json.loads(line)["unit"] == "1" for line in trace.read_text().splitlines()):
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert lines(out)[0] == found[0]
    assert "1 of 2 units to do" in (run / "log.txt").read_text()
