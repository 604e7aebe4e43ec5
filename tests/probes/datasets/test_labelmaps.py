from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compexact.probes import open_dataset
from compexact.probes.datasets.annotated_images import Concept
from compexact.solver.errors import DataError, UsageError


def test_ids_become_the_concepts_of_the_names_file(labelmaps: Path) -> None:
    dataset = open_dataset(f"labelmaps:{labelmaps}", mask_size=(2, 2))
    assert dataset.concepts == (
        Concept("wall", "object"),
        Concept("sky", "stuff"),
        Concept("car", "object"),
        Concept("airport_terminal-s", "scene"),
    )
    assert dataset.keys == ("images/train/x.png", "images/y.png")
    assert dataset.annotation(0).planes.tolist() == [[[-1, 0], [1, 2]]]
    assert dataset.annotation(0).image_concepts == (3,)
    assert dataset.annotation(1).image_concepts == ()
    assert [dataset.target(0), dataset.target(1)] == ["airport_terminal-s", None]
    assert [file.name for file in dataset.metadata_files] == ["names.csv", "sceneCategories.txt"]


def test_chosen_categories_leave_the_other_ids_without_a_concept(labelmaps: Path) -> None:
    dataset = open_dataset(f"labelmaps:{labelmaps}", categories=["stuff"], mask_size=(2, 2))
    assert dataset.concepts == (Concept("sky", "stuff"),)
    assert dataset.annotation(0).planes.tolist() == [[[-1, -1], [0, -1]]]
    assert dataset.annotation(0).image_concepts == ()
    assert dataset.target(0) == "airport_terminal-s"
    with pytest.raises(UsageError, match="it has object, stuff, scene"):
        open_dataset(f"labelmaps:{labelmaps}", categories=["things"])


def test_names_may_stand_in_any_order(labelmaps: Path) -> None:
    (labelmaps / "names.csv").write_text("name,id\ncar,3\nwall,1\nsky,2\n")
    dataset = open_dataset(f"labelmaps:{labelmaps}", mask_size=(2, 2))
    assert [concept.name for concept in dataset.concepts[:3]] == ["wall", "sky", "car"]
    assert dataset.annotation(0).planes.tolist() == [[[-1, 0], [1, 2]]]


def test_the_label_maps_come_at_112_by_112_unless_told_otherwise(labelmaps: Path) -> None:
    planes = open_dataset(f"labelmaps:{labelmaps}").annotation(0).planes
    assert planes.shape == (1, 112, 112)
    assert (planes == np.kron([[-1, 0], [1, 2]], np.ones((56, 56), int))).all()


def test_names_may_stand_one_per_line_or_in_the_folder_above(labelmaps: Path) -> None:
    (labelmaps / "names.csv").unlink()
    (labelmaps.parent / "names.txt").write_text("wall\r\nclear sky\nc\u00f4te\n\n", encoding="utf-8-sig")
    dataset = open_dataset(f"labelmaps:{labelmaps}")
    assert [concept.name for concept in dataset.concepts[:3]] == ["wall", "clear sky", "c\u00f4te"]
    assert {concept.category for concept in dataset.concepts[:3]} == {"object"}
    assert dataset.metadata_files[0] == labelmaps.parent / "names.txt"


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("objectInfo150.csv", "Idx,Ratio,Name\n1,0.1,wall\n2,0.1,screen;door\n3,0.1,screen;CRT\n"),
        ("objectInfo150.txt", "Idx\tRatio\tName\n1\t0.1\twall\n2\t0.1\tscreen;door\n3\t0.1\tscreen;CRT\n"),
    ],
)
def test_the_scene_parsing_names_give_the_first_synonym_where_it_is_unique(labelmaps: Path, file, text) -> None:
    (labelmaps / "names.csv").unlink()
    (labelmaps / file).write_text(text)
    names = [concept.name for concept in open_dataset(f"labelmaps:{labelmaps}").concepts]
    assert names[:3] == ["wall", "screen;door", "screen;CRT"]


def test_ids_above_255_are_kept(labelmaps: Path, draw: Callable[..., Path]) -> None:
    with (labelmaps / "names.csv").open("a") as file:
        file.write("300,boat,\n")
    draw(labelmaps / "annotations/y.png", np.array([[300, 44], [0, 1]], np.uint16))
    with pytest.raises(DataError, match=r"label id 44 is not in names\.csv"):
        open_dataset(f"labelmaps:{labelmaps}").annotation(1)
    draw(labelmaps / "annotations/y.png", np.array([[300, 3], [0, 1]], np.uint16))
    dataset = open_dataset(f"labelmaps:{labelmaps}", mask_size=(2, 2))
    assert [dataset.concepts[c].name for c in dataset.annotation(1).planes[0, 0]] == ["boat", "car"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,name\n1,wall\n1,sky\n", r"names\.csv: id 1 is there twice"),
        ("id,name\n-1,wall\n", r"names\.csv line 2: label id '-1' is not a whole number from 0"),
        ("id,name\n99999999999,wall\n", r"label id '99999999999' is not a whole number from 0 to 65535"),
        ("id,name\n1,wall\n2,\n", r"concept name '' is empty"),
        ("id,name\n1,wall\n2,w\x07\n", r"concept name 'w\\x07' has the character"),
        ("id,name\n1,wall\n2,Wall\n", r"two concepts of one name: 'wall' and 'Wall'"),
        ("id,title\n1,wall\n", r"names\.csv: no column 'name'"),
        ("id,name\n", r"no concept at all|no category"),
    ],
)
def test_bad_names_are_refused(labelmaps: Path, text: str, message: str) -> None:
    (labelmaps / "sceneCategories.txt").unlink()
    (labelmaps / "names.csv").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        open_dataset(f"labelmaps:{labelmaps}")
    assert str(caught.value).isprintable()


