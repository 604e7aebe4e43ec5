from __future__ import annotations

import csv
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compexact.probes import open_dataset
from compexact.probes.datasets.annotated_images import AnnotatedImages, Concept
from compexact.solver.errors import DataError, UsageError


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def names_at(dataset: AnnotatedImages, index: int, row: int, column: int) -> set[str]:
    annotation = dataset.annotation(index)
    found = {int(plane[row, column]) for plane in annotation.planes} | set(annotation.image_concepts)
    return {dataset.concepts[concept].name for concept in found if concept >= 0}


def test_concepts_are_the_labels_in_order_each_in_its_main_category(broden: Path) -> None:
    dataset = open_dataset(f"broden:{broden}")
    assert dataset.concepts == (
        Concept("wall", "object"),
        Concept("leg", "part"),
        Concept("shin", "part"),
        Concept("street-s", "scene"),
        Concept("sky, clear", "object"),
    )
    assert dataset.keys == ("images/a.png", "images/b.png")
    assert dataset.mask_size == (2, 3)
    assert dataset.name == "tiny"
    assert [file.name for file in dataset.metadata_files] == ["index.csv", "category.csv", "label.csv"]
    assert np.asarray(dataset.image(1)).tolist() == np.full((4, 6, 3), 200).tolist()


def test_a_point_has_the_labels_of_all_layers_and_the_scene(broden: Path) -> None:
    dataset = open_dataset(f"broden:{broden}")
    assert dataset.annotation(0).planes.shape == (1, 2, 3)
    assert dataset.annotation(1).planes.shape == (3, 2, 3)
    assert names_at(dataset, 0, 0, 0) == {"wall"}
    assert names_at(dataset, 0, 0, 2) == set()
    assert names_at(dataset, 1, 0, 0) == {"wall", "leg", "street-s"}
    assert names_at(dataset, 1, 0, 1) == {"wall", "shin", "street-s"}
    assert names_at(dataset, 1, 1, 0) == {"sky, clear", "street-s"}  # 300 = 44 + 256 * 1
    assert names_at(dataset, 1, 0, 2) == {"street-s"}


def test_the_target_is_the_scene_whatever_categories_are_chosen(broden: Path) -> None:
    for categories in (None, ["part"]):
        dataset = open_dataset(f"broden:{broden}", categories=categories)
        assert [dataset.target(0), dataset.target(1)] == [None, "street-s"]


def test_chosen_categories_give_their_planes_and_the_labels_that_occur_in_them(broden: Path) -> None:
    dataset = open_dataset(f"broden:{broden}", categories=["part"])
    assert dataset.concepts == (Concept("wall", "part"), Concept("leg", "part"), Concept("shin", "part"))
    assert dataset.annotation(0).planes.shape == (0, 2, 3)
    assert dataset.annotation(1).image_concepts == ()
    assert names_at(dataset, 1, 0, 0) == {"leg"}


def test_an_unknown_category_is_a_usage_error(broden: Path) -> None:
    with pytest.raises(UsageError, match="no category 'parts'; it has object, part, scene; did you mean 'part'"):
        open_dataset(f"broden:{broden}", categories=["parts"])


def test_another_index_file_of_the_folder_may_be_named(broden: Path) -> None:
    text = (broden / "index.csv").read_text().splitlines()
    (broden / "index_small.csv").write_text("\n".join([text[0], text[2]]))
    dataset = open_dataset(f"broden:{broden}/index_small.csv")
    assert dataset.keys == ("images/b.png",)
    assert dataset.name == "tiny/index_small.csv"
    assert dataset.metadata_files[0].name == "index_small.csv"
    assert names_at(dataset, 0, 0, 0) == {"wall", "leg", "street-s"}


def test_a_whole_image_label_of_any_category_holds_everywhere(broden: Path) -> None:
    edit(broden / "index.csv", "a_object.png,,", "a_object.png; 0002 ;1,0;3,")
    dataset = open_dataset(f"broden:{broden}")
    assert dataset.annotation(0).image_concepts == (0, 1, 2)
    assert names_at(dataset, 0, 0, 2) == {"wall", "leg", "shin"}


def test_a_whole_image_label_of_no_chosen_category_is_no_concept(broden: Path) -> None:
    edit(broden / "index.csv", "a_object.png,,", "a_object.png;4;0,,")
    dataset = open_dataset(f"broden:{broden}", categories=["object"])
    assert dataset.annotation(0).image_concepts == ()


def test_labels_may_stand_in_any_order(broden: Path) -> None:
    before = open_dataset(f"broden:{broden}")
    lines = (broden / "label.csv").read_text().splitlines()
    (broden / "label.csv").write_text("\n".join([lines[0], *lines[:0:-1]]))
    after = open_dataset(f"broden:{broden}")
    assert after.concepts == before.concepts
    assert (after.annotation(1).planes == before.annotation(1).planes).all()


