"""Names that a package gives and imports when they are first asked for: who reads a probe waits for no search."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def later(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """The package's `__getattr__`.  places: the module of every name.  None may be named as a module beside it: that
    would take its place."""

    def named(name: str) -> Any:
        if name in places:
            value = getattr(import_module(f".{places[name]}", package), name)
            setattr(sys.modules[package], name, value)
            return value
        raise AttributeError(f"module {package!r} has no attribute {name!r}")

    return named
