"""`compexact explain`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from ..run.settings import SearchSettings
from .signature import Depends
from .units_asked import ONLY_IN_FILES, SOME_UNPROVEN, Record, UnitsAsked

if TYPE_CHECKING:
    from ...solver.error_weights import ErrorWeights

COLUMNS = ("unit", "iou", "bound", "ceiling", "length", "status", "seconds", "formula")


def columns_of(errors: ErrorWeights) -> tuple[str, ...]:
    """The columns of tables: where errors are weighed, bound and ceiling are of the score."""
    return COLUMNS if errors.are_even else (COLUMNS[0], "score", *COLUMNS[1:])


def explain(
    asked: Annotated[UnitsAsked, Depends(UnitsAsked)],
    settings: Annotated[SearchSettings, Depends(SearchSettings, "Search")],
    require: Annotated[str | None, typer.Option(help="optimal: exit with 4 where a unit is not proven.")] = None,
) -> None:
    """Find the formula that matches each unit best.

    compexact explain probe --units 0-9 --length 3
    compexact explain probe --length 10 --jobs 4 -o run
    compexact explain probe --length auto -o run
    compexact explain probe --engine exact --length 5 --time-limit 60 -o proven
    compexact explain probe --engine exact --fp-weight 2 -o strict
    compexact explain probe --engine exact --length 10 --trace trace.jsonl
    """
    from ...solver.errors import UsageError
    from ...solver.reference_forms import FORMS
    from ..questions.length_choice import settled
    from ..run.engines import check_settings
    from ..run.units import Explain

    check_settings(settings)
    if require not in (None, "optimal"):
        raise UsageError(f"--require takes optimal, not {require!r}")
    left_out = ("by_length", *ONLY_IN_FILES, *(() if settings.top_k > 1 else ("top",)))
    statuses: Counter[str] = Counter()

    def shown(record: Record, _: str) -> Record:
        statuses[record["status"]] += 1
        return {key: value for key, value in record.items() if key not in left_out}

    columns = columns_of(settings.errors)
    least = FORMS[settings.compat].min_active if settings.compat else 0
    asked.do(Explain(settings), columns, shown, min_active=least, settle=settled)
    _end(statuses, must_be_proven=require is not None)


def _end(statuses: Counter[str], *, must_be_proven: bool) -> None:
    """Say how many units are failed or unproven; leave with the exit code for it."""
    failed = statuses["failed"]
    unproven = statuses.total() - failed - statuses["optimal"] - statuses["degenerate"] if must_be_proven else 0
    for count, what in ((failed, "failed; their lines say why"), (unproven, "are not proven optimal")):
        if count:
            print(f"compexact: {count} of {statuses.total()} units {what}", file=sys.stderr)
    if failed or unproven:
        raise typer.Exit(SOME_UNPROVEN)
