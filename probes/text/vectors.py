"""Word vectors, and the words nearest to a word.

Read from text as GloVe and word2vec write it (a word and its numbers per line, separated by blanks; word2vec
puts a line with two counts first), plain or packed by gzip; or taken from a spaCy pipeline that has some.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from ...solver.errors import DataError, UsageError
from ..datasets.files import shown
from ..digests import array_digest, file_digest
from .lines import existing_file, numbered_lines

BATCH = 64
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
    numbers = bytearray()
    position: dict[str, int] = {}
    dimension, declared, n_twice, n_blank = 0, None, 0, 0
    for line_number, line in numbered_lines(path):
        where = f"{shown(path)} line {line_number}"
        parts = line.rstrip(" ").split(" ")
        if line_number == 1 and len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
            declared, dimension = int(parts[0]), int(parts[1])
            continue
        dimension = dimension or len(parts) - 1
        if len(parts) > dimension + 1 and not _is_number(parts[1]):
            n_blank += 1  # GloVe 840B has words such as ". . ."
            continue
        vector = _vector(parts, dimension, where)
        word = unicodedata.normalize("NFC", parts[0])
        if word in position:
            n_twice += 1
            continue
        position[word] = len(position)
        numbers += vector.tobytes()
    if not position:
        raise DataError(f"{shown(path)} holds no word vector")
    n_found = len(position) + n_twice + n_blank
    if declared is not None and declared != n_found:
        raise DataError(f"{shown(path)}: line 1 announces {declared:,} words, but there are {n_found:,}")
    notes = []
    if n_twice:
        notes.append(f"{n_twice:,} words stand in the file more than once; the first vector counts.")
    if n_blank:
        notes.append(f"{n_blank:,} words with blanks in them were left out.")
    vectors = np.frombuffer(numbers, dtype=np.float32).reshape(len(position), dimension)
    return WordVectors(tuple(position), vectors, name, file_digest(path), tuple(notes))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _vector(parts: Sequence[str], dimension: int, where: str) -> np.ndarray:
    """float32 (dimension,): the numbers after the word."""
    if len(parts) != dimension + 1 or not dimension:
        raise DataError(
            f"{where}: {len(parts) - 1} numbers after {parts[0][:40]!r}; "
            + (f"the lines before have {dimension}" if dimension else "a word and its numbers, separated by blanks")
        )
    if not parts[0]:
        raise DataError(f"{where}: the word is empty; a line is a word and its numbers, separated by one blank each")
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused below
            vector = np.array(parts[1:], dtype=np.float32)
    except ValueError:
        wrong = next(part for part in parts[1:] if not _is_number(part))
        raise DataError(f"{where}: {wrong[:40]!r} is not a number") from None
    if not np.isfinite(vector).all():
        wrong = parts[1 + int(np.argmin(np.isfinite(vector)))]
        raise DataError(f"{where}: {wrong[:40]!r} is not a finite number in single precision")
    return vector


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
