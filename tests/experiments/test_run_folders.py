"""Runs on full disks, with lines and headers that somebody has edited, and with what a crash leaves."""

import json
import resource
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest


@contextmanager
def disk_with_room_for(size):
    """Files cannot grow beyond `size` bytes, as on a disk that gets full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def without_seconds(out):
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in out.splitlines()]


@pytest.mark.parametrize("size", [100, 1000, 1500])
def test_a_full_disk_is_one_line_and_the_same_command_goes_on_later(compexact, npz, tmp_path, size):
    expected = compexact("explain", npz)  # compiles what is to be kept outside of the run, too
    with disk_with_room_for(size):
        ended = compexact("explain", npz, "-o", tmp_path / "run")
    assert ended.code == 3
    message = ended.err.splitlines()[-1]
    said = (" cannot be ", "/run.json could not be ")
    assert message.startswith(tuple(f"compexact: {tmp_path}/run{what}" for what in said))
    assert "File too large" in message
    assert "Traceback" not in ended.err
    again = compexact("explain", npz, "-o", tmp_path / "run")
    assert again.code == 0
    assert without_seconds(again.out) == without_seconds(expected.out)


@pytest.mark.parametrize("form", ["jsonl", "table"])
def test_a_full_stdout_is_one_line(npz, form):
    words = [sys.executable, "-m", "compexact.experiments", "ls", str(npz), "--units", "--format", form]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("compexact: ")
    assert "No space left" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "change", [{"certificate": 5}, {"certificate": "../../../etc/passwd"}, {"iou": float("nan")}, "[" * 100_000]
)
@pytest.mark.parametrize("command", ["ls", "verify", "explain", "report"])
def test_a_line_that_no_run_has_is_damaged(compexact, npz, tmp_path, change, command):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "exact", "-o", run)
    first, *others = (run / "units.jsonl").read_text().splitlines()
    first = change if isinstance(change, str) else json.dumps(json.loads(first) | change)
    (run / "units.jsonl").write_text("\n".join([first, *others, ""]))
    words = {
        "explain": ("explain", npz, "--engine", "exact", "-o", run),
        "report": ("report", run, "-o", tmp_path / "site"),
    }.get(command, (command, run))
    ended = compexact(*words)
    assert ended.code == 3
    assert ended.err == f"compexact: {run / 'units.jsonl'}, line 1 is damaged; delete that line and run again\n"
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize(
    "change",
    [{"settings": {}}, {"units": [1]}, {"units": [["u0"]]}, {"probe": {"path": 5, "digest": ""}}, {"command": None}],
)
@pytest.mark.parametrize("command", ["ls", "verify", "report"])
def test_a_header_that_no_run_has_is_refused(compexact, npz, tmp_path, change, command):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "exact", "-o", run)
    header = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(header | change))
    ended = compexact(command, run, *(("-o", tmp_path / "site") if command == "report" else ()))
    assert ended.code == 3
    assert ended.err == f"compexact: {run / 'run.json'} does not describe a run\n"


@pytest.mark.parametrize("change", [{"status": "great"}, {"formula": "c1"}, {"ceiling": 2.0}, {"bound": 0.5}])
def test_verify_rejects_a_line_that_its_certificate_does_not_speak_of(compexact, npz, tmp_path, change):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "exact", "-o", run)
    first, *others = (run / "units.jsonl").read_text().splitlines()
    (run / "units.jsonl").write_text("\n".join([json.dumps(json.loads(first) | change), *others, ""]))
    ended = compexact("verify", run)
    assert ended.code == 5
    assert [json.loads(line)["verdict"] for line in ended.out.splitlines()] == ["rejected", "confirmed", "confirmed"]


def test_the_bound_of_verify_is_rounded_up_as_that_of_the_line(compexact, tmp_path):
    np.savez(tmp_path / "tenths.npz", concepts=np.ones((10, 1), bool), neurons=np.arange(10)[:, None] < 3)
    line = json.loads(compexact("explain", tmp_path / "tenths.npz", "--engine", "exact", "-o", tmp_path / "run").out)
    verdict = json.loads(compexact("verify", tmp_path / "run").out)
    assert (line["iou"], line["bound"]) == (0.3, 0.30000000000000004)
    assert (verdict["iou"], verdict["bound"]) == (0.3, 0.30000000000000004)


def test_a_file_in_place_of_a_run_is_said_to_be_none(compexact, npz, tmp_path):
    ended = compexact("report", npz, "-o", tmp_path / "site")
    assert (ended.code, ended.err) == (3, f"compexact: {npz} is not a run: it has no run.json\n")
