"""Units that the workers of a dask cluster work on: the same answers, and what is lost when something is killed."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import cloudpickle
import numpy as np
import pytest
from processes import descendants, is_alive, wait_for

from compexact.experiments.questions.permutation_test import DrawNull
from compexact.experiments.questions.shuffles import Points
from compexact.experiments.run.audit import Audit
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.units import Explain

PYTHON = [sys.executable, "-m"]
COMMAND = [*PYTHON, "compexact.experiments"]
EXACT = ("--engine", "exact", "--length", 3)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc, and starts sessions")


def write_npz(file: Path, n_units: int = 12, seed: int = 0) -> Path:
    rng = np.random.default_rng(seed)
    np.savez(file, concepts=rng.random((600, 20)) < 0.3, neurons=rng.random((600, n_units)) < 0.3)
    return file


def lasting(text: str) -> list[dict]:
    """The lines without seconds, and without traces and digests, which are also of those."""

    def kept(value):
        if isinstance(value, dict):
            return {
                key: kept(each)
                for key, each in value.items()
                if "seconds" not in key and key not in ("trace", "digest")
            }
        return [kept(each) for each in value] if isinstance(value, list) else value

    return [kept(json.loads(line)) for line in text.splitlines()]


def content(run: Path) -> tuple:
    certificates = {file.name: file.read_bytes() for file in run.glob("certificates/*")}
    return lasting((run / "units.jsonl").read_text()), certificates


def n_lines(run: Path) -> int:
    file = run / "units.jsonl"
    return file.read_bytes().count(b"\n") if file.exists() else 0


@contextmanager
def started(*words, cwd: Path, **environment) -> Iterator[subprocess.Popen]:
    """A process, killed at the end with all that it has started."""
    process = subprocess.Popen(
        list(map(str, words)),
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for each in (process.pid, *descendants(process.pid)):
            if is_alive(each):
                os.kill(each, signal.SIGKILL)
        process.communicate()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def scheduler(port: int, cwd: Path) -> Iterator[subprocess.Popen]:
    words = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard", "--no-show")
    with started(*PYTHON, *words, cwd=cwd) as process:
        yield process


@contextmanager
def workers(port: int, cwd: Path, *more) -> Iterator[subprocess.Popen]:
    words = ("distributed.cli.dask_worker", f"tcp://127.0.0.1:{port}", "--nworkers", 2, "--nthreads", 1)
    quiet = ("--no-dashboard", "--memory-limit", 0, "--local-directory", cwd / "scratch")
    with started(*PYTHON, *words, *quiet, *more, cwd=cwd) as process:
        yield process


@pytest.fixture(scope="module")
def cluster(tmp_path_factory) -> Iterator[str]:
    """`--on` for two workers, which have a folder of their own as working directory, with an arrays.npz of its own."""
    folder, port = tmp_path_factory.mktemp("workers"), free_port()
    write_npz(folder / "arrays.npz", seed=1)
    with scheduler(port, folder), workers(port, folder):
        yield f"dask:tcp://127.0.0.1:{port}"


@pytest.mark.parametrize(
    "asked",
    [
        ("explain",),
        ("explain", *EXACT),
        ("explain", *EXACT, "--time-limit", 100),
        pytest.param(("explain", "--engine", "cpsat", "--length", 1, "--units", "0,1"), marks=pytest.mark.long),
        ("audit", "--lengths", "2-3", "--beam-size", "1,5"),
    ],
    ids=str,
)
def test_a_run_is_that_of_one_process(compexact, cluster, tmp_path, asked):
    npz = write_npz(tmp_path / "arrays.npz", 5)
    here = compexact(*asked, npz, "-o", tmp_path / "here")
    there = compexact(*asked, npz, "-o", tmp_path / "there", "--on", cluster)
    assert (here.code, there.code) == (0, 0)
    assert lasting(there.out) == lasting(here.out)
    assert content(tmp_path / "there") == content(tmp_path / "here")
    assert "compexact: the dashboard of dask is at http://127.0.0.1:" in there.err


@pytest.mark.parametrize(
    "asked", [("length", "--lengths", "1-3", "--proven", "1-2"), ("controls", "--shuffles", 2)], ids=str
)
def test_an_experiment_is_that_of_one_process(compexact, cluster, tmp_path, asked):
    npz = write_npz(tmp_path / "arrays.npz", 3)
    here = compexact("experiment", *asked, npz)
    there = compexact("experiment", *asked, npz, "--on", cluster)
    assert (here.code, there.code) == (0, 0)
    assert there.out == here.out
    assert there.err.count("dashboard") == 1


def test_a_worker_with_another_version_is_refused_in_one_line(compexact, tmp_path):
    port, npz = free_port(), write_npz(tmp_path / "arrays.npz", 3)
    other = "import importlib.metadata\nimportlib.metadata.version = lambda name: '0.0.1'\n"
    (tmp_path / "other_version.py").write_text(other)
    preload = ("--preload", tmp_path / "other_version.py")
    with scheduler(port, tmp_path), workers(port, tmp_path, *preload):
        refused = compexact("explain", npz, "--on", f"dask:tcp://127.0.0.1:{port}", "-o", tmp_path / "run")
    assert (refused.code, refused.out) == (1, "")
    last = refused.err.splitlines()[-1]
    assert last.startswith("compexact: worker tcp://127.0.0.1:")
    assert last.endswith(
        f" has version 0.0.1 of compexact, this command {version('compexact')}; install the same for all"
    )
    assert "Traceback" not in refused.err


def test_a_worker_that_sees_another_file_refuses(compexact, cluster, tmp_path, monkeypatch):
    monkeypatch.chdir(write_npz(tmp_path / "arrays.npz").parent)
    refused = compexact("explain", "/proc/self/cwd/arrays.npz", "--on", cluster, "-o", "run")
    assert (refused.code, refused.out) == (3, "")
    says = f"compexact: the worker on {socket.gethostname()} sees another probe at /proc/self/cwd/arrays.npz: digest "
    assert refused.err.splitlines()[-1].startswith(says)


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (("--on", "dusk"), 2, "--on takes dask or dask:tcp://HOST:PORT, not 'dusk'; did you mean 'dask'?"),
        (("--on", "dask:localhost"), 2, "--on takes dask or dask:tcp://HOST:PORT, not 'dask:localhost'"),
        (("--on", "dask:tcp://x:1", "--jobs", 2), 2, "--jobs goes without --on dask:tcp://x:1"),
        (("--on", "dask:tcp://127.0.0.1:1"), 1, "no scheduler of dask answers at tcp://127.0.0.1:1; "),
    ],
)
def test_a_place_that_is_none_is_refused_in_one_line(compexact, npz, options, code, says):
    refused = compexact("explain", npz, *options)
    assert (refused.code, refused.out) == (code, "")
    assert refused.err.startswith(f"compexact: {says}")
    assert refused.err.count("\n") == 1


def test_a_probe_in_memory_is_refused(compexact, npz):
    refused = compexact("experiment", "heldout", npz, "--on", "dask")
    assert refused.code == 2
    assert "open the probe from disk, and this one is only in memory" in refused.err


@pytest.mark.parametrize(
    "work", [Explain(SearchSettings()), Audit.of(SearchSettings("exact")), DrawNull((1,), 2, 10, 0, Points())]
)
def test_what_is_sent_of_the_work_is_small(work):
    assert len(cloudpickle.dumps(work)) < 1000


@pytest.fixture
def expected(compexact, tmp_path) -> tuple:
    """The content of a run of `npz_12`, by one process."""
    compexact("explain", write_npz(tmp_path / "arrays.npz"), *EXACT, "-o", tmp_path / "expected")
    return content(tmp_path / "expected")


def words(tmp_path: Path, *more) -> list:
    return [*COMMAND, "explain", tmp_path / "arrays.npz", *EXACT, "-o", tmp_path / "run", *more]


def workers_of(process: int) -> list[int]:
    """The processes of dask's workers among what it has started."""
    return [each for each in descendants(process) if b"spawn_main" in Path(f"/proc/{each}/cmdline").read_bytes()]


