"""What `explain` and `audit` give: answers by unit, in memory or in a folder.

A run in memory needs no folder; `save` makes one that `compexact report`, `verify` and `ls` read, and the command that
made it goes on with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from .answers import UnitAnswer
from .experiments.commands import audit, explain
from .experiments.run.audit import summarise
from .experiments.run.audit_plot import audit_figure
from .experiments.run.folder import Outcome, keep_records, placed
from .experiments.run.gap_plot import gap_figure
from .experiments.run.reading import Record, answer_of, is_run, read_run
from .experiments.run.reading import Run as RunOnDisk
from .probes.atomic_folder import new_folder
from .probes.store import Probe, save_probe
from .showing import ROWS_SHOWN, shown_html, shown_text
from .solver.error_weights import ErrorWeights
from .solver.errors import UsageError
from .tables import to_frame
from .unit_names import unit_name
from .verdicts import Verdicts

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class Run:
    """Answers by unit: `run["483"]`, `run[483]`, `len(run)`, and iteration over them in the probe's order.

    header: what was asked, as run.json has it.  records: of each finished unit its line, as units.jsonl has it.
    certificates: by unit, of a run in memory: what proves its bound.  path: the run's folder, None in memory.
    """

    probe: Probe
    header: Record
    records: Mapping[str, Record]
    certificates: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None

    @property
    def units(self) -> list[str]:
        """The names of the finished units."""
        return list(self.records)

    @property
    def settings(self) -> Record:
        """What was asked."""
        return dict(self.header["settings"])

    @property
    def errors(self) -> ErrorWeights:
        """What errors count; where they are weighed, bounds and ceilings are of the Tversky score."""
        return ErrorWeights.of(*(self.header["settings"].get(name, "1") for name in ("fp_weight", "fn_weight")))

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of its table."""
        return explain.columns_of(self.errors)

    @property
    def is_finished(self) -> bool:
        """Whether all units that were asked for are there; not so after Ctrl-C."""
        return len(self.records) == len(self.header["units"])

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> Iterator[UnitAnswer]:
        return (self[name] for name in self.records)

    def __getitem__(self, unit: str | int) -> UnitAnswer:
        """The answer for a unit; `UsageError` where the run has none."""
        name = unit_name(self.probe.cells, unit)
        if name not in self.records:
            there = f"it has {len(self)}, from {self.units[0]!r} to {self.units[-1]!r}" if len(self) else "it has none"
            raise UsageError(f"the run has no unit {name!r}: {there}")
        return UnitAnswer(self.probe, self.records[name])

    def rows(self) -> list[Record]:
        """A row for each unit, as `compexact` prints it in a table."""
        wanted = (*self.columns, *(("gap",) if "bound" in self.columns else ()))
        return [{key: row.get(key) for key in wanted} for row in map(self._row, self.records.values())]

    def _row(self, record: Record) -> Record:
        return record

    def to_pandas(self) -> pandas.DataFrame:
        """The rows as a frame of pandas; `UsageError` where that is not installed."""
        return to_frame(self.rows())

    def save(self, path: str | Path, *, force: bool = False) -> Run:
        """Keep the run in a folder; give it back as read from there.

        A probe that is not on disk yet is kept in it, as `probe`.  force: replace the run that lies there.
        Raises `UsageError` where something else lies there.
        """
        folder = Path(path)
        with new_folder(folder, force=force, is_ours=is_run) as partial:
            self._write(partial, placed(self.header, self.probe.path or folder / "probe", folder))
            if self.probe.path is None:
                save_probe(self.probe, partial / "probe")
        return open_run(folder, probe=self.probe if self.probe.path else None)

    def _write(self, folder: Path, header: Record) -> None:
        def kept(names: Sequence[str]) -> Iterator[Outcome]:
            return (
                Outcome(name, self._as_found(name), self._certificate(name)) for name in names if name in self.records
            )

        keep_records(folder, self.probe, header, kept, lambda record: None)

    def _as_found(self, name: str) -> Record:
        added = ("digest", "certificate", "certificate_digest")
        return {key: value for key, value in self.records[name].items() if key not in added}

    def _certificate(self, name: str) -> str | None:
        file = self.records[name].get("certificate")
        if self.path is not None and file:
            return (self.path / file).read_text()
        return self.certificates.get(name)

    @contextmanager
    def on_disk(self, *, with_probe: bool = False) -> Iterator[RunOnDisk]:
        """Within this the run is in a folder: its own, or one that is gone afterwards.

        with_probe: whether its probe is to be found from there, too.
        """
        if self.path is not None:
            yield read_run(self.path)
            return
        with TemporaryDirectory(prefix="compexact-") as place:
            folder = Path(place) / str(self.header["command"])
            self._write(folder, placed(self.header, self.probe.path or folder / "probe", folder))
            if with_probe and self.probe.path is None:
                save_probe(self.probe, folder / "probe")
            yield read_run(folder)

    def verify(self, time_limit: float | None = None) -> Verdicts:
        """Check every answer and every proof with code that shares nothing with the searches.

        time_limit: seconds for each.  Raises `DisagreementError` where something claimed is not so.
        """
        with self.on_disk() as run:
            return Verdicts.of(run, self.probe, time_limit)

    def plot_gap(self) -> Figure:
        """For each unit its IoU, or the score where errors are weighed, and its bound, where one is proven."""
        return gap_figure([answer_of(record) for record in self.records.values()], self.errors.measure)

    def _repr_html_(self) -> str:
        return shown_html(self.columns, self._best_rows(), self._title(), len(self))

    def __repr__(self) -> str:
        return shown_text(self.columns, self._best_rows(), self._title(), len(self))

    def _best_rows(self) -> list[Record]:
        """The best, best first."""
        key = next(column for column in self.columns if column in ("score", "exact_score", "iou", "exact_iou"))
        return sorted(self.rows(), key=lambda row: -row[key])[:ROWS_SHOWN]

    def _title(self) -> str:
        asked = self.header["settings"]
        there = f"{len(self):,} units" if self.is_finished else f"{len(self):,} of {len(self.header['units']):,} units"
        return f"{there}: {asked['engine']}, length <= {asked['max_length']}{self._said()}"

    def _said(self) -> str:
        answers = [answer_of(record) for record in self.records.values()]
        if not answers:
            return ""
        proven = sum(answer["status"] == "optimal" for answer in answers)
        value = "iou" if self.errors.are_even else "score"
        said = f"; mean {self.errors.measure} {fmean(answer[value] for answer in answers):.3f}"
        return said + (f", {proven} proven best" if proven else "")


