"""Folders and files that are written whole or not at all: under another name first, then renamed.

The other names are `.NAME.PID.partial`, and while one takes another's place `.NAME.PID.old`, beside what is written.
What a killed process leaves under them, the next that writes the same clears away.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..solver.errors import DataError, UsageError
from .regular_files import open_to_write, write_whole

IsOurs = Callable[[Path], bool]
"""Whether a folder is one that may be replaced."""


def check_output(path: Path, *, force: bool = False, is_ours: IsOurs = lambda folder: False) -> None:
    """Refuse an output folder before any work is done for it: taken, or not to be written to.

    force: let it replace an empty folder, or one of which `is_ours` holds; never anything else.
    """
    check_name(path)
    clear_leftovers(path)
    if os.path.lexists(path) and not path.is_dir():
        raise UsageError(f"{path} is a file; -o takes the name of a folder to make")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already; choose another -o, or replace it with --force")
    if path.exists() and any(path.iterdir()) and not is_ours(path):
        raise UsageError(f"{path} holds something else; --force replaces only what this command has made")
    _check_parent(path)


def check_output_file(path: Path, *, force: bool = False) -> None:
    """Refuse a file to write before any work is done for it; `force` lets it replace a file, never a folder."""
    check_name(path)
    clear_leftovers(path)
    if path.is_dir():
        raise UsageError(f"{path} is a folder; -o takes the name of a file to write")
    if os.path.lexists(path) and not force:
        raise UsageError(f"{path} exists already; choose another -o, or replace it with --force")
    _check_parent(path)


def _check_parent(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        trial = _beside(path, "trial")
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise DataError(f"{path.parent} cannot be written to: {error.strerror}") from None


def check_name(path: Path) -> None:
    """Refuse a name that the file system cannot hold, beside the short endings that are added to it."""
    try:
        os.stat(_beside(path, "partial"))
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
    partial = _beside(place, "partial")
    try:
        partial.mkdir()
        with _locked(partial):
            yield partial
            sync(partial)
            _put_in_place(partial, place, _beside(place, "old"))
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}") from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Gives a file to write to, which replaces `path` when all is written; otherwise as `new_folder`."""
    clear_leftovers(path)
    place = Path(os.path.abspath(path))
    partial = _beside(place, "partial")
    try:
        partial.touch()
        with _locked(partial):
            yield partial
            sync(partial)
            partial.replace(place)
        sync(place.parent)
    except OSError as error:
        raise DataError(f"{path} could not be written: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)


def _put_in_place(partial: Path, place: Path, old: Path) -> None:
    """Rename the new folder to its name; the old one is moved aside first, and back where that comes to nothing."""
    try:
        if place.exists():
            place.rename(old)
        partial.rename(place)
    except BaseException:  # Ctrl-C, too
        if old.exists() and not place.exists():
            old.rename(place)
        raise
    sync(place.parent)
    shutil.rmtree(old, ignore_errors=True)


def _beside(path: Path, what: str) -> Path:
    """The name that this process writes `path` under."""
    return path.parent / f".{path.name}.{os.getpid()}.{what}"


def clear_leftovers(path: Path) -> None:
    """Remove what killed processes have left of `path`; bring back what one of them had just moved aside.

    Only names that this module gives are looked at, and what may still be at work is left alone.
    """
    place = Path(os.path.abspath(path))
    name = re.compile(rf"\.{re.escape(place.name)}\.([1-9][0-9]{{0,9}})\.(partial|old|trial)")
    try:
        found = [(entry, match) for entry in os.listdir(place.parent) if (match := name.fullmatch(entry))]
        for entry, match in sorted(found):
            leftover = place.parent / entry
            if _is_abandoned(leftover, int(match[1])):
                if match[2] == "old" and not os.path.lexists(place):
                    leftover.rename(place)
                else:
                    _remove(leftover)
    except OSError:  # not ours to clear, or another process was faster
        return


def _is_abandoned(leftover: Path, process: int) -> bool:
    """Whether no process of this machine has that number any more, and no other machine or container holds a lock.

    This process's own number was another's before: it clears what it finds before it writes.
    """
    if os.name != "posix":
        return False
    try:
        if process != os.getpid():
            os.kill(process, 0)
            return False
    except ProcessLookupError:
        pass
    except (OSError, OverflowError):
        return False
    with _locked(leftover) as is_free:
        return is_free


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Lock a folder or file for as long as this process lives, at most; gives whether that could be done."""
    descriptor = _lock(path)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _lock(path: Path) -> int | None:
    """The descriptor that holds the lock; None where another holds it, or the system has none."""
    if os.name != "posix":
        return None
    import fcntl

    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove(leftover: Path) -> None:
    if leftover.is_dir():
        shutil.rmtree(leftover, ignore_errors=True)
    else:
        leftover.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, so that it survives a loss of power; `DataError` where a link, pipe or other such thing lies."""
    write_blocks(path, [content])


def write_blocks(path: Path, contents: Iterable[bytes | memoryview]) -> None:
    """The same, of these one after the other."""
    with open_to_write(path) as stream:
        for content in contents:
            write_whole(stream, content)
        os.fsync(stream.fileno())


def sync(path: Path) -> None:
    """Make a file's content, or the names in a folder, survive a loss of power, where the system can."""
    if os.name == "posix":
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
