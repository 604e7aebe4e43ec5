"""What is given for an option in Python, as its kind has it; whatever a command reads as text is taken as text, too."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

import typer

from .experiments.commands.signature import Option
from .probes.shard import Shard
from .solver.errors import UsageError
from .solver.names import brief


def taken(option: Option, value: Any) -> Any:
    """The value for the option's parameter; `UsageError` that says what was expected, and what was given.

    None is taken where the option may be left out, a number of numpy's as Python's own, one thing where there may be
    several, and any iterable of them.
    """
    if value is None and (option.default is None or type(None) in get_args(option.kind)):
        return None
    if isinstance(value, str) and option.parser is not None:
        return _parsed(option, value)
    try:
        return _of_kind(_wanted(option), _plain(value))
    except ValueError as expected:
        raise UsageError(f"{option.names[0]} is {expected}, not {shown(value)}") from None


def shown(value: Any) -> str:
    """A value in a part of a line.

    >>> shown("three"), shown(3.5), shown([1, 2])
    ("'three'", '3.5', '[1, 2]')
    """
    if isinstance(value, str):
        return brief(value)
    text = repr(value) if isinstance(value, bool | int | float | list | tuple | dict | range | type(None)) else ""
    return text if text and len(text) <= 60 else f"a {type(value).__name__}"


def _wanted(option: Option) -> Any:
    """The kind without None.  A text whose default is a number, such as a penalty, may be given as one."""
    kinds = [kind for kind in get_args(option.kind) if kind is not type(None)]
    kind = kinds[0] if type(None) in get_args(option.kind) else option.kind
    is_decimal = kind is str and isinstance(option.default, str) and option.default.replace(".", "", 1).isdigit()
    return _DECIMAL if is_decimal else kind


def _parsed(option: Option, text: str) -> Any:
    assert option.parser is not None
    try:
        value = option.parser(text)
    except typer.BadParameter as error:
        raise UsageError(f"{option.names[0]}: {error.message}") from None
    return tuple(value) if isinstance(value, list) and get_origin(_wanted(option)) is Sequence else value


def _plain(value: Any) -> Any:
    """A number of numpy's as one of Python's, an array or tensor as a list."""
    return value.tolist() if hasattr(value, "tolist") else value


def _of_kind(kind: Any, value: Any) -> Any:
    """`ValueError`, with what was expected, for any other value."""
    if kind in _PLAIN:
        return _PLAIN[kind](value)
    parts = get_args(kind)
    if get_origin(kind) is tuple and parts[-1] is not Ellipsis:
        if not isinstance(value, Iterable) or len(values := tuple(value)) != len(parts):
            raise ValueError(f"{len(parts)} values, such as (112, 112)")
        return tuple(_of_kind(part, each) for part, each in zip(parts, values))
    of_each = parts[0] if parts else str
    if isinstance(value, str | int | float | os.PathLike) or not isinstance(value, Iterable):
        return _collected(kind, [_of_kind(of_each, value)])
    return _collected(kind, [_of_kind(of_each, _plain(each)) for each in value])


def _collected(kind: Any, values: list[Any]) -> Any:
    return values if get_origin(kind) is list else tuple(values)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("a whole number")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number")
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text")
    return value


def _path(value: Any) -> Path:
    if not isinstance(value, str | os.PathLike):
        raise ValueError("a path")
    return Path(value)


def _shard(value: Any) -> Shard:
    if isinstance(value, Shard):
        return value
    if isinstance(value, tuple | list) and len(value) == 2:
        return Shard(_whole(value[0]), _whole(value[1]))
    raise ValueError("a shard such as '3/40', the third of forty")


def _decimal(value: Any) -> str:
    return value if isinstance(value, str) else repr(_number(value))


_DECIMAL = object()
_PLAIN: dict[Any, Callable[[Any], Any]] = {
    bool: _flag, int: _whole, float: _number, str: _text, Path: _path, Shard: _shard, _DECIMAL: _decimal,
}  # fmt: skip
