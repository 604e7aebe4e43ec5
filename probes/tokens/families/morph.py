"""Each morphological feature by itself: `morph:Number=Plur`."""

from __future__ import annotations

from ..words import Words
from .feature import Feature


def features(words: Words) -> list[Feature] | None:
    """One, of the features that stand together, as in `Mood=Ind|Tense=Past`."""
    if "morph" not in words.columns:
        return None
    return [Feature("morph:{}", "morphology", words.columns["morph"], lambda text: text.split("|"))]
