"""Word vectors, and the words nearest to a word.

Read from text as GloVe and word2vec write it (a word and its numbers per line, separated by blanks; word2vec
puts a line with two counts first), plain or packed by gzip; or taken from a spaCy pipeline that has some.  A few lines
that are wrong, and a file that was cut, are told in notes.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

import numpy as np

from ...solver.errors import DataError, UsageError
from ..datasets.files import shown
from ..digests import array_digest, file_digest
from .lines import TruncatedError, existing_file, numbered_lines

BATCH = 64
SAMPLE = 1_000
"""So many lines say of which dimension the vectors are."""

BAD_SHARE = 0.01
"""Of the lines, how many may be left out, and one more; a file with more of them is another kind of file."""

TWICE, BLANK = "stand in the file more than once; the first vector counts", "with blanks in them were left out"
_ROUNDING = 1e-4
_DECIMALS = 9


@dataclass(frozen=True, eq=False)
class WordVectors:
    """Words and their vectors.

    vectors: float32 (n_words, dimension).  digest: sha256, hex, of the file, or of the pipeline's words and numbers.
    notes: whole sentences that a user should know.
    """

    words: tuple[str, ...]
    vectors: np.ndarray
    name: str
    digest: str
    notes: tuple[str, ...] = ()

    @cached_property
    def position(self) -> dict[str, int]:
        """The row of every word."""
        return {word: row for row, word in enumerate(self.words)}

    @cached_property
    def _norms(self) -> np.ndarray:
        """float64 (n_words,): the lengths of the vectors."""
        return np.sqrt(np.einsum("ij,ij->i", self.vectors, self.vectors, dtype=np.float64))

    def nearest(self, word: str, k: int) -> tuple[str, ...]:
        """The k words nearest to `word` by cosine, nearest first, without itself; () for a word without vector.

        Equally near words come in the order of the file.  A vector of zeros is near to nothing.
        """
        return self.nearest_of([word], k)[word]

    def nearest_of(self, words: Iterable[str], k: int) -> dict[str, tuple[str, ...]]:
        """`nearest` for many words, several at a time."""
        if k < 1:
            raise UsageError(f"the number of nearest words must be at least 1, not {k}")
        found: dict[str, tuple[str, ...]] = dict.fromkeys(words, ())
        rows = [self.position[word] for word in found if word in self.position]
        rows = [row for row in rows if self._norms[row] > 0]
        for first in range(0, len(rows), BATCH):
            some = rows[first : first + BATCH]
            for row, near in zip(some, self._nearest_rows(some, k), strict=True):
                found[self.words[row]] = tuple(self.words[other] for other in near)
        return found

    def _nearest_rows(self, rows: Sequence[int], k: int) -> list[np.ndarray]:
        """For each of the rows, the k nearest others.

        The product of matrices finds candidates.  Their cosines are computed again, in double precision and each
        by itself, because the last bits of a product depend on the machine and on the words asked together.
        """
        norms = np.where(self._norms > 0, self._norms, np.inf)
        rough = (self.vectors[rows] / self._norms[rows, None].astype(np.float32)) @ self.vectors.T
        rough /= norms.astype(np.float32)
        rough[:, self._norms == 0] = -np.inf
        rough[np.arange(len(rows)), rows] = -np.inf
        k = min(k, len(self.words) - 1)
        nearest = []
        for row, cosines in zip(rows, rough, strict=True):
            least = np.partition(cosines, -k)[-k] if k else np.inf
            candidates = np.flatnonzero((cosines >= least - _ROUNDING) & (cosines > -np.inf))
            products = (self.vectors[candidates].astype(np.float64) * self.vectors[row]).sum(axis=1)
            exact = np.round(products / (self._norms[candidates] * self._norms[row]), _DECIMALS)
            nearest.append(candidates[np.lexsort((candidates, -exact))][:k])
        return nearest


def open_vectors(path: str | Path) -> WordVectors:
    """The vectors of a text file, or of a spaCy pipeline (a folder, or the name of an installed one).

    Raises UsageError where there is neither, or where the pipeline has no vectors; DataError, with the line
    number, for a file that is damaged or holds something else.
    """
    from .language import is_pipeline

    if is_pipeline(str(path)):
        return _from_pipeline(str(path))
    return _from_text(existing_file(path, "a text file of word vectors, or a spaCy pipeline that has some,"), str(path))


def _from_text(path: Path, name: str) -> WordVectors:
    lines = _Lines(path)
    first = list(islice(lines, SAMPLE))
    declared, dimension = _header(first, path)
    numbers = bytearray()
    position: dict[str, int] = {}
    left_out = Counter({TWICE: 0, BLANK: 0})
    bad: list[str] = []
    for number, line in chain(first[declared is not None :], lines):
        try:
            word, vector = _word_and_vector(line, dimension, f"{shown(path)} line {number}")
        except DataError as error:
            bad.append(str(error))
            continue
        if not word.strip(" ") or " " in word:
            left_out[BLANK] += 1  # GloVe 840B has words such as ". . ."
        elif word in position:
            left_out[TWICE] += 1
        else:
            position[word] = len(position)
            numbers += vector.tobytes()
    bad += lines.bad
    if len(bad) > BAD_SHARE * (len(position) + left_out.total()) + 1 or (bad and not position):
        raise DataError(bad[0])
    if not position:
        raise DataError(f"{shown(path)} holds no word vector")
    notes = [f"{left_out[what]:,} words {what}." for what in (TWICE, BLANK) if left_out[what]]
    if bad:
        notes.append(f"{len(bad):,} lines were left out; the first: {bad[0]}.")
    n_found = len(position) + left_out.total() + len(bad)
    if declared is not None and declared != n_found:
        notes.append(f"Line 1 of {shown(path)} announces {declared:,} words, but there are {n_found:,}: was it cut?")
    notes += lines.notes
    vectors = np.frombuffer(numbers, dtype=np.float32).reshape(len(position), dimension)
    return WordVectors(tuple(position), vectors, name, file_digest(path), tuple(notes))


class _Lines:
    """The lines of a file with their numbers.  What is no text, and where the file ends too early, is told, not raised.

    bad: why each line that is left out is.  notes: whole sentences.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.bad, self.notes = path, list[str](), list[str]()
        self._lines = numbered_lines(path, bad=self.bad)
        self._read = 0

    def __iter__(self) -> Iterator[tuple[int, str]]:
        return self

    def __next__(self) -> tuple[int, str]:
        try:
            self._read, line = next(self._lines)
        except TruncatedError as error:
            if not self._read:
                raise
            self.notes.append(f"{str(error)[:200]}; the {self._read:,} lines before that were read.")
            raise StopIteration from None
        return self._read, line


