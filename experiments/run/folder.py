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
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Protocol

from filelock import FileLock, Timeout

from ...probes.atomic_folder import check_name, clear_leftovers, new_file, write_bytes
from ...probes.regular_files import check_folder, open_to_write, write_whole
from ...probes.store import Probe
from ...probes.versions import versions
from ...solver.cells import Cells
from ...solver.certify import certificate_text
from ...solver.errors import DataError, UsageError
from ...solver.problem import Problem
from ...solver.result import SearchResult
from .engines import SearchSettings, ShouldStop, check_settings
from .interrupts import stop_on_interrupt
from .proofs import check_proofs
from .reading import FORMAT, VERSION, Record, Run, read_bytes, read_header, read_lines, read_run
from .recount import check_lines
from .schema import CERTIFICATES, sealed
from .traces import TraceFile
from .units import Choice, Explain, map_units
from .where import HERE, Processes, Where


@dataclass(frozen=True)
class Outcome:
    """What was found of one unit: its line, and the text of a certificate where there is one."""

    unit: str
    record: Record
    certificate: str | None = None


Work = Callable[[Sequence[str]], Iterator[Outcome]]
"""Gives the outcomes of the units it is called with, in their order; fewer where it was interrupted."""


class UnitsWork(Protocol):
    """What is done for each unit (`map_units`), and how a run keeps it.  command: which one asks for it."""

    command: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def trace(self) -> TraceFile | None:
        """Where its searches are written down as they go."""

    def __call__(self, cells: Cells, column: int, should_stop: ShouldStop) -> Any:
        """What is found of a unit."""

    def record(self) -> Record:
        """The settings as run.json keeps them."""

    def line(self, found: Any) -> Record:
        """The line of a unit."""

    def proven(self, found: Any) -> SearchResult:
        """What may have a certificate."""


def do_units(
    work: UnitsWork,
    probe: Probe,
    choice: Choice,
    folder: Path | None,
    *,
    where: Where = HERE,
    on_record: Callable[[Record], None] = lambda record: None,
) -> None:
    """Do the work for the chosen units; keep it in the folder where there is one, and go on with what is there.

    on_record: called with every line, old and new, in the order of the units.
    Raises `UsageError` where the folder holds a run with other settings, `DataError` where another process is at
    work in it; and `KeyboardInterrupt`, with everything kept, where it was interrupted.
    """
    with stop_on_interrupt() as stop:
        find = partial(find_outcomes, work, probe, where=where, stop=stop, with_certificates=folder is not None)
        is_whole = True
        if folder is None:
            for outcome in find(choice.names):
                on_record(outcome.record)
        else:
            is_whole = keep_records(folder, probe, run_header(work, probe, choice, folder), find, on_record)
        if stop.is_set() or not is_whole:  # the last unit, too, is what was found until then
            raise KeyboardInterrupt


def find_outcomes(
    work: UnitsWork,
    probe: Probe,
    names: Sequence[str],
    *,
    where: Where = HERE,
    stop: threading.Event | None = None,
    with_certificates: bool = True,
) -> Iterator[Outcome]:
    """Do the work for these units, and keep nothing; fewer than the units once `stop` is set (`map_units`)."""
    if work.trace is not None:
        work.trace.forget(names)
    for name, found in map_units(work, probe, names, where=where, stop=stop):
        proven = work.proven(found)
        is_kept = with_certificates and proven.certificate is not None
        certificate = certificate_text(Problem.of(probe.cells, name), proven) if is_kept else None
        yield Outcome(name, work.line(found), certificate)


def run_units(
    probe: Probe, units: Sequence[str], settings: SearchSettings, folder: Path, *, jobs: int = 1, min_active: int = 0
) -> Run:
    """Explain the units that the folder has no line for yet; make the folder where it is not there.

    min_active: what the units were chosen by, kept with the settings.  Raises as `do_units` does.
    """
    check_settings(settings)
    do_units(Explain(settings), probe, Choice(list(units), min_active), folder, where=Processes(jobs))
    return read_run(folder)


def keep_records(folder: Path, probe: Probe, header: Record, work: Work, on_record: Callable[[Record], None]) -> bool:
    """Do the work for the units of the header that have no line yet, and append their lines; whether all are there.

    Raises `DataError` where another process is at work there, where a line holds other counts than the probe, and
    where the folder cannot be written to; the lines written before stay.
    """
    _begin(folder, header, probe)
    there = read_header(folder)
    lock = FileLock(folder / ".lock")
    try:
        with io_errors_as_data_errors(folder):
            open_to_write(folder / ".lock", append=True).close()  # no link, which some versions of filelock follow
            lock.acquire(timeout=0)
    except Timeout:
        raise DataError(f"another process is at work in {folder}; wait for it, or choose another -o") from None
    with lock:
        with io_errors_as_data_errors(folder):
            done = _repair_records(folder, there)
        check_lines(folder, probe, there, done)
        check_proofs(folder, done)
        missing = [name for name in header["units"] if name not in done]
        log(folder, f"{len(missing)} of {len(header['units'])} units to do" if missing else "nothing to do")
        _append(folder, header["units"], done, work(missing), on_record)
        run = read_run(folder)
        if missing:
            log(folder, "finished" if run.is_finished else "interrupted")
    return run.is_finished