PRELOAD = """
import os, signal, time
from pathlib import Path
from compexact.experiments.run import units
from compexact.experiments.run.engines import explain_unit as search


def explain_unit(cells, column, settings, should_stop):
    {before}
    return search(cells, column, settings, should_stop)


units.explain_unit = explain_unit
"""


@pytest.fixture
def preload(tmp_path):
    """preload(lines): the environment in which workers do them before each unit, of number `column`."""

    def write(before: str) -> dict[str, str]:
        (tmp_path / "before.py").write_text(PRELOAD.format(before=before))
        return {"DASK_DISTRIBUTED__WORKER__PRELOAD": json.dumps([str(tmp_path / "before.py")])}

    return write


@pytest.mark.slow
def test_workers_killed_after_every_few_units_lose_nothing(expected, tmp_path, preload):
    once = "if column in (1, 4, 7) and not (killed := Path(f'killed-{column}')).exists():\n"
    once += "        killed.touch()\n        os.kill(os.getpid(), signal.SIGKILL)"
    with started(*words(tmp_path, "--on", "dask", "--jobs", 2), cwd=tmp_path, **preload(once)) as command:
        out, err = command.communicate(timeout=120)
    assert command.returncode == 0
    assert len(list(tmp_path.glob("killed-*"))) == 3
    assert content(tmp_path / "run") == expected
    waiting = "compexact: no worker of dask is there; waiting for one"  # where another had not started yet
    others = [line for line in err.splitlines() if not line.startswith("units:") and line != waiting]
    assert others == [err.splitlines()[0]]
    assert len(out.splitlines()) == 12


