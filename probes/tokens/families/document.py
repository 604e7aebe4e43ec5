"""What is known of the document: `doc:genre=weblog`."""

from __future__ import annotations

from ..words import Words
from .feature import Feature


def features(words: Words) -> list[Feature] | None:
    """One for each field that documents have."""
    found = [Feature(f"doc:{name}={{}}", "document", column) for name, column in words.fields.items()]
    return found or None
