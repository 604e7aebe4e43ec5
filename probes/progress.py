"""How long work says how far it has come."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""Called now and then with what is being done, how many are done (never fewer than before), and of how many.

Another text is another stretch of work, which is over where done == total; `experiments/progress.py` shows them.
"""


def silent(what: str, done: int, total: int) -> None:
    """The default: nobody is told."""
