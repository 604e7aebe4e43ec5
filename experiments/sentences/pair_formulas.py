"""Whether a formula holds for a sentence pair, counted from its tokens and tags, with the definitions of the probe.

The probe says it of its own pairs.  An edited pair is in no probe, so its concepts are counted here again:
`probes/text/concepts.py` says what each means.  For the pairs of a probe the two agree (a test compares them).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...probes.text.concepts import PairConceptSettings, shares_more
from ...probes.text.language import AnalysedPair, AnalysedSentence
from ...probes.text.vectors import WordVectors
from ...probes.text.word_forms import word_form
from ...solver.errors import UsageError
from ...solver.formula import Atom, Formula, Not
from .heuristics import Literal

OVERLAP = "overlap>"


@dataclass(frozen=True, eq=False)
class ConceptReader:
    """What the concepts of a probe mean.

    settings: those that its concepts were made with.  present: the words of each side (`pre`, `hyp`) in the
    probe's pairs; only these count as neighbours.  vectors: needed for NEIGHBORS alone.
    """

    settings: PairConceptSettings
    present: Mapping[str, frozenset[str]]
    vectors: WordVectors | None = None
    _groups: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, analysed: Sequence[AnalysedPair], settings: PairConceptSettings, vectors: WordVectors | None = None
    ) -> ConceptReader:
        """analysed: all pairs of the probe."""
        present = {
            side: frozenset(w for pair in analysed for w in words(side_of(pair, side))) for side in ("pre", "hyp")
        }
        return cls(settings, present, vectors)

    def group(self, literal: Literal) -> frozenset[str]:
        """The words of which one must be there: the word itself, or its neighbours."""
        if not literal.neighbours:
            return frozenset({literal.text})
        key = f"{literal.side}:{literal.text}"
        if key not in self._groups:
            if self.vectors is None or not self.settings.neighbours:
                raise UsageError(f"NEIGHBORS({key}) needs the word vectors that the probe was made with")
            near = self.vectors.nearest(literal.text, self.settings.neighbours)
            group = self.present[literal.side].intersection(map(word_form, near))
            self._groups[key] = group | {literal.text} if self.settings.neighbours_with_word else group
        return self._groups[key]

    def holds(self, concept: str, pair: AnalysedPair) -> bool:
        """Whether the pair has the concept; `UsageError` for a name that is of no concept of sentence pairs."""
        if concept.startswith(OVERLAP):
            premise, hypothesis = words(pair.premise), words(pair.hypothesis)
            both, either = len(premise & hypothesis), len(premise | hypothesis)
            return shares_more(overlap_percent(concept), both, either, self.settings.overlap)
        literal = Literal.of(concept)
        if literal is None:
            raise UsageError(f"{concept!r} is no concept of sentence pairs, such as hyp:dog, pre:tag:NN or overlap>50%")
        sentence = side_of(pair, literal.side)
        if literal.is_tag:
            return literal.text in sentence.tags
        return not self.group(literal).isdisjoint(words(sentence))

    def formula_holds(self, formula: Formula, pair: AnalysedPair) -> bool:
        """Whether the formula holds for the pair."""
        return truth(formula, {name: self.holds(name, pair) for name in set(formula.atoms())})


def truth(formula: Formula, values: Mapping[str, bool]) -> bool:
    """The formula's value where its concepts have these."""
    return bool(formula.mask(lambda name: np.asarray(values[name])))


def literals(formula: Formula, holds: bool = True) -> Iterator[tuple[str, bool]]:
    """Each concept as often as it stands in the formula, and whether it does so below an even number of NOTs.

    >>> list(literals((Atom("a") | ~Atom("b")) & ~~Atom("c")))
    [('a', True), ('b', False), ('c', True)]
    """
    if isinstance(formula, Atom):
        yield formula.name, holds
    for part in formula.operands:
        yield from literals(part, holds != isinstance(formula, Not))


def overlap_percent(concept: str) -> int:
    """The number in the name of a concept of overlap."""
    text = concept.removeprefix(OVERLAP).removesuffix("%")
    if not text.isdecimal():
        raise UsageError(f"{concept!r} is no concept of overlap, such as overlap>50%")
    return int(text)


def words(sentence: AnalysedSentence) -> frozenset[str]:
    """The different words as concepts count them."""
    return frozenset(map(word_form, sentence.tokens))


def side_of(pair: AnalysedPair, side: str) -> AnalysedSentence:
    """The sentence that `pre` or `hyp` names."""
    return pair.premise if side == "pre" else pair.hypothesis
