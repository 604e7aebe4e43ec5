"""Ablation of a sentence-pair model: pairs run in batches by length, and come back in their order."""

import numpy as np
import pytest

from compexact.probes.ablation import ablated, run_pairs
from compexact.probes.layers import final_linear
from compexact.probes.nli.loading import LoadedPairModel
from compexact.probes.nli.predicting import predict


def test_scores_without_units_are_those_of_the_pairs_in_their_order(make_module, pairs):
    module = make_module()
    model = LoadedPairModel(module, "m", "", module.class_names, module.default_layer)
    sides = [[pair.premise.tokens for pair in pairs.pairs], [pair.hypothesis.tokens for pair in pairs.pairs]]
    scores, values = run_pairs(model, *sides, model.layer, batch_size=7)
    assert scores == pytest.approx(predict(model, *sides, batch_size=60), abs=1e-5)
    weights = final_linear(module)[1]
    bias = (scores - values @ weights.T).mean(axis=0)
    without = ablated(module, lambda units: run_pairs(model, *sides, model.layer, units))(np.array([0, 2]))
    rest = [unit for unit in range(values.shape[1]) if unit not in (0, 2)]
    assert without == pytest.approx(values[:, rest] @ weights[:, rest].T + bias, abs=1e-4)
    again = run_pairs(model, *sides, model.layer, np.array([0, 2]))
    assert again[0] == pytest.approx(without, abs=1e-4)
    assert (again[1][:, [0, 2]] == 0).all()