@pytest.mark.slow
def test_a_unit_that_kills_every_worker_is_failed_and_the_others_are_done(expected, tmp_path, preload):
    deadly = preload("if column == 5: os.kill(os.getpid(), signal.SIGKILL)")
    with started(*words(tmp_path, "--on", "dask", "--jobs", 2), cwd=tmp_path, **deadly) as command:
        _, err = command.communicate(timeout=120)
    assert command.returncode == 4
    assert err.splitlines()[-1] == "compexact: 1 of 12 units failed; their lines say why"
    found, _ = content(tmp_path / "run")
    assert [line["unit"] for line in found] == [str(unit) for unit in range(12)]
    failed = found.pop(5)
    assert failed["status"] == "failed"
    assert "was killed: it may have run out of memory" in failed["error"]
    assert found == [line for line in expected[0] if line["unit"] != "5"]


@pytest.mark.long
def test_without_its_scheduler_a_command_ends_in_one_line_and_goes_on_with_another(expected, tmp_path, preload):
    port, slow = free_port(), preload("time.sleep(0.5)")["DASK_DISTRIBUTED__WORKER__PRELOAD"]
    on = ("--on", f"dask:tcp://127.0.0.1:{port}")
    with (
        scheduler(port, tmp_path) as first,
        workers(port, tmp_path, "--preload", json.loads(slow)[0]),
        started(*words(tmp_path, *on), cwd=tmp_path) as command,
    ):
        wait_for(lambda: n_lines(tmp_path / "run") >= 3)
        first.kill()
        _, err = command.communicate(timeout=60)
    assert command.returncode == 1
    says = f"compexact: the scheduler of dask at tcp://127.0.0.1:{port} has gone; the same command goes on from what is"
    assert err.splitlines()[-1].startswith(says), err
    assert "Traceback" not in err
    before = (tmp_path / "run/units.jsonl").read_bytes()
    assert 3 <= before.count(b"\n") < 12
    with scheduler(port, tmp_path), workers(port, tmp_path), started(*words(tmp_path, *on), cwd=tmp_path) as command:
        command.communicate(timeout=120)
    assert command.returncode == 0
    assert (tmp_path / "run/units.jsonl").read_bytes().startswith(before)
    assert content(tmp_path / "run") == expected


HARD = "while not should_stop(): time.sleep(0.01)"


@pytest.mark.long
def test_the_first_ctrl_c_keeps_what_units_at_work_have(expected, tmp_path, preload):
    slow = preload(f"if column > 1: {HARD}".replace(": while", ":\n        while"))
    with started(*words(tmp_path, "--on", "dask", "--jobs", 2), cwd=tmp_path, **slow) as command:
        wait_for(lambda: n_lines(tmp_path / "run") == 2)
        time.sleep(1)  # the next two are at work
        begun = time.monotonic()
        os.killpg(command.pid, signal.SIGINT)  # as a terminal does
        _, err = command.communicate(timeout=60)
    assert time.monotonic() - begun < 20
    assert command.returncode == 130
    assert err.splitlines()[-1] == "interrupted; what was found is saved where -o was given"
    assert "Traceback" not in err
    found, _ = content(tmp_path / "run")
    assert found[:2] == expected[0][:2]
    assert [line["unit"] for line in found] == ["0", "1", "2", "3"]


@pytest.mark.long
def test_with_a_killed_command_its_workers_die(tmp_path, preload):
    write_npz(tmp_path / "arrays.npz")
    endless = preload("time.sleep(600)")
    with started(*words(tmp_path, "--on", "dask", "--jobs", 2), cwd=tmp_path, **endless) as command:
        there = wait_for(lambda: len(found := workers_of(command.pid)) == 2 and found)
        time.sleep(1)
        command.kill()
        wait_for(lambda: not any(map(is_alive, there)), seconds=30)
