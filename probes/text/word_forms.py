"""Words as concepts count them."""

from __future__ import annotations

import unicodedata


def word_form(token: str) -> str:
    """The token as concepts count it: in lower case, and composed (NFC), so that equal-looking words are equal."""
    return composed(composed(token).lower())


def composed(token: str) -> str:
    """The token in the form in which equal-looking ones are equal (NFC)."""
    return unicodedata.normalize("NFC", token)
