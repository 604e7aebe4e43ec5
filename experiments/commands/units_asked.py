"""What `explain` and `audit` have in common: units of a probe, and a line for each.  Nothing heavy is imported."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .options import FormatOption, MinActiveOption, ProbeArgument, RunOption, ShardOption, TraceOption, UnitsOption
from .where_asked import HERE, Where, WhereAsked

if TYPE_CHECKING:
    from ...probes.progress import Progress
    from ...probes.store import Probe
    from ..run.folder import UnitsWork
    from ..run.traces import TraceFile
    from ..run.units import Choice

Record = dict[str, Any]
Work = TypeVar("Work", bound="UnitsWork")
ONLY_IN_FILES = ("certificate", "certificate_digest", "digest")
SOME_UNPROVEN = 4


class Settle(Protocol[Work]):
    """(work, probe, units of all shards, where, progress) -> the work that is to be done."""

    def __call__(self, work: Work, probe: Probe, units: Sequence[str], where: Where, on_progress: Progress, /) -> Work:
        """Decide."""


@dataclass(frozen=True)
class UnitsAsked:
    """The options of both: which units, and where goes what is found of them."""

    probe: ProbeArgument
    units: UnitsOption = None
    min_active: MinActiveOption = None
    shard: ShardOption = None
    where: WhereAsked = HERE
    output: RunOption = None
    trace: TraceOption = None
    format: FormatOption = None

    def do(
        self,
        work: Work,
        columns: Sequence[str],
        shown: Callable[[Record, str], Record],
        *,
        min_active: int = 0,
        settle: Settle[Work] | None = None,
    ) -> None:
        """Do the work for every unit, and keep it where `output` is given.

        columns: of the table, which is printed also where the work is interrupted.  shown: (a line as a run keeps it,
        the format) -> what is printed of it.  min_active: where neither the option nor the probe says it.
        settle: decides what of the work depends on the probe.
        """
        from ...probes.opening import open_probe
        from ..live import LiveSearches
        from ..printing import Printer, chosen_format
        from ..progress import progress
        from ..run.folder import do_units

        printer = Printer(chosen_format(self.format), columns)
        probe = open_probe(self.probe)
        whole = self.of_all_shards(probe, min_active)
        choice = self._portion(whole)
        n_done = 0

        def rows(trace: TraceFile | None) -> Callable[[], Sequence[str]]:
            """Of searches in this process: a thread that reads while others are copied could leave them a held lock."""
            return LiveSearches(trace) if trace is not None and self.where == HERE else tuple

        try:
            with self._trace(choice.names) as trace, progress(rows(trace)) as report:

                def show(record: Record) -> None:
                    nonlocal n_done
                    n_done += 1
                    printer(shown(record, printer.format_name))
                    report("units", n_done, len(choice.names))

                if settle is not None:
                    work = settle(work, probe, whole.names, self.where, report)
                do_units(replace(work, trace=trace), probe, choice, self.output, where=self.where, on_record=show)
        finally:
            printer.finish()

    def chosen(self, probe: Probe, default: int = 0) -> Choice:
        """The units of the probe that are asked for.  default: of `min_active`, where nothing says it."""
        return self._portion(self.of_all_shards(probe, default))

    def of_all_shards(self, probe: Probe, default: int = 0) -> Choice:
        """The same of all shards together."""
        from ..run.units import choose_active_units

        return choose_active_units(probe, self.units, self.min_active, default=default)

    def _portion(self, choice: Choice) -> Choice:
        return choice if self.shard is None else choice.portion(self.shard)

    def trace_file(self, units: Sequence[str]) -> TraceFile | None:
        """Where searches are to be written down, once that is known to be possible; None where nobody asked."""
        from ..run.traces import TraceFile

        if self.trace is None:
            return None
        goes_on = self.output is not None and (Path(self.output) / "run.json").exists()
        return TraceFile.checked(self.trace, units, goes_on=goes_on)

    @contextmanager
    def _trace(self, units: Sequence[str]) -> Iterator[TraceFile | None]:
        """Where searches are written down: what is asked for; or where a terminal shows them, a file for that alone."""
        from ..run.traces import TraceFile

        asked = self.trace_file(units)
        if asked is None and sys.stderr.isatty() and self.where == HERE:
            with TemporaryDirectory(prefix="compexact-") as folder:
                yield TraceFile(Path(folder) / "trace.jsonl")
        else:
            yield asked
