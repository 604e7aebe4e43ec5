"""The smallest edit of a sentence pair after which a formula holds, or fails."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, islice

from ...probes.text.language import AnalysedPair
from ...solver.formula import Formula
from .edit_moves import Lexicon, changed_words, edits_satisfying, edits_violating
from .pair_formulas import ConceptReader, truth

MOST_FLIPS = 2
"""How many concepts of a formula are changed at once."""

MOST_RESULTS = 3
"""How many ways to change a concept are tried."""


def smallest_edit(
    formula: Formula, wanted: bool, pair: AnalysedPair, reader: ConceptReader, lexicon: Lexicon
) -> AnalysedPair | None:
    """The pair with few words changed so that the formula holds (or not); None where none is found.

    Up to two concepts are changed at once, each in the most sensible way that works; of the concepts that could be
    changed, those that cost the fewest words.  The result is counted again: an edit that changes another concept
    by the way counts only if the formula does as wanted after all.
    """
    values = {name: reader.holds(name, pair) for name in dict.fromkeys(formula.atoms())}
    if truth(formula, values) == wanted:
        return pair
    found = []
    for names in _flips(formula, values, wanted):
        results = _apply(names, values, pair, reader, lexicon)
        first = next((edited for edited in results if reader.formula_holds(formula, edited) == wanted), None)
        if first is not None:
            found.append(first)
    return min(found, key=lambda edited: changed_words(pair, edited), default=None)


def _flips(formula: Formula, values: Mapping[str, bool], wanted: bool) -> Iterator[tuple[str, ...]]:
    """Sets of concepts that are enough to change; no set contains another."""
    enough: list[frozenset[str]] = []
    for size in range(1, MOST_FLIPS + 1):
        for names in combinations(values, size):
            flipped = {name: value != (name in names) for name, value in values.items()}
            if truth(formula, flipped) == wanted and not any(small <= set(names) for small in enough):
                enough.append(frozenset(names))
                yield names


def _apply(
    names: Sequence[str], values: Mapping[str, bool], pair: AnalysedPair, reader: ConceptReader, lexicon: Lexicon
) -> Iterator[AnalysedPair]:
    """The pair with all the concepts changed, one after the other."""
    results = [pair]
    for name in names:
        move = edits_violating if values[name] else edits_satisfying
        results = [edited for before in results for edited in islice(move(name, before, reader, lexicon), MOST_RESULTS)]
    yield from results
