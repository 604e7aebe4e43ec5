"""Points as bits, 64 to a word: what concepts share is then counted, not added up cell by cell.

A cell of w points with some concept becomes w bits; a concept is the set of the bits of its cells.  Cells are disjoint,
so two concepts share as many points as the AND of their sets has bits.  It pays where cells have many of the concepts
each and few points.  Compiled only: without, cells are added up.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_WORDS = 1 << 30
"""ANDs of two words for one table of pairs; some tenths of a second."""
PER_ADDITION = 8
"""So many of them take as long as one addition to the table."""

MOST_HELD = 1 << 23
"""Words of all sets together: 64 MiB."""


def words_for(n: int, points: int) -> int:
    """How many ANDs a table of all pairs of n concepts takes."""
    return n * (n + 1) // 2 * -(-points // 64)


def set_bits(
    indptr: np.ndarray, indices: np.ndarray, places: np.ndarray, amounts: np.ndarray, bits: np.ndarray
) -> None:
    """Give every cell with a concept as many bits as its amount, and set them for its concepts.

    indptr, indices: the cells' concepts.  places: int64 (n_concepts,), which set each concept is, or -1.
    bits: uint64 (n, n_words).
    """
    bit = 0
    for cell in range(len(amounts)):
        first, last = indptr[cell], indptr[cell + 1]
        if first == last:
            continue
        for _ in range(amounts[cell]):
            for at in range(first, last):
                place = places[indices[at]]
                if place >= 0:
                    bits[place, bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
            bit += 1


def shared(bits: np.ndarray, counts: np.ndarray) -> None:
    """Into counts[x, y], x <= y: the bits that both sets have."""
    n, words = bits.shape
    for x in range(n):
        one = bits[x]
        for y in range(x, n):
            other, count = bits[y], np.uint64(0)
            for at in range(words):
                count += _ones(one[at] & other[at])
            counts[x, y] = count


def in_all_three(bits: np.ndarray, x: int, y: int, z: int) -> Any:
    """int64: the bits that three sets have."""
    one, two, three, count = bits[x], bits[y], bits[z], np.uint64(0)
    for at in range(len(one)):
        count += _ones(one[at] & two[at] & three[at])
    return np.int64(count)


def _ones(word: np.uint64) -> Any:
    """uint64: how many bits of a word are set, summed in pairs, fours and eights."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return (word * np.uint64(0x0101010101010101)) >> np.uint64(56)
