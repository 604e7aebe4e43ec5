"""Options that several commands have, each said once, and how what is typed is read.  Nothing heavy is imported.

Where a registry lists what an option can be, the help says it after what is here (`listed.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

import typer

from ...probes.shard import Shard

LONGEST_RANGE = 1_000
LONGEST_CHOSEN = 10
"""Of `--length auto`."""


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


def whole_numbers(text: str) -> list[int]:
    """Numbers and ranges as numbers, ascending, each once.

    >>> whole_numbers("5-7,1,6")
    [1, 5, 6, 7]
    """
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not first.strip().isdecimal() or (last and not last.strip().isdecimal()):
            raise typer.BadParameter(f"{text!r} is not whole numbers, commas and ranges, such as 1-5,10")
        if last and int(first) > int(last):
            raise typer.BadParameter(f"the range {part!r} runs backwards")
        if last and int(last) - int(first) >= LONGEST_RANGE:
            raise typer.BadParameter(f"the range {part!r} has more than {LONGEST_RANGE:,} numbers")
        found.update(range(int(first), int(last or first) + 1))
    return sorted(found)


def numbers(text: str) -> tuple[float, ...]:
    """Numbers with commas between.

    >>> numbers("0.5,-1")
    (0.5, -1.0)
    """
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not numbers and commas, such as 104,117,123") from None


class UpTo(int):
    """A maximum length that is to be chosen, and is no greater than this."""


def length(text: str | int) -> int:
    """A number, such as a default; `auto` or `auto:5` as one that is to be chosen.

    >>> length("3"), length("auto:5"), isinstance(length("auto:5"), UpTo)
    (3, 5, True)
    """
    auto, _, most = str(text).partition(":")
    if auto == "auto":
        return UpTo(LONGEST_CHOSEN if text == auto else whole_number(most))
    return whole_number(str(text))


def words(text: str) -> list[str]:
    """`a,b` as a list."""
    return [word.strip() for word in text.split(",") if word.strip()]


def size(text: str) -> tuple[int, int]:
    """`112x112` as (height, width)."""
    height, x, width = text.partition("x")
    if not (x and height.isdecimal() and width.isdecimal()):
        raise typer.BadParameter(f"{text!r} is not HEIGHTxWIDTH, such as 112x112")
    return int(height), int(width)


def shard(text: str) -> Shard:
    """`3/40` as the third of forty shards."""
    number, slash, of = text.partition("/")
    if not (slash and number.isdecimal() and of.isdecimal()):
        raise typer.BadParameter(f"{text!r} is not K/N, such as 3/40: the third of forty")
    return Shard(int(number), int(of))


def as_ranges(values: Iterable[int]) -> str:
    """Whole numbers as they are typed.

    >>> as_ranges([1, 2, 3, 10])
    '1-3,10'
    """
    runs = [[value for _, value in run] for _, run in groupby(enumerate(values), lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def with_commas(values: Iterable[float]) -> str:
    """Numbers as they are typed.

    >>> with_commas([0.33, 1.0])
    '0.33,1'
    """
    return ",".join(f"{value:g}" for value in values)


MODEL_HELP = "torchvision:NAME, timm:NAME, hf:FOLDER or package.module:factory."
ProbeArgument = Annotated[Path, typer.Argument(help="A probe folder or an .npz file.")]
MovedProbeOption = Annotated[Path | None, typer.Option(help="Where the run's probe lies, if it was moved.")]
UnitsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--units",
        "--unit",
        metavar="UNIT,...",
        help="Names and ranges: 0,3,10-20; a name with a comma as a value of its own; repeatable.  Default: all.",
    ),
]
OneUnitOption = Annotated[
    list[str] | None,
    typer.Option("--unit", "--units", metavar="UNIT", help="Which one.  Default: the only one of the probe."),
]
MinActiveOption = Annotated[
    int | None, typer.Option(help="Skip units active on fewer points.  Default: what the probe says, else 0.")
]
ShardOption = Annotated[
    Shard | None,
    typer.Option(parser=shard, metavar="K/N", help="Only this of N portions, such as 3/40; compexact merge joins all."),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="table, jsonl or csv.  Default: table on a terminal, else jsonl.")
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace what lies at the output.")]
FolderOption = Annotated[Path, typer.Option("-o", "--output", help="The folder to make.")]
RunOption = Annotated[Path | None, typer.Option("-o", "--output", help="Keep a run here, or go on with it.")]
TraceOption = Annotated[
    Path | None,
    typer.Option(
        "--trace",
        metavar="FILE",
        help="Write down what each search knows, as it goes: time, formula, IoU, bound and gap, as JSON lines.",
    ),
]
WeightsOption = Annotated[Path | None, typer.Option(help="A local state dict.")]
LimitOption = Annotated[int | None, typer.Option(help="Only the first inputs, at most this many.")]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")]
BatchSizeOption = Annotated[int, typer.Option(help="Inputs at once.")]
JobsOption = Annotated[int, typer.Option(help="Processes; -1 for one per core.")]
OnOption = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="PLACE",
        help="dask: a cluster of --jobs workers, made here; dask:tcp://HOST:PORT: that of this scheduler.  "
        "Default: processes of this machine.",
    ),
]
SeedOption = Annotated[int, typer.Option(help="Of what is random, if anything.")]

EngineOption = Annotated[str, typer.Option(help="How to search.")]
SpaceOption = Annotated[str, typer.Option(help="chain (the paper's) or tree.")]
BEAM_SIZE = typer.Option("--beam-size", help="Distinct functions kept in the beam.")
BeamSizeOption = Annotated[int, BEAM_SIZE]
BeamSizesOption = Annotated[Sequence[int], BEAM_SIZE]
LengthOption = Annotated[int, typer.Option("--length", help="Maximum number of concepts.")]
LengthOrAutoOption = Annotated[
    int,
    typer.Option(
        "--length",
        parser=length,
        metavar="N",
        help="Maximum number of concepts; auto (or auto:5): the shortest up to 10 (or 5) whose IoU on inputs held out "
        "is within one standard error of the best, of a probe that was made with --folds.",
    ),
]
LengthsOption = Annotated[
    Sequence[int], typer.Option("--lengths", "--length", help="Maximum number of concepts: 3, 2-4 or 1-5,10.")
]
ProvenOption = Annotated[Sequence[int], typer.Option(help="Lengths to prove, too; empty for none.")]
LocalOption = Annotated[bool, typer.Option("--local/--no-local", help="Show local search beside the beam.")]
TimeLimitOption = Annotated[float | None, typer.Option(help="Seconds of wall clock per unit.")]
FpWeightOption = Annotated[
    str,
    typer.Option(
        metavar="WEIGHT",
        help="How often a false positive counts: 2, 0.5 or 1/3.  Other than 1, formulas are scored by "
        "TP / (TP + fp-weight FP + fn-weight FN), the Tversky index; at 0.5 and 0.5 that is F1.",
    ),
]
FnWeightOption = Annotated[str, typer.Option(metavar="WEIGHT", help="How often a false negative counts; alike.")]
SampleOption = Annotated[int | None, typer.Option(help="Ask an outside solver about this many points.")]
