"""A walk over sets of concepts, ready to go."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np


class Stage(NamedTuple):
    """columns: the concepts in the order of the walk.  walk: its state, `numbers` and `found` as `walk.py` has them.

    go: on for about so many steps; CLOSED or PAUSED.
    """

    columns: np.ndarray
    walk: Any
    go: Callable[[int], int]

    @classmethod
    def of(cls, kernel: Callable[[Any, Any, int], int], columns: np.ndarray, tables: Any, walk: Any) -> Stage:
        """Of the compiled walk over these tables."""
        return cls(columns, walk, partial(kernel, tables, walk))
