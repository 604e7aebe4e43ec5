"""The lines of a text file that may be packed, damaged or of another kind.

Only a line at a time is in memory, so neither a large file nor a small archive of a huge one does harm.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ...solver.errors import DataError, UsageError, did_you_mean
from ..datasets.files import shown

MAX_LINE = 1_000_000
"""Bytes; the longest line that is read (spaCy takes no longer text, either)."""

MAX_BYTES = 4 * 2**30
"""The longest text that is unpacked from one file."""

GZIP = b"\x1f\x8b"
OTHER_KINDS = {
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"BZh": "packed by bzip2; unpack it, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack it, or pack it by gzip",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack it, or pack it by gzip",
    b"PAR1": "a parquet table; save it as text with tabs",
    b"\xff\xfe": "text in UTF-16; save it as UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as UTF-8",
    **{bytes([128, protocol]): "a pickle, which is never read; save it as text" for protocol in range(2, 6)},
}


def existing_file(path: str | Path, what: str) -> Path:
    """The path, if it is a file; UsageError with the nearest names in its folder if it is not.

    what: what the file should be ("a file of pairs"), for the message.
    """
    place = Path(os.path.expanduser(path))  # the functions of os.path take any name, those of Path raise
    if os.path.isfile(place):
        return place
    if not os.path.exists(place):
        listable = os.path.isdir(place.parent) and os.access(place.parent, os.R_OK)
        near = did_you_mean(place.name, os.listdir(place.parent) if listable else ())
        raise UsageError(f"{shown(path)} does not exist; {what} is needed{near}")
    kind = "a folder" if os.path.isdir(place) else "no ordinary file"
    raise UsageError(f"{shown(path)} is {kind}; {what} is needed")


class TruncatedError(DataError):
    """A packed file that is damaged or ends too early."""


def numbered_lines(
    path: Path, max_bytes: int = MAX_BYTES, *, bad: list[str] | None = None
) -> Iterator[tuple[int, str]]:
    """(line number from 1, text without its line end) of a UTF-8 file, plain or packed by gzip.

    A byte order mark and CRLF are taken off.  Raises DataError for a file that is empty, damaged or of another
    kind, for bytes that are not UTF-8, NUL bytes, lines above `MAX_LINE` and text above `max_bytes`.

    bad: where it is a list, lines that are no text are left out, and it is told why.
    """
    try:
        with path.open("rb") as stream:
            start = stream.peek(8)
            for magic, kind in OTHER_KINDS.items():
                if start.startswith(magic):
                    raise DataError(f"{shown(path)} is {kind}")
            if start.startswith(GZIP):
                with gzip.open(stream) as unpacked:
                    yield from _decoded(unpacked, path, max_bytes, bad)
            else:
                yield from _decoded(stream, path, max_bytes, bad)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TruncatedError(f"{shown(path)}: damaged or truncated gzip file ({error})") from None
    except OSError as error:
        raise DataError(f"{shown(path)} cannot be read ({error.strerror or error})") from None


def _decoded(
    stream: IO[bytes] | gzip.GzipFile, path: Path, max_bytes: int, bad: list[str] | None
) -> Iterator[tuple[int, str]]:
    number = read = 0
    while line := stream.readline(MAX_LINE + 1):
        number, read = number + 1, read + len(line)
        where = f"{shown(path)} line {number}"
        if len(line) > MAX_LINE:
            raise DataError(f"{where} is longer than {MAX_LINE:,} bytes; a line holds one pair")
        if read > max_bytes:
            raise DataError(f"{where}: the unpacked text is longer than {max_bytes:,} bytes; split the file")
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        try:
            yield number, _text(line, where)
        except DataError as error:
            if bad is None:
                raise
            bad.append(str(error))
    if not number:
        raise DataError(f"{shown(path)} is empty")


def _text(line: bytes, where: str) -> str:
    if b"\0" in line:
        raise DataError(f"{where} holds a NUL byte; a text file in UTF-8 is needed")
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DataError(f"{where}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
