from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compexact.probes import open_dataset
from compexact.probes.datasets.annotated_images import Concept
from compexact.solver.errors import DataError, UsageError

INDEX = "annotations/panoptic_val2017.json"


def change(root: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((root / INDEX).read_text())
    edit(content)
    (root / INDEX).write_text(json.dumps(content))


def test_segments_become_things_and_stuff(coco: Path) -> None:
    dataset = open_dataset(f"coco:{coco}", mask_size=(2, 2))
    assert dataset.concepts == (Concept("bottle", "thing"), Concept("rug-merged", "stuff"))
    assert dataset.keys == ("val2017/000007.jpg",)
    assert dataset.name == "coco/val2017"
    assert dataset.annotation(0).planes.tolist() == [[[0, 0], [1, -1]]]
    assert dataset.annotation(0).image_concepts == ()
    assert dataset.target(0) is None
    assert dataset.image(0).size == (4, 4)
    assert open_dataset(f"coco:{coco}").annotation(0).planes.shape == (1, 112, 112)


def test_chosen_categories_leave_the_other_segments_without_a_concept(coco: Path) -> None:
    dataset = open_dataset(f"coco:{coco}", categories=["stuff"], mask_size=(2, 2))
    assert dataset.concepts == (Concept("rug-merged", "stuff"),)
    assert dataset.annotation(0).planes.tolist() == [[[-1, -1], [0, -1]]]
    with pytest.raises(UsageError, match="it has thing, stuff; did you mean 'thing'"):
        open_dataset(f"coco:{coco}", categories=["things"])


@pytest.mark.parametrize("pictures", ["val2017", "images/val2017", "images"])
@pytest.mark.parametrize("maps", ["annotations/panoptic_val2017", "panoptic_val2017", "annotations"])
def test_pictures_and_maps_may_stand_in_the_usual_places(coco: Path, pictures: str, maps: str) -> None:
    for source, target in (("val2017/000007.jpg", pictures), ("annotations/panoptic_val2017/000007.png", maps)):
        (coco / target).mkdir(parents=True, exist_ok=True)
        (coco / source).rename(coco / target / Path(source).name)
    dataset = open_dataset(f"coco:{coco}")
    assert dataset.keys == (f"{pictures}/000007.jpg",)
    assert dataset.image(0).size == (4, 4)
    assert dataset.annotation(0).planes.max() == 1


def test_one_of_several_splits_is_chosen_by_its_file(coco: Path) -> None:
    (coco / "annotations/panoptic_train2017.json").write_text("{}")
    with pytest.raises(UsageError, match=r"choose one of coco:.*panoptic_train2017\.json, coco:.*val2017\.json"):
        open_dataset(f"coco:{coco}")
    dataset = open_dataset(f"coco:{coco}/{INDEX}")
    assert dataset.root == coco
    assert dataset.metadata_files == (coco / INDEX,)


def test_segment_ids_belong_to_their_own_image(coco: Path, draw: Callable[..., Path]) -> None:
    draw(coco / "val2017/8.jpg", np.zeros((4, 4, 3), np.uint8))
    draw(coco / "annotations/panoptic_val2017/8.png", np.array([[[1, 0, 0], [2, 0, 0]]] * 2, np.uint8))

    def add(content: dict[str, Any]) -> None:
        content["images"].append({"id": 8, "file_name": "8.jpg"})
        segments = [{"id": 1, "category_id": 200}, {"id": 2, "category_id": 44}]
        content["annotations"].append({"image_id": 8, "file_name": "8.png", "segments_info": segments})

    change(coco, add)
    dataset = open_dataset(f"coco:{coco}", mask_size=(2, 2))
    assert dataset.annotation(0).planes.tolist() == [[[0, 0], [1, -1]]]
    assert dataset.annotation(1).planes.tolist() == [[[1, 0], [1, 0]]]


def test_a_segment_that_the_index_does_not_have_is_refused(coco: Path) -> None:
    change(coco, lambda content: content["annotations"][0]["segments_info"].pop(2))
    with pytest.raises(DataError, match=r"000007\.png: segment id 256 is not in panoptic_val2017\.json, .* is 65536"):
        open_dataset(f"coco:{coco}").annotation(0)


def test_an_image_without_segments_is_unlabelled(coco: Path, draw: Callable[..., Path]) -> None:
    change(coco, lambda content: content["annotations"][0]["segments_info"].clear())
    with pytest.raises(DataError, match="whose largest for this image is 0"):
        open_dataset(f"coco:{coco}").annotation(0)
    draw(coco / "annotations/panoptic_val2017/000007.png", np.zeros((2, 2, 3), np.uint8))
    assert (open_dataset(f"coco:{coco}").annotation(0).planes == -1).all()


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda c: c.pop("images"), "no list 'images'"),
        (lambda c: c["annotations"].clear(), "no image at all"),
        (lambda c: c["images"][0].pop("file_name"), r"images\[0\]: 'file_name' is 'None'; expected str"),
        (lambda c: c["images"][0].update(file_name="../x.jpg"), r"images\[0\]: path '../x.jpg' leads out"),
        (lambda c: c["annotations"][0].update(file_name="/x.png"), r"annotations\[0\]: path '/x.png' leads out"),
        (lambda c: c["annotations"][0].update(image_id=9), r"annotations\[0\]: image_id 9 is not among"),
        (lambda c: c["annotations"][0].update(segments_info={}), r"'segments_info' is '\{\}'; expected list"),
        (lambda c: c["categories"].pop(0), r"annotations\[0\]: category_id 44 is not in 'categories'"),
        (lambda c: c["categories"][0].update(id=200), r"categories\[1\]: category id 200 is there twice"),
        (lambda c: c["categories"][0].update(name="Rug-merged"), "two concepts of one name"),
        (lambda c: c["annotations"][0]["segments_info"][0].update(id=1), "segment id 1 is there twice"),
        (lambda c: c["annotations"][0]["segments_info"][0].update(id=2**24), "not from 1 to 16777215"),
        (lambda c: c["images"][0].update(file_name="x.jpg"), "no folder with its pictures: 'x.jpg' is in none"),
    ],
)
def test_a_damaged_index_is_refused(coco: Path, edit, message: str) -> None:
    change(coco, edit)
    with pytest.raises(DataError, match=message) as caught:
        open_dataset(f"coco:{coco}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("[]", "no list 'images'"), ("{", "not valid JSON")])
def test_a_file_that_is_no_index_is_refused(coco: Path, text: str, message: str) -> None:
    (coco / INDEX).write_text(text)
    with pytest.raises(DataError, match=message):
        open_dataset(f"coco:{coco}")
    (coco / INDEX).unlink()
    with pytest.raises(DataError, match=r"no annotations/panoptic_SPLIT\.json"):
        open_dataset(f"coco:{coco}")


def test_one_image_or_one_map_twice_is_refused(coco: Path) -> None:
    change(coco, lambda content: content["annotations"].append(content["annotations"][0]))
    with pytest.raises(DataError, match=r"two pictures of one segment map: .* is there twice"):
        open_dataset(f"coco:{coco}")
    change(coco, lambda content: content["annotations"][1].update(file_name="other.png"))
    with pytest.raises(DataError, match=r"image 'val2017/000007\.jpg' is there twice"):
        open_dataset(f"coco:{coco}")


def test_two_pictures_of_one_number_are_refused(coco: Path) -> None:
    change(coco, lambda content: content["images"].append(content["images"][0] | {"file_name": "other.jpg"}))
    with pytest.raises(DataError, match=r"ids: image '7' is there twice: .*images\[0\] and .*images\[1\]"):
        open_dataset(f"coco:{coco}")


def test_numbers_that_were_written_as_floats_and_names_with_their_folder_are_read(coco: Path) -> None:
    before = open_dataset(f"coco:{coco}").annotation(0).planes
    change(coco, lambda content: content["images"][0].update(file_name="val2017/000007.jpg"))
    change(coco, lambda content: [s.update(id=float(s["id"])) for s in content["annotations"][0]["segments_info"]])
    dataset = open_dataset(f"coco:{coco}")
    assert dataset.keys == ("val2017/000007.jpg",)
    assert dataset.image(0).size == (4, 4)
    assert np.array_equal(dataset.annotation(0).planes, before)
