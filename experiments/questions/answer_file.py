"""What answer.json may hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from ...probes.schema import Count, Strict, Text


def _same_keys(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if any(row.keys() != rows[0].keys() for row in rows):
        raise ValueError("the rows of a table have the same keys")
    return rows


Rows = Annotated[list[dict[str, Any]], AfterValidator(_same_keys)]


class AskedOf(Strict, extra="allow"):
    """A probe, or a model, that was asked."""

    model: str | None = None
    layer: str | None = None
    dataset: str | None = None
    points: Count | None = None
    units: Count | None = None
    digest: str | None = None


class PublishedRecord(Strict):
    """A value that the paper prints, and ours."""

    what: str
    source: str
    theirs: float
    ours: float | None
    data: str


class AnswerFile(Strict, extra="allow"):
    """answer.json of a question's answer."""

    format: Literal["compexact answer"]
    name: Text
    question: str
    inputs: list[AskedOf]
    settings: dict[str, Any]
    summary: list[str]
    published: list[PublishedRecord]
    rows: Rows
    more: dict[str, Rows] = Field({})
    versions: dict[str, str] = Field({})
