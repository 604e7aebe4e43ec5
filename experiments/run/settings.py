"""What a search is asked.  Nothing heavy is imported here: the command line reads its options off this class."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..commands.options import (
    BEAM_SIZE,
    EngineOption,
    FnWeightOption,
    FpWeightOption,
    LengthOrAutoOption,
    SampleOption,
    SeedOption,
    SpaceOption,
    TimeLimitOption,
)

if TYPE_CHECKING:
    from ...solver.error_weights import ErrorWeights


@dataclass(frozen=True)
class SearchSettings:
    """What `compexact explain` is asked.  Defaults are the paper's.

    max_length: `--length`; an `UpTo` is to be chosen.  beam_size: None keeps every distinct function.  penalty: decimal
    text, so that it is exact.
    time_limit: engines that cannot be stopped early take none.  fp_weight, fn_weight: texts such as 2, 0.5 or 1/3.
    """

    engine: EngineOption = "beam"
    space: SpaceOption = "chain"
    max_length: LengthOrAutoOption = 3
    beam_size: Annotated[int | None, BEAM_SIZE] = 10
    top_k: Annotated[int, typer.Option(help="Also keep this many of the best formulas of the final beam.")] = 1
    penalty: Annotated[str, typer.Option(help="Score = metric * penalty ** (length - 1).")] = "1"
    metric: Annotated[str, typer.Option(help="What formulas are scored by.")] = "iou"
    fp_weight: FpWeightOption = "1"
    fn_weight: FnWeightOption = "1"
    compat: Annotated[str | None, typer.Option(help="Search as the paper's code does.")] = None
    time_limit: TimeLimitOption = None
    sample: SampleOption = None
    seed: SeedOption = 0

    def record(self) -> dict[str, Any]:
        """The settings as plain JSON; without weights where the score is IoU."""
        settings = asdict(self)
        del settings["fp_weight"], settings["fn_weight"]
        return settings | self.errors.record()

    @property
    def errors(self) -> ErrorWeights:
        """What errors count; `UsageError` where a weight is no number above 0."""
        from ...solver.error_weights import ErrorWeights

        return ErrorWeights.of(self.fp_weight, self.fn_weight)
