"""The words beside it and their tags: `prev:the`, `prev:tag:DT` of the one before, `prev2:...` of the one before that;
`next:` and `next2:` alike."""

from __future__ import annotations

from ..words import Words
from .feature import Family, Feature, tag_of


def beside(name: str, category: str, step: int) -> Family:
    """The family of the words at `step` and at twice that."""

    def features(words: Words) -> list[Feature]:
        found, tag = [], tag_of(words)
        for n, label, which in ((1, name, category), (2, f"{name}2", f"{category} but one")):
            there = words.further(n * step)
            found.append(Feature(f"{label}:{{}}", f"{which} word", words.lower.at(there)))
            if tag is not None:
                found.append(Feature(f"{label}:tag:{{}}", f"{which} tag", tag.at(there)))
        return found

    return features
