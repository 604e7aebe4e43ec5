"""Units are where a layer has them, whatever the order of its axes; what tells nothing is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from compexact.probes.ablation import watched
from compexact.probes.class_scores import scores_in
from compexact.probes.layers import listed_layers
from compexact.probes.layout_evidence import Evidence
from compexact.probes.layouts import Layout
from compexact.probes.models import LoadedModel
from compexact.probes.vision.examining import examine
from compexact.probes.vision.probe import VisionSettings, probe_vision
from compexact.probes.watching import capture, evaluating, resolve_layer
from compexact.solver.errors import UsageError

SIZE, PATCH, WIDTH, HEADS = 32, 8, 12, 3
GRID = SIZE // PATCH


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.num_heads = HEADS
        self.qkv, self.proj = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.q_norm, self.weights = nn.Identity(), nn.Softmax(dim=-1)

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, None]:
        n, length, _ = tokens.shape
        q, k, v = self.qkv(tokens).reshape(n, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        weights = self.weights(self.q_norm(q) @ k.transpose(-2, -1))
        return self.proj((weights @ v).transpose(1, 2).reshape(n, length, WIDTH)), None


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.attention, self.drop = nn.LayerNorm(WIDTH), Attention(), nn.Dropout()

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens + self.drop(self.attention(self.norm(tokens))[0])


class Vit(nn.Module):
    """A transformer on patches, behind `extra` tokens of its own, for pictures of one size alone."""

    def __init__(self, extra: int) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.own = nn.Parameter(torch.randn(1, extra, WIDTH))
        self.places = nn.Parameter(torch.randn(1, extra + GRID**2, WIDTH))
        self.block, self.head = Block(), nn.Linear(WIDTH, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        patches = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.own.expand(len(images), -1, -1), patches], dim=1) + self.places
        return self.head(self.block(tokens).mean(dim=1))


class Last(nn.Module):
    """Units last, as in Swin and ConvNeXt; `same` as many units as the map has points on a side."""

    def __init__(self, units: int = 5) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.mix, self.act, self.add, self.head = nn.Linear(3, units), nn.GELU(), nn.Identity(), nn.Linear(units, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        values = self.act(self.mix(images.permute(0, 2, 3, 1)))
        return self.head(self.add(values + 1).mean(dim=(1, 2)))


class Windows(nn.Module):
    """Cuts the picture into windows of 4 x 4: (images, windows, 16, units)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.cut, self.linear = nn.Conv2d(3, 6, 1), nn.Identity(), nn.Linear(6, 6)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        n, _, height, width = images.shape
        cut = self.conv(images).reshape(n, 6, height // 4, 4, width // 4, 4).permute(0, 2, 4, 3, 5, 1)
        return self.linear(self.cut(cut.reshape(n, -1, 16, 6))).mean(dim=(1, 2))


def layout(model: nn.Module, name: str, size: int = SIZE, **asked: object) -> Layout:
    return Evidence(model, size).layout(resolve_layer(model, name), name, **asked)


@pytest.mark.parametrize("extra", [0, 1, 5])
def test_the_tokens_of_a_transformer_are_maps_on_its_grid_of_patches(extra: int) -> None:
    model = Vit(extra)
    for name in ("block", "block.norm", "block.drop", "block.attention", "block.attention.proj"):
        found = layout(model, name)
        assert (found.form, found.n_units, found.grid, found.skip_tokens) == ("tokens", WIDTH, (GRID, GRID), extra), (
            name
        )
    images = torch.randn(2, 3, SIZE, SIZE)
    with evaluating(model), capture(model, ["block"]) as outputs:
        model(images)
    maps = layout(model, "block").maps(outputs["block"], 2, "block")
    for row, column in ((0, 1), (2, 3)):
        assert torch.equal(maps[:, :, row, column], outputs["block"][:, extra + GRID * row + column])


@pytest.mark.parametrize("name", ["block.attention.q_norm", "block.attention.weights"])
@pytest.mark.parametrize("extra", [0, 1])
def test_what_is_within_attention_is_refused_by_name(name: str, extra: int) -> None:
    with pytest.raises(UsageError, match=r"no map of the picture; .*heads, tokens.* within attention") as caught:
        layout(Vit(extra), name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("units", [5, SIZE])
@pytest.mark.parametrize("name", ["mix", "act", "add"])
def test_units_on_the_last_axis_are_found_whatever_their_number(units: int, name: str) -> None:
    """As many units as the map has points on a side leave nothing to squares: the width or another size tells."""
    found = layout(Last(units), name)
    assert (found.form, found.n_units, found.grid) == ("nhwc", units, (SIZE, SIZE))


class OneSize(nn.Module):
    """Takes pictures of one size, and tells nothing of its axes: all are as long."""

    def __init__(self) -> None:
        super().__init__()
        self.fold, self.head = nn.Flatten(1, 1), nn.Linear(8**3, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.fold(images[:, :1].expand(-1, 8, -1, -1)).flatten(1))


def test_where_nothing_tells_the_axis_the_layer_is_refused_and_may_be_named() -> None:
    with pytest.raises(UsageError, match=r"nothing tells which is the units'; name it with --layout nchw"):
        layout(OneSize(), "fold", 8)
    assert layout(OneSize(), "fold", 8, asked="nhwc").form == "nhwc"
    with pytest.raises(UsageError, match="--layout tokens is of 3"):
        layout(OneSize(), "fold", 8, asked="tokens")


def test_windows_of_a_picture_are_refused_even_where_they_look_like_a_map() -> None:
    """With 16 windows of 16 points, (2, 16, 16, 6) is square; another picture size shows what it is."""
    for name, size in (("cut", 16), ("linear", 16), ("cut", 32), ("linear", 32)):
        with pytest.raises(UsageError, match="no map of the picture"):
            layout(Windows(), name, size)


def test_tokens_that_are_no_grid_are_refused_and_so_is_a_wrong_number_to_skip() -> None:
    class Sequence(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Linear(3, 4)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.embed(images.flatten(2).transpose(1, 2)[:, :7]).mean(dim=1)

    with pytest.raises(UsageError, match=r"7 tokens, no square grid .*--skip-tokens N"):
        layout(Sequence(), "embed", 8)
    assert layout(Sequence(), "embed", 8, skip_tokens=3).grid == (2, 2)
    with pytest.raises(UsageError, match="without the first 4 these are no square grid"):
        layout(Sequence(), "embed", 8, skip_tokens=4)


def test_refused_layers_are_listed_apart_with_the_reason() -> None:
    listed = listed_layers(Vit(1), SIZE)
    assert [(layer.name, layer.layout, layer.shape) for layer in listed.layers[:2]] == [
        ("patches", "nchw", (WIDTH, GRID, GRID)),
        ("block", "tokens+1", (WIDTH, GRID, GRID)),
    ]
    assert [name for name, _ in listed.refused] == ["block.attention.q_norm", "block.attention.weights"]


class Twice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.relu, self.head = nn.Conv2d(3, 3, 1), nn.ReLU(inplace=True), nn.Linear(3, 2)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.relu(self.conv(self.relu(self.conv(images)))).mean(dim=(2, 3)))


def test_of_a_module_that_runs_twice_either_call_is_taken_and_zeroed() -> None:
    model, images = Twice(), torch.randn(2, 3, 4, 4)
    first, last = layout(model, "relu", 4, call=1), layout(model, "relu", 4)
    assert (first.call, last.call, last.calls) == (1, 2, 2)
    with pytest.raises(UsageError, match="runs twice in one call of the model, so --call is 1 to 2"):
        layout(model, "relu", 4, call=3)
    with evaluating(model):
        after = model.relu(model.conv(images))
        for of_call, wanted in ((first, after), (last, model.relu(model.conv(after)))):
            with capture(model, ["relu"], {"relu": of_call.call}) as outputs:
                model(images)
            assert torch.equal(outputs["relu"], wanted)
            with watched(model, "relu", np.array([1]), of_call) as kept:
                model(images)
            assert len(kept) == 1
            assert np.allclose(kept[0][:, [0, 2]], wanted.mean(dim=(2, 3))[:, [0, 2]])
            assert not kept[0][:, 1].any()


def test_units_last_and_tokens_give_the_probe_of_the_same_numbers_on_axis_1(tiny_images, plain_pixels) -> None:
    class First(Last):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            values = self.mix(images.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
            return self.head(self.add(values).mean(dim=(2, 3)))

    class Tokens(Last):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            values = self.mix(images.permute(0, 2, 3, 1)).flatten(1, 2)
            return self.head(self.add(torch.cat([values[:, :1] + 9, values], dim=1)).mean(dim=1))

    class Swapped(Last):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.head(self.add(self.mix(images.permute(0, 2, 3, 1))).mean(dim=(1, 2)))

    def probe(model: nn.Module):
        loaded = LoadedModel(model, "net", "", ("p", "q"), ())
        return probe_vision(loaded, tiny_images, plain_pixels, VisionSettings(("add",), quantile=0.1, workers=0))

    expected, swapped, tokens = probe(First()), probe(Swapped()), probe(Tokens())
    for found, form in ((swapped, "nhwc"), (tokens, "tokens")):
        assert found.cells.unit_names == tuple("012345"[:5])
        assert np.array_equal(found.cells.active, expected.cells.active)
        assert np.array_equal(found.arrays["top_masks"], expected.arrays["top_masks"])
        said = found.about["settings"]["layouts"]["add"]
        assert (said["form"], said["skip_tokens"]) == (form, int(form == "tokens"))
        assert any(note.startswith(f"Layer add is {form}, 5 units on maps of 16 x 16") for note in found.about["notes"])
        assert Layout.from_manifest(said).for_manifest() == said


@pytest.mark.parametrize("form", ["nchw", "nhwc", "tokens", "vector"])
def test_setting_units_to_zero_leaves_the_others_and_the_container(form: str) -> None:
    shape = {"nchw": (2, 4, 3, 3), "nhwc": (2, 3, 3, 4), "tokens": (2, 10, 4), "vector": (2, 4)}[form]
    found = Layout(form, 4, (3, 3) if form != "vector" else (1, 1), int(form == "tokens"))
    output = (torch.rand(shape) + 1, None)
    changed = found.without(output, np.array([2]))
    assert changed[1] is None
    before, after = found.maps(output, 2, "layer"), found.maps(changed, 2, "layer")
    assert not after[:, 2].any()
    assert torch.equal(after[:, [0, 1, 3]], before[:, [0, 1, 3]])
    assert (output[0] > 0).all()


def outputs() -> list[tuple[object, int | None, torch.Tensor | None]]:
    scores, features, maps = torch.rand(2, 3), torch.rand(2, 7), torch.rand(2, 3, 4, 4)
    return [
        (scores, None, scores),
        (maps, None, None),
        ({"out": scores}, None, scores),
        ({"logits": scores, "hidden": features}, None, scores),
        ({"out": maps}, None, None),
        ((scores, maps), None, scores),
        ((features, scores), 3, scores),
        ((features, scores), None, None),
        (type("Output", (), {"logits": scores})(), None, scores),
        (None, None, None),
    ]


@pytest.mark.parametrize(("output", "n_classes", "wanted"), outputs())
def test_scores_are_found_in_tuples_dicts_and_objects_and_never_guessed(output, n_classes, wanted) -> None:
    assert scores_in(output, 2, n_classes) is wanted


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_models_of_other_numbers_are_shown_pictures_in_these(tiny_images, tiny_model, plain_pixels, dtype) -> None:
    model = LoadedModel(tiny_model.module.to(dtype), "net", "", ("p", "q", "r", "s"), ())
    probe = probe_vision(model, tiny_images, plain_pixels, VisionSettings(("2",), quantile=0.1, workers=0))
    assert probe.cells.unit_names == tuple("012345"[:6])
    assert (probe.arrays["predictions"] >= 0).all()
    name = str(dtype).removeprefix("torch.")
    assert f"The model's weights are {name}, so pictures are given to it in {name}." in probe.about["notes"]


def test_a_model_of_one_channel_is_told_so_and_not_another_size(tiny_model, plain_pixels) -> None:
    model = LoadedModel(nn.Sequential(nn.Conv2d(1, 4, 3)), "grey", "", None, ())
    with pytest.raises(UsageError, match=r"takes pictures of 1 channel \(its first convolution, 0\)") as caught:
        examine(model, plain_pixels, VisionSettings(("0",)))
    assert "image-size" not in str(caught.value)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_model_is_refused_in_one_line(plain_pixels) -> None:
    model = LoadedModel(torch.jit.trace(nn.Sequential(nn.Conv2d(3, 4, 3)), torch.ones(1, 3, 16, 16)), "t", "", None, ())
    for look in (lambda: examine(model, plain_pixels, VisionSettings(("0",))), lambda: listed_layers(model.module, 16)):
        with pytest.raises(UsageError, match="is a TorchScript module, whose layers cannot be watched"):
            look()
