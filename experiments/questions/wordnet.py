"""WordNet by the optional package `wn`: how near two words are in it.  Without package or data there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NO_PACKAGE = "WordNet is not used: the package `wn` is not installed (pip install wn)."
NO_DATA = "WordNet is not used: `wn` has no English lexicon (python -m wn download oewn:2024)."


@dataclass(frozen=True)
class WordNet:
    """An installed English lexicon.  name: which, with its version.  lexicon: a `wn.Wordnet`."""

    name: str
    lexicon: Any
    _senses: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def similarity(self, left: str, right: str) -> float | None:
        """Path similarity, 0 to 1, of the first noun senses; None where one of the words has none.

        The reference code compares first noun senses, too.
        """
        one, other = self._first_noun(left), self._first_noun(right)
        if one is None or other is None:
            return None
        from wn import similarity

        return float(similarity.path(one, other, simulate_root=True))

    def _first_noun(self, word: str) -> Any:
        if word not in self._senses:
            self._senses[word] = next(iter(self.lexicon.synsets(word, pos="n")), None)
        return self._senses[word]


def open_wordnet() -> tuple[WordNet | None, str]:
    """The first English lexicon of `wn`, and a sentence that says which, or why there is none."""
    try:
        import wn
    except ImportError:
        return None, NO_PACKAGE
    lexicons = wn.lexicons(lang="en")
    if not lexicons:
        return None, NO_DATA
    from wn.morphy import Morphy

    name = lexicons[0].specifier()
    return WordNet(name, wn.Wordnet(name, lemmatizer=Morphy())), f"WordNet: {name}."
