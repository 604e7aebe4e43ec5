from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

from compexact.probes.datasets.files import (
    check_same_shape,
    list_files,
    nearest,
    open_image,
    picture_size,
    read_id_map,
    read_rgb_map,
    read_table,
    safe_path,
)
from compexact.solver.errors import DataError

OUTSIDE = [
    "../secret.png",
    "a/../../secret.png",
    "/etc/passwd",
    "file:///etc/passwd",
    "FILE:secret.png",
    "https://example.org/a.png",
    "\\\\server\\share\\a.png",
    "a\\..\\b.png",
    "C:/a.png",
    "a.png\0.jpg",
    "a\nb.png",
    "a\u202egnp.exe",
    "",
]


@pytest.mark.parametrize("relative", OUTSIDE, ids=repr)
def test_a_path_that_leads_out_of_the_root_is_refused_and_shown_escaped(tmp_path: Path, relative: str) -> None:
    with pytest.raises(DataError) as caught:
        safe_path(tmp_path, relative, "index.csv line 3")
    message = str(caught.value)
    assert message.isprintable()
    assert repr(relative) in message
    assert "index.csv line 3" in message


def test_a_path_through_a_link_out_of_the_root_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root/inside").mkdir()
    (tmp_path / "root/out").symlink_to(tmp_path / "secret")
    (tmp_path / "root/in").symlink_to(tmp_path / "root/inside")
    with pytest.raises(DataError, match=r"'out/a\.png' is a link out of"):
        safe_path(tmp_path / "root", "out/a.png")
    assert safe_path(tmp_path / "root", "in/a.png") == tmp_path / "root/in/a.png"


def test_the_root_itself_may_be_a_link_and_names_may_have_dots_and_colons(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "root").symlink_to(tmp_path / "real")
    for relative in ("a/..b/c...png", "12:30.jpg", "größe/é.png", "a b.png"):
        assert safe_path(tmp_path / "root", relative) == tmp_path / "root" / relative


def test_files_are_listed_in_one_order_without_hidden_ones(tmp_path: Path) -> None:
    for name in ("b/z.png", "b/A.PNG", "a.png", ".hidden.png", ".git/x.png", "b/t.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list_files(tmp_path, (".png",)) == ["a.png", "b/A.PNG", "b/z.png"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_exif_orientation_says(tmp_path: Path, orientation: int) -> None:
    pixels = np.arange(2 * 3, dtype=np.uint8).reshape(2, 3) * 40
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif)
    seen = {  # where the stored rows and columns go, by the EXIF standard
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.T,
        6: pixels.T[:, ::-1],
        7: pixels[::-1, ::-1].T,
        8: pixels.T[::-1],
    }[orientation]
    picture = open_image(tmp_path / "a.png")
    assert picture.mode == "RGB"
    np.testing.assert_array_equal(np.asarray(picture)[..., 0], seen)
    assert picture_size(tmp_path / "a.png") == seen.shape


def test_a_nonsense_exif_orientation_changes_nothing(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 77
    Image.new("RGB", (3, 2)).save(tmp_path / "a.jpg", exif=exif)
    assert open_image(tmp_path / "a.jpg").size == (3, 2)
    assert picture_size(tmp_path / "a.jpg") == (2, 3)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_pictures_of_other_modes_come_as_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "a.tif"
    Image.new("RGB", (3, 2), (10, 200, 30)).convert(mode).save(path)
    assert open_image(path).mode == "RGB"


def test_a_picture_of_16_bits_is_refused_instead_of_clipped(tmp_path: Path) -> None:
    Image.fromarray(np.full((2, 2), 5000, np.uint16)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="8 bits"):
        open_image(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_truncated_picture_is_refused(tmp_path: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / f"a.{suffix}")
    data = (tmp_path / f"a.{suffix}").read_bytes()
    for share in (0, 0.01, 0.3, 0.9):
        (tmp_path / f"b.{suffix}").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(DataError, match=rf"b\.{suffix}: "):
            open_image(tmp_path / f"b.{suffix}")
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "gif", "webp"])
def test_a_file_with_flipped_bytes_opens_or_is_refused_cleanly(tmp_path: Path, suffix: str) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(rng.integers(0, 256, (16, 16, 3), np.uint8)).save(path)
    data = bytearray(path.read_bytes())
    for _ in range(150):
        broken = bytearray(data)
        for at in rng.integers(0, min(len(data), 400), 3):
            broken[at] = rng.integers(0, 256)
        path.write_bytes(broken)
        for read in (open_image, picture_size, read_rgb_map):
            with contextlib.suppress(DataError):
                read(path)


@pytest.mark.parametrize("side", [9_600, 14_000])  # above the limit: a warning; twice above: an error
@pytest.mark.filterwarnings("error")
def test_a_decompression_bomb_is_refused(tmp_path: Path, raw_png, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(raw_png(side, side, 1, 0, b""))
    for read in (open_image, picture_size, read_id_map):
        with pytest.raises(DataError, match=r"bomb\.png: declares more than \d+ pixels"):
            read(tmp_path / "bomb.png")


def test_formats_that_start_other_programs_are_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(DataError, match="not an image of a known format"):
        open_image(tmp_path / "a.png")


def test_16_bit_ids_are_kept(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 255, 300, 65535]], np.uint16)).save(tmp_path / "a.png")
    ids = read_id_map(tmp_path / "a.png")
    assert ids.dtype == np.uint16
    assert ids.tolist() == [[0, 255, 300, 65535]]


