"""Lists of words by which a formula is said to have learnt something: `data/heuristics.json`, or the user's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...probes.inputs import Side
from ...probes.json_text import parse_json
from ...probes.regular_files import MAX_TEXT, read_regular
from ...solver.errors import DataError, UsageError

HEURISTICS_FILE = Path(__file__).with_name("data") / "heuristics.json"
SIDES: dict[Side, str] = {"premise": "pre", "hypothesis": "hyp"}


@dataclass(frozen=True)
class Literal:
    """What the name of a concept of words or tags says.  side: `pre` or `hyp`.  text: the word or the tag."""

    side: str
    text: str
    is_tag: bool = False
    neighbours: bool = False

    @classmethod
    def of(cls, concept: str) -> Literal | None:
        """The parts of the name; None for a concept of another kind, such as overlap.

        >>> Literal.of("hyp:tag:NN"), Literal.of("NEIGHBORS(pre:dog)").neighbours, Literal.of("overlap>50%")
        (Literal(side='hyp', text='NN', is_tag=True, neighbours=False), True, None)
        """
        neighbours = concept.startswith("NEIGHBORS(") and concept.endswith(")")
        side, colon, text = (concept[len("NEIGHBORS(") : -1] if neighbours else concept).partition(":")
        if not (colon and text) or side not in SIDES.values():
            return None
        is_tag = text.startswith("tag:") and len(text) > len("tag:")
        return cls(side, text.removeprefix("tag:") if is_tag else text, is_tag, neighbours)


@dataclass(frozen=True)
class Heuristic:
    """Words by which a formula is said to have learnt something.

    words: in lower case, as in `hyp:WORD`.  tags: as in `hyp:tag:TAG`.  prefixes: of whole concept names.
    """

    name: str
    about: str = ""
    words: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def covers(self, concept: str) -> bool:
        """Whether a concept, such as `hyp:nobody` or `NEIGHBORS(pre:man)`, is of the heuristic.

        >>> negation = Heuristic("negation", words=frozenset({"nobody"}))
        >>> [negation.covers(name) for name in ("hyp:nobody", "NEIGHBORS(pre:nobody)", "hyp:body", "nobody")]
        [True, True, False, False]
        """
        if any(concept.startswith(prefix) for prefix in self.prefixes):
            return True
        literal = Literal.of(concept)
        return literal is not None and literal.text in (self.tags if literal.is_tag else self.words)


def read_heuristics(path: Path = HEURISTICS_FILE) -> list[Heuristic]:
    """The heuristics of a JSON file: `{"NAME": {"about": TEXT, "words": [...], "tags": [...], "prefixes": [...]}}`.

    `about` is for people; of the three lists at least one is needed.  Raises `DataError`, with the name, for
    anything else.
    """
    try:
        content = parse_json(read_regular(Path(path), MAX_TEXT, follow=True), str(path))
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist; a JSON file of word lists is needed") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from None
    if not isinstance(content, dict) or not content:
        raise DataError(f'{path} must hold an object of word lists: {{"negation": {{"words": ["nobody"]}}}}')
    return [_heuristic(path, name, entry) for name, entry in content.items()]


def _heuristic(path: Path, name: str, entry: Any) -> Heuristic:
    lists = {key: entry.get(key, []) for key in ("words", "tags", "prefixes")} if isinstance(entry, Mapping) else {}
    right = all(isinstance(texts, list) and all(isinstance(t, str) and t for t in texts) for texts in lists.values())
    if not (any(lists.values()) and right):
        raise DataError(f"{path}, {name!r}: needs a list of texts under words, tags or prefixes")
    if unknown := set(entry) - {*lists, "about"}:
        raise DataError(
            f"{path}, {name!r}: {sorted(unknown)[0]!r} is not known; there are about, words, tags, prefixes"
        )
    words = frozenset(word.lower() for word in lists["words"])
    return Heuristic(name, str(entry.get("about", "")), words, frozenset(lists["tags"]), tuple(lists["prefixes"]))
