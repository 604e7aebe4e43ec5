"""Questions that run the model again need a probe whose columns are the layer's units."""

import numpy as np
import pytest

from compexact.experiments.questions.probed_model import probed_layer
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError


def probe(layer: str = "l", **settings) -> Probe:
    cells = from_arrays(np.eye(3, dtype=bool), np.eye(3, dtype=bool))
    return Probe(cells, {"kind": "vision", "layer": layer, "settings": settings})


def test_the_one_layer_of_a_whole_probe_is_given():
    assert probed_layer(probe(ranges=None, dropped_units=[])) == "l"


@pytest.mark.parametrize(
    ("refused", "why"),
    [
        (probe(ranges=3), "ranges"),
        (probe(dropped_units=["1"]), "leaves units out"),
        (probe("a,b"), "several layers"),
        (Probe(probe().cells, {"kind": "arrays"}), "not made from a model"),
    ],
)
def test_a_probe_whose_columns_are_not_the_units_of_one_layer_is_refused(refused, why):
    with pytest.raises(UsageError, match=why):
        probed_layer(refused)
