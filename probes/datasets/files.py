"""Reading the files of an annotated dataset, which may be damaged or made to do harm.

Everything here raises DataError with the file (and line) in the message.  The rules:

* A path in an index stays inside the dataset's folder (`safe_path`).
* A picture is turned as its EXIF orientation says, as every viewer does and as people annotate it.
  Its label map must have the shape of the picture so turned (`check_same_shape`); it may be smaller.
* A picture has no transparent points: which colours lie under them depends on who saved it (`opaque`).
* A label map is a lossless PNG, read as stored: ids are never interpolated, scaled or cut to 8 bits.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ...solver.errors import CompexactError, DataError
from ...solver.names import has_unseen

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".gif")
"""How the names of pictures end."""
PICTURE_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM")
UNKNOWN = -2
"""In an id table: no label has this id.  -1: the label is no concept here."""
MAX_ID = 65535

_WHOLE = re.compile(r"[0-9]+(\.0+)?")
_EXIF_ORIENTATION = 0x0112
_GREY_SCALE = {"L;2": 85, "L;4": 17}  # the decoder spreads 2- and 4-bit greys over 0..255


class Row(NamedTuple):
    """One row of a table: where it stands (`index.csv line 3`) and its cells by column."""

    where: str
    cells: dict[str, str]


def shown(path: object) -> str:
    """The path as it may be printed: escaped if it has control or invisible characters."""
    return repr(str(path)) if has_unseen(str(path)) else str(path)


def check_relative(relative: str, where: str) -> str:
    """`relative`, if it reads as a path below some folder, with `/` between its parts."""
    parts = relative.split("/")
    if not relative or has_unseen(relative):
        reason = "is empty or has control or invisible characters"
    elif "\\" in relative or "://" in relative or re.match("[A-Za-z]:|file:", relative, re.I):
        reason = "is a URL, has a drive letter or a backslash; parts are joined by '/'"
    elif relative.startswith("/") or ".." in parts:
        reason = "leads out of the dataset's folder"
    else:
        return relative
    raise DataError(f"{where}: path {relative!r} {reason}")


def safe_path(root: Path, relative: str, where: str = "dataset") -> Path:
    """`root / relative`, refused if it leads out of `root`: by `..`, as an absolute path, URL or UNC
    path, or through a symbolic link.  `root` itself may be a link.
    """
    path = root / check_relative(relative, where)
    if not path.resolve().is_relative_to(root.resolve()):
        raise DataError(f"{where}: path {relative!r} is a link out of {shown(root)}")
    return path


def list_files(folder: Path, suffixes: Iterable[str]) -> list[str]:
    """Files below `folder` with one of the suffixes (lower case), as sorted paths relative to it.

    Linked folders and hidden files are left out.
    """
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(parent).relative_to(folder)
        found += [
            check_relative((below / name).as_posix(), shown(folder))
            for name in names
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in tuple(suffixes)
        ]
    return sorted(found)


@contextmanager
def _decoding(path: Path) -> Iterator[Image.Image]:
    """The opened image file; whatever goes wrong while it is decoded is a DataError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=PICTURE_FORMATS) as image:
                yield image
    except CompexactError:
        raise
    except FileNotFoundError:
        raise DataError(f"{shown(path)}: no such file") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise DataError(
            f"{shown(path)}: declares more than {Image.MAX_IMAGE_PIXELS} pixels; refused as a decompression bomb"
        ) from None
    except UnidentifiedImageError:
        raise DataError(f"{shown(path)}: not an image of a known format ({', '.join(PICTURE_FORMATS)})") from None
    except Exception as error:  # decoders meet damaged bytes in many ways
        raise DataError(f"{shown(path)}: unreadable, damaged or truncated image ({_one_line(error)})") from error


