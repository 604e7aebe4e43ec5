"""Formulas with one leaf negated."""

from dataclasses import replace

import numpy as np

from compexact.experiments.report.negation import negate_leaf, negations, smallest
from compexact.probes.store import Probe
from compexact.solver.cells import Cells, concept_rows
from compexact.solver.parse import parse
from compexact.solver.problem import Problem

ROWS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]], dtype=bool)


WEIGHTS = np.array([100, 20, 30, 5, 40, 6, 7, 1])


def make_probe(active: np.ndarray | None = None, **more) -> Probe:
    """Eight cells over water, river, blue; unit `good` is `(water OR river) AND NOT blue`, `odd` its half."""
    good = WEIGHTS * ((ROWS[:, 0] | ROWS[:, 1]) & ~ROWS[:, 2])
    counts = np.stack([good, good // 2], axis=1) if active is None else active
    rows = concept_rows(("water", "river", "blue"), ("object", "object", "color"), ROWS)
    return Probe(Cells(rows, WEIGHTS, counts, ("good", "odd")), {"kind": "arrays", "model": "m"}, **more)


def test_every_leaf_is_negated_in_its_place():
    formula = parse("(water OR river) AND NOT blue")
    changed = [str(negate_leaf(formula, place)) for place in range(3)]
    assert changed == [
        "(NOT water OR river) AND NOT blue",
        "(water OR NOT river) AND NOT blue",
        "(water OR river) AND blue",
    ]


def test_a_leaf_that_stands_twice_is_negated_once_at_a_time():
    formula = parse("(water AND river) OR water")
    assert [str(negate_leaf(formula, place)) for place in (0, 2)] == [
        "(NOT water AND river) OR water",
        "(water AND river) OR NOT water",
    ]


def test_a_negation_has_its_own_counts_and_the_smallest_changes_fewest_points():
    problem = Problem.of(make_probe().cells, "good")
    formula = parse("(water OR river) AND NOT blue")
    found = negations(problem, formula, problem.concepts.mask(formula))
    assert [str(each.leaf) for each in found] == ["water", "river", "NOT blue"]
    # Turned: water, so 20 points leave and 100 enter; river, 30 and 100; blue, 55 and 14.
    assert [each.changed for each in found] == [120, 130, 69]
    assert [each.found.intersection for each in found] == [35, 25, 0]
    assert smallest(found) is found[2]
    assert smallest([replace(found[0], changed=0)]) is None
