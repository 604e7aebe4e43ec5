"""Small changes to a sentence pair that make one concept hold or fail: insert, replace or leave out words.

Where a word goes depends on its tag: an adjective before a noun, a noun or verb in place of another, `nobody` in
place of the subject, `not` after the first verb, all else before the final full stop.  The result need not be good
English; it is as near to it as a rule without a grammar can be.  Each function gives several results to choose from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from ...probes.text.language import AnalysedPair, AnalysedSentence
from ...probes.text.word_forms import word_form
from .heuristics import Literal
from .pair_formulas import OVERLAP, ConceptReader, side_of, words

PRONOUNS = frozenset({"nobody", "everybody", "everyone", "somebody", "someone", "anyone", "none", "nothing", "they"})
"""Words that stand for a whole subject."""

AFTER_VERB = frozenset({"not", "n't", "never"})
DETERMINERS = ("DT", "CD", "PRP$")
ENDS = frozenset({".", "!", "?"})
FUNCTION_TAGS = frozenset({"DT", "IN", "TO", "CC", "PRP", "PRP$", "MD", "EX", "POS", ".", ",", ":", "``", "''"})
"""Tags of words that are not put in the place of others to change what is shared."""

MOST_TRIED = 3
"""How many words of a tag or a group are tried."""

Tagged = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words of the pairs.  tag_of: the tag that each has most often.  of_tag: words of a tag, frequent ones first.

    Words are in lower case, as concepts name them.
    """

    tag_of: dict[str, str]
    of_tag: dict[str, tuple[str, ...]]
    counts: Counter[str]

    @classmethod
    def of(cls, analysed: Sequence[AnalysedPair]) -> Lexicon:
        """The lexicon of both sides; of equally frequent tags and words the first by alphabet."""
        counts: Counter[Tagged] = Counter()
        for pair in analysed:
            for sentence in (pair.premise, pair.hypothesis):
                counts.update(zip(map(word_form, sentence.tokens), sentence.tags or [""] * len(sentence.tokens)))
        tag_of: dict[str, str] = {}
        by_word: Counter[str] = Counter()
        for (word, tag), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
            tag_of.setdefault(word, tag)
            by_word[word] += count
        of_tag: dict[str, list[str]] = {}
        for word, tag in sorted(tag_of.items(), key=lambda item: (-by_word[item[0]], item[0])):
            of_tag.setdefault(tag, []).append(word)
        return cls(tag_of, {tag: tuple(found) for tag, found in of_tag.items()}, by_word)


def edits_satisfying(
    concept: str, pair: AnalysedPair, reader: ConceptReader, lexicon: Lexicon
) -> Iterator[AnalysedPair]:
    """Pairs for which the concept is meant to hold, the most sensible first.  The caller checks."""
    if concept.startswith(OVERLAP):
        yield from _share_more(concept, pair, reader, lexicon)
        return
    literal = _literal(concept)
    sentence = side_of(pair, literal.side)
    if literal.is_tag:
        known = lexicon.of_tag.get(literal.text, ())
    else:
        known = tuple(sorted(reader.group(literal), key=lambda word: (-lexicon.counts[word], word)))
    for word in known[:MOST_TRIED]:
        for edited in _with_word(sentence, word, lexicon.tag_of.get(word, "")):
            yield _replaced(pair, literal.side, edited)


def edits_violating(
    concept: str, pair: AnalysedPair, reader: ConceptReader, lexicon: Lexicon
) -> Iterator[AnalysedPair]:
    """Pairs for which the concept is meant to fail, in the same way."""
    if concept.startswith(OVERLAP):
        yield from _share_less(concept, pair, reader, lexicon)
        return
    literal = _literal(concept)
    sentence = side_of(pair, literal.side)
    tagged = _tagged(sentence)
    unwanted = {literal.text} if literal.is_tag else reader.group(literal)

    def is_unwanted(token: Tagged) -> bool:
        return (token[1] if literal.is_tag else word_form(token[0])) in unwanted

    left_out = _sentence([token for token in tagged if not is_unwanted(token)], sentence)
    if literal.is_tag:
        results = [left_out]
    else:
        exchanged = [_exchange(token, unwanted, lexicon) if is_unwanted(token) else token for token in tagged]
        results = [left_out, _sentence(exchanged, sentence)]
        if any(is_unwanted(token) and token[1][:2] in ("NN", "VB") for token in tagged):
            results.reverse()
    yield from (_replaced(pair, literal.side, edited) for edited in results if edited.tokens)


