"""The families of concepts that words have.  A new one is a file here and a row below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....solver.errors import UsageError, did_you_mean
from ...factories import is_factory_spec
from ..words import Words
from . import affix, document, head, morph, position, shape, word
from .context import beside
from .feature import Family, Feature, annotated
from .own import own
from .regex import read_patterns


@dataclass(frozen=True)
class Row:
    """A family, and how many concepts it gives unless another number is asked for; None for all that there are."""

    features: Family
    most: int | None = None


FAMILIES = {
    "word": Row(word.features, 2000),
    "lemma": Row(annotated("lemma", "lemma"), 2000),
    "upos": Row(annotated("upos", "universal tag")),
    "xpos": Row(annotated("xpos", "tag")),
    "dep": Row(annotated("dep", "relation")),
    "head": Row(head.features, 500),
    "morph": Row(morph.features),
    "ent": Row(annotated("ent", "entity")),
    "position": Row(position.features),
    "shape": Row(shape.features),
    "prefix": Row(affix.prefixes, 200),
    "suffix": Row(affix.suffixes, 200),
    "prev": Row(beside("prev", "previous", -1), 300),
    "next": Row(beside("next", "next", 1), 300),
    "doc": Row(document.features),
}
REGEX = "regex:"


@dataclass(frozen=True, eq=False)
class Asked:
    """A family that is asked for: its name, its features, and the most concepts that it may give."""

    name: str
    features: Sequence[Feature]
    most: int | None


def families_of(words: Words, text: str | None) -> list[Asked]:
    """The families that a text asks for, as `--concepts` has it; None: all that the corpus has something for.

    Raises `UsageError` for one that there is not, that is there twice, or that the corpus has nothing for.
    """
    known = FAMILIES | {name: Row(annotated(name, name)) for name in words.columns if name not in FAMILIES}
    if text is None:
        found = ((name, row.features(words), row.most) for name, row in known.items())
        return [Asked(name, list(features), most) for name, features, most in found if features is not None]
    asked = [_asked(item.strip(), words, known) for item in text.split(",") if item.strip()]
    if not asked:
        raise UsageError(f"--concepts names no family; known are {', '.join(known)}")
    names = [each.name for each in asked]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"--concepts names {twice[0]!r} twice")
    return asked


def _asked(item: str, words: Words, known: dict[str, Row]) -> Asked:
    if item.startswith(REGEX):
        return Asked(item, list(read_patterns(item.removeprefix(REGEX))(words) or ()), None)
    name, colon, most = item.partition(":")
    if name not in known and is_factory_spec(item):
        return Asked(item, list(own(item)(words) or ()), None)
    if name not in known:
        raise UsageError(
            f"there is no family of concepts {name!r}; this corpus has {', '.join(known)}; also regex:FILE and "
            f"package.module:factory{did_you_mean(name, known)}"
        )
    if colon and not (most.isdecimal() and most.isascii() and int(most) > 0):
        raise UsageError(f"--concepts {item}: {most!r} is no number of concepts, such as {name}:500")
    features = known[name].features(words)
    if features is None:
        has = ", ".join(words.columns) or "none"
        raise UsageError(f"the corpus has nothing for the family {name!r}; its columns are: {has}")
    return Asked(name, list(features), int(most) if colon else known[name].most)
