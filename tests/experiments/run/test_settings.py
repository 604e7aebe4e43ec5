"""Settings that make no sense are refused before anything is written."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest


@pytest.mark.parametrize(
    "options",
    [
        ("--length", "0"),
        ("--beam-size", "0"),
        ("--engine", "exact", "--beam-size", "0"),
        ("--engine", "exact", "--length", "65"),
        ("--compat", "vision", "--beam-size", "0"),
        ("--compat", "vision", "--penalty", "abc"),
        ("--compat", "vision", "--penalty", "5"),
        ("--compat", "vision", "--length", "99"),
        ("--compat", "nonsense"),
        ("--penalty", "1e-99999"),
        ("--penalty", "0." + "0" * 50 + "1"),
        ("--top-k", "11"),
        ("--engine", "cpsat", "--sample", "0"),
        ("--time-limit", "nan"),
        ("--time-limit", "-1"),
        ("--seed", "-1"),
    ],
)
def test_a_wrong_setting_leaves_no_run_behind(compexact, npz, tmp_path, options):
    ended = compexact("explain", npz, "-o", tmp_path / "run", *options)
    assert ended.code == 2, ended.err
    assert not (tmp_path / "run").exists()


def test_two_computations_that_disagree_end_the_run_with_code_5(compexact, npz, monkeypatch):
    from dataclasses import replace

    from compexact.experiments.run import engines
    from compexact.solver.errors import DisagreementError

    def wrong(problem, settings, should_stop):
        raise DisagreementError("unit u0: two counts differ")

    monkeypatch.setitem(engines.ENGINES, "beam", replace(engines.ENGINES["beam"], search=wrong))
    assert compexact("explain", npz).code == 5


@pytest.mark.parametrize("change", [{"settings": None}, {"probe": None}, {"units": "u0"}, {"format": "other"}])
def test_a_run_with_a_foreign_header_is_refused(compexact, npz, tmp_path, change):
    compexact("explain", npz, "-o", tmp_path / "run")
    header = json.loads((tmp_path / "run/run.json").read_text())
    (tmp_path / "run/run.json").write_text(json.dumps(header | change))
    for command in (("explain", npz, "-o", tmp_path / "run"), ("report", tmp_path / "run", "-o", tmp_path / "site")):
        ended = compexact(*command)
        assert ended.code == 3
        assert "run.json" in ended.err


def test_a_name_that_no_folder_can_have_is_refused(compexact, npz, tmp_path):
    for command in (
        ("explain", npz, "-o", tmp_path / ("x" * 300)),
        ("probe", "arrays", npz, "-o", tmp_path / ("x" * 300)),
    ):
        ended = compexact(*command)
        assert ended.code == 3
        assert len(ended.err.splitlines()) == 1


def test_a_run_behind_a_link_finds_its_probe(compexact, npz, tmp_path):
    (tmp_path / "real/deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real/deep")
    assert compexact("explain", npz, "-o", tmp_path / "link/run").code == 0
    assert compexact("report", tmp_path / "link/run", "-o", tmp_path / "site").code == 0


def test_a_signal_to_the_main_process_alone_stops_all(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "many.npz", concepts=rng.random((4000, 60)) < 0.2, neurons=rng.random((4000, 300)) < 0.2)
    code = "from compexact.experiments.cli import main; main()"
    options = ["--length", "30", "--beam-size", "60", "--jobs", "2", "-o", str(tmp_path / "run")]
    command = [sys.executable, "-c", code, "explain", str(tmp_path / "many.npz"), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run/units.jsonl").exists() or not (tmp_path / "run/units.jsonl").stat().st_size:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert 0 < len(out.splitlines()) < 300
