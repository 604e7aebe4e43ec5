"""A family of the user's own: `package.module:factory`, called without arguments, gives a function of the words.

That gives a dict with, by name, a value for each word: true or false (one concept, `mine:NAME`), or a text, "" or None
for none (a concept for each text, `mine:NAME=TEXT`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ....solver.errors import CompexactError, UsageError
from ...factories import brief, call_factory, find_attribute
from ..words import Column, Words
from .feature import Family, Feature


def own(spec: str) -> Family:
    """The family that the factory makes; `UsageError` where it is none."""
    made = call_factory(find_attribute(spec, "concepts"), f"concepts {spec!r}")
    if not callable(made):
        raise UsageError(f"concepts {spec!r} gives {type(made).__name__}; a function of the words is needed")

    def features(words: Words) -> list[Feature]:
        return _checked(spec, made, words)

    return features


def _checked(spec: str, function: Callable[[Words], object], words: Words) -> list[Feature]:
    where = f"concepts {spec!r}"
    try:
        found = function(words)
    except CompexactError:
        raise
    except Exception as error:  # whatever the user's code does
        raise UsageError(f"{where} fails with {brief(error)[:300]}") from error
    if not isinstance(found, Mapping):
        raise UsageError(f"{where} gives {type(found).__name__}; a dict, with a value for each word by name, is needed")
    features = []
    for name, values in found.items():
        values = list(values)
        if len(values) != len(words):
            raise UsageError(f"{where}, {str(name)!r}: {len(values):,} values for {len(words):,} words")
        if all(isinstance(value, str) or value is None for value in values):
            features.append(Feature(f"mine:{name}={{}}", "mine", Column.of(value or "" for value in values)))
        else:
            features.append(Feature("mine:{}", "mine", Column.of(str(name) if value else "" for value in values)))
    return features
