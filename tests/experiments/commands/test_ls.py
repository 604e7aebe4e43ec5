"""`compexact ls` of runs, audits and answers (of probes: test_explain.py)."""

import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from compexact.probes import open_probe, save_probe


@pytest.fixture
def run(compexact, npz, tmp_path):
    """A run of the exact engine over three units of four."""
    assert compexact("explain", npz, "--units", "u0,u1,u3", "--engine", "exact", "-o", tmp_path / "run").code == 0
    return tmp_path / "run"


def listed(ended) -> dict:
    assert ended.code == 0, ended.err
    (line,) = ended.out.splitlines()
    return json.loads(line)


def lines(folder) -> list[dict]:
    return [json.loads(line) for line in (folder / "units.jsonl").read_text().splitlines()]


def test_a_run_shows_how_it_was_made_and_how_its_units_ended(compexact, npz, run):
    shown = listed(compexact("ls", run))
    assert (shown["command"], shown["engine"], shown["settings"]["max_length"]) == ("explain", "exact", 3)
    assert (shown["units_asked"], shown["units_done"], shown["certificates"]) == (3, 3, 2)
    assert shown["statuses"] == {"optimal": 2, "degenerate": 1}
    first, second, dead = lines(run)
    assert dead["status"] == "degenerate"
    assert shown["mean_iou"] == pytest.approx((first["iou"] + second["iou"]) / 2)
    assert shown["mean_bound"] == pytest.approx((first["bound"] + second["bound"]) / 2)
    assert shown["mean_gap"] == 0
    assert shown["probe"] == str(npz.resolve())
    assert shown["probe_digest"] == json.loads((run / "run.json").read_text())["probe"]["digest"]
    assert "mean_beam_gap" not in shown


def test_a_run_that_was_interrupted_shows_how_far_it_came(compexact, run):
    records = run / "units.jsonl"
    records.write_text(records.read_text().splitlines(keepends=True)[0])
    shown = listed(compexact("ls", run))
    assert (shown["units_asked"], shown["units_done"], shown["statuses"]) == (3, 1, {"optimal": 1})
    records.unlink()
    shown = listed(compexact("ls", run))
    assert (shown["units_done"], shown["mean_iou"], shown["mean_gap"]) == (0, None, None)


def test_a_beam_has_no_bound_and_no_gap(compexact, npz, tmp_path):
    compexact("explain", npz, "-o", tmp_path / "beam")
    shown = listed(compexact("ls", tmp_path / "beam"))
    assert (shown["mean_bound"], shown["mean_gap"], shown["certificates"]) == (None, None, 0)
    assert shown["mean_iou"] > 0


def test_an_audit_shows_how_the_beam_did(compexact, npz, tmp_path):
    compexact("audit", npz, "--beam-size", "1", "--length", "2", "-o", tmp_path / "audit")
    shown, records = listed(compexact("ls", tmp_path / "audit")), lines(tmp_path / "audit")
    assert (shown["command"], shown["statuses"]) == ("audit", {"optimal": 3, "degenerate": 1})
    asked = [record for record in records if record["exact"]["status"] != "degenerate"]
    assert shown["mean_beam_gap"] == pytest.approx(np.mean([record["beam_gap"] for record in asked]))
    assert shown["mean_iou"] == pytest.approx(np.mean([record["exact"]["iou"] for record in asked]))
    yes = sum(record["beam_optimal"] for record in asked)
    assert shown["beam_optimal"] == {"yes": yes, "no": 3 - yes, "not settled": 0}


def test_it_says_whether_the_probe_is_still_there(compexact, npz, run):
    def state() -> str:
        return listed(compexact("ls", run))["probe_state"]

    assert state() == "there"
    good = npz.read_bytes()
    np.savez(npz, concepts=np.eye(4, dtype=bool), neurons=np.eye(4, dtype=bool))
    assert state() == "another"
    npz.write_bytes(good[: len(good) // 2])
    assert state() == "damaged"
    npz.unlink()
    assert state() == "missing"


def test_the_table_and_the_csv_show_the_same(compexact, run):
    table = compexact("ls", run, "--format", "table").out
    assert "statuses      optimal=2, degenerate=1\n" in table
    assert "probe state   there\n" in table
    heading, row = compexact("ls", run, "--format", "csv").out.splitlines()
    assert heading.split(",") == list(listed(compexact("ls", run)))
    assert row.startswith("explain,exact,")


def test_an_answer_shows_its_question_and_what_was_found(compexact, npz, tmp_path):
    compexact("experiment", "uniqueness", npz, "--lengths", "1,2", "-o", tmp_path / "answer")
    shown = listed(compexact("ls", tmp_path / "answer"))
    assert list(shown) == ["answer", "question", "rows", "settings", "summary"]
    assert (shown["answer"], shown["rows"]) == ("uniqueness", 2)
    assert shown["summary"]
    (tmp_path / "answer/answer.json").write_text('{"format": "compexact answer", "name"')
    assert compexact("ls", tmp_path / "answer").code == 3


def test_a_folder_that_is_nothing_of_ours_and_damaged_ones_are_refused_in_one_line(compexact, run, tmp_path):
    (tmp_path / "empty").mkdir()
    shutil.copytree(run, tmp_path / "headless")
    (tmp_path / "headless/run.json").write_text("{}")
    shutil.copytree(run, tmp_path / "worded")
    text = (run / "units.jsonl").read_text().replace('"iou": ', '"iou": "x", "was": ', 1)
    (tmp_path / "worded/units.jsonl").write_text(text)
    for name, part in (("empty", "neither a probe nor a run"), ("headless", "run.json"), ("worded", "is damaged")):
        ended = compexact("ls", tmp_path / name)
        assert ended.code == 3
        (line,) = ended.err.splitlines()
        assert line.startswith("compexact: ")
        assert part in line
    ended = compexact("ls", run, "--units")
    assert ended.code == 2
    assert "--units" in ended.err


@pytest.mark.parametrize("asked", [(), ("--units",), ("--concepts",)])
def test_a_probe_is_shown_without_anything_that_computes(npz, tmp_path, asked):
    probe = save_probe(open_probe(npz), tmp_path / "probe")
    code = "import sys; from compexact.experiments.cli import app; app(sys.argv[1:], standalone_mode=False)"
    shown = [sys.executable, "-c", f"{code}; print(*sys.modules)", "ls", str(probe.path), *asked]
    loaded = set(subprocess.run(shown, capture_output=True, text=True, check=True).stdout.splitlines()[-1].split())
    assert "numpy" in loaded
    assert not loaded & {"numba", "scipy", "torch", "PIL", "compexact.solver.beam"}
