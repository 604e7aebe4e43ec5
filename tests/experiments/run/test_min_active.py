"""Units active on few points: skipped by explain and audit, said on stderr, and kept with the run's settings."""

import json

import numpy as np
import pytest

from compexact.experiments.run.folder import read_run
from compexact.experiments.run.units import choose_active_units
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError

ACTIVE = {"often": 60, "seldom": 20, "rare": 5, "dead": 0}


@pytest.fixture
def make(tmp_path):
    """make(min_active): a probe on disk of 100 points, whose settings say so; None: they say nothing."""

    def build(min_active: int | None) -> Probe:
        rng = np.random.default_rng(0)
        concepts = rng.random((100, 5)) < 0.4
        neurons = np.zeros((100, len(ACTIVE)), dtype=bool)
        for column, count in enumerate(ACTIVE.values()):
            neurons[rng.permutation(100)[:count], column] = True
        cells = from_arrays(concepts, neurons, unit_names=list(ACTIVE))
        settings = {} if min_active is None else {"min_active": min_active}
        return save_probe(Probe(cells, {"kind": "nli", "settings": settings}), tmp_path / f"probe{min_active}")

    return build


def explained(ended) -> list[str]:
    return [json.loads(line)["unit"] for line in ended.out.splitlines()]


@pytest.mark.parametrize("command", ["explain", "audit"])
def test_units_active_on_too_few_points_are_skipped_and_one_line_says_so(compexact, make, command):
    ended = compexact(command, make(20).path, "--length", 2)
    assert ended.code == 0, ended.err
    assert explained(ended) == ["often", "seldom"]
    said = [line for line in ended.err.splitlines() if "skipped" in line]
    assert said == [
        "2 of 4 units are active on fewer than 20 points and are skipped; --min-active 0 or --units includes them"
    ]


@pytest.mark.parametrize("command", ["explain", "audit"])
def test_the_option_overrides_what_the_probe_says(compexact, make, command):
    probe = make(20).path
    assert explained(compexact(command, probe, "--length", 2, "--min-active", 0)) == list(ACTIVE)
    assert explained(compexact(command, probe, "--length", 2, "--min-active", 21)) == ["often"]


def test_units_named_are_explained_however_seldom_they_are_active(compexact, make):
    ended = compexact("explain", make(20).path, "--units", "rare,often", "--length", 2)
    assert explained(ended) == ["often", "rare"]
    assert "skipped" not in ended.err


def test_units_named_are_skipped_where_the_option_is_given_too(make):
    choice = choose_active_units(make(20), "rare,seldom,often", 10)
    assert choice.names == ["often", "seldom"]
    assert choice.min_active == 10


def test_a_probe_that_says_nothing_has_no_unit_skipped(compexact, make):
    ended = compexact("explain", make(None).path, "--length", 2)
    assert explained(ended) == list(ACTIVE)
    assert "skipped" not in ended.err


@pytest.mark.parametrize("command", ["explain", "audit"])
def test_a_run_keeps_what_it_skipped_by_and_goes_on_only_with_the_same(compexact, make, tmp_path, command):
    probe, run = make(20).path, tmp_path / "run"
    first = compexact(command, probe, "--length", 2, "-o", run)
    assert read_run(run).header["settings"]["min_active"] == 20
    again = compexact(command, probe, "--length", 2, "-o", run)
    assert (again.code, again.out) == (0, first.out)
    other = compexact(command, probe, "--length", 2, "--min-active", 19, "-o", run)
    assert other.code == 2
    assert "min_active 20 there, 19 now" in other.err
    none = compexact(command, probe, "--length", 2, "--min-active", 0, "-o", run)
    assert none.code == 2
    assert "min_active 20 there, 0 now" in none.err


def test_a_run_that_skips_nothing_is_written_as_before(compexact, make, tmp_path):
    compexact("explain", make(None).path, "--length", 2, "-o", tmp_path / "run")
    assert "min_active" not in read_run(tmp_path / "run").header["settings"]


def test_a_probe_of_which_all_units_would_be_skipped_is_refused_with_the_way_out(compexact, make):
    ended = compexact("explain", make(500).path)
    assert ended.code == 2
    assert ended.out == ""
    assert "all 4 units are active on fewer than 500 points" in ended.err
    assert "--min-active 0" in ended.err


@pytest.mark.parametrize(
    ("said", "words", "units"),
    [
        (20, (), ["often", "seldom"]),
        (None, ("--min-active", 5), ["often", "seldom", "rare"]),
        (20, ("--min-active", 60), ["often"]),
        (None, ("--units", "rare"), ["rare"]),
        (None, ("--units", "rare,often", "--min-active", 6), ["often"]),
    ],
)
def test_compat_nli_takes_the_number_that_is_said(compexact, make, said, words, units):
    ended = compexact("explain", make(said).path, "--compat", "nli", "--length", 2, *words)
    records = [json.loads(line) for line in ended.out.splitlines()]
    assert [record["unit"] for record in records] == units
    assert all(record["formula"] and record["status"] == "feasible" for record in records)


def test_compat_nli_skips_as_the_papers_code_does_where_nobody_says_a_number(compexact, make):
    probe = make(None).path
    ended = compexact("explain", probe, "--compat", "nli")
    assert (ended.code, ended.out) == (2, "")
    assert "all 4 units are active on fewer than 500 points" in ended.err
    assert explained(compexact("explain", probe, "--compat", "vision")) == list(ACTIVE)


@pytest.mark.parametrize("wrong", ["-1", "many", "1.5"])
def test_a_number_that_is_none_is_refused(compexact, make, wrong):
    ended = compexact("explain", make(None).path, "--min-active", wrong)
    assert ended.code == 2
    assert wrong in ended.err


def test_a_unit_active_on_exactly_so_many_points_is_kept(make):
    probe = make(None)
    assert choose_active_units(probe, None, 60).names == ["often"]
    with pytest.raises(UsageError, match="fewer than 61"):
        choose_active_units(probe, None, 61)
