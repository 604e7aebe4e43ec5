"""Formulas with one leaf negated."""

from dataclasses import replace

from compexact.experiments.report.negation import negate_leaf, negations, smallest
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem


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


def test_a_negation_has_its_own_counts_and_the_smallest_changes_fewest_points(watery):
    problem = Problem.of(watery.cells, "good")
    formula = parse("(water OR river) AND NOT blue")
    found = negations(problem, formula, problem.concepts.mask(formula))
    assert [str(each.leaf) for each in found] == ["water", "river", "NOT blue"]
    # Turned: water, so 20 points leave and 100 enter; river, 30 and 100; blue, 55 and 14.
    assert [each.changed for each in found] == [120, 130, 69]
    assert [each.found.intersection for each in found] == [35, 25, 0]
    assert smallest(found) is found[2]
    assert smallest([replace(found[0], changed=0)]) is None
