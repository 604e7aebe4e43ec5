"""A folder for each class: its gold labels, and the colours that are seen."""

import numpy as np
import pytest
from PIL import Image

from compexact.probes.datasets.colours import NAMES, colour_names
from compexact.probes.datasets.given_images import given_images
from compexact.probes.datasets.imagefolder import read
from compexact.probes.datasets.spec import open_dataset
from compexact.probes.masks import check_annotation
from compexact.solver.errors import DataError, UsageError

SEEN = {
    "black": [(0, 0, 0), (30, 28, 32)],
    "white": [(255, 255, 255), (240, 236, 228)],
    "grey": [(128, 128, 128), (90, 92, 88)],
    "red": [(255, 0, 0), (150, 20, 25)],
    "green": [(0, 128, 0), (60, 120, 50), (150, 220, 140)],
    "blue": [(0, 0, 255), (120, 170, 220), (20, 30, 90)],
    "yellow": [(255, 255, 0), (230, 200, 60)],
    "orange": [(255, 140, 0), (220, 110, 40)],
    "brown": [(110, 70, 40), (60, 40, 25), (90, 75, 30)],
    "pink": [(255, 192, 203), (240, 150, 180), (235, 200, 180)],
    "purple": [(128, 0, 128), (100, 60, 150)],
}
"""What people call such colours."""


@pytest.mark.parametrize("name", SEEN)
def test_a_colour_is_named_as_people_name_it(name):
    found = colour_names(np.array(SEEN[name], np.uint8))
    assert [NAMES[each] for each in found] == [name] * len(found)


def test_every_pixel_has_one_of_the_eleven_colours_and_each_colour_occurs():
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    every = np.stack(np.meshgrid(steps, steps, steps), axis=-1)
    assert set(np.unique(colour_names(every)).tolist()) == set(range(11))


def names_at(dataset, index, row, column):
    annotation = dataset.annotation(index)
    check_annotation(annotation, len(dataset.concepts), dataset.mask_size, dataset.keys[index])
    numbers = [*annotation.image_concepts, *annotation.planes[:, row, column].tolist()]
    return {dataset.concepts[number].name for number in numbers}


def test_a_point_has_its_pictures_class_and_the_colour_that_is_seen(imagefolder):
    dataset = open_dataset(f"imagefolder:{imagefolder}")
    assert dataset.keys == ("polar bear/north/b.png", "sunset/a.png")
    assert [dataset.target(index) for index in range(2)] == ["polar bear", "sunset"]
    assert dataset.mask_size == (8, 8)
    assert names_at(dataset, 0, 5, 5) == {"polar bear", "white-c"}
    assert names_at(dataset, 1, 0, 0) == {"sunset", "blue-c"}
    assert names_at(dataset, 1, 7, 7) == {"sunset", "red-c"}
    assert {(each.name, each.category) for each in dataset.concepts} >= {("sunset", "class"), ("red-c", "color")}


def test_classes_or_colours_alone_can_be_asked_for(imagefolder):
    colours = open_dataset(f"imagefolder:{imagefolder}", categories=["color"], mask_size=(2, 2))
    assert len(colours.concepts) == 11
    assert names_at(colours, 1, 0, 0) == {"blue-c"}
    classes = open_dataset(f"imagefolder:{imagefolder}", categories=["class"])
    assert names_at(classes, 1, 0, 0) == {"sunset"}
    with pytest.raises(UsageError, match="has no category 'colour'; it has class, color; did you mean 'color'"):
        open_dataset(f"imagefolder:{imagefolder}", categories=["colour"])


def test_points_are_at_most_112_a_side(tmp_path, draw):
    draw(tmp_path / "x/a.png", np.zeros((300, 50, 3), np.uint8))
    assert read(tmp_path).mask_size == (112, 50)


def test_what_is_no_folder_of_classes_is_refused(imagefolder, tmp_path, draw):
    with pytest.raises(DataError, match="is a file; a folder is needed"):
        read(imagefolder / "sunset/a.png")
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match="no folder at all"):
        read(tmp_path / "none")
    (imagefolder / "empty").mkdir()
    with pytest.raises(DataError, match="empty: the folder of a class has no picture"):
        read(imagefolder)
    draw(imagefolder / "loose.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match=r"loose\.png: is in no class's folder \(1 such pictures; the classes are"):
        read(imagefolder)


def test_a_class_that_looks_like_a_colour_is_refused(tmp_path, draw):
    draw(tmp_path / "Red-C/a.png", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(DataError, match="two concepts of one name"):
        read(tmp_path)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_colours_under_transparent_points_never_count(imagefolder, mode):
    hidden = Image.new("RGBA", (4, 4), (255, 0, 0, 255))
    hidden.putpixel((0, 0), (0, 255, 0, 0))
    file = imagefolder / "sunset/c.png"
    hidden.convert(mode).save(file) if mode != "P" else hidden.convert("P").save(file, transparency=0)
    dataset = open_dataset(f"imagefolder:{imagefolder}")
    with pytest.raises(DataError, match=r"c\.png: a picture with transparent points"):
        dataset.image(dataset.keys.index("sunset/c.png"))


def test_nor_do_they_in_pictures_of_an_object_of_the_users():
    hidden = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    dataset = given_images([(hidden, np.zeros((4, 4), int))], ["sky"])
    with pytest.raises(DataError, match="picture 0: a picture with transparent points"):
        dataset.image(0)


def test_an_alpha_channel_that_hides_nothing_is_no_matter(imagefolder):
    Image.new("RGBA", (4, 4), (255, 0, 0, 255)).save(imagefolder / "sunset/c.png")
    dataset = open_dataset(f"imagefolder:{imagefolder}")
    assert dataset.image(2).mode == "RGB"
    assert names_at(dataset, 2, 0, 0) == {"sunset", "red-c"}
