"""The answer for one unit: its formula, how good it is and could get, and the inputs that show it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from .experiments.report.unit_page import UnitReport, unit_report
from .experiments.run.reading import Record, answer_of
from .probes.store import Probe
from .showing import shown_html, shown_text
from .shown_inputs import ShownInputs, shown_inputs
from .solver.formula import Formula
from .solver.result import Status

LENGTHS = ("length", "score", "iou", "formula")
LENGTHS_SHOWN = 8


@dataclass(frozen=True, eq=False)
class UnitAnswer:
    """probe: where the unit is of.  record: its line of the run; of an audit, with what the beam found.

    >>> from compexact import explain, probe
    >>> unit = explain(probe([[1, 0], [1, 0], [0, 1]], [[1], [0], [1]]), length=2, progress=False)["0"]
    >>> print(unit.formula, unit.iou, unit.ceiling)
    c1 OR c0 2/3 0.666667
    """

    probe: Probe
    record: Record

    @cached_property
    def report(self) -> UnitReport:
        """The same, read back and ready to be counted: masks, concepts alone, what negations change."""
        return unit_report(self.probe, self.unit, self.record)

    @property
    def answer(self) -> Record:
        """The line itself; of an audit, that of the engine that proves."""
        return answer_of(self.record)

    @property
    def unit(self) -> str:
        """Its name."""
        return str(self.record["unit"])

    @property
    def formula(self) -> Formula | None:
        """The best found; None where there is nothing to explain."""
        return self.report.best.formula if self.report.best else None

    @property
    def iou(self) -> Fraction:
        """Of the formula, exactly; 0 without one."""
        return self.report.best.iou if self.report.best else Fraction(0)

    @property
    def measure(self) -> str:
        """What bound and ceiling are of: IoU, or the Tversky score where errors are weighed."""
        return "Tversky score" if "score_fraction" in self.answer else "IoU"

    @property
    def bound(self) -> Fraction | None:
        """No formula of this space and length has a higher `measure`; None where nothing is proven."""
        return self.report.bound

    @property
    def ceiling(self) -> float:
        """The best `measure` that any Boolean function of the concepts has, rounded up."""
        return self.report.ceiling

    @property
    def status(self) -> Status:
        """How the search ended; `status.sentence` says it."""
        return self.report.status

    @property
    def by_length(self) -> list[Record]:
        """The best found of each maximum length: formula, length, counts and IoU."""
        return list(self.answer["by_length"])

    def show(self) -> None:
        """Show formula, IoU by length, and the inputs: in a notebook with pictures, else as text."""
        if _in_notebook():
            sys.modules["IPython.display"].display(self)
        else:
            print("\n".join([str(self), *self._inputs.lines()]))

    @cached_property
    def _inputs(self) -> ShownInputs:
        return shown_inputs(self.probe, self.report)

    def _title(self) -> str:
        if self.formula is None:
            return f"unit {self.unit}: {self.record.get('error') or self.status.sentence}"
        proven = "" if self.bound is None else f", bound {float(self.answer['bound']):.4f}"
        score = "" if self.measure == "IoU" else f", {self.measure} {self.answer['score']:.4f}"
        values = f"IoU {float(self.iou):.4f}{score}{proven}, ceiling {self.ceiling:.4f}"
        return f"unit {self.unit}: {self.formula}   {values}"

    def _columns(self) -> list[str]:
        return [name for name in LENGTHS if name != "score" or self.measure != "IoU"]

    def _changes(self) -> list[Record]:
        """The lengths at which the formula changes, the last ones where there are many."""
        rows: list[Record] = []
        for length, found in enumerate(self.by_length, start=1):
            if not rows or rows[-1]["formula"] != found["formula"]:
                rows.append({"length": length, **{name: found[name] for name in LENGTHS[1:] if name in found}})
        return rows[-LENGTHS_SHOWN:]

    def __repr__(self) -> str:
        return f"{shown_text(self._columns(), self._changes(), self._title())}\n{self.status.about(self.measure)}"

    def _repr_html_(self) -> str:
        return shown_html(self._columns(), self._changes(), self._title()) + self._inputs.html()


def _in_notebook() -> bool:
    """Whether this process is a notebook's kernel; that IPython was imported says little."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel") and "IPython.display" in sys.modules
