"""The peer: the beam search of Mu and Andreas (2020) as one would write it in numpy, over points.

Written from the paper's description.  It scores every candidate on its own mask, as the published code does.
"""

from __future__ import annotations

import numpy as np


def iou(mask: np.ndarray, neuron: np.ndarray) -> float:
    both = np.count_nonzero(mask & neuron)
    return both / max(1, np.count_nonzero(mask | neuron))


def beam_search(concepts: np.ndarray, neuron: np.ndarray, max_length: int, beam_size: int = 10) -> float:
    """concepts: bool (n_concepts, n_points), each row contiguous.  neuron: bool (n_points,).  The best IoU."""
    beam = sorted(((iou(mask, neuron), mask) for mask in concepts), key=lambda entry: -entry[0])[:beam_size]
    for _ in range(max_length - 1):
        pool = list(beam)
        for _, mask in beam:
            for concept in concepts:
                for joined in (mask | concept, mask & concept, mask & ~concept):
                    score = iou(joined, neuron)
                    if score > beam[-1][0]:
                        pool.append((score, joined))
        beam = sorted(pool, key=lambda entry: -entry[0])[:beam_size]
    return beam[0][0]
