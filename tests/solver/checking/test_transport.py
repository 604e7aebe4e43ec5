"""The checker of transports: hand-made proofs pass, and fail as soon as they prove less than they claim."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from asking import verdict
from generators import problem_of, random_problem
from problems import best_of_any_function, best_tree, removable, routes_towards

from compexact.solver import Atom, exact_search
from compexact.solver.certificate import Certificate
from compexact.solver.checking import CertificateError

GOOD, BAD = 10, [5, 3, 2]
OPTIMA = {1: Fraction(2, 3), 2: Fraction(5, 6), 3: Fraction(1)}
"""Of `removable(GOOD, BAD)`: 10/(10 + 3 + 2), 10/(10 + 2), 10/10."""
ROUTES = {1: [[0, 1, 10], [0, 2, 6], [0, 3, 4]], 2: [[0, 1, 25], [0, 2, 15], [0, 3, 10]]}
"""Of the values 30, -10, -6, -4 at 2/3, all that can be sent; at 5/6 the values are 60, -25, -15, -10."""


def text_of(routes, length, bound, space="chain", problem=None):
    problem = removable(GOOD, BAD) if problem is None else problem
    return Certificate(space, length, bound, "transport", routes).to_json(problem, problem.explain(Atom("c2")))


@pytest.mark.parametrize("space", ["chain", "tree"])
@pytest.mark.parametrize("length", [1, 2])
def test_a_hand_made_proof_of_the_exact_optimum_passes(space, length):
    problem = removable(GOOD, BAD)
    assert best_of_any_function(problem, length) == OPTIMA[length]
    found = verdict(problem, text_of(ROUTES[length], length, OPTIMA[length], space))
    assert (found.bound, found.proof, found.work) == (OPTIMA[length], "transport", "3 routes between cells")


@pytest.mark.parametrize("length", [1, 2])
def test_the_same_routes_prove_nothing_below_and_nothing_for_longer_formulas(length):
    problem = removable(GOOD, BAD)
    hair = Fraction(1, 10**9)
    for bound, longer in ((OPTIMA[length] - hair, length), (OPTIMA[length], length + 1)):
        with pytest.raises(CertificateError):
            verdict(problem, text_of(ROUTES[length], longer, bound))


@pytest.mark.parametrize("length", [1, 2])
def test_one_unit_less_or_more_on_a_route_matters(length):
    """Less is sent: on the routes that separate least, what is kept grows.  More: a cell has no more to give."""
    problem = removable(GOOD, BAD)
    for at in range(3):
        changed = [list(route) for route in ROUTES[length]]
        changed[at][2] -= 1
        if at >= length:
            with pytest.raises(CertificateError, match="does not prove the bound"):
                verdict(problem, text_of(changed, length, OPTIMA[length]))
        else:
            assert verdict(problem, text_of(changed, length, OPTIMA[length]))
        changed[at][2] += 2
        with pytest.raises(CertificateError, match=f"cell {at + 1} has the value"):
            verdict(problem, text_of(changed, length, OPTIMA[length]))


def test_a_route_may_be_split_and_routes_may_come_in_any_order():
    problem = removable(GOOD, BAD)
    split = [[0, 3, 1], [0, 2, 6], [0, 3, 3], [0, 1, 10], [0, 1, 0]]
    assert verdict(problem, text_of(split, 1, OPTIMA[1])).bound == OPTIMA[1]


@pytest.mark.parametrize(
    ("routes", "reason"),
    [
        (None, "a list of routes"),
        ({}, "a list of routes"),
        ("routes", "a list of routes"),
        ([None], r"\[from, to, amount\]"),
        ([[0, 1]], r"\[from, to, amount\]"),
        ([[0, 1, 1, 1]], r"\[from, to, amount\]"),
        ([[0, 1, 1.0]], r"\[from, to, amount\]"),
        ([[0, True, 1]], r"\[from, to, amount\]"),
        ([[0, 4, 1]], "there is no route"),
        ([[4, 0, 1]], "there is no route"),
        ([[-4, 1, 1]], "there is no route"),
        ([[0, -1, 1]], "there is no route"),
        ([[0, 1, -1]], "there is no route"),
        ([[0, 1, 5], [1, 2, 1]], "both sends and receives"),
        ([[0, 0, 1]], "both sends and receives"),
        ([[1, 0, 1]], "cell 1 has the value -10 and sends 1"),
        ([[1, 2, 1]], "cell 1 has the value -10 and sends 1"),
        ([[0, 1, 11]], "cell 1 has the value -10 and sends -11"),
        ([[0, 1, 2**70]], "there is no route"),
        ([], "does not prove the bound"),
    ],
)
def test_routes_that_cannot_be_are_refused(routes, reason):
    with pytest.raises(CertificateError, match=reason):
        verdict(removable(GOOD, BAD), text_of(routes, 1, OPTIMA[1]))


def test_a_sender_sends_no_more_than_it_has():
    """One good cell among bad ones that could take far more."""
    problem = removable(10, [50, 50, 50])
    # At 1/3 the value of the good cell is 30, those of the bad ones are -50.
    routes = [[0, 1, 10], [0, 2, 10], [0, 3, 10]]
    assert verdict(problem, text_of(routes, 1, Fraction(1, 3), problem=problem)).bound == Fraction(1, 3)
    with pytest.raises(CertificateError, match="cell 0 has the value 30 and sends 31"):
        verdict(problem, text_of([[0, 1, 11], *routes[1:]], 1, Fraction(1, 3), problem=problem))


def test_a_receiver_takes_no_more_than_it_is_worth_from_all_senders_together():
    """Three good cells and a bad one, told apart by one concept."""
    matrix = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 0, 0]], dtype=bool)
    problem = problem_of(matrix, np.array([4, 4, 4, 12]), np.array([4, 4, 4, 0]))
    best = problem.explain(~Atom("c0"))
    # At 1/3 the values are 8, 8, 8 and -12: the second sender finds the receiver full.
    for routes in ([[0, 3, 8], [1, 3, 8], [2, 3, 8]], [[0, 3, 8], [1, 3, 5]]):
        with pytest.raises(CertificateError, match="cell 3 has the value -12 and sends"):
            verdict(problem, Certificate("tree", 1, Fraction(1, 3), "transport", routes).to_json(problem, best))
    full = Certificate("tree", 1, Fraction(1, 3), "transport", [[0, 3, 8], [1, 3, 4]])
    with pytest.raises(CertificateError, match="does not prove"):
        verdict(problem, full.to_json(problem, best))


def test_a_concept_pays_for_what_it_keeps_and_its_negation_for_what_it_leaves_out():
    """Two good cells, each beside a bad one: of the first two cells only the good one has c0, of the others the bad."""
    matrix = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1], [1, 0, 1]], dtype=bool)
    problem = problem_of(matrix, np.array([10] * 4), np.array([10, 0, 10, 0]))
    routes = [[0, 1, 20], [2, 3, 20]]  # at 2/3 the values are 30, -20, 30, -20
    chosen = problem.explain(Atom("c0"))
    assert best_tree(problem, 1) == Fraction(1, 3) < Fraction(2, 3)
    assert verdict(problem, Certificate("tree", 1, Fraction(2, 3), "transport", routes).to_json(problem, chosen))


def test_a_pair_of_cells_counts_in_full_for_every_concept_that_separates_it():
    """Cells {a, b} and {}: one of a and b is enough to tell them apart."""
    problem = problem_of(np.array([[1, 1], [0, 0]], dtype=bool), np.array([10, 10]), np.array([10, 0]))
    assert best_of_any_function(problem, 1) == 1
    for bound, sent in ((Fraction(1, 2), 10), (Fraction(2, 3), 20), (Fraction(9, 10), 90)):
        for amount in (0, sent // 2, sent):
            false = Certificate("tree", 1, bound, "transport", [[0, 1, amount]])
            with pytest.raises(CertificateError, match="does not prove"):
                verdict(problem, false.to_json(problem, problem.explain(~Atom("c0"))))


def test_no_false_bound_passes_however_the_routes_are_changed():
    """Routes that are best for the false bound, then changed by chance: any that passes would prove what is not so."""
    chance, tried = random.Random(3), 0
    for seed in range(0, 240, 3):
        problem, length = random_problem(seed)
        length = min(length, 3)
        truth = best_tree(problem, length)
        result = exact_search(problem, max_length=1)
        if problem.n_points > 10**7 or result.best is None or result.best.iou >= truth:
            continue
        weaker = result.by_length[0]
        for bound in ((weaker.iou + truth) / 2, truth - Fraction(1, 10**4 * truth.denominator)):
            target = max(weaker.iou, bound.limit_denominator(2**16))
            if not weaker.iou <= target < truth:
                continue
            routes = routes_towards(problem, target, length)
            for _ in range(20):
                changed = [list(route) for route in routes]
                for _ in range(chance.randint(0, 3)):
                    change(changed, len(problem.weights), chance)
                text = Certificate("tree", length, target, "transport", changed).to_json(problem, weaker)
                with pytest.raises(CertificateError):
                    verdict(problem, text)
                tried += 1
    assert tried > 500


def change(routes, n_cells, chance):
    """Send more, less, elsewhere, or by a new route."""
    if not routes or chance.random() < 0.3:
        routes.append([chance.randrange(n_cells), chance.randrange(n_cells), chance.randint(1, 10**6)])
        return
    route = chance.choice(routes)
    if chance.random() < 0.5:
        route[2] = max(0, int(route[2] * chance.choice([0, 0.5, 1.1, 2, 10])) + chance.randint(-1, 1))
    else:
        route[chance.randrange(2)] = chance.randrange(n_cells)
