"""`ablate` on models of which it is known which units they need."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from compexact.experiments.questions.ablate import pruned
from compexact.experiments.run.folder import Run
from compexact.probes.ablation import ablated, run_images
from compexact.probes.models import LoadedModel
from compexact.probes.preprocess import Preprocessing
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError

N_UNITS = 4
PIXELS = Preprocessing(8, "rgb", (0, 0, 0), (1, 1, 1), 1)


def run() -> Run:
    """IoUs fall from unit 0 to unit 3."""
    records = {str(unit): {"unit": str(unit), "iou": 0.8 - unit / 10} for unit in range(N_UNITS)}
    return Run(Path("run"), {"units": list(records)}, records)


@pytest.fixture
def probe() -> Probe:
    """The model says `p` where unit 0 is on; unit 3 is active most often."""
    rng = np.random.default_rng(0)
    neurons = rng.random((200, N_UNITS)) < [0.5, 0.2, 0.1, 0.9]
    on = neurons[:, 0]
    cells = from_arrays(np.ones((200, 1), dtype=bool), neurons)
    names = {"targets": [("p" if o else "q") if i % 4 else None for i, o in enumerate(on)], "classes": ["p", "q"]}
    return Probe(cells, {}, names, {"predictions": (~on).astype(np.int64), "on": on})


def scores_of(probe):
    """Unit 0 alone decides; without it, the model says `q`."""

    def scores(units):
        on = probe.arrays["on"] & (0 not in units)
        return np.stack([on, ~on], axis=1).astype(np.float32)

    return scores


def curve(answer, order):
    return {row["removed"]: row for row in answer.rows if row["order"] == order}


def test_removing_the_one_unit_that_matters_first_shows_at_once_and_last_only_at_the_end(probe):
    answer = pruned(run(), probe, scores_of(probe), steps=4, repeats=30)
    n_q = float((~probe.arrays["on"]).mean())
    assert [row["agreement"] for row in curve(answer, "highest IoU first").values()] == pytest.approx([1] + [n_q] * 4)
    assert [row["agreement"] for row in curve(answer, "lowest IoU first").values()] == pytest.approx([1] * 4 + [n_q])
    # Unit 3 is the busiest, then unit 0.
    assert curve(answer, "most active first")[1]["agreement"] == 1
    assert curve(answer, "most active first")[2]["agreement"] == pytest.approx(n_q)
    assert n_q < curve(answer, "random")[2]["agreement"] < 1
    assert curve(answer, "random")[0]["labelled"] == 150
    assert len(answer.draw().axes) == 1


def test_another_model_is_refused(probe):
    with pytest.raises(UsageError, match="another model"):
        pruned(run(), probe, lambda units: -scores_of(probe)(units))


class Net(nn.Module):
    """The scores are linear in the units' means, or, with a square in between, are not."""

    def __init__(self, square: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layer, self.last, self.square = nn.Conv2d(3, 5, 3), nn.Linear(5, 2), square

    def forward(self, images):
        means = self.layer(images).mean(dim=(2, 3))
        return self.last(means**2 if self.square else means)


@pytest.mark.parametrize(("square", "n_runs"), [(False, 1), (True, 3)])
def test_units_set_to_zero_are_as_if_their_weights_were(square, n_runs):
    module = Net(square).eval()
    model = LoadedModel(module, "net", "", None, ())
    images = [Image.fromarray(np.random.default_rng(i).integers(0, 256, (8, 8, 3), dtype=np.uint8)) for i in range(6)]
    calls = []

    def run_all(units):
        calls.append(units)
        return run_images(model, images, len(images), PIXELS, "layer", units, batch_size=4)

    scores = ablated(module, run_all)
    zeroed = [scores(np.array([1, 3])), scores(np.array([], dtype=int))]
    assert len(calls) == n_runs
    inputs = torch.stack([PIXELS(image) for image in images])
    with torch.no_grad():
        assert zeroed[1] == pytest.approx(module(inputs).numpy(), abs=1e-5)
        module.last.weight[:, [1, 3]] = 0
        assert zeroed[0] == pytest.approx(module(inputs).numpy(), abs=1e-5)
        assert run_all(np.array([], dtype=int))[1] == pytest.approx(module.layer(inputs).mean((2, 3)).numpy(), abs=1e-5)


def test_the_hook_is_gone_afterwards():
    module = Net(False).eval()
    images = [Image.new("RGB", (8, 8), "red")]
    run_images(LoadedModel(module, "net", "", None, ()), images, 1, PIXELS, "layer", np.arange(5))
    assert module.layer(torch.ones(1, 3, 8, 8)).abs().sum() > 0
