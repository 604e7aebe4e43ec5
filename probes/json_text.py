"""JSON from outside, strictly: what two readers could understand in two ways is refused."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ..solver.errors import DataError

MAX_DEPTH = 100
"""Lists and objects within each other; what is printed or written again must not reach Python's limit."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def parse_json(content: bytes | str, what: str) -> Any:
    """The same as `strict_json`, with a `DataError` that names the file: `what`."""
    try:
        return strict_json(content)
    except ValueError as error:
        raise DataError(f"{what} cannot be read: {error}") from None


def strict_json(content: bytes | str) -> Any:
    """The value that a text holds.

    Raises `ValueError`, with the reason in a part of a line, for what is not UTF-8 or not JSON, for NaN and numbers too
    large for a double, for a key that is given twice, for halves of surrogate pairs, and for what is nested deeper than
    `MAX_DEPTH`.
    """
    try:
        text = content.decode() if isinstance(content, bytes) else content
        value = json.loads(text, object_pairs_hook=_object, parse_float=_finite, parse_constant=_no_constant)
        _check_depth(value)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is not UTF-8") from None
    except UnicodeEncodeError:
        raise ValueError("it has half of a surrogate pair, which is no text") from None
    except RecursionError:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH}") from None
    except ValueError as error:
        raise ValueError(" ".join(str(error).split())[:200]) from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise ValueError(f"the key {twice[:40]!r} is there twice")
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large")
    return number


def _no_constant(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            part
            for whole in level
            if isinstance(whole, dict | list)
            for part in (whole.values() if isinstance(whole, dict) else whole)
            if isinstance(part, dict | list)
        ]
        if not level:
            return
    raise RecursionError
