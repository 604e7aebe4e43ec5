"""Points as bits: where cells have many concepts each, what two or three concepts share is counted word by word.

Each point that has a concept is a bit, and a cell of w points is w bits; a concept is the set of its points, 64 to a
word.  Points that concepts share are the bits of an AND.  Nothing here is an estimate: a count is a sum of bits.

It takes as long for all pairs of n concepts as n * n / 2 ANDs for every 64 points.  Adding up cells takes as long as
cells have pairs of concepts.  The one is shorter where cells have many of the concepts each and few points, as with
masks that overlap; the other where rows are sparse, or many points are one cell.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..cells import ConceptRows
from ..compiled import compiled

WORD = 64
PER_ADDITION = 8
"""An entry is added to a table of pairs in the time that so many words need (about 3 and 0.4 ns)."""
MOST_HELD = 1 << 23
"""Words of all concepts together: 64 MiB."""


def words_of(points: int) -> int:
    """How many words so many bits take."""
    return -(-points // WORD)


def packed(concepts: ConceptRows, places: np.ndarray, amounts: np.ndarray) -> np.ndarray:
    """uint64 (places.max() + 1, n_words): so many points of every cell, at the places of its concepts.

    places: int64 (n_concepts,), -1 for a concept left out.  amounts: int64 (n_cells,), points of each cell.
    """
    rows = np.flatnonzero(np.where(np.diff(concepts.indptr) > 0, amounts, 0))
    bits = np.zeros((int(places.max()) + 1, words_of(int(amounts[rows].sum()))), dtype=np.uint64)
    set_points(rows, concepts.indptr, concepts.indices, places, amounts, bits)
    return bits


def points_with_concepts(concepts: ConceptRows, weights: np.ndarray) -> int:
    """How many points have a concept."""
    return int(weights[np.diff(concepts.indptr) > 0].sum())


@compiled
def set_points(
    rows: np.ndarray,
    indptr: np.ndarray,
    indices: np.ndarray,
    places: np.ndarray,
    amounts: np.ndarray,
    bits: np.ndarray,
) -> None:
    """Set the bits of the points of each row for its concepts.  Rows' points follow one another."""
    bit = 0
    for row in rows:
        for _ in range(amounts[row]):
            word, mask = bit >> 6, np.uint64(1) << np.uint64(bit & 63)
            for at in range(indptr[row], indptr[row + 1]):
                place = places[indices[at]]
                if place >= 0:
                    bits[place, word] |= mask
            bit += 1


@compiled
def ones(word: Any) -> Any:
    """How many bits of a uint64 are set.  Compilers know these lines for a single instruction."""
    two = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    four = (two & np.uint64(0x3333333333333333)) + ((two >> np.uint64(2)) & np.uint64(0x3333333333333333))
    eight = (four + (four >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (eight * np.uint64(0x0101010101010101)) >> np.uint64(56)


@compiled
def shared(one: np.ndarray, other: np.ndarray) -> Any:
    """How many bits two sets share; uint64 (n_words,) each."""
    count = np.uint64(0)
    for word in range(len(one)):
        count += ones(one[word] & other[word])
    return np.int64(count)


@compiled
def shared_by_pairs(bits: np.ndarray, sums: np.ndarray) -> None:
    """Into sums[x, y], x <= y: how many points have both.  Four at a time: so a word of x is read once for all."""
    for x in range(len(bits)):
        y = x
        while y + 4 <= len(bits):
            of_x, first, second, third, fourth = bits[x], bits[y], bits[y + 1], bits[y + 2], bits[y + 3]
            a = b = c = d = np.uint64(0)
            for word in range(len(of_x)):
                a += ones(of_x[word] & first[word])
                b += ones(of_x[word] & second[word])
                c += ones(of_x[word] & third[word])
                d += ones(of_x[word] & fourth[word])
            sums[x, y], sums[x, y + 1], sums[x, y + 2], sums[x, y + 3] = a, b, c, d
            y += 4
        while y < len(bits):
            sums[x, y] = shared(bits[x], bits[y])
            y += 1