def _append(
    folder: Path,
    units: Sequence[str],
    done: dict[str, Record],
    fresh: Iterator[Outcome],
    on_record: Callable[[Record], None],
) -> None:
    """Show the old lines, and write and show the new ones, in the order of the units."""
    with io_errors_as_data_errors(folder):
        lines = open_to_write(folder / "units.jsonl", append=True)
    with lines:
        outcome = next(fresh, None)
        for place, name in enumerate(units):
            if name in done:
                on_record(done[name])
            elif outcome is not None and outcome.unit == name:
                with io_errors_as_data_errors(folder):
                    record = sealed(outcome.record | keep_certificate(folder, place, outcome.certificate))
                    write_whole(lines, line_text(record))
                on_record(record)
                outcome = next(fresh, None)
        with io_errors_as_data_errors(folder):
            os.fsync(lines.fileno())


@contextmanager
def io_errors_as_data_errors(folder: Path) -> Iterator[None]:
    """What the system refuses within, such as to write to a full disk, becomes a `DataError`."""
    try:
        yield
    except Timeout:  # a held lock, which is an OSError, too
        raise
    except OSError as error:
        why = error.strerror or error
        raise DataError(f"{folder} cannot be read or written to: {why}; what was kept before stays") from None


def keep_certificate(folder: Path, place: int, text: str | None) -> Record:
    """Write the certificate of the run's unit number `place`; give the line's fields that name it."""
    if text is None:
        return {}
    file = folder / CERTIFICATES / f"{place}.json"
    file.parent.mkdir(exist_ok=True)
    check_folder(file.parent)
    content = text.encode()
    write_bytes(file, content)
    return {"certificate": f"{CERTIFICATES}/{place}.json", "certificate_digest": hashlib.sha256(content).hexdigest()}


def run_header(work: UnitsWork, probe: Probe, choice: Choice, folder: Path) -> Record:
    """The content of run.json."""
    if probe.path is None:
        raise UsageError("a run needs a probe on disk; save_probe() makes one")
    return placed(asked_of(work, probe, choice), probe.path, folder)


def asked_of(work: UnitsWork, probe: Probe, choice: Choice) -> Record:
    """The content of run.json but for what depends on where the run is kept."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "command": work.command,
        "settings": work.record() | ({"min_active": choice.min_active} if choice.min_active else {}),
        "units": list(choice.names),
        **_shard(choice),
        "probe": {"digest": probe.digest},
        "versions": versions(("compexact", "numpy", "numba")),
    }


def placed(asked: Record, probe: Path, folder: Path) -> Record:
    """The same of a run in this folder, whose probe lies at `probe`."""
    path = os.path.relpath(probe.resolve(), folder.resolve())
    return sealed(asked | {"probe": {"path": path, "digest": asked["probe"]["digest"]}})


def _shard(choice: Choice) -> Record:
    if choice.shard is None:
        return {}
    return {"shard": {"number": choice.shard.number, "of": choice.shard.of, "of_all": choice.of_all}}


def _begin(folder: Path, header: dict[str, Any], probe: Probe) -> None:
    """Make the folder, or see that it holds the same run."""
    file = folder / "run.json"
    check_name(folder)
    if file.exists():
        _same_run(folder, read_header(folder), header, probe)
        return
    if folder.is_file():
        raise UsageError(f"{folder} is a file; -o takes the name of a folder")
    clear_leftovers(file)
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} exists and holds no run; choose another -o")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"{folder} cannot be written to: {error.strerror}") from None
    with new_file(file) as partial:
        partial.write_bytes(header_text(header))


def _same_run(folder: Path, there: dict[str, Any], asked: dict[str, Any], probe: Probe) -> None:
    if there.get("command") != asked["command"]:
        raise UsageError(f"{folder} holds what {there.get('command')} made; choose another -o")
    unsaid = {"min_active": 0, "fp_weight": "1", "fn_weight": "1"}
    old, new = (unsaid | header["settings"] for header in (there, asked))
    changed = [
        f"{name} {old.get(name)!r} there, {value!r} now" for name, value in new.items() if old.get(name) != value
    ]
    if there.get("shard") != asked.get("shard"):
        changed.append(f"shard {_shown(there.get('shard'))} there, {_shown(asked.get('shard'))} now")
    if there["units"] != asked["units"]:
        changed.append(f"{len(there['units'])} units there, {len(asked['units'])} now, or others")
    if not probe.has_digest(there["probe"]["digest"]):
        changed.append("another probe")
    if changed:
        raise UsageError(f"{folder} holds another run ({'; '.join(changed)}); choose another -o")


def _shown(shard: Record | None) -> str:
    return f"{shard['number']}/{shard['of']}" if shard else "none"


def header_text(header: Record) -> bytes:
    """What is in run.json."""
    return (json.dumps(header, indent=1, ensure_ascii=False) + "\n").encode()


def line_text(record: Record) -> bytes:
    """A line of units.jsonl."""
    return (json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _repair_records(folder: Path, header: dict[str, Any]) -> dict[str, Record]:
    """The finished units; a last line without its end is cut off the file."""
    file = folder / "units.jsonl"
    content = read_bytes(file)
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        with file.open("r+b") as stream:
            stream.truncate(len(whole))
    return read_lines(file, whole, header).records


def log(folder: Path, message: str) -> None:
    """Append a line to log.txt, with the time."""
    with io_errors_as_data_errors(folder), open_to_write(folder / "log.txt", append=True) as stream:
        stream.write(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {message}\n".encode())
