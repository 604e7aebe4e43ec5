"""Where units are worked on: the options of all commands that search many.  Nothing heavy is imported."""

from __future__ import annotations

from typing import Annotated

from ..run.where import HERE as HERE
from ..run.where import Where as Where
from ..run.where import where
from .options import JobsOption, OnOption
from .signature import Depends


def where_asked(jobs: JobsOption = 1, on: OnOption = None) -> Where:
    """The place that `--jobs` and `--on` name."""
    return where(jobs, on)


WhereAsked = Annotated[Where, Depends(where_asked)]
