"""What units say of any pairs."""

import numpy as np
import pytest
import torch

from compexact.probes.nli.responses import respond
from compexact.solver.errors import UsageError


@pytest.fixture
def told(pairs):
    """(premises, hypotheses), as tokens."""
    return [pair.premise.tokens for pair in pairs.pairs], [pair.hypothesis.tokens for pair in pairs.pairs]


def test_a_unit_responds_strictly_above_its_threshold_so_not_at_a_relus_zero(told, make_module, load):
    module, values = make_module(), []
    _, active = respond(load(module), *told, layer="hidden", thresholds=np.zeros(7), batch_size=7)
    module.hidden.register_forward_hook(lambda layer, given, output: values.append(output))
    with torch.inference_mode():
        module(*module.encode(*told))
    assert np.array_equal(active, values[0].numpy() > 0)
    assert 0 < active.mean() < 1


def test_thresholds_of_another_layer_are_refused(told, make_module, load):
    with pytest.raises(UsageError, match="layer hidden has 7 units, the probe 6"):
        respond(load(make_module()), *told, layer="hidden", thresholds=np.zeros(6))
