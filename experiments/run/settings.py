"""What a search is asked.  Nothing heavy is imported here: the command line reads its options off this class."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from ..commands.options import (
    BEAM_SIZE,
    EngineOption,
    LengthOption,
    SampleOption,
    SeedOption,
    SpaceOption,
    TimeLimitOption,
)


@dataclass(frozen=True)
class SearchSettings:
    """What `compexact explain` is asked.  Defaults are the paper's.

    max_length: `--length`.  beam_size: None keeps every distinct function.  penalty: decimal text, so that it is exact.
    time_limit: engines that cannot be stopped early take none.
    """

    engine: EngineOption = "beam"
    space: SpaceOption = "chain"
    max_length: LengthOption = 3
    beam_size: Annotated[int | None, BEAM_SIZE] = 10
    top_k: Annotated[int, typer.Option(help="Also keep this many of the best formulas of the final beam.")] = 1
    penalty: Annotated[str, typer.Option(help="Score = metric * penalty ** (length - 1).")] = "1"
    metric: Annotated[str, typer.Option(help="What formulas are scored by.")] = "iou"
    compat: Annotated[str | None, typer.Option(help="Search as the paper's code does.")] = None
    time_limit: TimeLimitOption = None
    sample: SampleOption = None
    seed: SeedOption = 0

    def record(self) -> dict[str, Any]:
        """The settings as plain JSON."""
        return asdict(self)
