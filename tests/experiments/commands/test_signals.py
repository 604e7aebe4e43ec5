"""SIGINT, SIGTERM and SIGHUP: a command leaves with 130, and nothing half written is left under any name."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from compexact.experiments.run.interrupts import raise_on_interrupt, stop_on_interrupt

COMMAND = [sys.executable, "-m", "compexact.experiments"]
SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


@pytest.mark.parametrize("name", SIGNALS)
def test_the_first_signal_asks_and_the_second_ends(name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with stop_on_interrupt() as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(1)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize("name", SIGNALS)
def test_without_a_search_the_first_signal_ends(name):
    with pytest.raises(KeyboardInterrupt), raise_on_interrupt():
        os.kill(os.getpid(), getattr(signal, name))


@pytest.mark.parametrize("within", [stop_on_interrupt, raise_on_interrupt])
def test_under_nohup_the_terminals_end_goes_unheard(within):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with within() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop is None or not stop.is_set()
    finally:
        signal.signal(signal.SIGHUP, before)


SLOW_ANSWER = """
import sys, time
from pathlib import Path
from compexact.experiments.cli import app, main
from compexact.probes.atomic_folder import new_folder

@app.command()
def dawdle(place: Path) -> None:
    with new_folder(place, force=True, is_ours=lambda folder: True) as partial:
        (partial / "half").touch()
        print("begun", flush=True)
        time.sleep(60)

main()
"""


@pytest.mark.parametrize("name", SIGNALS)
def test_a_command_that_is_ended_leaves_what_was_there_before(tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").touch()
    command = [sys.executable, "-c", SLOW_ANSWER, "dawdle", str(tmp_path / "out")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "interrupted; what was found is saved where -o was given\n")
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["old"]


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_while_the_command_line_is_still_imported_leaves_no_traceback(tmp_path, name):
    """The module that comes first among the imports waits here, for the signal to come in the middle."""
    (tmp_path / "typer.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(60)\n")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen(
        [*COMMAND, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout.readline() == "importing\n"
    process.send_signal(getattr(signal, name))
    _, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (130, "interrupted\n")


LEFT_BEHIND = """
import atexit, sys, time
from compexact.experiments.cli import main
from compexact.solver.stopping import Stopped, Stopping
from compexact.solver.transport import beside

try:
    beside(lambda: time.sleep(60), Stopping.after(0.01))
except Stopped:
    atexit.register(print, "what a solver that comes back would break")
sys.argv = ["compexact", "--help"]
main()
"""


def test_a_solver_that_was_left_behind_does_not_meet_the_end_of_python():
    process = subprocess.run([sys.executable, "-c", LEFT_BEHIND], capture_output=True, text=True, timeout=30)
    assert (process.returncode, process.stderr) == (0, "")
    assert "explain" in process.stdout
    assert "break" not in process.stdout


@pytest.mark.slow
def test_processes_that_have_begun_no_unit_do_not_keep_a_command_from_leaving(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "arrays.npz", concepts=rng.random((3000, 60)) < 0.3, neurons=rng.random((3000, 4)) < 0.3)
    words = ["explain", str(tmp_path / "arrays.npz"), "--jobs", "2", "-o", str(tmp_path / "run")]
    process = subprocess.Popen([*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run/log.txt").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    assert "Traceback" not in said
