"""Open what is an ordinary file, and nothing else.

A folder that somebody sends may hold a named pipe, which is waited for without end; a device, which never ends; a
symbolic link, which reads or writes a file elsewhere; or a file with holes, larger than any memory.  So a file within
a folder of ours is opened without following links or waiting, and what was opened is looked at before it is read.
The path that a user names may itself be a link: it is theirs.
"""

from __future__ import annotations

import errno
import io
import mmap
import os
import stat
from pathlib import Path

from ..solver.errors import DataError

MAX_BYTES_NAME = "COMPEXACT_MAX_BYTES"
MAX_BYTES = 16 * 2**30
"""The largest file of a probe or run that is read, and the most that an archive may hold unpacked; the variable of
the environment `MAX_BYTES_NAME` gives another number."""

MAX_TEXT = 2**30
"""The largest file of JSON that is read."""

_SAFELY = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOCTTY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def max_bytes() -> int:
    """`MAX_BYTES`, or what the environment says."""
    text = os.environ.get(MAX_BYTES_NAME, "")
    return int(text) if text.isascii() and text.isdigit() else MAX_BYTES


def open_regular(path: Path, *, follow: bool = False) -> io.BufferedReader:
    """The ordinary file at `path`, opened for its bytes.

    follow: also through a symbolic link, for a path that the user named.
    Raises `DataError` where another kind of thing is there, `OSError` where nothing is or it may not be opened.
    """
    return open(_descriptor(path, os.O_RDONLY | (0 if follow else _NO_LINK)), "rb")


def open_to_write(path: Path, *, append: bool = False) -> io.FileIO:
    """The ordinary file at `path`, made where nothing is, without a buffer: emptied, or to append.  Errors as above."""
    how = os.O_APPEND if append else os.O_TRUNC
    return open(_descriptor(path, os.O_WRONLY | os.O_CREAT | _NO_LINK | how), "ab" if append else "wb", buffering=0)


def write_whole(stream: io.FileIO, content: bytes | memoryview) -> None:
    """Without a buffer, which would hold what a full disk refused, and refuse once more to be closed."""
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) :]


def _descriptor(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | _SAFELY, 0o666)
    except OSError as error:
        # A link, a folder to be written to, a socket, a pipe that nobody reads.
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.EISDIR, errno.ENXIO, errno.ENODEV):
            raise _refusal(path, os.lstat(path).st_mode) from None
        raise
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise _refusal(path, mode)
    return descriptor


def read_regular(path: Path, most: int | None = None, *, follow: bool = False) -> bytes:
    """The bytes of the ordinary file; `DataError` where it has more than `most` (`max_bytes`).  Errors as above."""
    most = max_bytes() if most is None else most
    with open_regular(path, follow=follow) as stream:
        _size(stream, path, most)
        return stream.read(most + 1)[:most]


def map_regular(path: Path) -> memoryview:
    """The same bytes, of at most `max_bytes`, as pages of the file: read when they are looked at, not copied.

    They stay what they are if the file is replaced by a rename, as this project replaces files; who writes into it
    meanwhile changes them.
    """
    with open_regular(path) as stream:
        if not _size(stream, path, max_bytes()):
            return memoryview(b"")
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))


def _size(stream: io.BufferedReader, path: Path, most: int) -> int:
    size = os.fstat(stream.fileno()).st_size
    if size > most:
        raise DataError(f"{path} has {size:,} bytes, more than the {most:,} that are read ({MAX_BYTES_NAME})")
    return size


def starts_with(path: Path, text: str, within: int = 200) -> bool:
    """Whether the first characters of an ordinary file hold `text`; False for anything else."""
    try:
        with open_regular(path) as stream:
            return text in stream.read(4 * within).decode("utf-8", "replace")[:within]
    except (OSError, ValueError, DataError):
        return False


def is_regular(path: Path) -> bool:
    """Whether an ordinary file is there, and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return False


def check_folder(path: Path) -> None:
    """Refuse a folder within one of ours that is no folder but a link to one, or anything else that is there."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(mode):
        raise _refusal(path, mode, "a folder")


def _refusal(path: Path, mode: int, needed: str = "an ordinary file") -> DataError:
    kind = next((kind for test, kind in _KINDS if test(mode)), "a file")
    return DataError(f"{path} is {kind}; {needed} is needed there")
