"""The compat search against an independent, literal re-implementation of the reference search.

The re-implementation works on points and formula objects with identity keys, as the released code does:
no cells, no shared sums, no code of ours but the parser.
"""

import heapq

import numpy as np
import pytest

from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem
from compexact.solver.reference import reference_beam_search

TINY = float(np.finfo(np.float32).tiny)


class Node:
    """A formula by identity: two equal ones are two keys, as without __eq__."""

    def __init__(self, text, mask, length):
        self.text, self.mask, self.length = text, mask, length


def literal_search(concepts, neuron, names, *, nli, max_length, beam_size, penalty):
    def iou(mask):
        if nli:
            return (mask & neuron).sum() / ((mask | neuron).sum() + TINY)
        both = (mask & neuron).sum()
        return both / (mask.sum() + neuron.sum() - both + 1e-10)

    def best(pool):
        return dict(heapq.nlargest(beam_size, pool.items(), key=lambda item: item[1]))

    leaves = [(name, concepts[:, i]) for i, name in enumerate(names)]
    pool = {}
    for name, mask in leaves:
        pool[Node(name, mask, 1)] = iou(mask)
        if nli:
            pool[Node(name, mask, 2)] = iou(mask)  # NEIGHBORS(x), which equals x
    if nli:
        added = [leaf for leaf in leaves if iou(leaf[1]) > 0 for _ in range(2)]
    else:
        added = leaves
        pool = {node: score for node, score in pool.items() if score > 0}
    if not pool:
        return None
    beam = best(pool)
    for _ in range(max_length - 1):
        new = {}
        for node in beam:
            for name, mask in added:
                for word, joined, extra in (
                    ("OR", node.mask | mask, 1),
                    ("AND", node.mask & mask, 1),
                    ("AND NOT", node.mask & ~mask, 2),
                ):
                    made = Node(f"({node.text}) {word} {name}", joined, node.length + extra)
                    new[made] = penalty ** (made.length - 1) * iou(joined)
        beam = best({**beam, **new})
    winner = next(iter(beam))
    return winner.text


@pytest.mark.parametrize("form", ["vision", "nli"])
@pytest.mark.parametrize("penalty", [1.0, 0.97])
def test_compat_gives_the_formula_of_the_literal_search(form, penalty):
    rng = np.random.default_rng(7)
    for _ in range(60):
        rows, columns = int(rng.integers(5, 40)), int(rng.integers(2, 7))
        concepts = rng.random((rows, columns)) < rng.choice([0.15, 0.4])
        neuron = rng.random(rows) < 0.3
        length, width = int(rng.integers(1, 6)), int(rng.integers(1, 6))
        problem = Problem.of(from_arrays(concepts, neuron[:, None]), 0)
        expected = literal_search(
            concepts,
            neuron,
            problem.concepts.names,
            nli=form == "nli",
            max_length=length,
            beam_size=width,
            penalty=penalty,
        )
        found = reference_beam_search(
            problem, form, max_length=length, beam_size=width, penalty=penalty, min_active=0
        ).best
        assert (None if found is None else str(found.formula)) == (None if expected is None else str(parse(expected)))


def test_duplicates_fill_the_beam_that_a_beam_of_functions_keeps_free():
    from compexact.solver.beam import beam_search

    rng = np.random.default_rng(0)
    better = 0
    for _ in range(60):
        concepts = rng.random((60, 6)) < 0.3
        problem = Problem.of(from_arrays(concepts, rng.random((60, 1)) < 0.3), 0)
        compat = reference_beam_search(problem, "vision", max_length=6, beam_size=5).best
        ours = beam_search(problem, max_length=6, beam_size=5).best
        better += ours.iou > compat.iou
    assert better > 0


def test_the_nli_form_skips_units_that_are_rarely_active():
    problem = Problem.of(from_arrays([[1], [0]], weights=[400, 600], active=[[400], [99]]), 0)
    skipped, kept = reference_beam_search(problem, "nli"), reference_beam_search(problem, "nli", min_active=499)
    assert (skipped.best, skipped.status) == (None, "degenerate")
    assert (str(kept.best.formula), kept.status) == ("c0", "feasible")
    with pytest.raises(UsageError, match="vision and nli"):
        reference_beam_search(problem, "text")


def test_the_vision_form_skips_units_that_share_no_point_with_a_concept():
    problem = Problem.of(from_arrays([[1], [0], [0]], [[0], [1], [0]]), 0)
    found = reference_beam_search(problem, "vision")
    assert (found.best, found.by_length, found.status) == (None, (), "degenerate")


def test_the_vision_form_adds_only_concepts_that_occur():
    """`f OR absent` and `f AND NOT absent` tie with f; in the published code they are never made."""
    rng = np.random.default_rng(3)
    for _ in range(40):
        present = rng.random((40, 4)) < 0.3
        neuron = rng.random(40) < 0.3
        with_absent = np.hstack([np.zeros((40, 3), bool), present])
        names = [f"p{i}" for i in range(4)]
        found, expected = (
            reference_beam_search(problem, "vision", max_length=4, beam_size=4).best
            for problem in (
                Problem.of(from_arrays(with_absent, neuron[:, None], concept_names=["x", "y", "z", *names]), 0),
                Problem.of(from_arrays(present, neuron[:, None], concept_names=names), 0),
            )
        )
        assert str(found.formula) == str(expected.formula)
