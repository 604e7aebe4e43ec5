"""`compexact audit`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

from ..run.settings import SearchSettings
from .options import (
    BeamSizesOption,
    EngineOption,
    FnWeightOption,
    FpWeightOption,
    LengthsOption,
    SampleOption,
    SeedOption,
    SpaceOption,
    TimeLimitOption,
)
from .signature import Depends
from .units_asked import ONLY_IN_FILES, Record, UnitsAsked

if TYPE_CHECKING:
    from ...solver.error_weights import ErrorWeights

COLUMNS = ("unit", "beam_iou", "local_iou", "exact_iou", "beam_gap", "beam_optimal", "status", "formula")
WEIGHED = ("unit", "beam_score", "local_score", "exact_score", "beam_gap", "beam_optimal", "status", "formula")


def asked_audit(
    engine: EngineOption = "exact",
    space: SpaceOption = "chain",
    lengths: LengthsOption = (3,),
    beam_size: BeamSizesOption = (10,),
    fp_weight: FpWeightOption = "1",
    fn_weight: FnWeightOption = "1",
    time_limit: TimeLimitOption = None,
    sample: SampleOption = None,
    seed: SeedOption = 0,
) -> Any:
    """The `Audit`; several lengths and beam sizes make a grid."""
    from ..run.audit import Audit

    asked = SearchSettings(engine=engine, space=space, time_limit=time_limit, sample=sample, seed=seed)
    settings = replace(asked, fp_weight=fp_weight, fn_weight=fn_weight)
    return Audit.of(settings, lengths, beam_size)


def audit(
    asked: Annotated[UnitsAsked, Depends(UnitsAsked)], work: Annotated[Any, Depends(asked_audit, "Search")]
) -> None:
    """Hold beam and local search against what is proven.

    Unit by unit, an engine that proves stands beside them.

    compexact audit probe --length 3 -o audit
    compexact audit probe --units 0-99 --length 2-4 --beam-size 1,5,10,50 -o grid
    compexact audit probe --length 8 --time-limit 60 -o audit --trace audit.jsonl
    """
    is_grid = len(work.lengths) * len(work.beam_sizes) > 1
    left_out = (*ONLY_IN_FILES, "trace", *(() if is_grid else ("grid",)))
    records: list[Record] = []

    def shown(record: Record, format: str) -> Record:
        plain = {key: value for key, value in record["exact"].items() if key not in ("by_length", "top")}
        records.append(record | {"exact": plain})
        printed = {key: value for key, value in records[-1].items() if key not in left_out}
        return printed if format == "jsonl" else side_by_side(printed, columns)

    columns = columns_of(work.settings.errors)
    try:
        asked.do(work, columns, shown)
    finally:
        _print_summary(records)
    if asked.output is not None and records:
        from ..run.audit_plot import plot_audit

        plot_audit(records, asked.output / "audit.svg", asked.output / "audit.png")
        print(f"plot: {asked.output / 'audit.svg'}", file=sys.stderr)


def columns_of(errors: ErrorWeights) -> tuple[str, ...]:
    """The columns of tables: where errors are weighed, gaps are of the score."""
    return COLUMNS if errors.are_even else WEIGHED


def side_by_side(record: Record, columns: Sequence[str] = COLUMNS) -> Record:
    """The columns of tables and CSV; JSON lines stay nested."""
    parts = {part: record.get(part, {}) for part in ("beam", "local", "exact")}
    flat = {f"{part}_{field}": answer.get(field) for part, answer in parts.items() for field in ("iou", "score")}
    flat |= {field: record["exact"][field] for field in ("status", "formula")}
    return {column: (record | flat)[column] for column in columns}


def _print_summary(records: list[Record]) -> None:
    from ..printing import table
    from ..run.audit import summarise, worst_units

    weighed = any("score_fraction" in record["exact"] for record in records)
    rows = [summary.named(weighed) for summary in summarise(records)]
    if not rows:
        return
    print(file=sys.stderr)
    for line in table([list(rows[0]), *(list(row.values()) for row in rows)]):
        print(line, file=sys.stderr)
    for record in worst_units(records):
        for name, part in (("beam", record["beam"]), ("best", record["exact"])):
            score = part["score"] if weighed else part["iou"]
            print(f"unit {record['unit']}: {name} {score:.4f}  {part['formula']}", file=sys.stderr)
