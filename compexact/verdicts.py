"""What `verify` says of each unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .experiments.run.reading import Record, Run
from .experiments.run.verify import CONFIRMED, FIELDS, REJECTED, WEIGHED, verify_run
from .probes.store import Probe
from .showing import shown_html, shown_text
from .solver.errors import DisagreementError
from .tables import to_frame

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Verdicts:
    """lines: of each unit the line of `compexact verify`."""

    lines: Sequence[Record]

    @classmethod
    def of(cls, run: Run, probe: Probe, time_limit: float | None) -> Verdicts:
        """Raises `DisagreementError` with the first unit that is rejected."""
        found = cls(list(verify_run(run, probe, time_limit)))
        rejected = [line for line in found if line["verdict"] == REJECTED]
        if rejected:
            first = rejected[0]
            raise DisagreementError(
                f"{len(rejected)} of {len(found)} units are rejected; unit {first['unit']}: {first['reason']}"
            )
        return found

    @property
    def all_confirmed(self) -> bool:
        """Whether every unit has a claim, and a proof of it that holds."""
        return all(line["verdict"] == CONFIRMED for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        """How many units got each verdict."""
        return dict(Counter(line["verdict"] for line in self.lines))

    def __len__(self) -> int:
        return len(self.lines)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.lines)

    def to_pandas(self) -> pandas.DataFrame:
        """A row for each unit."""
        return to_frame(self.lines)

    def __repr__(self) -> str:
        return shown_text(self._columns(), self.lines, self._title())

    def _repr_html_(self) -> str:
        return shown_html(self._columns(), self.lines, self._title())

    def _columns(self) -> list[str]:
        fields = WEIGHED if any("score" in line for line in self.lines) else FIELDS
        return [name for name in fields if name != "work"]

    def _title(self) -> str:
        return ", ".join(f"{count} {verdict}" for verdict, count in self.counts.items()) or "no unit"
