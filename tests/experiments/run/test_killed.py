"""Processes that are killed: one of `--jobs`, an outside solver's, or the command itself."""

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import descendants, is_alive, wait_for

from compexact.experiments.run.audit import Audit
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.shared_cells import shared
from compexact.experiments.run.units import Explain, map_units
from compexact.experiments.run.where import Processes
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import CompexactError, DisagreementError

COMMAND = [sys.executable, "-m", "compexact.experiments"]
UNITS = ["0", "1", "2", "3"]


@pytest.fixture(scope="module")
def probe():
    rng = np.random.default_rng(0)
    return Probe(from_arrays(rng.random((300, 6)) < 0.3, rng.random((300, 4)) < 0.3), {})


def test_a_unit_whose_process_was_killed_once_is_done_by_another(probe, tmp_path):
    def work(cells, column, should_stop):
        with (tmp_path / str(column)).open("a") as tries:
            tries.write("x")
        if column == 1 and (tmp_path / "1").stat().st_size == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return column * 10

    assert list(map_units(work, probe, UNITS, where=Processes(2))) == [("0", 0), ("1", 10), ("2", 20), ("3", 30)]
    assert [(tmp_path / unit).stat().st_size for unit in UNITS] == [1, 2, 1, 1]


COPIES = """
import os, signal, sys, time
from pathlib import Path
import numpy as np
from compexact.experiments.run import workers
from compexact.experiments.run.units import map_units
from compexact.experiments.run.where import Processes
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays

made = [[], [0]]
folder = Path(sys.argv[1])
rng = np.random.default_rng(0)
cells = from_arrays(rng.random((300, 6)) < 0.3, rng.random((300, 6)) < 0.3)

def work(found, column, should_stop):
    made[0].append(column)  # stays in the copy
    with (folder / str(column)).open("a") as tries:
        tries.write("x")
    while column == 0 and not (folder / "1").exists():
        time.sleep(0.01)  # so both copies are at work, and none is left in place of the killed one
    if column == 1 and (folder / "1").stat().st_size == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return column, found is cells, os.getpid() != PARENT, os.getsid(0) == os.getpid()

PARENT = os.getpid()
assert workers.may_copy()
print([found for _, found in map_units(work, Probe(cells, {}), cells.unit_names, where=Processes(2))], made)
"""


def test_the_first_processes_are_copies_that_share_the_cells_and_a_killed_one_is_replaced(tmp_path):
    done = subprocess.run([sys.executable, "-c", COPIES, str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert (done.stderr, done.returncode) == ("", 0)
    found, made = ast.literal_eval(f"[{done.stdout.replace('] [', '], [')}]")
    assert made == [[], [0]]
    assert [column for column, *_ in found] == list(range(6))
    assert all(elsewhere and alone for *_, elsewhere, alone in found)
    in_copies = [column for column, is_shared, *_ in found if is_shared]
    assert 0 in in_copies
    assert 1 not in in_copies
    assert [(tmp_path / str(unit)).stat().st_size for unit in range(6)] == [1, 2, 1, 1, 1, 1]


@pytest.mark.parametrize("kind", [Explain, pytest.param(Audit, marks=pytest.mark.slow)])
def test_a_unit_that_kills_its_process_each_time_is_failed_and_the_others_are_done(probe, kind):
    settings = SearchSettings(engine="exact", max_length=2)
    right = Explain(settings) if kind is Explain else Audit.of(settings)

    class Deadly(kind):
        def __call__(self, cells, column, should_stop):
            if column == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(cells, column, should_stop)

    deadly = Deadly(settings) if kind is Explain else Deadly(**{**vars(right)})
    found = dict(map_units(deadly, probe, UNITS, where=Processes(2)))
    alone = dict(map_units(right, probe, ["0", "1", "3"]))
    results = {unit: answer if kind is Explain else answer[0].exact for unit, answer in found.items()}
    assert list(results) == UNITS
    assert (results["2"].status, results["2"].unit, results["2"].best) == ("failed", "2", None)
    assert results["2"].error == "its process was ended by SIGKILL: it may have run out of memory"
    for unit, answer in alone.items():
        assert results[unit].best == (answer if kind is Explain else answer[0].exact).best


def test_work_that_cannot_fail_ends_with_an_error_that_names_the_unit(probe):
    def work(cells, column, should_stop):
        os.kill(os.getpid(), signal.SIGKILL)

    with pytest.raises(CompexactError, match="unit 0: its process was ended by SIGKILL"):
        list(map_units(work, probe, UNITS, where=Processes(2)))


def test_what_the_work_raises_comes_through_with_its_place(probe):
    def work(cells, column, should_stop):
        raise DisagreementError(f"unit {column} differs")

    with pytest.raises(DisagreementError, match="unit 0 differs") as raised:
        list(map_units(work, probe, UNITS, where=Processes(2)))
    assert "in work" in raised.value.__notes__[0]


def test_processes_map_the_same_cells(probe):
    cells = probe.cells
    with shared(cells) as (place, file):
        mapped = place.open(file)
    for own, other in ((mapped, cells), (mapped.concepts, cells.concepts)):
        for name, array in vars(cells if own is mapped else cells.concepts).items():
            if isinstance(array, np.ndarray):
                assert type(getattr(own, name)) is np.ndarray
                assert (getattr(own, name) == getattr(other, name)).all()
    assert mapped.unit_names == cells.unit_names
    assert not mapped.weights.flags.owndata


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
@pytest.mark.parametrize(("jobs", "children"), [(1, 1), pytest.param(2, 4, marks=pytest.mark.slow)])
def test_with_a_killed_command_its_processes_die_and_nothing_is_left_in_temporary_folders(tmp_path, jobs, children):
    """Two processes of --jobs have a solver's each."""
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "hard.npz", concepts=rng.random((3000, 60)) < 0.3, neurons=rng.random((3000, 2)) < 0.3)
    (tmp_path / "temporary").mkdir()
    before = set(Path("/dev/shm").iterdir())
    words = ["explain", str(tmp_path / "hard.npz"), "--engine", "cpsat", "--length", "6", "--jobs", str(jobs)]
    process = subprocess.Popen(
        [*COMMAND, *words],
        env={**os.environ, "TMPDIR": str(tmp_path / "temporary")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        started = wait_for(lambda: (found := descendants(process.pid)) and len(found) == children and found)
    finally:
        process.kill()
        process.wait()
    wait_for(lambda: not any(map(is_alive, started)), seconds=5)
    assert not list((tmp_path / "temporary").iterdir())
    assert set(Path("/dev/shm").iterdir()) <= before
