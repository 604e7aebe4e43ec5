"""A report in one file holds all that it shows, and is refused where it would be too large."""

import re

from compexact.experiments.report.single_file import MOST_UNITS
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import from_arrays


def test_every_link_of_the_file_leads_within_it(proven, tmp_path, compexact):
    ended = compexact("report", tmp_path / "run", "--single-file", "-o", tmp_path / "one.html")
    assert ended.code == 0, ended.err
    text = (tmp_path / "one.html").read_text()
    ids = set(re.findall(r'\bid="([^"]*)"', text))
    links = re.findall(r'\b(?:href|src)="([^"]*)"', text)
    assert len(links) > 10
    assert not [link for link in links if not link.startswith("data:") and link[1:] not in ids and link[:3] != "#q="]
    assert len(ids) == len(re.findall(r'\bid="', text)), "no id stands twice"
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'sha256-")
    assert "unsafe" not in policy


def test_it_replaces_only_a_report_and_only_with_force(proven, tmp_path, compexact):
    file = tmp_path / "one.html"
    file.write_text("mine")
    for more in ((), ("--force",)):
        ended = compexact("report", tmp_path / "run", "--single-file", "-o", file, *more)
        assert ended.code == 2
        assert file.read_text() == "mine"
    file.unlink()
    assert compexact("report", tmp_path / "run", "--single-file", "-o", file).code == 0
    assert compexact("report", tmp_path / "run", "--single-file", "-o", file, "--force").code == 0


def test_too_many_units_and_several_runs_are_refused(proven, tmp_path, compexact):
    n = MOST_UNITS + 1
    probe = save_probe(Probe(from_arrays([[1, 0], [0, 1]], [[1] * n, [0] * n]), {"kind": "arrays"}), tmp_path / "many")
    run_units(probe, probe.cells.unit_names, SearchSettings(max_length=1), tmp_path / "long")
    ended = compexact("report", tmp_path / "long", "--single-file", "-o", tmp_path / "one.html")
    assert ended.code == 2
    assert f"up to {MOST_UNITS} units, and the run has {n}" in ended.err
    ended = compexact("report", tmp_path / "run", tmp_path / "long", "--single-file", "-o", tmp_path / "one.html")
    assert ended.code == 2
    assert not (tmp_path / "one.html").exists()


def test_a_folder_is_never_taken_for_the_file(proven, tmp_path, compexact):
    (tmp_path / "folder").mkdir()
    assert compexact("report", tmp_path / "run", "--single-file", "-o", tmp_path / "folder", "--force").code == 2
