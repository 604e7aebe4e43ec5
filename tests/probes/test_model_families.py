"""Every layer of published architectures that is listed has the number of units that its paper gives it.

The widths stand here by hand, stage by stage; what has no place in the tables must be refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from compexact.probes.layers import listed_layers
from compexact.probes.models import load_model

Width = int | Callable[[re.Match[str]], int]


def stage(base: int, times: int = 1, first: int = 0, step: int = 1) -> Callable[[re.Match[str]], int]:
    """The width of a stage that is twice as wide as the one before; its number is the first group."""
    return lambda found: times * base * 2 ** ((int(found[1]) - first) // step)


@dataclass(frozen=True)
class Family:
    """rules: (pattern of the whole name, units), the first that fits counts.  refused: what must not be listed.
    least: how many layers are listed at least."""

    spec: str
    rules: tuple[tuple[str, Width], ...]
    refused: str = "(?!)"
    least: int = 50


FAMILIES = [
    Family(
        "torchvision:swin_t",
        (
            (r"features\.([1357])\.\d+\.mlp\.[012]", stage(96, 4, 1, 2)),
            (r"features\.([1357])(\.\d+(\.(norm1|norm2|attn|stochastic_depth|mlp|mlp\.[34]))?)?", stage(96, 1, 1, 2)),
            (r"features\.([246])\.norm", stage(96, 4, 2, 2)),
            (r"features\.([246])(\.reduction)?", stage(96, 2, 2, 2)),
            (r"features\.0(\.[012])?", 96),
            (r"features|norm|permute|avgpool|flatten", 768),
            ("head", 1000),
        ),
        least=150,
    ),
    Family(
        "torchvision:vit_b_32",
        (
            (r"encoder\.layers\.encoder_layer_\d+\.mlp\.[012]", 3072),
            ("heads(.head)?", 1000),
            (r"encoder(\..+)?|conv_proj", 768),
        ),
        least=100,
    ),
    Family(
        "torchvision:convnext_tiny",
        (
            (r"features\.([1357])\.\d+\.block\.[34]", stage(96, 4, 1, 2)),
            (r"features\.([1357])(\.\d+(\.(stochastic_depth|block(\.[01256])?))?)?", stage(96, 1, 1, 2)),
            (r"features\.([246])\.0", stage(96, 1, 2, 2)),
            (r"features\.([246])(\.1)?", stage(96, 2, 2, 2)),
            (r"features\.0(\..+)?", 96),
            (r"features|avgpool|classifier\.[01]", 768),
            (r"classifier(\.2)?", 1000),
        ),
        least=190,
    ),
    Family(
        "torchvision:maxvit_t",
        (
            (r"stem(\..+)?|blocks\.0\.layers\.0\.layers\.MBconv\.layers\.pre_norm", 64),
            (r"blocks\.([123])\.layers\.0\.layers\.MBconv\.(layers\.pre_norm|proj\.0)", stage(64, 1, 1)),
            (r"blocks\.(\d)\..*squeeze_excitation\.(fc1|activation)", stage(16)),
            (r"blocks\.(\d)\..*\.MBconv\.layers\.(conv_a|conv_b|squeeze_excitation)(\..+)?", stage(64, 4)),
            (r"blocks\.(\d)(\.layers\.\d+(\.layers(\.MBconv(\..+)?|\.(window|grid)_attention)?)?)?", stage(64)),
            (r"classifier\.[01234]", 512),
            (r"classifier(\.5)?", 1000),
        ),
        refused=r".*_attention\..+",
        least=250,
    ),
    Family(
        "timm:vit_tiny_patch16_224",
        (
            (r"blocks\.\d+\.attn\.qkv", 576),
            (r"blocks\.\d+\.mlp\.(fc1|act|drop1|norm)", 768),
            ("head", 1000),
            (r"blocks(\.\d+(\..+)?)?|patch_embed(\..+)?|pos_drop|patch_drop|norm(_pre)?|fc_norm|head_drop", 192),
        ),
        refused=r".*\.(q_norm|k_norm|attn_drop)",
        least=200,
    ),
    Family(
        "timm:swin_tiny_patch4_window7_224",
        (
            (r"layers\.3\.blocks\.\d+\.attn\.qkv", 3 * 768),  # one window is the whole map
            (r"layers\.3\.blocks\.\d+\.attn(\.proj|\.proj_drop)?", 768),
            (r"layers\.(\d)\.blocks\.\d+\.mlp\.(fc1|act|drop1|norm)", stage(96, 4)),
            (r"layers\.([123])\.downsample\.norm", stage(96, 4, 1)),
            (r"layers\.(\d)(\.downsample(\.reduction)?|\.blocks(\.\d+(\.(norm|drop_path|mlp).*)?)?)?", stage(96)),
            (r"patch_embed(\..+)?", 96),
            (r"norm|layers|head\.(global_pool(\..+)?|drop)", 768),
            (r"head(\.fc|\.flatten)?", 1000),
        ),
        refused=r"layers\.[012]\..*\.attn(\..+)?|.*\.(softmax|attn_drop)",
        least=170,
    ),
    Family(
        "timm:resnetv2_50",
        (
            (r"stem(\..+)?|stages\.0\.blocks\.0\.norm1(\..+)?", 64),
            (r"stages\.([123])\.blocks\.0\.norm1(\..+)?", stage(256, 1, 1)),
            (r"stages\.(\d)\.blocks\.\d+\.(conv1|norm2|conv2|norm3)(\..+)?", stage(64)),
            (r"stages\.(\d)(\.blocks(\.\d+(\..+)?)?)?", stage(256)),
            (r"stages|norm(\..+)?|head\.(global_pool(\..+)?|drop)", 2048),
            (r"head(\.fc|\.flatten)?", 1000),
        ),
        least=250,
    ),
    Family(
        "torchvision:squeezenet1_1",
        (
            (r"features\.(0|1|2)", 64),
            (r"features\.[345]\.squeeze(_activation)?", 16),
            (r"features\.([345])\.expand.*", 64),
            (r"features\.[345]", 128),
            (r"features\.[67]\.squeeze.*", 32),
            (r"features\.[67]\.expand.*", 128),
            (r"features\.[678]", 256),
            (r"features\.(9|10)\.squeeze.*", 48),
            (r"features\.(9|10)\.expand.*", 192),
            (r"features\.(9|10)", 384),
            (r"features\.(11|12)\.squeeze.*", 64),
            (r"features\.(11|12)\.expand.*", 256),
            (r"features(\.11|\.12)?|classifier\.0", 512),
            (r"classifier(\.[123])?", 1000),
        ),
        least=60,
    ),
]


def expected(family: Family, name: str) -> int | None:
    for pattern, width in family.rules:
        if found := re.fullmatch(pattern, name):
            return width if isinstance(width, int) else width(found)
    return None


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.spec)
def test_every_listed_layer_has_the_units_of_its_stage(family: Family) -> None:
    if family.spec.startswith("timm:"):
        pytest.importorskip("timm")
    listed = listed_layers(load_model(family.spec).module, 224)
    assert len(listed.layers) >= family.least
    wrong = [(layer.name, layer.n_units) for layer in listed.layers if layer.n_units != expected(family, layer.name)]
    assert wrong == []
    assert [layer.name for layer in listed.layers if re.fullmatch(family.refused, layer.name)] == []
    one_side = {layer.shape[1] for layer in listed.layers if len(layer.shape) == 3 and layer.shape[1] != layer.shape[2]}
    assert one_side == set()
