"""Options that several commands have.  Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def whole_number(text: str) -> int:
    """An option's value as an integer; typer's own message would not show what was typed."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a whole number") from None


def number(text: str) -> float:
    """An option's value as a number with a decimal point."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number such as 0.005") from None


WHOLE: dict[str, Any] = {"parser": whole_number, "metavar": "N"}
NUMBER: dict[str, Any] = {"parser": number, "metavar": "X"}

FormatOption = Annotated[
    str | None, typer.Option("--format", help="table, jsonl or csv.  Default: table on a terminal, else jsonl.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what lies at the output.")]
FolderOption = Annotated[Path, typer.Option("-o", "--output", help="The folder to make.")]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")]
UnitsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="UNIT,...",
        help="Names and ranges: 0,3,10-20; a name with a comma as a value of its own; repeatable.  Default: all.",
    ),
]
JobsOption = Annotated[int, typer.Option(**WHOLE, help="Processes; -1 for one per core.")]
BeamSizeOption = Annotated[int, typer.Option(**WHOLE, help="Distinct functions kept in the beam.")]
