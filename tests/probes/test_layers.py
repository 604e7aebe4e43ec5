"""Layers are found by name, read without changing the model, and refused where units cannot be told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from compexact.probes.layers import (
    LayerInfo,
    capture,
    evaluating,
    final_linear,
    list_layers,
    resolve_layer,
)
from compexact.probes.layouts import checked_output
from compexact.solver.errors import UsageError


def net() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(4, 5),
    )


def test_every_layer_is_listed_with_the_shape_for_one_image() -> None:
    layers = list_layers(net(), 8)
    assert layers[0] == LayerInfo("0", "Conv2d", (4, 6, 6), 4, "nchw")
    assert layers[-1] == LayerInfo("6", "Linear", (5,), 5)
    assert [layer.name for layer in layers] == ["0", "1", "2", "3", "4", "5", "6"]


class MeanOverImages(nn.Module):
    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values.mean(0, keepdim=True)


class Odd(nn.Module):
    """Has a layer that gives a tuple, one that gives tokens, one that never runs, one that mixes images."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.lstm = nn.LSTM(4, 6, batch_first=True)
        self.tokens = nn.Flatten(2)
        self.mean = MeanOverImages()
        self.unused = nn.Linear(2, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.conv(images)
        self.mean(maps)
        return self.lstm(self.tokens(maps).transpose(1, 2))[0]


def test_layers_that_cannot_be_probed_are_not_listed() -> None:
    assert [layer.name for layer in list_layers(Odd(), 8)] == ["conv"]


def test_listing_leaves_no_hooks_and_changes_nothing() -> None:
    model = net()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    list_layers(model, 8)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())
    assert model.training


def test_an_image_size_that_the_model_cannot_take_is_a_wrong_argument() -> None:
    with pytest.raises(UsageError, match=r"fails on images of 3x2x2.*another --image-size"):
        list_layers(net(), 2)


def test_a_layer_is_found_by_its_dotted_name() -> None:
    model = nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3)), nn.ReLU())
    assert resolve_layer(model, "0.0") is model[0][0]


def test_a_shared_module_is_found_by_each_of_its_names() -> None:
    relu = nn.ReLU()
    assert resolve_layer(nn.ModuleDict({"a": relu, "b": relu}), "b") is relu


@pytest.mark.parametrize("wrong", ["layer4[1].conv2", "layer4.1.conv3", "conv2", ""])
def test_an_unknown_layer_gets_the_five_nearest_names(wrong: str) -> None:
    block = {f"conv{i}": nn.ReLU() for i in (1, 2)}
    model = nn.ModuleDict({f"layer{n}": nn.ModuleList([nn.ModuleDict(block)] * 2) for n in range(1, 5)})
    with pytest.raises(UsageError) as caught:
        resolve_layer(model, wrong)
    names = str(caught.value).partition("nearest names: ")[2].split(", ")
    assert len(names) == 5
    assert all(resolve_layer(model, name) is not None for name in names)
    assert not wrong.startswith("layer4") or "layer4.1.conv2" in names


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ((torch.ones(2, 4), torch.ones(1)), r"conv gives tuple of \(2, 4\), \(1,\)"),
        ({"a": torch.ones(2, 4), "b": torch.ones(2)}, r"conv gives dict of a: \(2, 4\), b: \(2,\), not one tensor"),
        (torch.ones(2, 4, 5, 6, 7), r"shape \(2, 4, 5, 6, 7\), with 5 axes"),
        (torch.ones(4, 2), r"shape \(4, 2\) for 2 images"),
        (torch.ones(2, 4, 0, 3), r"empty tensor of shape \(2, 4, 0, 3\)"),
        (torch.ones(2, 4, dtype=torch.int64), "int64"),
    ],
    ids=["tuple", "dict", "3-D", "batch not first", "empty", "integers"],
)
def test_other_outputs_are_refused_with_the_shape_seen(output: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        checked_output(output, 2, "conv")


def test_evaluation_does_not_move_batchnorm_and_switches_dropout_and_gradients_off() -> None:
    model, images = net(), torch.randn(4, 3, 8, 8)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with evaluating(model):
        first, second = model(images), model(images)
    assert torch.equal(first, second)
    assert not first.requires_grad
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    model(images)
    assert not torch.equal(before["1.running_mean"], model[1].running_mean)  # as it would have been


def test_each_module_gets_its_own_mode_back_even_after_an_error() -> None:
    model = net()
    model[1].eval()  # a frozen layer in a model that trains

    def fail_while_evaluating() -> None:
        with evaluating(model):
            assert not any(module.training for module in model.modules())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_while_evaluating()
    assert [module.training for module in model] == [True, False, True, True, True, True, True]
    assert model.training
    assert torch.is_grad_enabled()
    assert not torch.is_inference_mode_enabled()


def test_a_module_that_overrides_train_is_evaluated_all_the_same() -> None:
    class AlwaysTraining(nn.Dropout):
        def train(self, mode: bool = True) -> AlwaysTraining:
            return super().train(True)

    model = nn.Sequential(AlwaysTraining(0.5))
    with evaluating(model):
        assert torch.equal(model(torch.ones(100)), torch.ones(100))


def test_captured_outputs_are_those_of_the_layers() -> None:
    model, images = net(), torch.randn(2, 3, 8, 8)
    with evaluating(model), capture(model, ["0", "6"]) as outputs:
        scores = model(images)
        assert torch.equal(outputs["6"], scores)
        assert torch.equal(outputs["0"], model[0](images))


def test_work_in_place_after_a_layer_does_not_change_what_was_captured() -> None:
    model, images = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True)), torch.randn(2, 3, 8, 8)
    with evaluating(model), capture(model, ["0", "1"]) as outputs:
        model(images)
        assert (outputs["0"] < 0).any()
        assert (outputs["1"] >= 0).all()