def _header(lines: Sequence[tuple[int, str]], path: Path) -> tuple[int | None, int]:
    """How many words the first line announces, if any, and the dimension: as announced, or as most lines have it."""
    if not lines:
        raise DataError(f"{shown(path)} holds no word vector")
    first = lines[0][1].split()
    if len(first) == 2 and all(part.isascii() and part.isdigit() for part in first):
        return int(first[0]), int(first[1])
    counts = Counter(_n_numbers(line) for _, line in lines)
    return None, max(counts, key=lambda count: (counts[count], count))


def _n_numbers(line: str) -> int:
    """How many numbers stand at the end of the line, after one word at least."""
    fields = _fields(line)[1:]
    return next((n for n, field in enumerate(reversed(fields)) if not _is_number(field)), len(fields))


def _fields(line: str) -> list[str]:
    return line.rstrip(" \t").replace("\t", " ").split(" ")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _word_and_vector(line: str, dimension: int, where: str) -> tuple[str, np.ndarray]:
    """The word, and float32 (dimension,): the last numbers of the line; what stands before is the word."""
    fields = _fields(line)
    if len(fields) <= dimension or not dimension:
        raise DataError(
            f"{where}: {_n_numbers(line)} numbers after {fields[0][:40]!r}; "
            + (f"most lines have {dimension}" if dimension else "a word and its numbers, separated by blanks")
        )
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused below
            vector = np.array(fields[-dimension:], dtype=np.float32)
    except ValueError:
        wrong = next(field for field in fields[-dimension:] if not _is_number(field))
        raise DataError(f"{where}: {wrong[:40]!r} is not a number") from None
    if not np.isfinite(vector).all():
        wrong = fields[-dimension:][int(np.argmin(np.isfinite(vector)))]
        raise DataError(f"{where}: {wrong[:40]!r} is not a finite number in single precision")
    return unicodedata.normalize("NFC", " ".join(fields[:-dimension])), vector


def _from_pipeline(spec: str) -> WordVectors:
    from .language import load_pipeline

    nlp = load_pipeline(spec)
    table = nlp.vocab.vectors
    pairs = [(nlp.vocab.strings[key], row) for key, row in table.key2row.items()]
    if not pairs:
        raise UsageError(
            f"spaCy pipeline {spec!r} has no word vectors; take one that has (en_core_web_md), or a GloVe text file"
        )
    pairs.sort(key=lambda pair: (pair[1], pair[0]))
    vectors = np.ascontiguousarray(np.asarray(table.data)[[row for _, row in pairs]], dtype=np.float32)
    if not np.isfinite(vectors).all():
        raise DataError(f"spaCy pipeline {spec!r} has word vectors that are NaN or infinite")
    words = tuple(word for word, _ in pairs)
    digest = hashlib.sha256((array_digest(vectors) + "\n" + "\n".join(words)).encode()).hexdigest()
    return WordVectors(words, vectors, spec, digest)
