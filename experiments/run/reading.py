"""The one door to a run on disk: whoever reads a run has it checked here, for its form and its digests."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from ...probes.json_text import strict_json
from ...probes.opening import open_probe
from ...probes.regular_files import MAX_TEXT, read_regular, starts_with
from ...probes.store import Probe
from ...solver.errors import DataError, UsageError
from .engines import SearchSettings, check_settings

FORMAT = "compexact run"
VERSION = 1

Record = dict[str, Any]
Line = TypeVar("Line", bound=Mapping[str, Any])


def answer_of(line: Line) -> Line:
    """The answer that a line of units.jsonl holds: of an audit's, that of the engine that proves.

    A line has passed the form of run.json's command (`schema.py`), so only an audit's has `exact`.
    """
    answer: Line = line.get("exact", line)
    return answer


@dataclass(frozen=True)
class Run:
    """A run read from disk.

    header: the content of run.json: `settings`, `units` (names, in order), `versions`, `probe`.
    records: the finished units by name, in the order of `units`; each the fields of `explain`'s JSON line,
    `by_length` (for maximum length 1, 2, ...: formula, length, intersection, union, iou) and `top` (alike).
    damaged: units whose line has another digest than it says; only where one asks for them, too.
    """

    path: Path
    header: dict[str, Any]
    records: dict[str, Record]
    damaged: frozenset[str] = field(default=frozenset())

    @property
    def is_finished(self) -> bool:
        """Whether every unit asked for has its line."""
        return len(self.records) == len(self.header["units"])

    @property
    def answers(self) -> dict[str, Record]:
        """The answer in each record (`answer_of`)."""
        return {unit: answer_of(record) for unit, record in self.records.items()}

    @property
    def has_digests(self) -> bool:
        """Whether damage to run.json or a line would be noticed; earlier versions kept no digests."""
        return "digest" in self.header and all("digest" in record for record in self.records.values())

    @property
    def probe_path(self) -> Path:
        """Where run.json says that the probe is."""
        return Path(os.path.normpath(self.path.resolve() / self.header["probe"]["path"]))

    def open_probe(self, path: Path | None = None) -> Probe:
        """The probe it was made from: at `path`, or where run.json says.  Checked by digest."""
        place = path or self.probe_path
        if not os.path.exists(place):
            raise UsageError(f"the probe of {self.path} is not at {place}; name it with --probe")
        probe = open_probe(place)
        if not probe.has_digest(self.header["probe"]["digest"]):
            raise DataError(f"{place} is not the probe that {self.path} was made from: its digest differs")
        if unknown := set(self.header["units"]).difference(probe.cells.unit_names):
            raise DataError(f"{self.path / 'run.json'} asks for a unit that {place} has not: {min(unknown)!r}")
        return probe


def is_run(folder: Path) -> bool:
    """Whether a run lies in the folder, whole or damaged."""
    return starts_with(folder / "run.json", FORMAT)


def read_run(folder: str | Path, *, with_damaged: bool = False) -> Run:
    """A run, finished or not, from its folder; `DataError` where it is damaged.

    with_damaged: take lines whose digest is wrong, and name their units, where all else has its form.
    """
    folder = Path(folder)
    header = read_header(folder)
    file = folder / "units.jsonl"
    content = read_bytes(file)
    lines = read_lines(file, content[: content.rfind(b"\n") + 1], header, with_damaged=with_damaged)
    records = {name: lines.records[name] for name in header["units"] if name in lines.records}
    return Run(folder, header, records, frozenset(lines.damaged))


def read_bytes(file: Path) -> bytes:
    """What a file of the run holds; nothing where it is not there yet."""
    try:
        return read_regular(file)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None


def say_without_digests(run: Run) -> None:
    """One line on stderr for a run of an earlier version."""
    if not run.has_digests:
        print(f"compexact: {run.path} has no digests: an earlier version made it, so damage may pass", file=sys.stderr)


def read_header(folder: Path) -> dict[str, Any]:
    """The content of run.json; `DataError` where it is damaged or describes no run."""
    from .schema import HEADERS, check_form, digest_of

    file = folder / "run.json"
    if not folder.exists():
        raise UsageError(f"{folder} does not exist; compexact explain PROBE -o {folder} makes a run")
    try:
        content = strict_json(read_regular(file, MAX_TEXT))
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise ValueError("it has not the format of a run")
        if type(content.get("version")) is int and content["version"] != VERSION:
            raise DataError(f"{folder} has format version {content['version']}; this compexact reads {VERSION}")
        command = content.get("command")
        if not isinstance(command, str) or command not in HEADERS:
            raise ValueError(f"the field 'command': should be {' or '.join(HEADERS)}")
        header = check_form(HEADERS[command], content)
        _check_ranges(header["settings"])
        if command == "explain":
            _check_taken(header["settings"])
        if header.get("digest", digest_of(header)) != digest_of(header):
            raise ValueError("its digest is not that of its content")
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"{folder} is not a run: it has no run.json") from None
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise DataError(f"{file} does not describe a run: {_short(error)}; make the run again elsewhere") from None
    return header


UNSEARCHED = ("min_active", "length_choice")
"""Settings of a run that its searches are not asked."""


def _check_ranges(settings: Mapping[str, Any]) -> None:
    from ...solver.beam import check_settings as check_beam

    ranges = {"beam_size": 10, "top_k": 1, "penalty": "1", "metric": "iou"}
    try:
        check_beam(settings["max_length"], **{name: settings.get(name, value) for name, value in ranges.items()})
    except UsageError as error:
        raise ValueError(str(error)) from None


def _check_taken(settings: Mapping[str, Any]) -> None:
    """Refuse what the engine would have refused: `optimal` of a run for precision would be read as of its precision."""
    asked = SearchSettings(**{key: value for key, value in settings.items() if key not in UNSEARCHED})
    try:
        check_settings(replace(asked, penalty="1") if float(asked.penalty) == 1 else asked)
    except UsageError as error:
        raise ValueError(str(error)) from None


@dataclass(frozen=True)
class Lines:
    """Those of units.jsonl by unit, and the units whose line does not fit its digest."""

    records: dict[str, Record]
    damaged: set[str]


def read_lines(file: Path, content: bytes, header: Mapping[str, Any], *, with_damaged: bool = False) -> Lines:
    """The lines of units.jsonl; `DataError` that names the first damaged one, and the field.

    In a run whose header has a digest every line has one.
    """
    from .schema import LINES, check_form, digest_of

    form, asked = LINES[header["command"]], set(header["units"])
    lines = Lines({}, set())
    for number, text in enumerate(content.split(b"\n")[:-1], start=1):
        try:
            record = check_form(form, strict_json(text))
            unit = record["unit"]
            if unit not in asked:
                raise ValueError(f"run.json does not ask for unit {unit!r}")
            if unit in lines.records:
                raise ValueError(f"unit {unit!r} has a line already")
            if ("digest" in record or "digest" in header) and record.get("digest") != digest_of(record):
                if not with_damaged:
                    raise ValueError("its digest is not that of its content")
                lines.damaged.add(unit)
        except ValueError as error:
            raise DataError(
                f"{file}, line {number} is damaged: {_short(error)}; delete that line and run again"
            ) from None
        lines.records[unit] = record
    return lines


def _short(error: ValueError) -> str:
    """The reason in a part of a line."""
    return " ".join(str(error).split())[:200]
