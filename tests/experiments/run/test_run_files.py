"""Links, pipes and folders in place of a run's files: refused, and nothing is written through them."""

import os

import pytest


@pytest.fixture
def run(compexact, npz, tmp_path):
    """A run whose last unit is still to be done, so that going on writes."""
    assert compexact("explain", npz, "--engine", "exact", "--length", 1, "-o", tmp_path / "run").code == 0
    lines = (tmp_path / "run/units.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "run/units.jsonl").write_text("".join(lines[:-1]))
    return tmp_path / "run"


def put(kind, place, outside):
    if place.is_dir():
        place.rename(place.with_name("moved"))
    place.unlink(missing_ok=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to({"link": outside, "dangling": outside.parent / "new.txt", "loop": place}[kind])


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "dangling", "loop"])
def test_going_on_writes_to_no_other_file(compexact, npz, run, tmp_path, kind):
    outside = tmp_path / "outside.txt"
    outside.write_text("precious")
    for name in ("run.json", "units.jsonl", ".lock", "log.txt", "certificates"):
        place = run / name
        place.rename(tmp_path / "kept")
        put(kind, place, outside)
        ended = compexact("explain", npz, "--engine", "exact", "--length", 1, "-o", run)
        assert ended.code in (2, 3), name
        assert ended.out == ""
        assert len(ended.err.splitlines()) <= 2
        assert outside.read_text() == "precious"
        assert not (tmp_path / "new.txt").exists()
        place.rmdir() if kind == "folder" else place.unlink()
        (tmp_path / "kept").rename(place)
    assert compexact("explain", npz, "--engine", "exact", "--length", 1, "-o", run).code == 0


@pytest.mark.parametrize("kind", ["pipe", "folder", "link", "loop"])
def test_reading_waits_for_nothing_and_follows_no_link(compexact, run, tmp_path, kind):
    (tmp_path / "outside.txt").write_text("{}")
    for name in ("run.json", "units.jsonl", "certificates", "certificates/1.json"):
        place = run / name
        place.rename(tmp_path / "kept")
        put(kind, place, tmp_path / "outside.txt")
        ended = compexact("verify", run)
        assert (ended.code, ended.out) == (3, ""), name
        assert compexact("ls", run).code == (0 if name.startswith("certificates") else 3)
        place.rmdir() if kind == "folder" else place.unlink()
        (tmp_path / "kept").rename(place)
