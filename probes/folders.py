"""Folders that are written whole or not at all: under another name first, then renamed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..solver.errors import DataError, UsageError
from .regular_files import open_to_write

IsOurs = Callable[[Path], bool]
"""Whether a folder is one that may be replaced."""


def check_output(path: Path, *, force: bool = False, is_ours: IsOurs = lambda folder: False) -> None:
    """Refuse an output folder before any work is done for it: taken, or not to be written to.

    force: let it replace an empty folder, or one of which `is_ours` holds; never anything else.
    """
    check_name(path)
    if os.path.lexists(path) and not path.is_dir():
        raise DataError(f"{path} is a file; -o takes the name of a folder to make")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already; choose another -o, or replace it with --force")
    if path.exists() and any(path.iterdir()) and not is_ours(path):
        raise UsageError(f"{path} holds something else; --force replaces only what this command has made")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        trial = path.parent / f".{path.name}.{os.getpid()}.trial"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise DataError(f"{path.parent} cannot be written to: {error.strerror}") from None


def check_name(path: Path) -> None:
    """Refuse a name that the file system cannot hold, beside the short endings that are added to it."""
    try:
        os.stat(path.parent / f".{path.name}.{os.getpid()}.partial")
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError) as error:
        raise DataError(f"{str(path)[:60]!r}... cannot be the name of a folder: {error}"[:200]) from None


@contextmanager
def new_folder(path: Path, *, force: bool = False, is_ours: IsOurs = lambda folder: False) -> Iterator[Path]:
    """Gives a folder to write to, which gets the name `path` when all is written.

    Where writing fails, nothing is left under the name but what was there before.  Errors as in `check_output`;
    an `OSError` within becomes a `DataError`.
    """
    check_output(path, force=force, is_ours=is_ours)
    place = Path(os.path.abspath(path))
    partial, old = (place.parent / f".{place.name}.{os.getpid()}.{what}" for what in ("partial", "old"))
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir()
        yield partial
        sync_folder(partial)
        _put_in_place(partial, place, old)
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _put_in_place(partial: Path, place: Path, old: Path) -> None:
    """Rename the new folder to its name; the old one is moved aside first, and back if that fails."""
    if place.exists():
        place.rename(old)
    try:
        partial.rename(place)
    except OSError:
        if old.exists():
            old.rename(place)
        raise
    sync_folder(place.parent)
    shutil.rmtree(old, ignore_errors=True)


def write_bytes(path: Path, content: bytes | memoryview) -> None:
    """Write a file so that it survives a loss of power.  `DataError` where a link, pipe or other such thing lies."""
    with open_to_write(path) as stream:
        rest = memoryview(content)
        while rest:
            rest = rest[stream.write(rest) :]
        os.fsync(stream.fileno())


def sync_folder(folder: Path) -> None:
    """Make names in the folder survive a loss of power, where the system can."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
