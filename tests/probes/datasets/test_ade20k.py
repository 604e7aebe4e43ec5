from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from compexact.probes import open_dataset
from compexact.probes.datasets.annotated_images import AnnotatedImages, Concept
from compexact.solver.errors import DataError, UsageError

CAR, WHEEL, RIM, DOOR = 401, 3035, 2122, 774


def item(code: int, name: str, level: int = 0) -> dict[str, Any]:
    return {"name_ndx": code, "name": name, "parts": {"part_level": level, "hasparts": [], "ispartof": []}}


def content(*objects: dict[str, Any], scene: Any = ("outdoor", "urban", "street")) -> str:
    return json.dumps({"annotation": {"scene": scene, "object": list(objects)}})


@pytest.fixture
def codes_png(draw: Callable[..., Path]) -> Callable[..., Path]:
    """codes_png(path, codes): red = code // 256 * 10, green = code % 256, blue = an instance number."""

    def save(path: Path, codes: Any) -> Path:
        codes = np.asarray(codes)
        instance = np.arange(codes.size).reshape(codes.shape) + 1
        return draw(path, np.stack([codes // 256 * 10, codes % 256, instance], axis=-1).astype(np.uint8))

    return save


@pytest.fixture
def root(tmp_path: Path, draw: Callable[..., Path], codes_png: Callable[..., Path]) -> Path:
    """Two pictures of a tree of folders; the first has parts and parts of parts."""
    root = tmp_path / "ADE20K"
    one, two = root / "images/training/urban/street/one", root / "images/validation/two"
    for stem in (one, two):
        draw(stem.with_suffix(".jpg"), np.zeros((4, 4, 3), np.uint8))
        draw(stem / "instance_000.jpg", np.zeros((4, 4), np.uint8))  # a mask, no picture
        codes_png(Path(f"{stem}_seg.png"), [[CAR, CAR], [0, DOOR]])
    codes_png(Path(f"{one}_parts_1.png"), [[WHEEL, DOOR], [0, 0]])
    codes_png(Path(f"{one}_parts_2.png"), [[RIM, 0], [0, 0]])
    objects = (
        item(CAR, "car, auto"),
        item(WHEEL, "wheel", 1),
        item(RIM, "rim", 2),
        item(DOOR, "door", 1),
        item(DOOR, "door", 1),
        {"name_ndx": [], "name": []},
    )
    one.with_suffix(".json").write_text(content(*objects))
    two.with_suffix(".json").write_text(content(item(DOOR, "door"), scene=["indoor", "home", "kitchen"]))
    return root


def names_at(dataset: AnnotatedImages, index: int, row: int, column: int) -> set[str]:
    annotation = dataset.annotation(index)
    found = {int(plane[row, column]) for plane in annotation.planes} | set(annotation.image_concepts)
    return {dataset.concepts[concept].name for concept in found if concept >= 0}


def test_objects_parts_and_scenes_are_the_concepts(root: Path) -> None:
    dataset = open_dataset(f"ade20k:{root}", mask_size=(2, 2))
    assert dataset.concepts == (
        Concept("car", "object"),
        Concept("door", "part"),  # twice a part, once an object
        Concept("rim", "part"),
        Concept("wheel", "part"),
        Concept("kitchen-s", "scene"),
        Concept("street-s", "scene"),
    )
    assert dataset.keys == ("images/training/urban/street/one.jpg", "images/validation/two.jpg")
    assert [dataset.target(0), dataset.target(1)] == ["street-s", "kitchen-s"]
    assert names_at(dataset, 0, 0, 0) == {"car", "wheel", "rim", "street-s"}
    assert names_at(dataset, 0, 0, 1) == {"car", "door", "street-s"}
    assert names_at(dataset, 0, 1, 0) == {"street-s"}
    assert names_at(dataset, 1, 1, 1) == {"door", "kitchen-s"}
    assert dataset.annotation(1).planes.shape == (1, 2, 2)
    assert pickle.loads(pickle.dumps(dataset)).keys == dataset.keys


def test_chosen_categories_leave_the_other_levels_unread(root: Path) -> None:
    objects = open_dataset(f"ade20k:{root}", categories=["object"], mask_size=(2, 2))
    assert [concept.name for concept in objects.concepts] == ["car", "door"]
    assert objects.annotation(0).planes.shape == (1, 2, 2)
    assert objects.annotation(0).image_concepts == ()
    parts = open_dataset(f"ade20k:{root}", categories=["scene", "part"], mask_size=(2, 2))
    assert [concept.name for concept in parts.concepts] == ["door", "rim", "wheel", "kitchen-s", "street-s"]
    assert parts.annotation(0).planes.shape == (2, 2, 2)
    assert names_at(parts, 0, 0, 0) == {"rim", "wheel", "street-s"}
    with pytest.raises(UsageError, match="has no category 'parts'; it has object, part, scene"):
        open_dataset(f"ade20k:{root}", categories=["parts"])


def test_label_maps_come_at_112_by_112_unless_told_otherwise(root: Path) -> None:
    assert open_dataset(f"ade20k:{root}").mask_size == (112, 112)
    assert open_dataset(f"ade20k:{root}").annotation(0).planes.shape == (3, 112, 112)


@pytest.mark.parametrize(
    ("scene", "name"),
    [
        (["outdoor", "urban", "apartment", "inside"], "apartment_inside-s"),
        (["kitchen"], "kitchen-s"),
        ("kitchen", "kitchen-s"),
        ([], None),
        (None, None),
    ],
)
def test_the_scene_is_what_follows_kind_and_group(root: Path, scene: Any, name: str | None) -> None:
    (root / "images/validation/two.json").write_text(content(item(DOOR, "door"), scene=scene))
    assert open_dataset(f"ade20k:{root}").target(1) == name


def test_a_picture_without_names_beside_it_takes_those_of_the_others(root: Path) -> None:
    (root / "images/validation/two.json").unlink()
    dataset = open_dataset(f"ade20k:{root}", mask_size=(2, 2))
    assert dataset.target(1) is None
    assert names_at(dataset, 1, 1, 1) == {"door"}


def test_a_code_with_a_blank_name_is_no_concept(root: Path) -> None:
    (root / "images/training/urban/street/one.json").write_text(content(item(CAR, " "), item(DOOR, "door")))
    (root / "images/validation/two.json").write_text(content(item(WHEEL, "wheel", 1), item(RIM, "rim", 1)))
    dataset = open_dataset(f"ade20k:{root}", mask_size=(2, 2), categories=["object", "part"])
    assert [concept.name for concept in dataset.concepts] == ["door", "rim", "wheel"]
    assert names_at(dataset, 1, 0, 0) == set()


def test_names_that_are_not_utf_8_are_read_as_latin_1(root: Path) -> None:
    text = content(item(DOOR, "door")).replace('"door"', '"door", "raw_name": "t\xfcr"')
    (root / "images/validation/two.json").write_bytes(text.encode("latin-1"))
    assert open_dataset(f"ade20k:{root}").target(1) == "street-s"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"two\.json: not valid JSON"),
        ("[" * 100_000, r"two\.json: not valid JSON"),
        ("[]", r"two\.json: no 'annotation' with a list 'object'"),
        (content(item(DOOR, "gate")), r"two\.json: name_ndx 774 is 'gate', elsewhere 'door'"),
        (content(item(7000, "gate")), r"two\.json: name_ndx 7000 is not a class code; the largest is 6655"),
    ],
)
def test_a_damaged_json_file_is_refused(root: Path, text: str, message: str) -> None:
    (root / "images/validation/two.json").write_text(text)
    with pytest.raises(DataError, match=message):
        open_dataset(f"ade20k:{root}")


