"""What is written whole or not at all, and what a killed process leaves of it."""

import os
import subprocess
import sys

import pytest

from compexact.probes.atomic_folder import check_output, clear_leftovers, new_file, new_folder
from compexact.solver.errors import DataError


def write(place, content, error=None):
    with new_file(place) as partial:
        partial.write_text(content)
        if error is not None:
            raise error


def test_a_file_replaces_another_only_when_it_is_whole(tmp_path):
    place = tmp_path / "table.csv"
    place.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write(place, "ne", KeyboardInterrupt())
    assert (place.read_text(), list(tmp_path.iterdir())) == ("old", [place])
    write(place, "new")
    assert (place.read_text(), list(tmp_path.iterdir())) == ("new", [place])


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.parametrize("process", ["dead", "own"])
def test_what_a_process_that_is_no_more_has_left_is_cleared(tmp_path, process):
    number = dead_process() if process == "dead" else os.getpid()
    (tmp_path / f".probe.{number}.partial" / "arrays").mkdir(parents=True)
    (tmp_path / f".probe.{number}.trial").touch()
    (tmp_path / f".probe.{number}.old").mkdir()
    (tmp_path / "probe").mkdir()
    (tmp_path / "probe/kept").touch()
    clear_leftovers(tmp_path / "probe")
    assert list(tmp_path.iterdir()) == [tmp_path / "probe"]
    assert list((tmp_path / "probe").iterdir()) == [tmp_path / "probe/kept"]


def test_what_was_only_moved_aside_comes_back(tmp_path):
    old = tmp_path / f".probe.{dead_process()}.old"
    old.mkdir()
    (old / "manifest.json").write_text("mine")
    check_output(tmp_path / "probe", force=True, is_ours=lambda folder: True)
    assert (tmp_path / "probe/manifest.json").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [tmp_path / "probe"]


def test_nothing_else_is_cleared(tmp_path):
    number = dead_process()
    names = [
        f".probe.{os.getppid()}.partial",  # of a process that lives
        f".probe2.{number}.partial",  # of another output
        f".probe.{number}.partial.bak",
        f"probe.{number}.partial",
        f".probe.{number}.part",
        ".probe.0.partial",
        ".probe.x.partial",
        f".probe.0{number}.partial",
    ]
    for name in names:
        (tmp_path / name).mkdir()
    aim = tmp_path / "mine"
    aim.mkdir()
    (tmp_path / f".probe.{number}.old").symlink_to(aim)
    clear_leftovers(tmp_path / "probe")
    assert {entry.name for entry in tmp_path.iterdir()} == {*names, "mine", f".probe.{number}.old"}


HOLDER = """
import sys
from pathlib import Path
from compexact.probes.atomic_folder import new_folder
with new_folder(Path(sys.argv[1])) as partial:
    partial.rename(partial.with_name(f".probe.{sys.argv[2]}.partial"))
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_a_process_of_another_machine_or_container_is_left_alone(tmp_path):
    """Its number means nothing here; it holds a lock."""
    number = dead_process()
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "probe"), str(number)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as other:
        assert other.stdout.readline() == b"written\n"
        clear_leftovers(tmp_path / "probe")
        assert (tmp_path / f".probe.{number}.partial").exists()
        other.kill()
    clear_leftovers(tmp_path / "probe")
    assert not list(tmp_path.iterdir())


def test_ctrl_c_while_a_folder_takes_anothers_place_brings_the_old_one_back(tmp_path, monkeypatch):
    place = tmp_path / "probe"
    with new_folder(place) as partial:
        (partial / "manifest.json").write_text("old")
    rename = type(place).rename

    def interrupted(self, target):
        if self.suffix == ".partial":
            raise KeyboardInterrupt
        return rename(self, target)

    def replace():
        with new_folder(place, force=True, is_ours=lambda folder: True) as partial:
            (partial / "manifest.json").write_text("new")

    monkeypatch.setattr(type(place), "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace()
    assert (place / "manifest.json").read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


def test_a_full_disk_is_said(tmp_path):
    with pytest.raises(DataError, match="could not be written: No space left"):
        write(tmp_path / "a", "a", OSError(28, "No space left on device"))
    assert not list(tmp_path.iterdir())