@dataclass(frozen=True, eq=False, repr=False)
class AuditRun(Run):
    """An audit: the beam, and local search beside it, held against an engine that proves."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Those of its table."""
        return audit.columns_of(self.errors)

    def _row(self, record: Record) -> Record:
        return audit.side_by_side(record, self.columns)

    def summary(self) -> list[Record]:
        """A row for each length and beam size: how often the beam was optimal, and by how much it was not."""
        return [vars(each) for each in summarise(list(self.records.values()))]

    def plot(self) -> Figure:
        """How large the beam's gaps are, and how they depend on length and beam size."""
        return audit_figure(list(self.records.values()))

    def _said(self) -> str:
        last = self.summary()[-1:]
        if not last:
            return ""
        row = last[0]
        return f"; a beam of {row['beam_size']} misses the optimum on {row['beaten']} of {row['units']} units"


KINDS: dict[str, type[Run]] = {"explain": Run, "audit": AuditRun}


def open_run(path: str | Path, *, probe: str | Path | Probe | None = None) -> Run:
    """A run or an audit that lies in a folder.  probe: where its probe lies, if it was moved; or that probe.

    Raises `UsageError` where there is none, `DataError` where it is damaged or of another probe.
    """
    run = read_run(path)
    if not isinstance(probe, Probe) or not probe.has_digest(run.header["probe"]["digest"]):
        probe = run.open_probe(probe.path if isinstance(probe, Probe) else None if probe is None else Path(probe))
    return KINDS[run.header["command"]](probe, run.header, run.records, path=run.path)
