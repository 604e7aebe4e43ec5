"""A probe whose two units can be counted by hand, and a run on it with certificates."""

import numpy as np
import pytest

from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.probes.store import Probe, save_probe
from compexact.solver.cells import Cells, concept_rows

ROWS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], dtype=bool)
WEIGHTS = np.array([100, 20, 30, 5, 40, 6, 7, 1])


@pytest.fixture
def watery() -> Probe:
    """Eight cells over water, river, blue; unit `good` is `(water OR river) AND NOT blue`, `odd` its half."""
    good = WEIGHTS * ((ROWS[:, 0] | ROWS[:, 1]) & ~ROWS[:, 2])
    rows = concept_rows(("water", "river", "blue"), ("object", "object", "color"), ROWS)
    cells = Cells(rows, WEIGHTS, np.stack([good, good // 2], axis=1), ("good", "odd"))
    return Probe(cells, {"kind": "arrays", "model": "m"})


@pytest.fixture
def proven(watery, tmp_path):
    """A run with certificates, and its probe."""
    probe = save_probe(watery, tmp_path / "probe")
    return run_units(probe, ["good", "odd"], SearchSettings(engine="exact"), tmp_path / "run"), probe
