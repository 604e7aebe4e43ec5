"""Through the command line: a limit and a signal end every search on a dense input, and what was found is kept."""

import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    rng = np.random.default_rng(0)
    file = tmp_path_factory.mktemp("dense") / "dense.npz"
    np.savez(file, concepts=rng.random((20_000, 150)) < 0.5, neurons=rng.random((20_000, 1)) < 0.5)
    return file


def started(file, run, *options):
    command = [sys.executable, "-m", "compexact.experiments", "explain", str(file), "-o", str(run), *options]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def lines(run):
    return [json.loads(line) for line in (run / "units.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(("engine", "space", "length"), [
    ("exact", "chain", 8), ("exact", "tree", 5), ("cpsat", "chain", 5), ("maxsat", "chain", 5), ("beam", "chain", 8),
])  # fmt: skip
def test_a_limit_of_a_second_is_kept_on_a_dense_input(dense, tmp_path, engine, space, length):
    wide = ["--beam-size", "500"] if engine == "beam" else []
    options = ["--engine", engine, "--space", space, "--length", str(length), "--time-limit", "1", *wide]
    assert started(dense, tmp_path / "run", *options).wait(timeout=120) == 0
    [line] = lines(tmp_path / "run")
    assert line["seconds"] < 3
    assert line["iou"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("options", ["--engine exact --length 8", "--length 8 --beam-size 2000"])
def test_a_signal_ends_a_search_soon_and_keeps_what_was_found(dense, tmp_path, number, options):
    child = started(dense, tmp_path / "run", *options.split())
    while not (tmp_path / "run" / "run.json").exists():
        time.sleep(0.05)
    time.sleep(4)
    before = time.monotonic()
    child.send_signal(number)
    assert child.wait(timeout=60) == 130
    assert time.monotonic() - before < 6
    [line] = lines(tmp_path / "run")
    assert line["iou"] > 0
