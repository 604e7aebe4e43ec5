r"""Formulas as text: `(water OR river) AND NOT blue`.  Printing (`str`) and parsing are inverse.

    formula  = term { "OR" term }
    term     = factor { "AND" factor }
    factor   = "NOT" factor | "(" formula ")" | name
    name     = bare word | "NEIGHBORS(" bare word ")" | '"' text with \" and \\ '"'

`NEIGHBORS(pre:dog)` is the name of a concept, too: one that holds where a neighbour of the word does
(`probes/text/concepts.py`).  Having parentheses, it is printed in quotes, and read with and without.

The paper's code writes `((water OR river) AND (NOT blue))`: that parses, too.  It writes names with
blanks bare; they are read where the known concept names are given.

The parser is our own because names may hold any character, because an error must point at a column,
and because text from files must never reach `eval` (as in `sympy.sympify`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass

from .errors import UsageError, did_you_mean
from .formula import OPERATOR_WORDS, And, Atom, Formula, Not, Or

MAX_CHARACTERS = 100_000
MAX_DEPTH = 200

_TOKEN = re.compile(
    r'\s*(?:(?P<mark>[()])|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<word>NEIGHBORS\([^\s()"]+\)|[^\s()"]+))', re.DOTALL
)


class FormulaError(UsageError):
    """A text that is not a formula.  `column` counts from 0; `pointer()` shows the place."""

    def __init__(self, problem: str, text: str, column: int) -> None:
        super().__init__(f"{problem} (column {column + 1})\n{_pointer(text, column)}")
        self.problem, self.text, self.column = problem, text, column


def _pointer(text: str, column: int) -> str:
    """The text around the column, and a caret below it."""
    start = max(0, column - 60)
    window = "".join(c if c.isprintable() else " " for c in text[start : column + 40])
    return f"  {window}\n  {' ' * (column - start)}^"


_NAMES = ("name", "quoted")
_SIGNS = {"|": "OR", "||": "OR", "+": "OR", "&": "AND", "&&": "AND", "*": "AND", ",": "AND or OR"}
"""What other languages write, and what stands for it here."""


@dataclass(frozen=True)
class _Token:
    kind: str  # "(", ")", "AND", "OR", "NOT", "name" or "end"
    text: str
    column: int


def parse(text: str, names: Collection[str] | None = None) -> Formula:
    r"""The formula that the text spells.

    names: the known concepts.  With them, an unknown name is an error with the nearest known ones, and
        a run of bare words that spells a known name (`shop window`) is read as that name.

    Raises `FormulaError` (exit code 2) with the column, on anything that is not a formula, on more than
    100,000 characters, and on formulas nested deeper than 200.

    >>> parse('water OR river AND NOT "5\\" disk"')
    <water OR (river AND NOT "5\" disk")>
    >>> parse("shop window OR wheel", names=["shop window", "wheel"])
    <"shop window" OR wheel>
    """
    if len(text) > MAX_CHARACTERS:
        raise FormulaError(f"the formula has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed", text[:40], 0)
    tokens = _tokens(text)
    if names is not None:
        tokens = _known(tokens, text, names)
    return _Parser(text, tokens).formula()


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            column = position + len(text[position:]) - len(text[position:].lstrip())
            raise FormulaError("this quote is never closed", text, column)
        position = match.end()
        if match["quoted"] is not None:
            name = re.sub(r"\\(.)", r"\1", match["quoted"], flags=re.DOTALL)
            tokens.append(_Token("quoted", name, match.start("quoted") - 1))
        elif match["mark"]:
            tokens.append(_Token(match["mark"], match["mark"], match.start("mark")))
        else:
            word = match["word"]
            tokens.append(_Token(word if word in OPERATOR_WORDS else "name", word, match.start("word")))
    tokens.append(_Token("end", "", end))
    return tokens


def _known(tokens: list[_Token], text: str, names: Collection[str]) -> list[_Token]:
    """Join runs of bare words into known names, and refuse unknown names.

    Two names side by side are no formula: what follows them is left to the parser's error, not joined at great length.
    """
    known = names if isinstance(names, Set | Mapping) else frozenset(names)
    longest = -1  # how many blanks names have at most, once that is asked for
    joined: list[_Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        position += 1
        if token.kind in _NAMES and joined and joined[-1].kind in _NAMES:
            return [*joined, token, *tokens[position:]]
        if token.kind == "name" and tokens[position].kind == "name":
            longest = longest if longest >= 0 else max((name.count(" ") for name in known), default=0)
            run = 0
            while run < longest and tokens[position + run].kind == "name":
                run += 1
            for count in range(run, 0, -1):
                name = " ".join(part.text for part in tokens[position - 1 : position + count])
                if name in known:
                    token, position = _Token("name", name, token.column), position + count
                    break
        if token.kind in _NAMES and token.text not in known:
            hint = did_you_mean(token.text, known) or did_you_mean(token.text.upper(), OPERATOR_WORDS)
            raise FormulaError(f"no concept is named {token.text!r}{hint}", text, token.column)
        joined.append(token)
    return joined


class _Parser:
    """Recursive descent over the tokens; the depth is counted, so Python's own limit is never met."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text, self.tokens, self.position, self.depth = text, tokens, 0, 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.position]

    def fail(self, problem: str) -> FormulaError:
        return FormulaError(problem, self.text, self.token.column)

    def take(self) -> _Token:
        token = self.token
        self.position += 1
        return token

    def formula(self) -> Formula:
        result = self.disjunction()
        if self.token.kind == ")":
            raise self.fail("this parenthesis closes nothing")
        if self.token.kind != "end":
            raise self.fail(f"expected AND or OR before {self.token.text!r}{self._hint()}")
        return result

    def _hint(self) -> str:
        word = self.token.text
        if word.upper() in OPERATOR_WORDS:
            return "; operators are written in capitals"
        if word in _SIGNS:
            return f"; it is written {_SIGNS[word]}"
        if self.token.kind == "name" and (near := did_you_mean(word.upper(), OPERATOR_WORDS)):
            return near
        return '; a name with blanks stands in double quotes, "like this"'

    def disjunction(self) -> Formula:
        parts = [self.conjunction()]
        while self.token.kind == "OR":
            self.take()
            parts.append(self.conjunction())
        return Or(*parts) if len(parts) > 1 else parts[0]

    def conjunction(self) -> Formula:
        parts = [self.factor()]
        while self.token.kind == "AND":
            self.take()
            parts.append(self.factor())
        return And(*parts) if len(parts) > 1 else parts[0]

    def factor(self) -> Formula:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fail(f"nested deeper than {MAX_DEPTH}")
        token = self.take()
        if token.kind == "NOT":
            result: Formula = Not(self.factor())
        elif token.kind == "(":
            result = self.disjunction()
            if self.token.kind != ")":
                raise self.fail(
                    f"the parenthesis opened at column {token.column + 1} is not closed"
                    if self.token.kind == "end"
                    else f"expected AND, OR or a closing parenthesis before {self.token.text!r}{self._hint()}"
                )
            self.take()
        elif token.kind in _NAMES and token.text:
            result = Atom(token.text)
        else:
            self.position -= 1
            raise self.fail("expected a concept, NOT or an opening parenthesis")
        self.depth -= 1
        return result
