"""The time limit of every engine, how units are shared out, and units that no concept meets."""

import json
import time

import numpy as np
import pytest

from compexact.experiments.run.engines import SearchSettings, explain_unit
from compexact.experiments.run.units import map_units
from compexact.experiments.run.where import Processes
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays


def cells(n_units=1):
    rng = np.random.default_rng(0)
    return from_arrays(rng.random((3000, 60)) < 0.2, rng.random((3000, n_units)) < 0.3)


def test_a_beam_begins_no_step_after_its_time():
    settings = SearchSettings(max_length=40, beam_size=50)
    in_time = explain_unit(cells(), "0", SearchSettings(max_length=40, beam_size=50, time_limit=600))
    late = explain_unit(cells(), "0", SearchSettings(max_length=40, beam_size=50, time_limit=1e-9))
    assert in_time.by_length == explain_unit(cells(), "0", settings).by_length
    assert late.by_length == in_time.by_length[:1] * 40
    assert late.status == "feasible"


def test_few_units_are_shared_out_among_the_processes(tmp_path):
    def meets(cells, column, should_stop):
        """Whether the first unit of the other half is at work at the same time."""
        (tmp_path / str(column)).touch()
        until = time.monotonic() + 20
        while column % 2 == 0 and not (tmp_path / str(2 - column)).exists():
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
        return True

    assert [met for _, met in map_units(meets, Probe(cells(4), {}), list("0123"), where=Processes(2))] == [True] * 4


@pytest.mark.parametrize("length", [1, 3, 8])
def test_a_unit_that_no_concept_meets_has_an_optimum_of_0_with_a_certificate(compexact, tmp_path, length):
    concepts, neurons = np.zeros((10, 2), bool), np.zeros((10, 1), bool)
    concepts[:3, 0] = concepts[2:5, 1] = neurons[7:] = True
    np.savez(tmp_path / "apart.npz", concepts=concepts, neurons=neurons)
    words = ("explain", tmp_path / "apart.npz", "--engine", "exact", "--length", length, "--require", "optimal")
    ended = compexact(*words, "-o", tmp_path / "run")
    assert ended.code == 0
    line = json.loads(ended.out)
    assert (line["status"], line["bound_fraction"], line["intersection"]) == ("optimal", [0, 1], 0)
    assert json.loads(compexact("verify", tmp_path / "run").out)["verdict"] == "confirmed"
