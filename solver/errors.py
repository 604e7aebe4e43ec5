"""What can go wrong, and the exit code that each kind of failure gives on the command line.

Every message says what was found, where, and what would be right.  The command line prints it as
one line and leaves with `exit_code`; in Python it is an ordinary exception.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CompexactError(Exception):
    """Anything this package refuses or cannot do (exit code 1)."""

    exit_code = 1


class UsageError(CompexactError):
    """A wrong argument, option or formula (exit code 2)."""

    exit_code = 2


class DataError(CompexactError):
    """Bad data or a damaged file (exit code 3)."""

    exit_code = 3


class DisagreementError(CompexactError):
    """Two computations of one number differ: never ignorable (exit code 5)."""

    exit_code = 5


def did_you_mean(word: str, known: Iterable[str], n: int = 3) -> str:
    """The known words nearest to `word`, as the end of an error message; empty if none is near.

    >>> did_you_mean("watr", ["water", "river"]), did_you_mean("IOU", ["iou", "f1"])
    ("; did you mean 'water'?", "; did you mean 'iou'?")
    """
    words = list(known)
    near = difflib.get_close_matches(word, words, n=n, cutoff=0.6)
    if not near:
        near = [each for each in words if each.casefold() == word.casefold()][:n]
    return f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else ""
