"""Image classifiers of transformers and timm, from local folders and names, without any download."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from compexact.probes.classifier import picture_classifier
from compexact.probes.layers import listed_layers
from compexact.probes.models import load_model
from compexact.probes.preprocess import PRESETS, Preprocessing, resolve
from compexact.probes.torchvision_ops import import_torchvision
from compexact.solver.errors import DataError, UsageError


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny ViT with names of classes, and what it is to be shown of a picture."""
    import_torchvision()
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24, image_size=32, patch_size=8,
        id2label={0: "cat", 1: "dog", 2: "cow"}, label2id={"cat": 0, "dog": 1, "cow": 2},
    )  # fmt: skip
    path = tmp_path_factory.mktemp("vit")
    transformers.ViTForImageClassification(config).save_pretrained(path)
    said = {"size": {"height": 32, "width": 32}, "image_mean": [0.5] * 3, "image_std": [0.25] * 3, "do_resize": True}
    (path / "preprocessor_config.json").write_text(json.dumps(said))
    return path


def test_a_folder_gives_names_preprocessing_maps_and_predictions(folder: Path) -> None:
    model = load_model(f"hf:{folder}")
    assert model.class_names == ("cat", "dog", "cow")
    assert model.notes == ()
    assert model.preprocessing == Preprocessing(32, "rgb", (0.5,) * 3, (0.25,) * 3, 1.0)
    blocks = {layer.name: layer for layer in listed_layers(model.module, 32).layers if layer.kind == "ViTLayer"}
    assert [(layer.n_units, layer.layout, layer.shape) for layer in blocks.values()] == [(16, "tokens+1", (16, 4, 4))]
    from PIL import Image

    classifier = picture_classifier(model, model.preprocessing)
    scores = classifier.probabilities([Image.new("RGB", (50, 40), "red")])
    assert scores.shape == (1, 3)
    assert np.allclose(scores.sum(), 1)


def test_options_stand_in_the_place_of_what_the_source_says(folder: Path) -> None:
    own = load_model(f"hf:{folder}").preprocessing
    assert resolve(own=own) == own
    assert resolve(image_size=64, own=own) == Preprocessing(64, "rgb", (0.5,) * 3, (0.25,) * 3, 1.0)
    assert resolve("caffe", own=own) == PRESETS["caffe"]


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"size": 40, "do_normalize": False}, Preprocessing(40, "rgb", (0,) * 3, (1,) * 3, 1.0)),
        (
            {"size": {"shortest_edge": 48}, "crop_size": 40, "do_center_crop": True, "do_rescale": False,
             "image_mean": [100.0] * 3, "image_std": [50.0] * 3},
            Preprocessing(40, "rgb", (100,) * 3, (50,) * 3, 255.0),
        ),
    ],
    ids=["plain", "cropped and not rescaled"],
)  # fmt: skip
def test_sizes_and_scales_are_read_in_their_usual_forms(folder: Path, tmp_path: Path, said, wanted) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(said))
    assert load_model(f"hf:{tmp_path}").preprocessing == wanted
    (tmp_path / "preprocessor_config.json").write_text("{}")
    with pytest.raises(DataError, match=r"preprocessor_config\.json says nothing of a picture's size"):
        load_model(f"hf:{tmp_path}")
    (tmp_path / "preprocessor_config.json").unlink()
    assert load_model(f"hf:{tmp_path}").preprocessing is None


def test_what_is_no_such_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no folder with a config\.json"):
        load_model(f"hf:{tmp_path}")
    (tmp_path / "config.json").write_text((folder / "config.json").read_text())
    with pytest.raises(DataError, match="cannot be loaded"):
        load_model(f"hf:{tmp_path}")
    with pytest.raises(UsageError, match="has its own weights"):
        load_model(f"hf:{folder}", weights=tmp_path / "w.pth")


def test_a_timm_architecture_has_random_weights_unless_a_file_is_given(tmp_path: Path) -> None:
    pytest.importorskip("timm")
    model = load_model("timm:test_resnet")
    assert model.notes == ("The weights are random (seed 0): no file was given.",)
    assert model.digest == load_model("timm:test_resnet").digest
    assert model.preprocessing.image_size == 160
    path = tmp_path / "w.pth"
    torch.save(load_model("timm:test_resnet", num_classes=7, seed=1).module.state_dict(), path)
    loaded = load_model("timm:test_resnet", weights=path)
    assert loaded.notes == ()
    assert loaded.n_classes == 7
    assert loaded.digest == load_model("timm:test_resnet", num_classes=7, seed=1).digest


def test_an_unknown_timm_architecture_gets_the_nearest() -> None:
    pytest.importorskip("timm")
    with pytest.raises(UsageError, match="did you mean 'test_resnet'"):
        load_model("timm:test_resnett")
