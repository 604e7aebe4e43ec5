"""Which units are asked for, and the same work done for each of them, wherever that is (`where.py`)."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from ...probes.digests import as_json, bytes_digest
from ...probes.shard import Shard
from ...probes.store import Probe
from ...solver.cells import Cells
from ...solver.errors import CompexactError, UsageError
from ...solver.problem import Problem
from ...solver.result import SearchResult
from .engines import SearchSettings, ShouldStop, check_settings, explain_unit, failed_result
from .traces import TraceFile
from .warm_up import warm_up, warm_up_for
from .where import HERE, Processes, Where
from .workers import Killed

T = TypeVar("T")
Record = dict[str, Any]
UnitWork = Callable[[Cells, int, ShouldStop], T]
"""(cells, column of the unit, whether to stop) -> what is wanted of the unit; to be pickled for other processes."""


@runtime_checkable
class CanFail(Protocol):
    """Work that can say of a unit that it failed; other work fails as a whole."""

    def failed(self, cells: Cells, column: int, reason: str) -> Any:
        """What stands in place of the unit's answer."""


def explain_units(
    cells: Cells, units: Sequence[str], settings: SearchSettings, *, jobs: int = 1
) -> Iterator[SearchResult]:
    """The answers in the order of `units`, each as soon as it and those before it are there.

    jobs: processes at work, -1 for one per core.  The answers do not depend on it.
    """
    check_settings(settings)
    for _, result in map_units(Explain(settings), Probe(cells, {}), units, where=Processes(jobs)):
        yield result


@dataclass(frozen=True)
class Explain:
    """The work of `compexact explain`: a search of these settings, written down in `trace` as it goes.

    length_choice: how its maximum length was chosen, if it was.
    """

    command: ClassVar[str] = "explain"

    settings: SearchSettings
    trace: TraceFile | None = None
    length_choice: Record | None = None

    def __call__(self, cells: Cells, column: int, should_stop: ShouldStop) -> SearchResult:
        warm_up(self.settings)  # in a process of its own; here it is done
        search = explain_unit if self.trace is None else self.trace.search
        return search(cells, column, self.settings, should_stop)

    def failed(self, cells: Cells, column: int, reason: str) -> SearchResult:
        """The result of a unit whose process was killed."""
        return failed_result(Problem.of(cells, column), self.settings, reason)

    def record(self) -> Record:
        """The settings as run.json keeps them."""
        return self.settings.record() | ({} if self.length_choice is None else {"length_choice": self.length_choice})

    def line(self, found: SearchResult) -> Record:
        """The line of a unit."""
        return result_record(found)

    def proven(self, found: SearchResult) -> SearchResult:
        """What may have a certificate."""
        return found


def result_record(result: SearchResult) -> Record:
    """A result as units.jsonl keeps it."""
    return result.record() | {
        "by_length": result.by_length_records(),
        "top": result.top_records(),
    }


def map_units(
    work: UnitWork[T],
    probe: Probe,
    units: Sequence[str],
    *,
    where: Where = HERE,
    stop: threading.Event | None = None,
) -> Iterator[tuple[str, T]]:
    """(unit, what `work` gives of it) for the units in their order.

    work: may be a `CanFail`.  A process that is killed costs its unit a second try, and then the unit.
    stop: once it is set, units at work give what they have, and no other is begun.
    Raises `CompexactError` for a unit whose process was killed twice, where the work cannot fail.
    """
    cells = probe.cells
    columns = [cells.unit(name) for name in units]
    if not columns:
        return
    warm_up_for(work)
    for column, found in where.map(work, probe, columns, stop or threading.Event()):
        yield cells.unit_names[column], _failed(work, cells, column, found) if isinstance(found, Killed) else found


def _failed(work: UnitWork[T], cells: Cells, column: int, killed: Killed) -> T:
    """What stands for a unit whose process was killed each time, where the work has a `failed` that gives it."""
    if not isinstance(work, CanFail):
        raise CompexactError(f"unit {cells.unit_names[column]}: {killed}")
    failed: T = work.failed(cells, column, str(killed))
    return failed


def choose_units(cells: Cells, asked: str | Sequence[str] | None) -> list[str]:
    """The units that `--units` names: names, and ranges where names end in numbers (`0,3,10-20`, `layer4:0-63`).

    asked: a text, or several.  One that is a unit's name means that unit, whatever it holds; others are split at
    commas.  In the probe's order, each once; all where it is None.
    """
    if asked is None:
        return list(cells.unit_names)
    texts = [asked] if isinstance(asked, str) else asked
    known = set(cells.unit_names)
    parts = [part for text in texts for part in ([text] if text in known else map(str.strip, text.split(",")))]
    chosen = {name for part in parts for name in _unit_range(cells, part)}
    return [name for name in cells.unit_names if name in chosen]


@dataclass(frozen=True)
class Choice:
    """The units to work on.

    names: in the probe's order.  min_active: units active on fewer points were left out; 0 leaves out none.
    shard: of what `names` are a portion; `of_all` is the digest of all names then.
    """

    names: list[str]
    min_active: int
    shard: Shard | None = None
    of_all: str = ""

    def portion(self, shard: Shard) -> Choice:
        """A shard of these units."""
        part = shard.portion(len(self.names))
        return replace(self, names=self.names[part.start : part.stop], shard=shard, of_all=names_digest(self.names))


def names_digest(names: Sequence[str]) -> str:
    """SHA-256 of names in their order."""
    return bytes_digest(as_json(list(names)))


def choose_active_units(
    probe: Probe, asked: str | Sequence[str] | None, min_active: int | None = None, *, default: int = 0
) -> Choice:
    """The units that `--units` and `--min-active` choose.

    min_active: None takes what the probe's settings say, or `default` where they say nothing; but 0 where `asked`
    names units: a unit asked for by name is never left out silently.  One line on stderr says how many are left out.
    Raises `UsageError` for a number below 0, and where no unit would be left.
    """
    if min_active is not None and min_active < 0:
        raise UsageError(f"--min-active must be at least 0, not {min_active}")
    names = choose_units(probe.cells, asked)
    if min_active is None:
        said = (probe.about.get("settings") or {}).get("min_active")
        min_active = 0 if asked is not None else said if isinstance(said, int) else default
    if not min_active:
        return Choice(names, 0)
    active = probe.cells.active.totals
    kept = [name for name in names if active[probe.cells.unit(name)] >= min_active]
    if len(kept) < len(names):
        _say_skipped(len(names) - len(kept), len(names), min_active)
    return Choice(kept, min_active)


def _say_skipped(skipped: int, total: int, min_active: int) -> None:
    which = "all" if skipped == total else f"{skipped:,} of"
    what = f"{which} {total:,} units are active on fewer than {min_active:,} points"
    if skipped == total:
        raise UsageError(f"{what}; include them with --min-active 0, or name units with --units")
    print(f"{what} and are skipped; --min-active 0 or --units includes them", file=sys.stderr)


def _unit_range(cells: Cells, part: str) -> Iterable[str]:
    if part in cells.unit_names:
        return [part]
    first, dash, last = part.rpartition("-")
    prefix, colon, number = first.rpartition(":")
    if not (dash and number.isdecimal() and last.isdecimal()):
        return [cells.unit_names[cells.unit(part)]]
    if int(number) > int(last):
        raise UsageError(f"the range {part!r} of units runs backwards")
    cells.unit(f"{prefix}{colon}{last}")
    known = set(cells.unit_names)
    return [name for i in range(int(number), int(last) + 1) if (name := f"{prefix}{colon}{i}") in known]