def test_a_tree_that_is_not_ade20k_is_refused(root: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"no image at all; expected X\.jpg with X_seg\.png"):
        open_dataset(f"ade20k:{tmp_path}/empty")
    for file in root.glob("**/*.json"):
        file.unlink()
    (root / "index_ade20k.pkl").write_bytes(b"cos\nsystem\n(S'touch canary'\ntR.")
    with pytest.raises(DataError, match=r"no X\.json with class names"):
        open_dataset(f"ade20k:{root}")
    assert not Path("canary").exists()
    (root / "images/validation/two_seg.png").unlink()
    with pytest.raises(DataError, match=r"two\.jpg: has no _seg\.png beside it \(1 such pictures\)"):
        open_dataset(f"ade20k:{root}")


def test_a_code_without_a_name_is_refused(root: Path, codes_png: Callable[..., Path]) -> None:
    codes_png(root / "images/validation/two_seg.png", [[CAR, 500], [500, 501]])
    with pytest.raises(DataError, match=r"two_seg\.png: label id 500 is not in the JSON files, .* 3035; 2 such ids"):
        open_dataset(f"ade20k:{root}", mask_size=(2, 2)).annotation(1)


def test_a_label_map_of_another_shape_is_refused(root: Path, codes_png: Callable[..., Path]) -> None:
    codes_png(root / "images/validation/two_seg.png", [[CAR] * 4] * 2)
    with pytest.raises(DataError, match=r"two_seg\.png: label map of 2 x 4 .* picture of 4 x 4"):
        open_dataset(f"ade20k:{root}").annotation(1)


@pytest.mark.real_data
def test_the_real_samples_are_read_as_their_files_say(real_data: Callable[[str], Path]) -> None:
    folder = real_data("ade20k_samples/full")
    dataset = open_dataset(f"ade20k:{folder}")
    assert [Path(key).stem for key in dataset.keys] == [f"ADE_train_000{n}" for n in (16869, 16900, 16964)]
    assert {dataset.target(index) for index in range(3)} == {"street-s"}
    assert [len(dataset.annotation(index).planes) for index in range(3)] == [3, 2, 2]
    of = {concept.name: concept.category for concept in dataset.concepts}
    assert (of["traffic light"], of["wheel"], of["street-s"]) == ("object", "part", "scene")

    for index, key in enumerate(dataset.keys):
        stem = str(folder / key.removesuffix(".jpg"))
        objects = json.loads(Path(f"{stem}.json").read_text())["annotation"]["object"]
        in_json = {(o["name"].split(",")[0], o["parts"]["part_level"]) for o in objects}
        found = {
            (dataset.concepts[concept].name, level)
            for level, plane in enumerate(dataset.annotation(index).planes)
            for concept in np.unique(plane)
            if concept >= 0
        }
        assert found <= in_json
        assert len(found) > 0.6 * len(in_json)  # small parts may fall between the points
        with Image.open(f"{stem}_seg.png") as seg:
            small = np.asarray(seg.resize((112, 112), Image.Resampling.NEAREST), int)
        road = next(o["name_ndx"] for o in objects if o["name"].startswith("road"))
        plane = dataset.annotation(index).planes[0]
        ours = plane == [concept.name for concept in dataset.concepts].index("road")
        theirs = small[..., 0] // 10 * 256 + small[..., 1] == road
        assert ours.sum() > 100
        assert (ours != theirs).mean() < 0.01
