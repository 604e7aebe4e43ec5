"""Where hypernyms come from: WordNet, by the nouns that labels are, or a table of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..solver.errors import DataError, UsageError, did_you_mean
from .digests import as_json, bytes_digest, file_digest
from .hypernyms import Hypernym, Hypernyms
from .text.lines import existing_file, numbered_lines
from .wordnet_nouns import Nouns

NO_SENSE = "-"
COLOR = "color"
"""The category of concepts that are colours."""
COLOR_NOUN = "color.n.01"
WORDS = {"word": "word:", "lemma": "lemma:", "premise word": "pre:", "hypothesis word": "hyp:"}
"""The categories of concepts that are words of a text, and how their names begin."""
SHORTEST_WORD = 3
"""Letters: `a`, `in` and `he` are nouns of WordNet, too, but not in a text."""


def of_wordnet(nouns: Nouns, labels: Mapping[str, str], synsets: Mapping[str, str] | None = None) -> Hypernyms:
    """Each synset but the root that at least two of the labels are, or are kinds of.

    labels: with the category of each.  synsets: what labels mean, `-` for nothing; others have their commonest sense,
    colours their commonest as a colour.  Where some labels are words of text, only those are looked up, if they are
    mostly nouns; hypernyms are then of one side or form: `hyp:animal.n.01`, `lemma:animal.n.01`.
    Raises `UsageError` for a synset that there is not, and for an unknown label.
    """
    synsets = synsets or {}
    if unknown := [label for label in synsets if label not in labels]:
        raise UsageError(f"no concept is named {unknown[0]!r}{did_you_mean(unknown[0], labels)}")
    if of_text := {label: category for label, category in labels.items() if category in WORDS}:
        labels = of_text
    senses = {label: _sense(label, category, nouns, synsets) for label, category in labels.items()}
    if all(sense is None for sense in senses.values()):
        raise UsageError(f"no concept is a noun of {nouns.name}; --hypernyms FILE takes a table of your own")
    below: dict[tuple[str, int], list[str]] = {}
    for label, sense in senses.items():
        for each in nouns.above(sense) if sense is not None else ():
            below.setdefault((WORDS.get(labels[label], ""), each), []).append(label)
    several = [(each, members) for each, members in below.items() if len(members) > 1 and nouns.parents(each[1])]
    names = {each: each[0] + nouns.name_of(each[1]) for each, _ in several}
    # What is below another has more above it, so of two synsets of the same labels the lower one comes first.
    several.sort(key=lambda pair: (len(pair[1]), -len(nouns.above(pair[0][1])), names[pair[0]]))
    return Hypernyms(
        nouns.name,
        bytes_digest(as_json([nouns.digest, dict(synsets)])),
        tuple(Hypernym(names[each], tuple(members)) for each, members in several),
        {label: "" if sense is None else nouns.name_of(sense) for label, sense in senses.items()},
    )


def _sense(label: str, category: str, nouns: Nouns, synsets: Mapping[str, str]) -> int | None:
    if label in synsets:
        return None if synsets[label] == NO_SENSE else nouns.named(synsets[label])
    if category in WORDS:
        form = next(nouns.forms(label.removeprefix(WORDS[category])), None)
        is_noun = form is not None and len(form) >= SHORTEST_WORD and nouns.is_mostly_noun(form)
        return nouns.senses[form][0] if form is not None and is_noun else None
    senses = (sense for text in readings(label) for form in nouns.forms(text) for sense in nouns.senses[form])
    if category == COLOR:
        return next((sense for sense in senses if nouns.named(COLOR_NOUN) in nouns.above(sense)), None)
    return next(senses, None)


def readings(label: str) -> list[str]:
    """What a label may be looked up as: each synonym whole, up to its first hyphen, its last word; without `-c`, `-s`.

    >>> readings("wall-brick"), readings("dining table"), readings("street-s")
    (['wall-brick', 'wall'], ['dining table', 'table'], ['street'])
    """
    texts = [re.sub(r"-[cs]$| #\d+$", "", text.strip()) for text in re.split("[,;]", label)]
    others = [part for text in texts for part in (text.partition("-")[0], text.rpartition(" ")[2])]
    return [text for text in dict.fromkeys([*texts, *others]) if text]


def of_file(path: Path, labels: Sequence[str]) -> Hypernyms:
    """A table of one's own: `name<TAB>member` a line; a member is a concept, or another name of the table.

    Raises `UsageError` where a member is neither, or a name is itself a concept, and for names that hold each other.
    """
    table: dict[str, list[tuple[str, int]]] = {}
    for number, name, member in tab_separated(path, "name<TAB>member"):
        if name in labels:
            raise UsageError(f"{path} line {number}: {name!r} is a concept of the probe already")
        table.setdefault(name, []).append((member, number))
    if not table:
        raise DataError(f"{path} names no hypernym; a line is name<TAB>member")
    known, order = set(labels), {label: place for place, label in enumerate(labels)}

    def members(name: str, within: tuple[str, ...]) -> Iterable[str]:
        for member, number in table[name]:
            if member in within:
                raise UsageError(f"{path} line {number}: {member!r} is a member of itself")
            if member in table:
                yield from members(member, (*within, member))
            elif member in known:
                yield member
            else:
                near = did_you_mean(member, [*labels, *table])
                raise UsageError(f"{path} line {number}: {member!r} is no concept and no name of the table{near}")

    found = [Hypernym(name, tuple(sorted(set(members(name, (name,))), key=order.__getitem__))) for name in table]
    return Hypernyms(path.name, file_digest(path), tuple(found), {})


def read_synsets(path: Path) -> dict[str, str]:
    """What labels mean: `label<TAB>synset` a line, `-` for nothing.  Raises `DataError` for other lines."""
    return {label: synset for _, label, synset in tab_separated(path, "label<TAB>synset")}


def tab_separated(path: Path, form: str) -> Iterator[tuple[int, str, str]]:
    """(line number, left, right) of each line that is not blank; `DataError` where a line is not of this form."""
    for number, line in numbered_lines(existing_file(path, f"a file of lines {form}")):
        left, right = (each.strip() for each in line.partition("\t")[::2])
        if line.strip() and not (left and right and "\t" not in right):
            raise DataError(f"{path} line {number}: {line.strip()[:60]!r} is not of the form {form}")
        if line.strip():
            yield number, left, right
