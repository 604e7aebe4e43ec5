"""The demo world: what is drawn is what the labels say, and the same seed draws the same world."""

from __future__ import annotations

import csv
import hashlib
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compexact.experiments.demo.drawing import LABELS, draw_scene, draw_world
from compexact.experiments.demo.scenes import SCENES
from compexact.probes import open_dataset
from compexact.probes.demo_palette import MATERIALS, RGB, SCENE_NAMES, SHADING
from compexact.solver.errors import UsageError

NUMBER = {(label.category, label.name): label.number for label in LABELS}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "world"
    draw_world(folder, n_images=30, seed=3)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def nearest_material(pixels: np.ndarray) -> np.ndarray:
    distances = np.square(pixels[..., None, :].astype(float) - RGB.astype(float)).sum(axis=-1)
    return distances.argmin(axis=-1)


def test_the_nearest_palette_entry_is_the_material_at_every_brightness():
    for material in MATERIALS:
        factors = np.linspace(1 - SHADING, 1 + SHADING, 41)[:, None]
        corners = np.array(list(itertools.product((-0.5, 0.5), repeat=3)))
        seen = np.array(material.rgb) * factors
        assert seen.max() < 255, f"{material} would be clipped"
        pixels = (seen[:, None] + corners).reshape(-1, 3)  # rounding moves a channel by at most a half
        assert set(nearest_material(pixels)) == {material.index}, material


@pytest.mark.parametrize("scene", SCENES)
def test_the_labels_of_a_picture_can_be_read_off_its_pixels(scene):
    drawn = draw_scene(scene, np.random.default_rng(11))
    materials = nearest_material(drawn.rgb)
    for plane, labels in (
        ("object", drawn.object_labels),
        ("part", drawn.part_labels),
        ("color", drawn.color_labels),
    ):
        number = np.array([NUMBER.get((plane, getattr(material, plane)), 0) for material in MATERIALS])
        assert np.array_equal(labels, number[materials]), plane
    assert (drawn.object_labels > 0).all()
    assert (drawn.color_labels > 0).all()


