"""The nouns of WordNet, read from its own database files: their senses, and what each is a kind of.

A folder with `index.noun`, `data.noun` and, for irregular plurals and how often a word is a noun, `noun.exc` and
`cntlist.rev`, in the form that wndb(5WN) and cntlist(5WN) describe:
Debian's `wordnet-base` puts them into /usr/share/wordnet.  A synset is named as everywhere: its first word and which
of that word's senses it is (`vehicle.n.01`).  Miller, WordNet: A Lexical Database for English (CACM 1995).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..solver.errors import DataError, UsageError, did_you_mean
from .digests import bytes_digest
from .regular_files import read_regular

FILES = ("index.noun", "data.noun", "noun.exc", "cntlist.rev")
FOLDERS = ("/usr/share/wordnet", "/usr/local/WordNet-3.0/dict")
"""Looked at where WNSEARCHDIR and WNHOME, which WordNet's own programs read, are not set."""
MAX_FILE = 2**28
KIND_OF = ("@", "@i")
"""The pointers of data.noun to what a synset is a kind of, or an instance of."""
ENDINGS = {"ses": "s", "xes": "x", "zes": "z", "ches": "ch", "shes": "sh", "men": "man", "ies": "y", "s": ""}
"""How morphy(7WN) makes singulars of nouns; `s` comes last, since it would hide others."""
NAME = re.compile(r"(.+)\.n\.(\d{1,3})")
OFFSET = re.compile(r"n?(\d{8})(?:-n)?")


@dataclass(frozen=True, eq=False)
class Nouns:
    """senses: of each word, in lower case and with `_` for blanks, where its synsets stand in `data`, commonest first.

    exceptions: irregular plurals and their singulars.  uses: of words in WordNet's own tagged texts, how often they are
    nouns, and how often anything else.  digest: of the files.
    """

    name: str
    senses: Mapping[str, tuple[int, ...]]
    data: bytes = field(repr=False)
    exceptions: Mapping[str, tuple[str, ...]]
    uses: Mapping[str, tuple[int, int]]
    digest: str

    def forms(self, word: str) -> Iterator[str]:
        """The word, and what it may be the plural of, as far as there are such nouns."""
        word = "_".join(word.lower().split())
        candidates = [word, *self.exceptions.get(word, ()), word.replace("_", ""), word.replace("_", "-")]
        candidates += [
            word[: -len(end)] + new for end, new in ENDINGS.items() if word.endswith(end) and len(word) > len(end)
        ]
        return (each for each in dict.fromkeys(candidates) if each in self.senses)

    def is_mostly_noun(self, word: str) -> bool:
        """Whether it is more often a noun than anything else, in WordNet's own tagged texts."""
        noun, other = self.uses.get(word, (0, 0))
        return noun > other

    def named(self, text: str) -> int:
        """The synset of `dog.n.01` or `n02084071`; `UsageError` with the nearest where there is none."""
        name, offset = NAME.fullmatch(text), OFFSET.fullmatch(text)
        if offset and self._is_synset(int(offset[1])):
            return int(offset[1])
        if name is None:
            known = ", ".join(self.name_of(each) for each in self.senses.get(text.lower(), ())[:5])
            raise UsageError(f"{text[:60]!r} is no synset of {self.name}; write {known or 'dog.n.01 or n02084071'}")
        word, number = name[1].lower(), int(name[2])
        senses = self.senses.get(word)
        if senses is None:
            raise UsageError(f"{self.name} has no noun {word[:60]!r}{did_you_mean(word, self.senses)}")
        if not 1 <= number <= len(senses):
            known = ", ".join(self.name_of(each) for each in senses[:5])
            raise UsageError(f"{text!r}: {word!r} has {len(senses)} senses in {self.name}: {known}")
        return senses[number - 1]

    def name_of(self, synset: int) -> str:
        """`dog.n.01`."""
        word = self._fields(synset)[4].lower()
        return f"{word}.n.{self.senses[word].index(synset) + 1:02d}"

    def above(self, synset: int) -> frozenset[int]:
        """The synset and all that it is a kind of, up to the root."""
        found, left = {synset}, [synset]
        while left:
            new = [each for each in self.parents(left.pop()) if each not in found]
            found.update(new)
            left += new
        return frozenset(found)

    def parents(self, synset: int) -> tuple[int, ...]:
        """What it is a kind of; of the root nothing."""
        fields = self._fields(synset)
        try:
            pointers = fields[4 + 2 * int(fields[3], 16) :]
            count = int(pointers[0])
            return tuple(int(pointers[1 + 4 * i + 1]) for i in range(count) if pointers[1 + 4 * i] in KIND_OF)
        except (ValueError, IndexError):
            raise self._damaged(synset) from None

    def _fields(self, synset: int) -> list[str]:
        fields = self._line(synset).partition("|")[0].split()
        if len(fields) < 7 or fields[0] != f"{synset:08d}":
            raise self._damaged(synset)
        return fields

    def _line(self, synset: int) -> str:
        if not self._is_synset(synset):
            raise self._damaged(synset)
        end = self.data.find(b"\n", synset)
        return self.data[synset : None if end < 0 else end].decode("latin-1")

    def _is_synset(self, offset: int) -> bool:
        begins = offset == 0 or self.data[offset - 1 : offset] == b"\n"
        return begins and self.data.startswith(b"%08d " % offset, offset)

    def _damaged(self, synset: int) -> DataError:
        return DataError(f"{self.name}: data.noun has no noun at byte {synset}; the files do not belong together")


