"""The door to the terminal: all that this process prints goes through it, once `guard_streams` was called.

Names, notes and messages come from files that anybody may have made.  A character that moves the cursor, changes
colours, or turns the direction of what follows could make a terminal show what is not there.  Each is written as
`\\uXXXX`: seen by people, and within a JSON string still the same character to programs.
"""

from __future__ import annotations

import codecs
import os
import re
import sys
from collections.abc import Iterable
from typing import Any

_UNSAFE = re.compile(
    "["
    "\0-\x08\x0b-\x1f\x7f-\x9f"  # controls, but tab and newline: with ESC the sequences of a terminal begin
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u206f"  # direction
    "\u2028\u2029\ufff9-\ufffb\U000e0000-\U000e007f"  # other ends of a line; what hides text
    "]"
)
_ERRORS = "compexact.visible"


def visible(text: str) -> str:
    """The text with `\\uXXXX` for what must not reach a terminal; newlines and tabs stay.

    >>> visible("red \\x1b[31m, \\xe9t\\xe9")
    'red \\\\u001b[31m, été'
    """
    return _UNSAFE.sub(lambda found: _escaped(found[0]), text)


def one_line(text: str) -> str:
    """The same with newlines and tabs shown, too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def _escaped(character: str) -> str:
    """As JSON has it: UTF-16, so two of them for what lies beyond U+FFFF."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))


def _escape_unencodable(error: UnicodeError) -> tuple[str, int]:
    """An error handler of codecs: what a narrow stream cannot hold, and halves of surrogate pairs."""
    assert isinstance(error, UnicodeEncodeError)
    return "".join(map(_escaped, error.object[error.start : error.end])), error.end


class Guarded:
    """A text stream that writes `visible` text.  It has no `buffer`, so nothing goes around it."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        self.stream.write(visible(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        if name in ("buffer", "detach"):
            raise AttributeError(name)
        return getattr(self.stream, name)


def guard_streams() -> None:
    """Put the door before stdout and stderr.  A closed one becomes a sink: that it is closed is no error."""
    codecs.register_error(_ERRORS, _escape_unencodable)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for the rest of the process
        elif not isinstance(stream, Guarded):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors=_ERRORS)
            setattr(sys, name, Guarded(stream))


def behind(stream: Any) -> Any:
    """The stream behind the door, for what moves the cursor on purpose and shows no text from outside."""
    return stream.stream if isinstance(stream, Guarded) else stream
