"""Damaged and hostile inputs, one case each, through the same door as the command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compexact.probes import open_dataset
from compexact.solver.errors import DataError

PICTURE = "images/a.png"
MAP = "images/a_object.png"


def read_all(root: Path) -> None:
    dataset = open_dataset(f"broden:{root}")
    for index in range(len(dataset.keys)):
        dataset.image(index)
        dataset.annotation(index)


def test_the_undamaged_dataset_reads(broden: Path) -> None:
    read_all(broden)


def no_rows(root: Path) -> None:
    index = root / "index.csv"
    index.write_text(index.read_text().splitlines()[0] + "\n")


def map_smaller_than_the_index_says(root: Path) -> None:
    Image.new("RGB", (3, 3)).save(root / MAP)


def picture_of_another_shape(root: Path) -> None:
    Image.new("RGB", (4, 6)).save(root / PICTURE)


def picture_rotated_by_exif(root: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (6, 4)).save(root / PICTURE, exif=exif)


def map_as_jpeg(root: Path) -> None:
    Image.new("RGB", (3, 2)).save(root / MAP, format="JPEG")


def map_resized_bilinearly(root: Path) -> None:
    with Image.open(root / MAP) as labels:
        labels.resize((9, 6), Image.Resampling.BILINEAR).resize((3, 2), Image.Resampling.BILINEAR).save(root / MAP)


def id_above_the_index(root: Path) -> None:
    Image.new("RGB", (3, 2), (45, 1, 0)).save(root / MAP)


def id_missing_in_the_index(root: Path) -> None:
    Image.new("RGB", (3, 2), (44, 0, 0)).save(root / MAP)  # 300 cut to 8 bits


def map_of_one_channel(root: Path) -> None:
    Image.fromarray(np.full((2, 3), 300, np.uint16)).save(root / MAP)


def truncated(name: str) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
        Image.fromarray(noise).save(root / name)
        (root / name).write_bytes((root / name).read_bytes()[:90])

    return damage


def missing(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def hostile(path: str) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        index = root / "index.csv"
        index.write_text(index.read_text().replace("a_object.png", path), newline="\n")

    return damage


def linked_out(root: Path) -> None:
    (root.parent / "secret.png").write_bytes((root / MAP).read_bytes())
    (root / MAP).unlink()
    (root / MAP).symlink_to(root.parent / "secret.png")


def renamed_concept(name: str) -> Callable[[Path], None]:
    def damage(root: Path) -> None:
        labels = root / "label.csv"
        labels.write_text(labels.read_text().replace("shin", name))

    return damage


CASES = [
    ("zero images", no_rows, r"index\.csv: no image at all"),
    ("mask size differs", map_smaller_than_the_index_says, r"a_object\.png: label map of 3 x 3 .*line 2 says 2 x 3"),
    ("picture shape differs", picture_of_another_shape, r"label map of 2 x 3 .* does not fit its picture of 6 x 4"),
    ("EXIF rotation", picture_rotated_by_exif, r"picture of 6 x 4 \(.*a\.png, turned as its EXIF orientation says"),
    ("JPEG mask", map_as_jpeg, r"a_object\.png: label map stored as JPEG; ids need a lossless PNG"),
    ("bilinear mask", map_resized_bilinearly, r"a_object\.png: label id \d+ is not in label\.csv, .* 300"),
    (
        "id above the index",
        id_above_the_index,
        r"a_object\.png: label id 301 is not in label\.csv, whose largest is 300",
    ),
    ("id cut to 8 bits", id_missing_in_the_index, r"a_object\.png: label id 44 is not in label\.csv"),
    ("one-channel mask", map_of_one_channel, r"a_object\.png: label map stored as I;16B; expected 8-bit RGB"),
    ("truncated picture", truncated(PICTURE), r"a\.png: unreadable, damaged or truncated image"),
    ("truncated mask", truncated(MAP), r"a_object\.png: unreadable, damaged or truncated image"),
    ("missing picture", missing(PICTURE), r"a\.png: no such file"),
    ("missing mask", missing(MAP), r"a_object\.png: no such file"),
    ("path with ..", hostile("../../etc/passwd"), r"line 2: path '../../etc/passwd' leads out"),
    ("absolute path", hostile("/etc/passwd"), r"line 2: path '/etc/passwd' leads out"),
    ("file URL", hostile("file:///etc/passwd"), r"line 2: path 'file:///etc/passwd' is a URL"),
    ("UNC path", hostile("\\\\host\\share\\x.png"), r"line 2: path .* is a URL, has a drive letter or a backslash"),
    ("NUL byte", hostile("a\0.png"), r"line 2: path 'a\\x00\.png' .*has control"),
    ("link out", linked_out, r"line 2: path 'a_object\.png' is a link out of"),
    ("duplicate names", renamed_concept("leg"), r"label\.csv: two concepts of one name: 'leg' and 'leg'"),
    ("names equal but for case", renamed_concept("LEG"), r"label\.csv: two concepts of one name: 'leg' and 'LEG'"),
    ("control character in a name", renamed_concept("sh\x1b[31min"), r"label\.csv: concept name 'sh\\x1b\[31min'"),
]


@pytest.mark.parametrize(("damage", "message"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
@pytest.mark.filterwarnings("error")
def test_bad_data_is_one_clear_data_error(broden: Path, damage, message: str) -> None:
    damage(broden)
    with pytest.raises(DataError, match=message) as caught:
        read_all(broden)
    assert caught.value.exit_code == 3
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", [PICTURE, MAP])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(broden: Path, raw_png, name: str) -> None:
    (broden / name).write_bytes(raw_png(10_000, 10_000, 8, 2, b""))
    with pytest.raises(DataError, match=rf"{Path(name).name}: declares more than \d+ pixels"):
        read_all(broden)


def test_one_image_is_enough(broden: Path) -> None:
    index = broden / "index.csv"
    index.write_text("\n".join(index.read_text().splitlines()[:2]))
    dataset = open_dataset(f"broden:{broden}")
    assert dataset.keys == (PICTURE,)


def test_a_picture_whose_exif_rotation_gives_the_shape_of_its_map_is_read_turned(broden: Path) -> None:
    pixels = np.zeros((6, 4, 3), np.uint8)
    pixels[0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(broden / PICTURE, exif=exif)
    picture = np.asarray(open_dataset(f"broden:{broden}").image(0))
    assert picture.shape == (4, 6, 3)
    assert (picture[:, -1] == 255).all()  # the stored top row stands on the right


def test_every_reader_checks_the_map_against_the_turned_picture(labelmaps: Path, coco: Path, draw) -> None:
    for root, picture, labels in (
        (labelmaps, "images/y.png", "annotations/y.png"),
        (coco, "val2017/000007.jpg", "annotations/panoptic_val2017/000007.png"),
    ):
        kind = {"maps": "labelmaps", "coco": "coco"}[root.name]
        colour = () if kind == "labelmaps" else (3,)
        exif = Image.Exif()
        exif[0x0112] = 8
        draw(root / picture, np.zeros((2, 4, 3), np.uint8), exif=exif)
        draw(root / labels, np.zeros((2, 4, *colour), np.uint8))
        with pytest.raises(DataError, match=r"label map of 2 x 4 .* does not fit its picture of 4 x 2"):
            open_dataset(f"{kind}:{root}").annotation(-1)
        draw(root / labels, np.zeros((4, 2, *colour), np.uint8))
        open_dataset(f"{kind}:{root}").annotation(-1)
