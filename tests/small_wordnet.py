"""A few nouns in the form of WordNet's database files, made on the spot."""

from collections.abc import Mapping, Sequence
from pathlib import Path

ENTITY, THING, VEHICLE, CAR, BUS, CRANE, BIRD, COLOR, RED, ORANGE, FRUIT = range(11)
SYNSETS = {
    ENTITY: (["entity"], []),
    THING: (["thing"], [ENTITY]),
    VEHICLE: (["vehicle"], [THING]),
    CAR: (["car", "auto"], [VEHICLE]),
    BUS: (["bus", "autobus"], [VEHICLE]),
    CRANE: (["crane"], [THING]),
    BIRD: (["crane", "wading_bird"], [THING]),
    COLOR: (["color"], [ENTITY]),
    RED: (["red"], [COLOR]),
    ORANGE: (["orange"], [COLOR]),
    FRUIT: (["orange"], [THING]),
}
"""Each with its words and what it is a kind of.  Two are called crane, and two orange."""
SENSES = {"crane": [CRANE, BIRD], "orange": [FRUIT, ORANGE]}
"""Of words that have several, commonest first."""


def write_wordnet(
    folder: Path,
    synsets: Mapping[int, tuple[Sequence[str], Sequence[int]]] = SYNSETS,
    senses: Mapping[str, Sequence[int]] = SENSES,
) -> Path:
    """A folder with index.noun, data.noun and noun.exc."""
    folder.mkdir(parents=True, exist_ok=True)
    licence = "  1 WordNet 3.0 Copyright 2006 by Princeton University.  \n"
    # Offsets have eight digits, so a line is as long whatever they are.
    lines = {each: _line(0, words, [0] * len(above)) for each, (words, above) in synsets.items()}
    offsets, place = {}, len(licence)
    for each, line in lines.items():
        offsets[each] = place
        place += len(line)
    data = "".join(_line(offsets[e], words, [offsets[a] for a in above]) for e, (words, above) in synsets.items())
    (folder / "data.noun").write_text(licence + data)
    of_word: dict[str, list[int]] = {}
    for each, (words, _) in synsets.items():
        for word in words:
            of_word.setdefault(word, []).append(each)
    of_word |= {word: list(found) for word, found in senses.items()}
    index = [
        f"{word} n {len(found)} 1 @ {len(found)} 0 {' '.join(f'{offsets[each]:08d}' for each in found)}  \n"
        for word, found in sorted(of_word.items())
    ]
    (folder / "index.noun").write_text(licence + "".join(index))
    (folder / "noun.exc").write_text("geese goose\n")
    return folder


def _line(offset: int, words: Sequence[str], above: Sequence[int]) -> str:
    named = " ".join(f"{word} 0" for word in words)
    pointers = "".join(f"@ {each:08d} n 0000 " for each in above)
    return f"{offset:08d} 06 n {len(words):02x} {named} {len(above):03d} {pointers}| a {words[0]}  \n"
