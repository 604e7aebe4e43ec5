"""Of many random problems the first few are of `make test`, the others of `make test-slow`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest


def first(n: int, values: Sequence[Any]) -> list[Any]:
    """Parameters: the values, all but the first n of them marked `fuzz`."""
    return [*values[:n], *(pytest.param(value, marks=pytest.mark.fuzz) for value in values[n:])]
