"""Explain many units, and keep what is found in a folder that a later command goes on from.

    run.json       the settings, the units asked for, versions, and which probe (relative path and digest)
    units.jsonl    a line per unit: the JSON line of `compexact explain`, then `by_length`, `top` and `certificate`
    certificates/  what proves the bounds, where an engine gives it
    log.txt        when it was started, stopped and finished

The folder can be moved; the probe is found by its relative path, or named again.  Lines are appended whole:
a line that a crash cut short is dropped when the run goes on.
"""

from __future__ import annotations

import io
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..probes.folders import check_name, clear_leftovers, new_file, write_bytes
from ..probes.opening import open_probe
from ..probes.store import Probe
from ..probes.versions import versions
from ..solver.certify import certificate_text
from ..solver.errors import DataError, UsageError
from ..solver.problem import Problem
from ..solver.result import SearchResult
from .engines import SearchSettings, check_settings
from .interrupts import stop_on_interrupt
from .recount import check_lines
from .units import Explain, map_units

FORMAT = "compexact run"
VERSION = 1
CERTIFICATES = "certificates"
CERTIFICATE_NAME = rf"{CERTIFICATES}/\d+\.json"

Record = dict[str, Any]


@dataclass(frozen=True)
class Run:
    """A run read from disk.

    header: the content of run.json: `settings`, `units` (names, in order), `versions`, `probe`.
    records: the finished units by name, in the order of `units`; each the fields of `explain`'s JSON line,
    `by_length` (for maximum length 1, 2, ...: formula, length, intersection, union, iou) and `top` (alike).
    """

    path: Path
    header: dict[str, Any]
    records: dict[str, Record]

    @property
    def is_finished(self) -> bool:
        """Whether every unit asked for has its line."""
        return len(self.records) == len(self.header["units"])

    @property
    def probe_path(self) -> Path:
        """Where run.json says that the probe is."""
        return Path(os.path.normpath(self.path.resolve() / self.header["probe"]["path"]))

    def open_probe(self, path: Path | None = None) -> Probe:
        """The probe it was made from: at `path`, or where run.json says.  Checked by digest."""
        place = path or self.probe_path
        if not place.exists():
            raise UsageError(f"the probe of {self.path} is not at {place}; name it with --probe")
        probe = open_probe(place)
        if probe.digest != self.header["probe"]["digest"]:
            raise DataError(f"{place} is not the probe that {self.path} was made from: its digest differs")
        return probe


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
    lock = FileLock(folder / ".lock")
    try:
        with _use_of(folder):
            lock.acquire(timeout=0)
    except Timeout:
        raise DataError(f"another process is at work in {folder}; wait for it, or choose another -o") from None
    with lock:
        with _use_of(folder):
            done = _repair_records(folder)
        check_lines(folder / "units.jsonl", probe, {name: done[name] for name in header["units"] if name in done})
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
        lines = (folder / "units.jsonl").open("ab", buffering=0)
    with lines:
        outcome = next(fresh, None)
        for place, name in enumerate(units):
            if name in done:
                on_record(done[name])
            elif outcome is not None and outcome.unit == name:
                with _use_of(folder):
                    record = outcome.record | _keep_certificate(folder, place, outcome.certificate)
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
    """Write the certificate of the run's unit number `place`; give the line's field that names it."""
    if text is None:
        return {}
    file = folder / CERTIFICATES / f"{place}.json"
    file.parent.mkdir(exist_ok=True)
    write_bytes(file, text.encode())
    return {"certificate": f"{CERTIFICATES}/{place}.json"}


def chosen_by(settings: dict[str, Any], min_active: int) -> dict[str, Any]:
    """The settings with the least number of active points that units were chosen by, where there is one."""
    return settings | ({"min_active": min_active} if min_active else {})


def run_header(
    command: str, probe: Probe, units: Sequence[str], settings: dict[str, Any], folder: Path
) -> dict[str, Any]:
    """The content of run.json."""
    if probe.path is None:
        raise UsageError("a run needs a probe on disk; save_probe() makes one")
    return {
        "format": FORMAT,
        "version": VERSION,
        "command": command,
        "settings": settings,
        "units": list(units),
        "probe": {"path": os.path.relpath(probe.path.resolve(), folder.resolve()), "digest": probe.digest},
        "versions": versions(("compexact", "numpy", "numba")),
    }


def _begin(folder: Path, header: dict[str, Any]) -> None:
    """Make the folder, or see that it holds the same run."""
    file = folder / "run.json"
    check_name(folder)
    if file.exists():
        _same_run(folder, _read_header(folder), header)
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


def _repair_records(folder: Path) -> dict[str, Record]:
    """The finished units; a last line without its end is cut off the file."""
    file = folder / "units.jsonl"
    content = file.read_bytes() if file.exists() else b""
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with file.open("r+b") as stream:
            stream.truncate(len(whole))
    return _parse_records(file, whole)


def _parse_records(file: Path, content: bytes) -> dict[str, Record]:
    records = {}
    for number, line in enumerate(content.decode(errors="replace").splitlines(), start=1):
        try:
            record = json.loads(line, parse_constant=_no_number)
            if not {"status", "iou"} <= set(record) and not {"beam", "exact"} <= set(record):
                raise ValueError
            if not re.fullmatch(CERTIFICATE_NAME, record.get("certificate", f"{CERTIFICATES}/0.json")):
                raise ValueError
            records[record["unit"]] = record
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise DataError(f"{file}, line {number} is damaged; delete that line and run again") from None
    return records


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number")


def read_run(folder: str | Path) -> Run:
    """A run, finished or not, from its folder."""
    folder = Path(folder)
    header = _read_header(folder)
    file = folder / "units.jsonl"
    content = file.read_bytes() if file.exists() else b""
    records = _parse_records(file, content[: content.rfind(b"\n") + 1])
    return Run(folder, header, {name: records[name] for name in header["units"] if name in records})


def _read_header(folder: Path) -> dict[str, Any]:
    file = folder / "run.json"
    if not folder.exists():
        raise UsageError(f"{folder} does not exist; compexact explain PROBE -o {folder} makes a run")
    try:
        header: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        texts = [header["command"], header["probe"]["path"], header["probe"]["digest"], *header["units"]]
        right = header["format"] == FORMAT and isinstance(header["units"], list)
        right = right and all(isinstance(text, str) for text in texts)
        if not (right and {"engine", "space", "max_length"} <= set(header["settings"])):
            raise DataError(f"{file} does not describe a run")
        if header["version"] != VERSION:
            raise DataError(f"{folder} has format version {header['version']}; this compexact reads {VERSION}")
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder} is not a run: it has no run.json") from None
    except KeyError as error:
        raise DataError(f"{file} does not describe a run: it has no {error}") from None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{file} cannot be read: {error}") from None
    return header


def _log(folder: Path, message: str) -> None:
    with _use_of(folder), (folder / "log.txt").open("a", encoding="utf-8") as stream:
        stream.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {message}\n")
