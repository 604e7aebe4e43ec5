"""Explain many units, and keep what is found in a folder that a later command goes on from.

    run.json       the settings, the units asked for, versions, and which probe (relative path and digest)
    units.jsonl    a line per unit: the JSON line of `compexact explain`, then `by_length`, `top` and `certificate`
    certificates/  what proves the bounds, where an engine gives it
    log.txt        when it was started, stopped and finished

The folder can be moved; the probe is found by its relative path, or named again.  Lines are appended whole:
a line that a crash cut short is dropped when the run goes on.  run.json and every line hold a digest of themselves, a
line also that of its certificate.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ...probes.atomic_folder import check_name, clear_leftovers, new_file, write_bytes
from ...probes.regular_files import check_folder, open_to_write
from ...probes.store import Probe
from ...probes.versions import versions
from ...solver.certify import certificate_text
from ...solver.errors import DataError, UsageError
from ...solver.problem import Problem
from ...solver.result import SearchResult
from .engines import SearchSettings, check_settings
from .interrupts import stop_on_interrupt
from .proofs import check_proofs
from .reading import FORMAT, VERSION, Record, Run, read_bytes, read_header, read_lines, read_run
from .recount import check_lines
from .schema import CERTIFICATES, sealed
from .units import Explain, map_units


def result_record(result: SearchResult) -> Record:
    """A result as units.jsonl keeps it."""
    return result.record() | {
        "by_length": result.by_length_records(),
        "top": [found.record() for found in result.top],
    }


@dataclass(frozen=True)
class Outcome:
    """What was found of one unit: its line, and the text of a certificate where there is one."""

    unit: str
    record: Record
    certificate: str | None = None


Work = Callable[[Sequence[str]], Iterator[Outcome]]
"""Gives the outcomes of the units it is called with, in their order; fewer where it was interrupted."""


def run_units(
    probe: Probe,
    units: Sequence[str],
    settings: SearchSettings,
    folder: Path,
    *,
    jobs: int = 1,
    min_active: int = 0,
    on_record: Callable[[Record], None] = lambda record: None,
) -> Run:
    """Explain the units that the folder has no line for yet; make the folder where it is not there.

    min_active: what the units were chosen by, kept with the settings.
    on_record: called with every line, old and new, in the order of `units`.
    Raises `UsageError` where the folder holds a run with other settings, `DataError` where another process is at
    work in it; and `KeyboardInterrupt`, with everything kept, where it was interrupted.
    """
    check_settings(settings)
    with stop_on_interrupt() as stop:

        def work(missing: Sequence[str]) -> Iterator[Outcome]:
            for name, result in map_units(Explain(settings), probe.cells, missing, jobs=jobs, stop=stop):
                certificate = certificate_text(Problem.of(probe.cells, name), result) if result.certificate else None
                yield Outcome(name, result_record(result), certificate)

        header = run_header("explain", probe, units, chosen_by(settings.record(), min_active), folder)
        run = keep_records(folder, probe, header, work, on_record)
        if stop.is_set():  # the last unit, too, is what was found until then
            raise KeyboardInterrupt
        return run


def keep_records(
    folder: Path,
    probe: Probe,
    header: dict[str, Any],
    work: Work,
    on_record: Callable[[Record], None] = lambda record: None,
) -> Run:
    """Do the work for the units of the header that have no line yet, and append their lines.

    Raises `DataError` where another process is at work there, where a line holds other counts than the probe, and
    where the folder cannot be written to; the lines written before stay.
    """
    _begin(folder, header)
    there = read_header(folder)
    lock = FileLock(folder / ".lock")
    try:
        with _use_of(folder):
            open_to_write(folder / ".lock", append=True).close()  # no link, which some versions of filelock follow
            lock.acquire(timeout=0)
    except Timeout:
        raise DataError(f"another process is at work in {folder}; wait for it, or choose another -o") from None
    with lock:
        with _use_of(folder):
            done = _repair_records(folder, there)
        check_lines(folder, probe, there, done)
        check_proofs(folder, there, done)
        missing = [name for name in header["units"] if name not in done]
        _log(folder, f"{len(missing)} of {len(header['units'])} units to do" if missing else "nothing to do")
        _append(folder, header["units"], done, work(missing), on_record)
        run = read_run(folder)
        if missing:
            _log(folder, "finished" if run.is_finished else "interrupted")
    if not run.is_finished:
        raise KeyboardInterrupt
    return run


def _append(
    folder: Path,
    units: Sequence[str],
    done: dict[str, Record],
    fresh: Iterator[Outcome],
    on_record: Callable[[Record], None],
) -> None:
    """Show the old lines, and write and show the new ones, in the order of the units."""
    with _use_of(folder):
        lines = open_to_write(folder / "units.jsonl", append=True)
    with lines:
        outcome = next(fresh, None)
        for place, name in enumerate(units):
            if name in done:
                on_record(done[name])
            elif outcome is not None and outcome.unit == name:
                with _use_of(folder):
                    record = sealed(outcome.record | _keep_certificate(folder, place, outcome.certificate))
                    _write_whole(lines, _line(record).encode())
                on_record(record)
                outcome = next(fresh, None)
        with _use_of(folder):
            os.fsync(lines.fileno())


@contextmanager
def _use_of(folder: Path) -> Iterator[None]:
    """What the system refuses within, such as to write to a full disk, becomes a `DataError`."""
    try:
        yield
    except Timeout:  # a held lock, which is an OSError, too
        raise
    except OSError as error:
        why = error.strerror or error
        raise DataError(f"{folder} cannot be read or written to: {why}; what was kept before stays") from None


def _write_whole(stream: io.FileIO, content: bytes) -> None:
    """Without a buffer, which would hold what a full disk refused, and refuse once more to be closed."""
    rest = memoryview(content)
    while rest:
        rest = rest[stream.write(rest) :]


def _keep_certificate(folder: Path, place: int, text: str | None) -> Record:
    """Write the certificate of the run's unit number `place`; give the line's fields that name it."""
    if text is None:
        return {}
    file = folder / CERTIFICATES / f"{place}.json"
    file.parent.mkdir(exist_ok=True)
    check_folder(file.parent)
    content = text.encode()
    write_bytes(file, content)
    return {"certificate": f"{CERTIFICATES}/{place}.json", "certificate_digest": hashlib.sha256(content).hexdigest()}


def chosen_by(settings: dict[str, Any], min_active: int) -> dict[str, Any]:
    """The settings with the least number of active points that units were chosen by, where there is one."""
    return settings | ({"min_active": min_active} if min_active else {})


def run_header(
    command: str, probe: Probe, units: Sequence[str], settings: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """The content of run.json."""
    if probe.path is None:
        raise UsageError("a run needs a probe on disk; save_probe() makes one")
    return sealed(
        {
            "format": FORMAT,
            "version": VERSION,
            "command": command,
            "settings": settings,
            "units": list(units),
            "probe": {"path": os.path.relpath(probe.path.resolve(), folder.resolve()), "digest": probe.digest},
            "versions": versions(("compexact", "numpy", "numba")),
        }
    )


def _begin(folder: Path, header: dict[str, Any]) -> None:
    """Make the folder, or see that it holds the same run."""
    file = folder / "run.json"
    check_name(folder)
    if file.exists():
        _same_run(folder, read_header(folder), header)
        return
    if folder.is_file():
        raise DataError(f"{folder} is a file; -o takes the name of a folder")
    clear_leftovers(file)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} exists and holds no run; choose another -o")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be written to: {error.strerror}") from None
    with new_file(file) as partial:
        partial.write_text(json.dumps(header, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _same_run(folder: Path, there: dict[str, Any], asked: dict[str, Any]) -> None:
    if there.get("command") != asked["command"]:
        raise UsageError(f"{folder} holds what {there.get('command')} made; choose another -o")
    old, new = ({"min_active": 0, **header["settings"]} for header in (there, asked))
    changed = [
        f"{name} {old.get(name)!r} there, {value!r} now" for name, value in new.items() if old.get(name) != value
    ]
    if there["units"] != asked["units"]:
        changed.append(f"{len(there['units'])} units there, {len(asked['units'])} now, or others")
    if there["probe"]["digest"] != asked["probe"]["digest"]:
        changed.append("another probe")
    if changed:
        raise UsageError(f"{folder} holds another run ({'; '.join(changed)}); choose another -o")


def _line(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n"


def _repair_records(folder: Path, header: dict[str, Any]) -> dict[str, Record]:
    """The finished units; a last line without its end is cut off the file."""
    file = folder / "units.jsonl"
    content = read_bytes(file)
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with file.open("r+b") as stream:
            stream.truncate(len(whole))
    return read_lines(file, whole, header).records


def _log(folder: Path, message: str) -> None:
    with _use_of(folder), open_to_write(folder / "log.txt", append=True) as stream:
        stream.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {message}\n".encode())