def test_mask_size_resamples_by_the_nearest_point(broden: Path) -> None:
    dataset = open_dataset(f"broden:{broden}", mask_size=(4, 3))
    assert dataset.mask_size == (4, 3)
    assert dataset.annotation(0).planes.tolist() == [[[0, 0, -1], [0, 0, -1], [4, 4, -1], [4, 4, -1]]]


def test_label_maps_of_several_sizes_need_a_mask_size(broden: Path, ids_png: Callable[..., Path]) -> None:
    edit(broden / "index.csv", "b.png,val,4,6,2,3", "b.png,val,4,6,4,6")
    with pytest.raises(DataError, match=r"line 3: label maps of 4 x 6 .* first row 2 x 3; 1 rows differ"):
        open_dataset(f"broden:{broden}")
    for name in ("object", "part_1", "part_2"):
        ids_png(broden / f"images/b_{name}.png", np.ones((4, 6), int))
    dataset = open_dataset(f"broden:{broden}", mask_size=(2, 3))
    assert dataset.annotation(1).planes.tolist() == np.zeros((3, 2, 3)).tolist()


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("index.csv", "image,split", "picture,split", "index.csv: no column 'image'"),
        ("index.csv", "part,scene", "parts,scene", "index.csv: no column 'part'"),
        ("index.csv", "a.png,train,4,6,2,3", "a.png,train,4,6,2,x", "line 2: sw 'x' is not a whole number from 1"),
        ("index.csv", "a.png,train,4,6,2,3", "a.png,train,4,6,0,3", "line 2: sh '0' is not a whole number from 1"),
        ("index.csv", "b.png,val", "a.png,val", "image 'images/a.png' is there twice: .*line 2 and .*line 3"),
        ("index.csv", ",4\n", ",5\n", "line 3: scene label 5 is not in label.csv, whose largest is 300"),
        ("index.csv", ",4\n", ",70000\n", "line 3: scene label '70000' is not a whole number from 0 to 65535"),
        ("label.csv", "300,", "300x,", "label.csv line 6: label number '300x' is not a whole number"),
        ("label.csv", "300,", "3,", "label.csv line 6: label number 3 is there twice"),
        ("label.csv", "shin", "leg", "label.csv: two concepts of one name: 'leg' and 'leg'"),
        ("label.csv", "shin", "Leg", "label.csv: two concepts of one name: 'leg' and 'Leg'"),
        ("label.csv", "shin", "", "label.csv: concept name '' is empty"),
        ("label.csv", "part(5)", "part(5", "label.csv line 4: category 'part\\(5' is not of the form"),
        ("category.csv", "name,", "nom,", "category.csv: no column 'name'"),
    ],
)
def test_a_damaged_index_is_refused_with_file_and_line(broden: Path, file, old, new, message: str) -> None:
    edit(broden / file, old, new)
    with pytest.raises(DataError, match=message) as caught:
        open_dataset(f"broden:{broden}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("file", ["index.csv", "label.csv", "category.csv"])
def test_a_missing_index_is_a_data_error(broden: Path, file: str) -> None:
    (broden / file).unlink()
    with pytest.raises(DataError, match=f"{file}: cannot be read"):
        open_dataset(f"broden:{broden}")


def test_labels_without_counts_or_category_and_label_0_are_taken_as_they_are(broden: Path) -> None:
    edit(broden / "label.csv", "object(9);part(1)", "object;part(1)")
    edit(broden / "label.csv", "part(5)", "")
    with (broden / "label.csv").open("a") as file:
        file.write("0,-,object(7),0,0,\n")
    dataset = open_dataset(f"broden:{broden}")
    assert [concept.name for concept in dataset.concepts] == ["wall", "leg", "street-s", "sky, clear"]
    assert dataset.concepts[0].category == "part"
    assert names_at(dataset, 1, 0, 1) == {"wall", "street-s"}  # label 3 has no category: no concept
    assert names_at(dataset, 1, 0, 2) == {"street-s"}


def test_the_images_folder_may_be_a_link(broden: Path) -> None:
    (broden / "images").rename(broden.parent / "elsewhere")
    (broden / "images").symlink_to(broden.parent / "elsewhere")
    dataset = open_dataset(f"broden:{broden}")
    assert dataset.image(0).size == (6, 4)
    assert dataset.annotation(0).planes.shape == (1, 2, 3)


@pytest.mark.real_data
def test_the_real_vocabulary_gives_each_label_its_main_category(broden: Path, real_data: Callable[[str], Path]) -> None:
    for name in ("label", "category"):
        packed = real_data(f"reference/broden1_227_{name}.csv.gz")
        (broden / f"{name}.csv").write_bytes(gzip.decompress(packed.read_bytes()))
    header = "image,split,ih,iw,sh,sw,color,object,part,material,scene,texture\n"
    row = "a.png,train,4,6,2,3,,a_object.png,b_part_1.png;b_part_2.png,,1179,237;251\n"
    (broden / "index.csv").write_text(header + row)

    dataset = open_dataset(f"broden:{broden}")
    assert len(dataset.concepts) == 1197
    of = {concept.name: concept.category for concept in dataset.concepts}
    assert (of["wall"], of["wood"], of["red-c"]) == ("object", "material", "color")
    assert dataset.target(0).endswith("-s")
    assert len(dataset.annotation(0).image_concepts) == 3
    assert dataset.concepts[dataset.annotation(0).planes[0, 0, 0]].name == "black-c"

    materials = open_dataset(f"broden:{broden}", categories=["material"])
    assert len(materials.concepts) == 32  # the count of category.csv
    assert {concept.category for concept in materials.concepts} == {"material"}


@pytest.mark.real_data
def test_broden_mini_has_the_points_and_concept_combinations_that_are_known(
    real_data: Callable[[str], Path],
) -> None:
    dataset = open_dataset(f"broden:{real_data('broden_mini')}")
    assert (len(dataset.keys), len(dataset.concepts), dataset.mask_size) == (1003, 195, (113, 113))
    combinations: set[frozenset[int]] = set()
    points = 0
    for index in range(len(dataset.keys)):
        annotation = dataset.annotation(index)
        points += annotation.planes[0].size
        code = np.zeros(dataset.mask_size, np.int64)
        for plane in annotation.planes:
            code = code * 196 + plane + 1
        for first in np.unique(code, return_index=True)[1]:
            of_point = annotation.planes.reshape(len(annotation.planes), -1)[:, first].tolist()
            combinations.add(frozenset([*of_point, *annotation.image_concepts]) - {-1})
    assert points == 12_807_307
    assert len(combinations) == 1_821


@pytest.mark.real_data
def test_broden_mini_is_read_as_its_files_say(real_data: Callable[[str], Path]) -> None:
    root = real_data("broden_mini")
    dataset = open_dataset(f"broden:{root}")
    with (root / "label.csv").open() as file:
        name_of = {int(row["number"]): row["name"] for row in csv.DictReader(file)}
    with (root / "index.csv").open() as file:
        rows = list(csv.DictReader(file))
    for index in range(0, len(rows), 50):
        row, annotation = rows[index], dataset.annotation(index)
        files = ";".join(filter(None, (row["color"], row["object"], row["part"]))).split(";")
        expected = set()
        for file in files:
            pixels = np.asarray(Image.open(root / "images" / file), np.int64)
            ids = pixels[..., 0] + 256 * pixels[..., 1]
            expected |= {(name_of[label], int((ids == label).sum())) for label in np.unique(ids) if label}
        found = {
            (dataset.concepts[concept].name, int((plane == concept).sum()))
            for plane in annotation.planes
            for concept in np.unique(plane)
            if concept >= 0
        }
        assert found == expected
        assert dataset.target(index) == (name_of[int(row["scene"])] if row["scene"] else None)
        assert dataset.image(index).size == (227, 227)


def test_tables_that_pandas_wrote_again_are_read_as_before(broden: Path) -> None:
    """Columns with empty cells become floats, and rows get a number."""
    before = open_dataset(f"broden:{broden}")
    edit(broden / "index.csv", ",4,6,2,3,", ",4.0,6.0,2.0,3.0,")
    edit(broden / "index.csv", ",4\n", ",4.0\n")
    for file in ("index.csv", "label.csv", "category.csv"):
        lines = (broden / file).read_text().splitlines()
        (broden / file).write_text("\n".join([f",{lines[0]}", *(f"{i},{line}" for i, line in enumerate(lines[1:]))]))
    after = open_dataset(f"broden:{broden}")
    assert (after.keys, after.concepts, after.target(1)) == (before.keys, before.concepts, "street-s")
    for index in range(2):
        assert np.array_equal(after.annotation(index).planes, before.annotation(index).planes)


def test_a_category_that_the_index_has_no_column_for_is_left_out(broden: Path) -> None:
    with (broden / "category.csv").open("a") as file:
        file.write("material,5,6,0,0\n")
    assert len(open_dataset(f"broden:{broden}").annotation(1).planes) == 3
    with pytest.raises(UsageError, match="no category 'material'"):
        open_dataset(f"broden:{broden}", categories=["material"])


def test_maps_of_one_channel_or_with_an_opaque_fourth_are_read(broden: Path) -> None:
    path = broden / "images/b_part_1.png"
    before = open_dataset(f"broden:{broden}").annotation(1).planes
    image = Image.open(path)
    for changed in (image.getchannel("R"), image.convert("RGBA")):
        changed.save(path)
        assert np.array_equal(open_dataset(f"broden:{broden}").annotation(1).planes, before)
    changed.putalpha(7)
    changed.save(path)
    with pytest.raises(DataError, match="transparent points"):
        open_dataset(f"broden:{broden}").annotation(1)
