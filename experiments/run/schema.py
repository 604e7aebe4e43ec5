"""What run.json, the lines of units.jsonl and certificates may hold: types, ranges and keys.

What a run's command is decides what its lines are.  Whether the numbers are those of the probe is for `recount.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field

from ...probes.schema import Count, Sha256, ShardNumber, Strict, Text, digest_of, formed
from ...solver.checking import PROOFS
from ...solver.metrics import METRICS
from ...solver.names import brief, name_problem
from ...solver.reference_forms import FORMS

CERTIFICATES = "certificates"
MAX_PATH = 4096
"""Characters of the path to a probe: longer ones no system opens."""

Positive = Annotated[int, Field(ge=1, lt=2**63)]
Number = Annotated[float, Field(ge=0)]
Ratio = Annotated[list[Count], Field(min_length=2, max_length=2), AfterValidator(lambda pair: _fraction(pair))]
CertificateName = Annotated[str, Field(pattern=rf"^{CERTIFICATES}/[0-9]{{1,18}}\.json$")]
Weight = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}(/[1-9][0-9]{0,17})?$")]
Status = Literal["optimal", "bounded", "feasible", "degenerate", "failed"]
Space = Literal["chain", "tree"]


def one_of(registry: Mapping[str, Any]) -> AfterValidator:
    """Refuses what no row of the registry is named."""

    def check(name: str) -> str:
        if name not in registry:
            raise ValueError(f"it is {name!r}, and there are {', '.join(registry)}")
        return name

    return AfterValidator(check)


def _fraction(pair: list[int]) -> list[int]:
    if pair[1] == 0:
        raise ValueError("a fraction's denominator is above 0")
    return pair


class Found(Strict):
    """A formula and its counts; where errors are weighed, its score."""

    formula: Text
    length: Positive
    intersection: Count
    union: Count
    iou: Number
    score: Number = 0.0
    score_fraction: Ratio = Field([0, 1])


class AtLength(Found):
    """The best found up to a length.  proven: whether none up to it is better; engines that prove say it."""

    proven: bool = False


class Sample(Strict):
    """What an outside solver has seen and proven of a sample."""

    points: Count
    unit_points: Count
    cells: Count
    formula: Text | None
    length: Positive | None
    intersection: Count
    union: Count
    iou: Number
    bound: Number
    bound_fraction: Ratio
    proven: bool
    likely_bound: Number | None
    confidence: Number


class Answer(Strict):
    """The fields of `explain`'s JSON line.  score_fraction, fp_weight, fn_weight: only where errors are weighed."""

    unit: Text
    engine: Text
    space: Space
    max_length: Positive
    formula: Text | None
    length: Positive | None
    intersection: Count
    union: Count
    iou: Number
    bound: Number | None
    bound_fraction: Ratio | None
    gap: Number | None
    ceiling: Number
    status: Status
    seconds: Number
    metric: Text = ""
    score: Number = 0.0
    score_fraction: Ratio = Field([0, 1])
    fp_weight: Weight = "1"
    fn_weight: Weight = "1"
    error: str = ""
    sample: Sample | None = None


class KeptAnswer(Answer):
    """An answer as a run keeps it."""

    by_length: list[AtLength]
    top: list[Found]


class TraceLine(Strict):
    """A line of `--trace`: what is known of a unit at a moment of its search."""

    unit: Text
    engine: Text
    space: Space
    max_length: Positive
    seconds: Number
    formula: Text | None
    length: Positive | None
    intersection: Count
    union: Count
    iou: Number
    score: Number = 0.0
    score_fraction: Ratio = Field([0, 1])
    fp_weight: Weight = "1"
    fn_weight: Weight = "1"
    bound: Number
    bound_fraction: Ratio
    gap: Number
    status: Status | Literal["searching"]


class _Kept(Strict):
    """What stands beside an answer: the file that proves it, that file's digest, and the line's own."""

    certificate: CertificateName = ""
    certificate_digest: Sha256 = ""
    digest: Sha256 = ""


class ExplainLine(KeptAnswer, _Kept):
    """A unit's line in a run of `explain`."""


