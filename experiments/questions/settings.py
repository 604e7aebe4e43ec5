"""How a question explains units, checked before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...solver.errors import UsageError
from ..run.engines import SearchSettings, check_settings


def chosen_search(engine: str, beam_size: int, lengths: Sequence[int]) -> SearchSettings:
    """The settings for `explain_at`.

    Raises `UsageError` for an unknown engine, a beam that is too small, and where no length of at least 1 is asked for.
    """
    if not lengths:
        raise UsageError("no maximum length is asked for; name one or more, such as 1-5,10")
    settings = SearchSettings(engine=engine, beam_size=beam_size)
    for length in (min(lengths), max(lengths)):
        check_settings(replace(settings, max_length=length))
    return settings
