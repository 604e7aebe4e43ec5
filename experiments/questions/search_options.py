"""How a question explains units: options that several have, and what is checked before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from ...solver.errors import UsageError
from ..commands.options import BeamSizeOption, EngineOption, LengthOption, SeedOption
from ..commands.signature import Depends
from ..commands.where_asked import HERE, WhereAsked
from ..run.engines import check_settings
from ..run.settings import SearchSettings


@dataclass(frozen=True)
class BeamOptions:
    """Of the beam, and of what a question draws by chance."""

    beam_size: BeamSizeOption = 10
    seed: SeedOption = 0
    where: WhereAsked = HERE


@dataclass(frozen=True)
class SearchOptions:
    """Of an engine of one's choice."""

    engine: EngineOption = "beam"
    beam_size: BeamSizeOption = 10
    where: WhereAsked = HERE

    def settings(self, lengths: Sequence[int]) -> SearchSettings:
        """Those for `explain_at`.

        Raises `UsageError` for an unknown engine, a beam that is too small, and where no length of at least 1 is asked
        for.
        """
        if not lengths:
            raise UsageError("no maximum length is asked for; name one or more, such as 1-5,10")
        settings = SearchSettings(engine=self.engine, beam_size=self.beam_size)
        for length in (min(lengths), max(lengths)):
            check_settings(replace(settings, max_length=length))
        return settings


@dataclass(frozen=True)
class SearchAtLength(SearchOptions):
    """The same, and one maximum length."""

    length: LengthOption = 3


BEAM, SEARCH, AT_LENGTH = BeamOptions(), SearchOptions(), SearchAtLength()
"""As nothing is asked."""

BeamInput = Annotated[BeamOptions, Depends(BeamOptions, "Search")]
SearchInput = Annotated[SearchOptions, Depends(SearchOptions, "Search")]
SearchAtLengthInput = Annotated[SearchAtLength, Depends(SearchAtLength, "Search")]