def open_image(path: Path) -> Image.Image:
    """The picture in RGB (8 bits), turned as its EXIF orientation says."""
    with _decoding(path) as image:
        if image.mode.startswith(("I", "F")):
            raise DataError(f"{shown(path)}: a picture of mode {image.mode}; save it with 8 bits a channel")
        image.load()
        turned = ImageOps.exif_transpose(image) if _orientation(image) != 1 else image
        return opaque(turned, shown(path))


def opaque(image: Image.Image, where: str) -> Image.Image:
    """The picture in RGB; `DataError` where points are transparent, whose colours nobody who looks at it has seen."""
    if image.has_transparency_data and np.asarray(image.convert("RGBA").getchannel("A")).min() < 255:
        raise DataError(
            f"{where}: a picture with transparent points, whose colours cannot be seen; save it on a ground, without "
            "alpha channel"
        )
    return image.convert("RGB")


def picture_size(path: Path) -> tuple[int, int]:
    """(height, width) of the picture as `open_image` gives it, from the file's header."""
    with _decoding(path) as image:
        width, height = image.size
        return (width, height) if _orientation(image) >= 5 else (height, width)


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(_EXIF_ORIENTATION, 1)
    return value if value in range(1, 9) else 1


def read_id_map(path: Path) -> np.ndarray:
    """The ids of a one-channel label map (grey of 1 to 16 bits, or palette): uint8 or uint16 (height, width)."""
    ids, stored = _read_label_map(path, ("1", "L", "P", "I;16"), "one channel (8- or 16-bit grey, or palette)")
    if ids.dtype == bool:
        return ids.astype(np.uint8)
    if stored in _GREY_SCALE:
        ids = ids // np.uint8(_GREY_SCALE[stored])
    return ids


def read_rgb_map(path: Path, *, grey: bool = False) -> np.ndarray:
    """The channels of a colour-coded label map: uint8 (height, width, 3).

    grey: whether one channel alone will do; it is red, and the others are 0.
    """
    modes = ("RGB", "P", "RGBA", "L") if grey else ("RGB", "P", "RGBA")
    pixels, stored = _read_label_map(path, modes, "8-bit RGB, an id spread over its channels", convert="RGB")
    if pixels.ndim == 2:
        if stored in _GREY_SCALE:
            pixels = pixels // np.uint8(_GREY_SCALE[stored])
        pixels = np.stack([pixels, np.zeros_like(pixels), np.zeros_like(pixels)], axis=2)
    return pixels


def _read_label_map(
    path: Path, modes: tuple[str, ...], wanted: str, convert: str | None = None
) -> tuple[np.ndarray, str]:
    """The pixels and how the file stores them (`L;4`, `RGB;16B`): the mode hides what was cut or scaled."""
    with _decoding(path) as image:
        if image.format != "PNG":
            raise DataError(f"{shown(path)}: label map stored as {image.format}; ids need a lossless PNG")
        tiles = getattr(image, "tile", ())
        stored = str(tiles[0].args) if tiles else image.mode
        if image.mode not in modes or stored.startswith("RGB;16"):
            raise DataError(f"{shown(path)}: label map stored as {stored}; expected {wanted}")
        if image.mode == "RGBA" and image.getchannel("A").getextrema() != (255, 255):
            raise DataError(f"{shown(path)}: label map with transparent points, which have no id; save it as {wanted}")
        return np.asarray(image.convert(convert) if convert and image.mode != "L" else image), stored


def check_same_shape(picture: tuple[int, int], labels: tuple[int, int], picture_path: Path, label_path: object) -> None:
    """Raise DataError unless one scale takes the picture's (height, width) to the label map's.

    Each side may be off by less than a pixel (227 x 227 goes to 113 x 113 or 114 x 114).
    """
    (height, width), (rows, columns) = picture, labels
    # |rows - scale * height| < 1 and |columns - scale * width| < 1 for some scale, in integers.
    if (rows - 1) * width < (columns + 1) * height and (columns - 1) * height < (rows + 1) * width:
        return
    raise DataError(
        f"{shown(label_path)}: label map of {rows} x {columns} (height x width) does not fit its picture of "
        f"{height} x {width} ({shown(picture_path)}, turned as its EXIF orientation says)"
    )