def open_nouns(folder: Path | None = None) -> Nouns:
    """The nouns in a folder; by default where WordNet is installed.

    Raises `UsageError` where it is not there, `DataError` where a file is damaged.
    """
    place = _installed() if folder is None else folder
    missing = [name for name in FILES[:2] if not (place / name).is_file()]
    if missing:
        raise UsageError(f"{place} has no {missing[0]}; a folder with {FILES[0]} and {FILES[1]} is needed")
    content = {name: read_regular(place / name, MAX_FILE, follow=True) for name in FILES if (place / name).is_file()}
    data = content["data.noun"]
    version = re.search(rb"WordNet (\d+(?:\.\d+)*)", data[:4096])
    return Nouns(
        f"WordNet {version[1].decode()}" if version else f"WordNet at {place}",
        dict(_senses(content["index.noun"], place / "index.noun")),
        data,
        dict(_exceptions(content.get("noun.exc", b""))),
        _uses(content.get("cntlist.rev", b""), place / "cntlist.rev"),
        bytes_digest(b"".join(content.values())),
    )


def _installed() -> Path:
    home = os.environ.get("WNHOME", "")
    asked = [os.environ.get("WNSEARCHDIR", ""), os.path.join(home, "dict") if home else "", *FOLDERS]
    found = [Path(each) for each in asked if each and os.path.isfile(os.path.join(each, FILES[0]))]
    if not found:
        raise UsageError(
            f"WordNet is not in {FOLDERS[0]}; install Debian's wordnet-base, or name its folder: wordnet:FOLDER"
        )
    return found[0]


def _senses(content: bytes, file: Path) -> Iterator[tuple[str, tuple[int, ...]]]:
    for number, line in enumerate(content.decode("latin-1").splitlines(), start=1):
        if line.startswith("  ") or not line.strip():  # the licence
            continue
        word, *fields = line.split()
        try:
            senses = tuple(map(int, fields[-int(fields[1]) :]))
        except (ValueError, IndexError):
            senses = ()
        if not senses:
            raise DataError(f"{file} line {number}: {line[:40]!r} is no line of WordNet's index")
        yield word, senses


def _exceptions(content: bytes) -> Iterator[tuple[str, tuple[str, ...]]]:
    for line in content.decode("latin-1").splitlines():
        plural, *singulars = line.split() or [""]
        yield plural, tuple(singulars)


def _uses(content: bytes, file: Path) -> dict[str, tuple[int, int]]:
    """Of `dog%1:05:00:: 1 42`: the word, its part of speech (1 for nouns), which sense it is, how often."""
    uses: dict[str, tuple[int, int]] = {}
    for number, line in enumerate(content.decode("latin-1").splitlines(), start=1):
        word, _, rest = line.partition("%")
        count = rest.rpartition(" ")[2]
        if not rest or not count.isdecimal():
            raise DataError(f"{file} line {number}: {line[:40]!r} is no line of WordNet's counts")
        noun, other = uses.get(word, (0, 0))
        uses[word] = (noun + int(count), other) if rest.startswith("1:") else (noun, other + int(count))
    return uses