class GridPoint(Strict):
    """A length and beam size of an audit; where errors are weighed, with scores beside the IoUs."""

    max_length: Positive
    beam_size: Positive
    beam_iou: Number
    exact_iou: Number
    beam_gap: Number | None
    beam_optimal: bool | None
    exact_gap: Number | None
    status: Status
    beam_seconds: Number
    exact_seconds: Number
    local_iou: Number = 0.0
    local_gap: Number | None = None
    local_seconds: Number = 0.0
    beam_score: Number = 0.0
    local_score: Number = 0.0
    exact_score: Number = 0.0


Moment = Annotated[list[Number], Field(min_length=3, max_length=3)]
"""Seconds, IoU and bound."""


class AuditLine(_Kept):
    """A unit's line in an audit.  trace: what `exact` knew and when; earlier versions kept none."""

    unit: Text
    beam: Answer
    local: Answer | None = None
    exact: KeptAnswer
    beam_gap: Number | None
    beam_optimal: bool | None
    trace: list[Moment] | None = None
    grid: Annotated[list[GridPoint], Field(min_length=1)]


class CurvePoint(Strict):
    """A maximum length, and the mean IoU on folds that the formulas were not found on."""

    max_length: Positive
    held_out_iou: Number
    standard_error: Number


class LengthChoice(Strict):
    """How `--length auto` chose."""

    chosen: Positive
    best: Positive
    folds: Positive
    units: Positive
    curve: Annotated[list[CurvePoint], Field(min_length=1)]


class Settings(Strict):
    """What was asked.  Earlier versions knew fewer settings."""

    engine: Text
    space: Space
    max_length: Positive
    beam_size: Positive | None = 10
    top_k: Positive = 1
    penalty: str | Number = "1"
    metric: Annotated[str, one_of(METRICS)] = "iou"
    fp_weight: Weight = "1"
    fn_weight: Weight = "1"
    compat: Annotated[str, one_of(FORMS)] | None = None
    time_limit: Number | None = None
    sample: Positive | None = None
    seed: Count = 0
    min_active: Count = 0
    length_choice: LengthChoice | None = None


class AuditSettings(Settings):
    """With the grid's."""

    lengths: Annotated[list[Positive], Field(min_length=1)]
    beam_sizes: Annotated[list[Positive], Field(min_length=1)]


class _ProbeOfRun(Strict):
    path: Annotated[str, Field(min_length=1, max_length=MAX_PATH)]
    digest: Sha256


class RunShard(ShardNumber):
    """Which portion of the units the run is about.  of_all: SHA-256 of the names of all, as JSON."""

    of_all: Sha256


class _Header(Strict):
    format: Literal["compexact run"]
    version: Literal[1]
    units: Annotated[list[Text], AfterValidator(lambda names: _distinct(names))]
    shard: RunShard | None = None
    probe: _ProbeOfRun
    versions: dict[str, str] = Field({})
    digest: Sha256 = ""


class ExplainHeader(_Header):
    """run.json of `explain`."""

    command: Literal["explain"]
    settings: Settings


class AuditHeader(_Header):
    """run.json of `audit`."""

    command: Literal["audit"]
    settings: AuditSettings


def _distinct(names: list[str]) -> list[str]:
    if len(set(names)) != len(names):
        raise ValueError("a unit is named twice")
    for name in names:
        if problem := name_problem(name):
            raise ValueError(f"a unit's name, {brief(name)}, {problem}")
    return names


class CertificateFile(Strict):
    """A file of `certificates/`: what it claims.  Whether that is so is for `solver/checking`, which reads it anew."""

    format: Literal[2]
    digest: Sha256
    space: Space
    unit: str
    max_length: Positive
    formula: Any
    iou: Ratio
    bound: Ratio
    proof: Annotated[str, Field(json_schema_extra={"enum": list(PROOFS)})]
    content: Any
    seal: Sha256


HEADERS: Mapping[str, type[_Header]] = {"explain": ExplainHeader, "audit": AuditHeader}
LINES: Mapping[str, type[_Kept]] = {"explain": ExplainLine, "audit": AuditLine}


def check_form(form: type[BaseModel], value: Any) -> dict[str, Any]:
    """The value, once it has the form; `ValueError` that names the first field that has not, and what is expected."""
    formed(form, value)
    assert isinstance(value, dict)
    return value


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """The record with its digest."""
    return {**record, "digest": digest_of(record)}