def nearest(labels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The label map (height, width, ...) at another size, each point the one nearest to its centre."""
    if labels.shape[:2] == size:
        return labels
    rows, columns = (
        (2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(size, labels.shape[:2], strict=True)
    )
    taken: np.ndarray = labels[rows[:, None], columns]
    return taken


def id_table(concept_of: Mapping[int, int]) -> np.ndarray:
    """int32 table from label id to concept index; 0 gives -1 unless it is there, a missing id `UNKNOWN`."""
    concept_of = {0: -1, **concept_of}
    table = np.full(max(concept_of) + 1, UNKNOWN, np.int32)
    table[list(concept_of)] = list(concept_of.values())
    return table


def to_concepts(ids: np.ndarray, table: np.ndarray, path: Path, source: str) -> np.ndarray:
    """Label ids as concept indices (int32, the same shape); DataError if an id is not in the table."""
    known = ids < len(table)
    plane: np.ndarray = table[np.where(known, ids, 0)]
    wrong = ~known | (plane == UNKNOWN)
    if wrong.any():
        found = np.unique(ids[wrong])
        is_void = found.tolist() == [255]
        void = "--ignore-label 255 takes it for no label" if is_void else "a resized or lossy map has them"
        raise DataError(
            f"{shown(path)}: label id {found[0]} is not in {source}, whose largest is {len(table) - 1}; "
            f"{found.size} such id{'s' * (found.size > 1)} ({void})"
        )
    return plane


def read_text(path: Path, fallback: str | None = None) -> str:
    """A text file in UTF-8, with or without a byte order mark; else in the `fallback` encoding."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{shown(path)}: cannot be read ({error.strerror})") from None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if fallback:
            return data.decode(fallback)
        raise DataError(f"{shown(path)}: byte {error.start} is not UTF-8; save the file as UTF-8") from None


def read_json(path: Path, fallback: str | None = None) -> Any:
    """What a JSON file holds."""
    try:
        return json.loads(read_text(path, fallback))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{shown(path)}: not valid JSON ({_one_line(error)})") from None


def read_table(path: Path, required: Iterable[str], delimiter: str = ",", *, quoted: bool = True) -> list[Row]:
    """The rows of a CSV file with a header; blank rows are left out, further columns kept.

    quoted: whether quotes around a cell are no part of it.
    """
    stream = io.StringIO(read_text(path), newline="")
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    reader = csv.reader(stream, delimiter=delimiter, strict=True, quoting=quoting)
    rows: list[Row] = []
    header: list[str] = []
    try:
        for cells in reader:
            where = f"{shown(path)} line {reader.line_num}"
            cells = [cell.strip() for cell in cells]
            if not any(cells):
                continue
            if not header:
                header = cells
            elif len(cells) != len(header):
                raise DataError(f"{where}: {len(cells)} cells under {len(header)} columns")
            else:
                rows.append(Row(where, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise DataError(f"{shown(path)} line {reader.line_num}: not valid CSV ({_one_line(error)})") from None
    missing = [column for column in required if column not in header]
    if missing:
        raise DataError(f"{shown(path)}: no column {missing[0]!r}; it has {', '.join(map(repr, header))}")
    return rows


def is_number(text: str) -> bool:
    """Whether the text is a whole number, in plain digits, or as pandas writes a column with empty cells: `3.0`."""
    return _WHOLE.fullmatch(text) is not None


def whole_number(text: str, what: str, where: str, least: int = 0, most: int = MAX_ID) -> int:
    """The number that a cell holds; DataError if it is none or out of range."""
    if not is_number(text) or len(text) > 18 or not least <= _integer(text) <= most:
        raise DataError(f"{where}: {what} {text[:40]!r} is not a whole number from {least} to {most}")
    return _integer(text)


def _integer(text: str) -> int:
    return int(text.partition(".")[0])


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
