"""What every search of a command knows, and when: JSON lines, written as it goes (`--trace`).

A line has the fields of `explain`'s that are known while a search goes.  Its first line is from the search's first
moment, and there is one for every improvement of the formula or the bound; the last is the answer, whose `status` it
has.  Until then that is `searching`.

A line is one write to the end of the file, which the system does not mix with others: so all processes write to it.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...probes.atomic_folder import new_file
from ...probes.regular_files import open_to_write, read_regular, write_whole
from ...solver.errors import DataError, UsageError
from .engines import SearchSettings, ShouldStop, explain_unit

if TYPE_CHECKING:
    from ...solver.cells import Cells
    from ...solver.result import SearchResult
    from ...solver.tracing import Known

Record = dict[str, Any]
SEARCHING = "searching"


@dataclass(frozen=True)
class TraceFile:
    """Where the lines go."""

    path: Path

    @classmethod
    def checked(cls, path: Path, units: Container[str], *, goes_on: bool) -> TraceFile:
        """The file, once it can be written to.

        goes_on: whether these units' run goes on, so that its trace may be there.
        Raises `UsageError` where something is there that is not to be appended to, `DataError` where nothing can be.
        """
        file = cls(Path(os.path.abspath(path)))
        try:
            if file.read() and not goes_on:
                raise UsageError(f"{path} exists already; choose another --trace")
            if any(line["unit"] not in units for line in file.lines()):
                raise UsageError(f"{path} is of other units; choose another --trace")
            open_to_write(file.path, append=True).close()
        except OSError as error:
            raise DataError(f"{path} cannot be written to: {error.strerror}; choose another --trace") from None
        return file

    def read(self) -> bytes:
        """What is there; nothing where no file is."""
        try:
            return read_regular(self.path)
        except FileNotFoundError:
            return b""

    def lines(self) -> list[Record]:
        """Its whole lines; `DataError` where one is no line of a trace."""
        from ...probes.json_text import strict_json
        from .schema import TraceLine, check_form

        lines = []
        for number, text in enumerate(self.read().split(b"\n")[:-1], start=1):
            try:
                lines.append(check_form(TraceLine, strict_json(text)))
            except ValueError:
                raise DataError(f"{self.path}, line {number} is not a trace's; choose another --trace") from None
        return lines

    def forget(self, units: Container[str]) -> None:
        """Drop the lines of units that are searched anew, and a last one that a kill cut short."""
        kept = b"".join(map(_text, (line for line in self.lines() if line["unit"] not in units)))
        if kept != self.read():
            with new_file(self.path) as partial:
                partial.write_bytes(kept)

    def search(self, cells: Cells, column: int, settings: SearchSettings, should_stop: ShouldStop) -> SearchResult:
        """`explain_unit`, written down as it goes."""
        errors = settings.errors
        asked: Record = {"unit": cells.unit_names[column], "engine": settings.engine}
        asked |= {"space": settings.space, "max_length": settings.max_length} | errors.record()

        def write(known: Known, status: str = SEARCHING) -> None:
            seconds = {"seconds": round(known.seconds, 6)}
            self._append(asked | seconds | errors.known_record(known.best, known.bound) | {"status": status})

        found = explain_unit(cells, column, settings, should_stop, write)
        write(found.known, found.status.value)
        return found

    def _append(self, line: Record) -> None:
        """A trace that cannot be written to costs no answer; a unit's last line says so."""
        try:
            with open_to_write(self.path, append=True) as stream:
                write_whole(stream, _text(line))
        except (OSError, DataError) as error:
            if line["status"] != SEARCHING:
                why = getattr(error, "strerror", None) or error
                print(f"compexact: {self.path} has not all lines of unit {line['unit']}: {why}", file=sys.stderr)


def _text(line: Record) -> bytes:
    return (json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n").encode()
