"""What the names of concepts and units must be; every reader asks here."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Sequence

from .errors import DataError

MAX_NAME = 1000
"""Characters; a formula of many such names can still be written and read (`parse.py`)."""

UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of control, invisible or direction, surrogate and line-breaking characters."""


def has_unseen(text: str) -> bool:
    """Whether some character of `text` is a control, invisible, surrogate or line-breaking one."""
    return not text.isprintable() and any(unicodedata.category(c) in UNSEEN_CATEGORIES for c in text)


def name_problem(name: str) -> str | None:
    """What keeps the text from being a name, as the end of a sentence; None for a good one.

    >>> name_problem("shop window"), name_problem(" "), name_problem("a\\tb")
    (None, 'is empty', "has the character '\\\\t'")
    """
    return "is empty" if not name.strip() else category_problem(name)


def category_problem(text: str) -> str | None:
    """The same of a category, which may be empty."""
    if len(text) > MAX_NAME:
        return f"has {len(text):,} characters; {MAX_NAME:,} are the most"
    if has_unseen(text):
        bad = next(c for c in text if unicodedata.category(c) in UNSEEN_CATEGORIES)
        return f"has the character {bad!a}"
    return None


def check_visible(names: Sequence[str], what: str) -> None:
    """Raise `DataError` for the first that is no name, with its place; what: `concept`, `unit`."""
    for place, name in enumerate(names):
        if problem := name_problem(name):
            raise DataError(f"the name of {what} {place} (from 0), {brief(name)}, {problem}")


def check_categories(categories: Sequence[str], names: Sequence[str]) -> None:
    """Raise `DataError` where there is not one for each concept, or one is too long or does not print."""
    if len(categories) != len(names):
        raise DataError(f"there are {len(names)} concepts but {len(categories)} concept_categories")
    for name, category in zip(names, categories):
        if problem := category_problem(category):
            raise DataError(f"the category of concept {brief(name)}, {brief(category)}, {problem}")


def checked_names(names: Sequence[str] | None, count: int, what: str, default: Callable[[int], str]) -> tuple[str, ...]:
    """The names as text, or the default ones.

    Raises `DataError` where their number is wrong, one is no name (`name_problem`), or two are equal up to case and
    Unicode normal form.
    """
    if names is None:
        return tuple(default(i) for i in range(count))
    texts = tuple(str(name) for name in names)
    if len(texts) != count:
        raise DataError(f"there are {count} {what}s but {len(texts)} {what} names")
    check_visible(texts, what)
    alike: dict[str, list[str]] = defaultdict(list)
    for name in texts:
        alike[unicodedata.normalize("NFC", name).casefold()].append(name)
    pairs = [" and ".join(map(brief, same)) for same in alike.values() if len(same) > 1]
    if pairs:
        more = f", and {len(pairs) - 5} more" if len(pairs) > 5 else ""
        raise DataError(f"{what} names must differ in more than case: {', '.join(pairs[:5])}{more}")
    return texts


def brief(text: str) -> str:
    """A text from a file in quotes, escaped and cut, for a message of one line."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