def test_a_bad_scene_line_is_refused(labelmaps: Path) -> None:
    (labelmaps / "sceneCategories.txt").write_text("x a\n\ny two words\n")
    with pytest.raises(DataError, match=r"sceneCategories\.txt line 3: 'y two words' is not of the form"):
        open_dataset(f"labelmaps:{labelmaps}")


def test_missing_folders_maps_and_names_are_refused(labelmaps: Path) -> None:
    (labelmaps / "annotations/y.png").unlink()
    (labelmaps / "annotations/train/x.png").unlink()
    with pytest.raises(DataError, match=r"train/x\.png: no label map .* \(2 such images; --skip-bad leaves them out\)"):
        open_dataset(f"labelmaps:{labelmaps}")
    (labelmaps / "annotations/train").rmdir()
    (labelmaps / "annotations").rmdir()
    with pytest.raises(DataError, match="no folder annotations/"):
        open_dataset(f"labelmaps:{labelmaps}")


def test_a_folder_without_names_is_refused(labelmaps: Path) -> None:
    (labelmaps / "names.csv").unlink()
    with pytest.raises(DataError, match=r"no names\.csv or names\.txt or objectInfo150\.csv"):
        open_dataset(f"labelmaps:{labelmaps}")


@pytest.mark.real_data
def test_the_real_scene_parsing_samples_are_read(real_data: Callable[[str], Path]) -> None:
    dataset = open_dataset(f"labelmaps:{real_data('ade20k_samples/sceneparsing/sampleData')}")
    assert len(dataset.keys) == 3
    names = [concept.name for concept in dataset.concepts]
    assert names[:3] == ["wall", "building", "sky"]
    assert (len(names), names[149]) == (152, "flag")
    assert [dataset.target(index) for index in range(3)] == ["abbey-s", "abbey-s", "access_road-s"]
    of_third = {names[c] for c in np.unique(dataset.annotation(2).planes) if c >= 0}
    assert {"wall", "building", "sky", "tree", "road", "car", "bus", "van"} <= of_third
    sky = (dataset.annotation(0).planes[0] == 2).any(axis=1)
    assert sky[0]
    assert not sky[-1]


@pytest.mark.parametrize("how", ["asked", "named void", "named -"])
def test_255_is_no_label_on_request_or_where_the_names_say_so(labelmaps: Path, how: str) -> None:
    ids = np.array([[0, 1], [2, 255]], np.uint8)
    Image.fromarray(ids).save(labelmaps / "annotations/train/x.png")
    with pytest.raises(DataError, match=r"label id 255 .*--ignore-label 255"):
        open_dataset(f"labelmaps:{labelmaps}").annotation(0)
    name = {"asked": "other", "named void": "Void", "named -": "-"}[how]
    (labelmaps / "names.csv").write_text(f"id,name\n1,wall\n2,sky\n255,{name}\n")
    ignored = [255] if how == "asked" else []
    dataset = open_dataset(f"labelmaps:{labelmaps}", mask_size=(2, 2), ignore_labels=ignored)
    assert [concept.name for concept in dataset.concepts[:-1]] == ["wall", "sky"]
    assert dataset.annotation(0).planes.tolist() == [[[-1, 0], [1, -1]]]


def test_where_the_names_have_0_it_is_a_label(labelmaps: Path) -> None:
    (labelmaps / "names.csv").write_text("id,name\n0,ground\n1,wall\n2,sky\n3,car\n")
    dataset = open_dataset(f"labelmaps:{labelmaps}", mask_size=(2, 2))
    assert dataset.concepts[0].name == "ground"
    assert dataset.annotation(0).planes.tolist() == [[[0, 1], [2, 3]]]


def test_a_name_that_is_a_dash_says_that_the_id_is_no_label(labelmaps: Path) -> None:
    before = open_dataset(f"labelmaps:{labelmaps}")
    text = (labelmaps / "names.csv").read_text()
    (labelmaps / "names.csv").write_text(text.replace(before.concepts[0].name, "-", 1))
    assert before.concepts[0] not in open_dataset(f"labelmaps:{labelmaps}").concepts


def test_two_pictures_of_one_label_map_are_refused(labelmaps: Path) -> None:
    picture = next((labelmaps / "images").glob("y.*"))
    Image.open(picture).save(picture.with_suffix(".bmp"))
    with pytest.raises(
        DataError, match=r"two pictures of one label map: image 'y\.png' is there twice: y\.\w+ and y\."
    ):
        open_dataset(f"labelmaps:{labelmaps}")


def test_pictures_without_a_label_map_may_be_left_out_later(labelmaps: Path) -> None:
    (labelmaps / "annotations/y.png").unlink()
    dataset = open_dataset(f"labelmaps:{labelmaps}", may_lack_labels=True)
    bare = next(index for index, key in enumerate(dataset.keys) if "/y." in key)
    with pytest.raises(DataError, match="no label map of that path"):
        dataset.annotation(bare)