@pytest.mark.parametrize(
    ("depth", "row", "ids"),
    [(1, 0b10100000, [1, 0, 1]), (2, 0b01_10_11_00, [1, 2, 3]), (4, 0x0F, [0, 15]), (8, 200, [200])],
)
@pytest.mark.parametrize("colour", [0, 3])
def test_ids_of_few_bits_are_not_spread_over_8(tmp_path: Path, raw_png, depth, row, ids, colour) -> None:
    data = raw_png(len(ids), 1, depth, 0, bytes([0, row]))
    if colour == 3:  # the same pixels as palette indices; the colours do not matter
        image = Image.new("P", (len(ids), 1))
        image.putpalette([7] * 768)
        image.putdata(ids)
        image.save(tmp_path / "a.png", bits=depth)
    else:
        (tmp_path / "a.png").write_bytes(data)
    assert read_id_map(tmp_path / "a.png").tolist() == [ids]


def test_a_palette_map_is_read_as_colours_where_colours_carry_the_ids(tmp_path: Path) -> None:
    colours = Image.fromarray(np.array([[[44, 1, 0], [9, 0, 0]]], np.uint8))
    colours.quantize(2).save(tmp_path / "a.png")
    assert read_rgb_map(tmp_path / "a.png")[..., :2].tolist() == [[[44, 1], [9, 0]]]


def test_a_colour_map_of_16_bits_a_channel_is_refused(tmp_path: Path, raw_png) -> None:
    (tmp_path / "a.png").write_bytes(raw_png(1, 1, 16, 2, bytes(7)))
    with pytest.raises(DataError, match="stored as RGB;16B; expected 8-bit RGB"):
        read_rgb_map(tmp_path / "a.png")


def test_a_label_map_of_the_wrong_kind_is_refused(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "colour.png")
    Image.new("L", (2, 2)).save(tmp_path / "grey.png")
    with pytest.raises(DataError, match="stored as RGB; expected one channel"):
        read_id_map(tmp_path / "colour.png")
    with pytest.raises(DataError, match="stored as L; expected 8-bit RGB"):
        read_rgb_map(tmp_path / "grey.png")


@given(st.integers(1, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 60))
def test_nearest_takes_the_points_that_pillow_takes(height: int, width: int, rows: int, columns: int) -> None:
    labels = np.arange(height * width, dtype=np.int32).reshape(height, width)
    expected = Image.fromarray(labels).resize((columns, rows), Image.Resampling.NEAREST)
    taken = nearest(labels, (rows, columns))
    # On an exact tie between two pixels Pillow's floats may fall either way.
    tie_rows = ((2 * np.arange(rows) + 1) * height % (2 * rows) == 0)[:, None]
    tie_columns = (2 * np.arange(columns) + 1) * width % (2 * columns) == 0
    assert ((taken == np.asarray(expected)) | tie_rows | tie_columns).all()
    assert set(np.unique(taken)) <= set(range(height * width))


def test_nearest_keeps_the_type_and_the_channels() -> None:
    labels = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint16)
    assert nearest(labels, (1, 4)).tolist() == [[[1, 2, 3], [1, 2, 3], [4, 5, 6], [4, 5, 6]]]
    assert nearest(labels, (1, 4)).dtype == np.uint16


@pytest.mark.parametrize(
    ("picture", "labels", "fits"),
    [
        ((227, 227), (113, 113), True),
        ((227, 227), (114, 114), True),
        ((227, 227), (113, 114), True),
        ((512, 683), (128, 171), True),
        ((512, 683), (128, 170), True),
        ((4, 6), (2, 3), True),
        ((4, 6), (4, 6), True),
        ((2, 3), (3, 2), False),
        ((227, 227), (113, 115), False),
        ((100, 200), (200, 100), False),
        ((512, 683), (128, 128), False),
        ((100, 101), (101, 100), False),
    ],
)
def test_a_label_map_fits_a_picture_of_its_shape_only(picture, labels, fits: bool) -> None:
    if fits:
        check_same_shape(picture, labels, Path("a.jpg"), Path("a.png"))
    else:
        with pytest.raises(DataError, match=r"a\.png: label map of .* does not fit its picture of .* \(a\.jpg"):
            check_same_shape(picture, labels, Path("a.jpg"), Path("a.png"))


def test_a_table_is_read_with_byte_order_mark_crlf_quotes_and_blank_rows(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b'\xef\xbb\xbfid , name\r\n1,"a, b"\r\n\r\n,\r\n2, c \r\n')
    rows = read_table(tmp_path / "t.csv", ["id", "name"])
    assert [row.cells for row in rows] == [{"id": "1", "name": "a, b"}, {"id": "2", "name": "c"}]
    assert rows[1].where.endswith("t.csv line 5")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"id,nome\n1,a\n", "no column 'name'; it has 'id', 'nome'"),
        (b"", "no column 'id'"),
        (b"id,name\n1,a\n2\n", "line 3: 1 cells under 2 columns"),
        (b"id,name\n1,a,b\n", "line 2: 3 cells under 2 columns"),
        (b'id,name\n1,"a\n2,b\n', "line 3: not valid CSV"),
        (b"id,name\n1,caf\xe9\n", "byte 13 is not UTF-8"),
        (b"id,name\n1," + b"a" * 200_000, "line 2: not valid CSV"),
    ],
)
def test_a_bad_table_is_refused_with_file_and_line(tmp_path: Path, text: bytes, message: str) -> None:
    (tmp_path / "t.csv").write_bytes(text)
    with pytest.raises(DataError, match=rf"t\.csv.*{message}"):
        read_table(tmp_path / "t.csv", ["id", "name"])


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id\n")
    (tmp_path / "t.csv").chmod(0)
    with pytest.raises(DataError, match="cannot be read"):
        read_table(tmp_path / "t.csv", ["id"])
