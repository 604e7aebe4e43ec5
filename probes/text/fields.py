"""The checks that every format of pairs shares: sentences, tokens and tags."""

from __future__ import annotations

import re

from ...solver.errors import DataError
from ...solver.names import name_problem
from .pairs import Sentence

_NOT_TEXT = re.compile("[\0\ud800-\udfff]")


def sentence_of(text: str, field: str, where: str) -> Sentence:
    """The sentence, without blanks around it.  DataError if nothing is left or it is no Unicode text."""
    if _NOT_TEXT.search(text):
        raise DataError(f"{where}: {field} holds a NUL character or half of a surrogate pair")
    if not text.strip():
        raise DataError(f"{where}: {field} is empty; every pair has two sentences")
    return Sentence(text.strip())


def tagged_sentence_of(tokens: str, tags: str, field: str, where: str) -> Sentence:
    """The sentence that stands in two cells, tokens and their tags, each separated by blanks."""
    text = sentence_of(tokens, f"{field}_tokens", where).text
    words = tuple(word for word in text.split(" ") if word)
    names = tuple(name for name in tags.split(" ") if name)
    if len(words) != len(names):
        raise DataError(
            f"{where}: {len(words)} {field}_tokens but {len(names)} {field}_tags; each token has one tag, "
            f"separated by blanks"
        )
    for name in names:
        if problem := name_problem(f"pre:tag:{name}"):
            raise DataError(f"{where}: {field}_tags has {name[:40]!r}, which {problem}")
    return Sentence(" ".join(words), words, names)