def _exchange(token: Tagged, unwanted: frozenset[str] | set[str], lexicon: Lexicon) -> Tagged:
    """The most frequent other word with the tag, or the token itself where there is none."""
    others = (word for word in lexicon.of_tag.get(token[1], ()) if word not in unwanted and word not in PRONOUNS)
    return next(others, token[0]), token[1]


def _with_word(sentence: AnalysedSentence, word: str, tag: str) -> Iterator[AnalysedSentence]:
    """The sentence with the word at each sensible place."""
    tagged = _tagged(sentence)
    places: list[list[Tagged] | None] = []
    if word in PRONOUNS:
        places.append(_as_subject(tagged, (word, tag)))
    elif word in AFTER_VERB:
        places.append(_put(tagged, (word, tag), _first(tagged, "VB", "MD"), after=True))
    elif tag.startswith("JJ"):
        places.append(_put(tagged, (word, tag), _first(tagged, "NN")))
    elif tag in DETERMINERS:
        places.append(_instead(tagged, (word, tag), _first(tagged, *DETERMINERS, whole=True)))
        places.append(_put(tagged, (word, tag), _first(tagged, "NN", "JJ")))
    elif tag[:2] in ("NN", "VB"):
        places.append(_instead(tagged, (word, tag), _first(tagged, tag, whole=True)))
    places.append(_put(tagged, (word, tag), _end(tagged)))
    yield from (_sentence(edited, sentence) for edited in places if edited is not None)


def _as_subject(tagged: list[Tagged], new: Tagged) -> list[Tagged] | None:
    """The first noun, and what stands before it, gives way to the word; without a noun, all before the first verb."""
    verb = _first(tagged, "VB", "MD")
    if not verb:
        return None
    noun = _first(tagged[:verb], "NN", "PRP")
    end = verb if noun is None else noun + 1
    while end < verb and tagged[end][1].startswith("NN"):
        end += 1
    return [new, *tagged[end:]]


def _put(tagged: list[Tagged], new: Tagged, place: int | None, *, after: bool = False) -> list[Tagged] | None:
    if place is None:
        return None
    place += after
    return [*tagged[:place], new, *tagged[place:]]


def _instead(tagged: list[Tagged], new: Tagged, place: int | None) -> list[Tagged] | None:
    return None if place is None else [*tagged[:place], new, *tagged[place + 1 :]]


def _first(tagged: list[Tagged], *tags: str, whole: bool = False) -> int | None:
    """Where the first token stands that has one of the tags, or one that begins with them."""
    fits: Callable[[str], bool] = (lambda tag: tag in tags) if whole else (lambda tag: tag.startswith(tags))
    return next((place for place, (_, tag) in enumerate(tagged) if fits(tag)), None)


def _end(tagged: list[Tagged]) -> int:
    """Before the final full stop, or at the end."""
    return len(tagged) - (bool(tagged) and tagged[-1][0] in ENDS)