def test_a_scene_is_drawn_the_same_from_the_same_generator_and_otherwise_from_another():
    first, again, other = (draw_scene("beach", np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first.rgb, again.rgb)
    assert np.array_equal(first.object_labels, again.object_labels)
    assert (first.rgb != other.rgb).any(axis=-1).mean() > 0.5
    assert (first.object_labels != other.object_labels).mean() > 0.05


def test_a_scene_can_be_drawn_at_another_size():
    drawn = draw_scene("street", np.random.default_rng(0), size=64)
    assert drawn.rgb.shape == (64, 64, 3)
    assert drawn.rgb.dtype == np.uint8
    assert drawn.part_labels.shape == (64, 64)
    assert drawn.part_labels.dtype == np.int32


def test_pictures_of_a_scene_show_what_the_scene_is_made_of():
    names = {label.number: label.name for label in LABELS}
    shown = {
        scene: {
            names[number]
            for seed in range(12)
            for number in np.unique(draw_scene(scene, np.random.default_rng(seed)).object_labels)
        }
        for scene in SCENES
    }
    assert {"sky", "water", "sand", "boat", "person", "parasol"} <= shown["beach"]
    assert {"house", "water", "boat", "quay"} <= shown["harbour"]
    assert {"house", "road", "car", "tree"} <= shown["street"]
    assert {"grass", "cow", "haystack", "flower"} <= shown["field"]
    assert {"tree", "fir", "grass"} <= shown["forest"]
    assert {"wall", "floor", "cabinet", "table"} <= shown["kitchen"]
    assert not {"car", "boat"} & (shown["forest"] | shown["field"])


def test_an_unknown_scene_is_refused_with_the_nearest_name():
    with pytest.raises(UsageError, match="did you mean 'harbour'"):
        draw_scene("harbor", np.random.default_rng(0))


def test_every_label_has_one_name_over_all_categories_and_its_place_as_number():
    assert len({label.name for label in LABELS}) == len(LABELS)
    assert [label.number for label in LABELS] == list(range(1, len(LABELS) + 1))
    assert tuple(f"{scene}-s" for scene in SCENES) == SCENE_NAMES


def test_a_world_of_the_default_size_shows_every_label():
    missing = {(label.category, label.name) for label in LABELS if label.category != "scene"}
    scenes = list(SCENES)
    for number in range(360):
        drawn = draw_scene(scenes[number % len(scenes)], np.random.default_rng([0, number]))
        present = {number for plane in ("color", "object", "part") for number in np.unique(drawn.labels(plane))}
        missing -= {(LABELS[number - 1].category, LABELS[number - 1].name) for number in present if number}
        if not missing:
            return
    pytest.fail(f"nowhere: {missing}")


def test_the_broden_reader_gives_back_what_was_drawn(world):
    dataset = open_dataset(f"broden:{world}")
    assert dataset.mask_size == (112, 112)
    assert len(dataset.keys) == 30
    names = [concept.name for concept in dataset.concepts]
    for index, scene in ((0, "beach"), (11, "kitchen"), (28, "forest")):
        drawn = draw_scene(scene, np.random.default_rng([3, index]))
        assert np.array_equal(np.asarray(dataset.image(index)), drawn.rgb)
        assert dataset.target(index) == f"{scene}-s"
        annotation = dataset.annotation(index)
        assert [names[concept] for concept in annotation.image_concepts] == [f"{scene}-s"]
        planes = (drawn.color_labels, drawn.object_labels, drawn.part_labels)
        for read, written in zip(annotation.planes, planes, strict=True):
            words = np.array([label.name for label in LABELS])
            assert np.array_equal(np.array([*names, ""])[read], np.array(["", *words])[written])


def test_the_same_seed_writes_the_same_bytes_and_another_seed_others(world, tmp_path):
    draw_world(tmp_path / "again", n_images=30, seed=3)
    draw_world(tmp_path / "other", n_images=30, seed=4)
    assert digests(tmp_path / "again") == digests(world)
    other = digests(tmp_path / "other")
    assert not {name for name, digest in digests(world).items() if name.endswith("0.png") and other[name] == digest}


def test_a_picture_does_not_depend_on_how_many_there_are(world, tmp_path):
    draw_world(tmp_path / "small", n_images=7, seed=3)
    small, large = digests(tmp_path / "small" / "images"), digests(world / "images")
    assert len(small) == 7 * 4
    assert small.items() <= large.items()


def test_label_maps_can_be_smaller_than_the_pictures(world, tmp_path):
    draw_world(tmp_path / "half", n_images=6, mask_size=56, seed=3)
    half, full = open_dataset(f"broden:{tmp_path / 'half'}"), open_dataset(f"broden:{world}")
    assert half.mask_size == (56, 56)
    names = [[concept.name for concept in dataset.concepts] for dataset in (half, full)]
    for index in range(6):
        small, large = half.annotation(index).planes, full.annotation(index).planes[:, 1::2, 1::2]
        assert np.array_equal(np.array([*names[0], ""])[small], np.array([*names[1], ""])[large])
        assert half.image(index).size == (112, 112)


def test_label_files_count_what_the_maps_show(world):
    rows = list(csv.DictReader((world / "label.csv").open()))
    sky = next(row for row in rows if row["name"] == "sky")
    maps = [np.asarray(Image.open(path)).astype(int) for path in sorted(world.glob("images/*/*_object.png"))]
    shares = [(labels[..., 0] + 256 * labels[..., 1] == int(sky["number"])).mean() for labels in maps]
    assert int(sky["frequency"]) == sum(share > 0 for share in shares)
    assert float(sky["coverage"]) == pytest.approx(sum(shares), abs=1e-5)
    assert sky["category"] == f"object({sky['frequency']})"
    by_code = list(csv.DictReader((world / "c_object.csv").open()))
    frequencies = [int(row["frequency"]) for row in by_code]
    assert frequencies == sorted(frequencies, reverse=True)
    of_objects = next(row for row in csv.DictReader((world / "category.csv").open()) if row["name"] == "object")
    assert int(of_objects["count"]) == len(by_code)
    assert int(of_objects["frequency"]) == sum(frequencies)


def test_every_fifth_picture_is_held_out_and_so_is_every_scene(world):
    rows = list(csv.DictReader((world / "index.csv").open()))
    assert [row["split"] for row in rows] == ["train", "train", "train", "train", "val"] * 6
    assert {row["scene"] for row in rows if row["split"] == "val"} == {row["scene"] for row in rows}


def test_a_world_of_one_picture_can_be_read(tmp_path):
    draw_world(tmp_path / "one", n_images=1)
    assert open_dataset(f"broden:{tmp_path / 'one'}").target(0) == "beach-s"


@pytest.mark.parametrize("option", ["n_images", "image_size", "mask_size"])
def test_sizes_below_one_are_refused(tmp_path, option):
    with pytest.raises(UsageError, match=f"{option} must be at least 1, not 0"):
        draw_world(tmp_path / "world", **{option: 0})
    assert not (tmp_path / "world").exists()


def test_nothing_is_drawn_into_a_folder_in_use(tmp_path):
    (tmp_path / "mine.txt").write_text("keep me")
    with pytest.raises(UsageError, match="something in it already"):
        draw_world(tmp_path, n_images=1)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