def test_each_call_replaces_what_the_call_before_left() -> None:
    model = nn.Sequential(nn.Identity())
    with evaluating(model), capture(model, ["0"]) as outputs:
        for value in (1.0, 2.0):
            model(torch.full((1, 1), value))
            assert outputs["0"].item() == value


def test_nothing_is_left_of_a_layer_that_ran_in_the_call_before() -> None:
    class Sometimes(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Identity()

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            return self.layer(values) if values.sum() > 0 else values

    model = Sometimes()
    with capture(model, ["layer"]) as outputs:
        model(torch.ones(1))
        assert outputs["layer"] == 1
        with pytest.raises(UsageError, match="does not run"):
            model(-torch.ones(1))


def test_a_module_that_runs_twice_leaves_its_last_output() -> None:
    relu = nn.ReLU()
    model = nn.Sequential(relu, nn.Linear(1, 1), relu)
    with evaluating(model), capture(model, ["0"]) as outputs:
        assert torch.equal(model(torch.ones(1, 1)), outputs["0"])


def test_hooks_are_removed_at_the_end_and_after_an_error() -> None:
    model = net()
    with pytest.raises(UsageError, match="nearest"), capture(model, ["0", "nine"]):
        pass
    with pytest.raises(ZeroDivisionError), capture(model, ["0"]):
        raise ZeroDivisionError
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


def test_a_layer_that_does_not_run_is_reported_in_the_call() -> None:
    model = Odd()
    with (
        evaluating(model),
        capture(model, ["conv", "unused"]),
        pytest.raises(UsageError, match="'unused' does not run"),
    ):
        model(torch.zeros(1, 3, 8, 8))


def test_the_last_linear_layer_gives_the_class_weights() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 5), nn.BatchNorm1d(5)).double()
    name, weights = final_linear(model)
    assert name == "2"
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights, model[2].weight.detach().float().numpy())


def test_a_last_convolution_of_one_pixel_is_a_linear_layer() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Conv2d(4, 5, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    name, weights = final_linear(model)
    assert name == "1"
    np.testing.assert_array_equal(weights, model[1].weight.detach()[:, :, 0, 0].numpy())


@pytest.mark.parametrize(
    "end",
    [
        [nn.Conv2d(3, 4, 3)],
        [nn.Conv2d(4, 5, 1), nn.BatchNorm2d(5)],  # the end of a block, not a classifier
        [nn.Conv2d(4, 4, 1, groups=4)],
    ],
    ids=["3x3", "normalised", "grouped"],
)
def test_another_end_has_no_class_weights(end: list[nn.Module]) -> None:
    assert final_linear(nn.Sequential(*end)) is None


def test_the_weights_handed_out_are_a_copy() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    final_linear(model)[1][:] = 7
    assert (model[0].weight != 7).all()