def _share_more(concept: str, pair: AnalysedPair, reader: ConceptReader, lexicon: Lexicon) -> Iterator[AnalysedPair]:
    """Copy words of the premise into the hypothesis, in place of its own as long as it has any, until enough is shared.

    A word takes the place of one with its tag where there is one.
    """
    edited = pair
    missing = _by_content(token for token in _tagged(pair.premise) if word_form(token[0]) not in words(pair.hypothesis))
    while missing and not reader.holds(concept, edited):
        tagged = _tagged(edited.hypothesis)
        own = [place for place, (word, _) in enumerate(tagged) if word_form(word) not in words(pair.premise)]
        new = next((token for token in missing if any(tagged[place][1] == token[1] for place in own)), missing[0])
        missing = [token for token in missing if word_form(token[0]) != word_form(new[0])]
        same_tag = [place for place in own if tagged[place][1] == new[1]]
        place = next(iter(same_tag or own), None)
        copied = (word_form(new[0]), new[1])
        changed = _put(tagged, copied, _end(tagged)) if place is None else _instead(tagged, copied, place)
        edited = replace(edited, hypothesis=_sentence(changed or tagged, pair.hypothesis))
    yield edited


def _share_less(concept: str, pair: AnalysedPair, reader: ConceptReader, lexicon: Lexicon) -> Iterator[AnalysedPair]:
    """Exchange shared words of the hypothesis for frequent ones with the same tag that the premise lacks."""
    edited = pair
    shared = words(pair.premise)
    for place, token in reversed(list(enumerate(_tagged(pair.hypothesis)))):
        if not reader.holds(concept, edited):
            break
        if word_form(token[0]) in shared and token[1] not in FUNCTION_TAGS:
            new = _exchange(token, shared | words(edited.hypothesis), lexicon)
            tagged = _instead(_tagged(edited.hypothesis), new, place) or []
            edited = replace(edited, hypothesis=_sentence(tagged, pair.hypothesis))
    yield edited


def _by_content(tokens: Iterator[Tagged]) -> list[Tagged]:
    """Nouns, verbs and their like first."""
    return sorted(tokens, key=lambda token: token[1] in FUNCTION_TAGS)


def _literal(concept: str) -> Literal:
    literal = Literal.of(concept)
    if literal is None:
        raise ValueError(concept)
    return literal


def _tagged(sentence: AnalysedSentence) -> list[Tagged]:
    return list(zip(sentence.tokens, sentence.tags or [""] * len(sentence.tokens)))


def _sentence(tagged: Sequence[Tagged], before: AnalysedSentence) -> AnalysedSentence:
    """The tokens as a sentence, with a capital where there was one; what a pipeline made beside tags is dropped."""
    tokens, tags = [token for token, _ in tagged], tuple(tag for _, tag in tagged)
    if tokens and before.tokens and before.tokens[0][:1].isupper():
        if tokens[0] != before.tokens[0]:
            # What stood first may now stand elsewhere; a name keeps its capital.
            first, tag = before.tokens[0], (before.tags or ("",))[0]
            tokens = [t.lower() if t == first and not tag.startswith("NNP") else t for t in tokens]
        tokens[0] = tokens[0][:1].upper() + tokens[0][1:]
    return AnalysedSentence(tuple(tokens), tags if before.tags else ())


def _replaced(pair: AnalysedPair, side: str, sentence: AnalysedSentence) -> AnalysedPair:
    return replace(pair, premise=sentence) if side == "pre" else replace(pair, hypothesis=sentence)


def changed_words(before: AnalysedPair, after: AnalysedPair) -> int:
    """How many words were inserted, left out or replaced, at least: Levenshtein's distance over both sides.

    >>> a, b = AnalysedSentence(("The", "man", "runs")), AnalysedSentence(("Nobody", "runs"))
    >>> changed_words(AnalysedPair(a, a), AnalysedPair(a, b))
    2
    """
    return sum(
        _distance(tuple(map(word_form, old.tokens)), tuple(map(word_form, new.tokens)))
        for old, new in ((before.premise, after.premise), (before.hypothesis, after.hypothesis))
    )


def _distance(old: Sequence[str], new: Sequence[str]) -> int:
    if old == new:
        return 0
    row = list(range(len(new) + 1))
    for i, word in enumerate(old, start=1):
        previous, row = row, [i]
        for j, other in enumerate(new, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (word != other)))
    return row[-1]
