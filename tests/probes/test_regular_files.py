"""Only ordinary files of ours are opened; nothing waits, and nothing is read or written elsewhere."""

import os
import signal
import socket
from pathlib import Path

import numpy as np
import pytest

from compexact.probes.atomic_folder import write_bytes
from compexact.probes.opening import open_probe
from compexact.probes.regular_files import (
    check_folder,
    is_regular,
    open_regular,
    open_to_write,
    read_regular,
    starts_with,
)
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import DataError, UsageError


@pytest.fixture(autouse=True)
def no_waiting():
    """A pipe that is opened without care is waited for until this alarm."""
    signal.alarm(20)
    yield
    signal.alarm(0)


@pytest.fixture
def outside(tmp_path):
    file = tmp_path / "outside.txt"
    file.write_bytes(b"secret")
    return file


def put(kind, place, outside) -> str:
    """Put a thing of the kind there; what the message calls it."""
    if place.is_dir():
        place.rename(place.with_name(place.name + ".moved"))
    else:
        place.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        here = os.open(place.parent, os.O_RDONLY)
        back = os.getcwd()
        os.chdir(here)  # the name of a socket must be short
        socket.socket(socket.AF_UNIX).bind(place.name)
        os.chdir(back)
        os.close(here)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to({"link": outside, "device": "/dev/zero", "dangling": outside.parent / "new.txt"}[kind])
    return {"pipe": "named pipe", "socket": "socket", "folder": "folder"}.get(kind, "symbolic link")


KINDS = ("pipe", "socket", "folder", "link", "device", "dangling")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_ordinary_file_is_neither_read_nor_written(kind, tmp_path, outside):
    place = tmp_path / "thing"
    name = put(kind, place, outside)
    for use in (open_regular, read_regular, open_to_write, lambda p: open_to_write(p, append=True)):
        with pytest.raises(DataError, match=name):
            use(place)
    with pytest.raises(DataError, match=name):
        write_bytes(place, b"new")
    assert not is_regular(place)
    assert not starts_with(place, "secret")
    assert outside.read_bytes() == b"secret"
    assert not (tmp_path / "new.txt").exists()


def test_a_device_named_by_the_user_is_refused_too():
    with pytest.raises(DataError, match="device"):
        read_regular(Path("/dev/zero"), follow=True)


def test_an_ordinary_file_is_read_written_and_appended_to(tmp_path, outside):
    write_bytes(tmp_path / "a", b"one")
    with open_to_write(tmp_path / "a", append=True) as stream:
        stream.write(b" two")
    assert read_regular(tmp_path / "a") == b"one two"
    (tmp_path / "named").symlink_to(outside)
    assert read_regular(tmp_path / "named", follow=True) == b"secret"


def test_a_file_that_is_too_large_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "holes").open("wb") as stream:
        stream.truncate(2**42)
    with pytest.raises(DataError, match=r"4,398,046,511,104 bytes"):
        read_regular(tmp_path / "holes")


def test_a_file_of_one_byte_too_many_is_refused_and_not_cut(outside):
    assert read_regular(outside, 6) == b"secret"
    with pytest.raises(DataError, match="6 bytes, more than the 5 that are read"):
        read_regular(outside, 5)


@pytest.fixture
def probe(tmp_path):
    rng = np.random.default_rng(0)
    cells = from_arrays(rng.random((20, 3)) < 0.4, rng.random((20, 2)) < 0.4)
    save_probe(Probe(cells, {"kind": "arrays", "settings": {}}, {}, {"extra": np.arange(3)}), tmp_path / "probe")
    return tmp_path / "probe"


FILES = ("manifest.json", "names.json", "arrays/active_counts.npy", "arrays/extra.npy", "arrays")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_no_file_of_a_probe_may_be_anything_else(kind, name, probe, outside):
    put(kind, probe / name, outside)
    with pytest.raises(DataError) as caught:
        list(open_probe(probe).arrays.values())
    assert "\n" not in str(caught.value)


def test_arrays_may_not_lie_behind_a_link_even_if_they_are_the_same(probe):
    (probe / "arrays").rename(probe.parent / "elsewhere")
    (probe / "arrays").symlink_to(probe.parent / "elsewhere")
    with pytest.raises(DataError, match="symbolic link"):
        open_probe(probe)
    with pytest.raises(DataError, match="symbolic link"):
        check_folder(probe / "arrays")


def test_a_probe_may_be_named_by_a_link(probe, tmp_path):
    (tmp_path / "short").symlink_to(probe)
    assert open_probe(tmp_path / "short").digest == open_probe(probe).digest


def test_a_pipe_for_an_npz_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "p.npz")
    with pytest.raises((DataError, UsageError), match="named pipe"):
        open_probe(tmp_path / "p.npz")
