"""On a dense input a limit and a signal end every search, its check included, and what was found is kept.

Times are of the processor where the machine may be busy: a search that heeds the clock takes no more of it than that.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from compexact.experiments.run.engines import SearchSettings, explain_unit
from compexact.experiments.run.warm_up import warm_up
from compexact.solver import Problem, certified, from_arrays
from compexact.solver.certificate import Certificate
from compexact.solver.stopping import Stopping

pytestmark = pytest.mark.slow

ALLOWED, TO_EXIT = 0.55, 2.0
EXACT = [("exact", space, length, 10) for space in ("chain", "tree") for length in (3, 5, 8)]
OUTSIDE = [(engine, *question, 10) for engine in ("cpsat", "maxsat") for question in (("chain", 3), ("tree", 5))]


def random_arrays(rows, concepts):
    rng = np.random.default_rng(0)
    return rng.random((rows, concepts)) < 0.5, rng.random((rows, 1)) < 0.5


@pytest.fixture(scope="module")
def cells():
    concepts, neurons = random_arrays(60_000, 300)
    return from_arrays(concepts, neurons=neurons)


@pytest.mark.parametrize(("engine", "space", "length", "beam_size"), [
    ("beam", "chain", 6, 10), ("beam", "chain", 6, 2000), *EXACT, *OUTSIDE,
])  # fmt: skip
def test_a_limit_of_a_second_is_kept_by_every_engine(cells, engine, space, length, beam_size):
    settings = SearchSettings(engine, space, length, beam_size, time_limit=1.0)
    warm_up(settings, quiet=True)
    before = time.process_time()
    result = explain_unit(cells, 0, settings)
    assert time.process_time() - before <= 1 + ALLOWED
    assert result.seconds < 4
    assert result.best.iou > 0


def test_a_check_is_left_as_soon_as_somebody_asks(cells):
    """It would take many seconds: the claim is above what is found, and no set of cells is excluded soon."""
    warm_up(SearchSettings("exact"), quiet=True)
    problem = Problem.of(cells, 0)
    found = explain_unit(cells, 0, SearchSettings("exact", time_limit=0.1))
    claim = Certificate("chain", 3, found.bound, "sets")
    before = time.process_time()
    stopping = Stopping.after(None, lambda: time.process_time() - before > 1)
    result = certified(problem, replace(found, certificate=claim), stopping)
    assert time.process_time() - before <= 1 + ALLOWED
    assert result.status is found.status


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    concepts, neurons = random_arrays(20_000, 150)
    file = tmp_path_factory.mktemp("dense") / "dense.npz"
    np.savez(file, concepts=concepts, neurons=neurons)
    return file


def processor_seconds(process):
    """What a process that is still there has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def is_at_work(trace):
    """Whether the search has begun, and but for a beam, which tells at its end, found something.

    Before that, what it needs is compiled or read, and that takes as long as it may.
    """
    lines = trace.read_text().splitlines() if trace.exists() else []
    return any(each["iou"] or each["engine"] == "beam" for each in map(json.loads, lines))


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc how long a process took")
@pytest.mark.parametrize(("name", "command"), [
    ("SIGINT", "explain --engine exact --length 8"),
    ("SIGTERM", "explain --engine exact --space tree --length 5"),
    ("SIGHUP", "explain --length 8 --beam-size 2000"),
    ("SIGTERM", "explain --engine cpsat --length 3 --sample 3000"),
    ("SIGINT", "explain --engine maxsat --length 3 --sample 3000"),
    ("SIGTERM", "audit --length 4"),
])  # fmt: skip
def test_a_signal_ends_a_search_soon_and_keeps_what_was_found(dense, tmp_path, name, command):
    run = tmp_path / "run"
    what, *options = command.split()
    trace = tmp_path / "trace.jsonl"
    words = [sys.executable, "-m", "compexact.experiments", what, str(dense), "-o", str(run), "--trace", str(trace)]
    child = subprocess.Popen([*words, *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not is_at_work(trace):
        assert child.poll() is None, child.stderr.read()
        time.sleep(0.05)
    time.sleep(1)
    used = processor_seconds(child)
    before = time.monotonic()
    child.send_signal(getattr(signal, name))
    _, status, usage = os.wait4(child.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 130
    if "--sample" not in options:  # else all that the solver's process took is in it, too
        assert usage.ru_utime + usage.ru_stime - used < TO_EXIT
    assert time.monotonic() - before < 4 * TO_EXIT
    [line] = [json.loads(line) for line in (run / "units.jsonl").read_text().splitlines()]
    assert line.get("exact", line)["iou"] > 0
