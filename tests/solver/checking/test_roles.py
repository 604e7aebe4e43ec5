"""The checker of roles against false claims, and planted mistakes in honest certificates."""

from __future__ import annotations

import json

import pytest
from asking import by_roles, claim, sealed, verdict
from first_few import first
from generators import random_problem
from problems import hard, rare_unit

from compexact.solver import Atom, exact_search
from compexact.solver.certificate import Certificate
from compexact.solver.checking import CertificateError
from compexact.solver.checking.errors import Undecided
from compexact.solver.roles import tree
from compexact.solver.roles.search import RoleSearch, never
from compexact.solver.stopping import Stopping


def patterns(content):
    found = [content]
    for each in found:
        found += [below for _, below in each["next"]]
    return found


def proofs(count):
    """Problems and the content of the certificates that the search by roles gives."""
    for seed in range(count):
        problem = rare_unit(seed)
        result = by_roles(problem, max_length=3)
        if result.best is not None and result.certificate.proof == "roles":
            yield problem, claim(problem, result.certificate, result.best)


def test_what_is_left_out_is_noticed_unless_the_rest_still_proves_a_true_claim():
    noticed = 0
    for problem, honest in proofs(12):
        optimum = exact_search(problem, max_length=3).bound
        for which in range(len(patterns(honest["content"]))):
            for part in ("own", "deeper", "shorter", "next"):
                less = json.loads(json.dumps(honest))
                pattern = patterns(less["content"])[which]
                pattern[part] = None if part in ("deeper", "shorter") else []
                try:
                    found = verdict(problem, sealed(less))
                except CertificateError:
                    noticed += 1
                else:
                    assert found.bound >= optimum
    assert noticed > 30


@pytest.mark.parametrize("seeds", first(1, [range(30), range(30, 150)]))
def test_a_bound_below_the_optimum_is_refused_with_any_charges(seeds):
    """The certificate of a search that aims below the optimum, with all that it has: only false bounds could pass."""
    refused = 0
    for seed in seeds:
        problem, _ = random_problem(seed)
        best = exact_search(problem, max_length=3)
        if best.best is None or best.bound == 0 or not problem.concepts.names:
            continue
        poor = min((problem.explain(Atom(name)) for name in problem.concepts.names), key=lambda each: each.iou)
        if poor.iou >= best.bound:
            continue
        looking = RoleSearch(problem, 3, poor, Stopping())
        looking.run(never)
        for bound in (poor.iou, (poor.iou + best.bound) / 2, best.bound * 9999 / 10000):
            target = tree.Target(problem, 3, problem.reachable(bound, tree.headroom(3)))
            try:
                content = tree.certificate(target, looking.root, Stopping())
            except tree.Unproven:
                refused += 1
                continue
            text = Certificate("chain", 3, target.bound, "roles", content).to_json(problem, poor)
            assert target.bound >= best.bound, (seed, verdict(problem, text))
    assert refused > len(seeds) / 2


@pytest.mark.parametrize(
    ("step", "says"),
    [
        (["or", 0, 99], "is no split here"),
        (["or", 1, 0], "is no split here"),
        (["not", -1], "a word and numbers"),
        (["inside", 0, 0, 1], "is no split here"),
        (["and", 0], "is no split here"),
        ([], "a word and numbers"),
        (None, "called impossible"),
        (3, "charges need"),
    ],
)
def test_a_step_that_is_none_is_refused(step, says):
    problem = hard(0, cells=20, concepts=5)
    result = by_roles(problem, max_length=3)
    content = claim(problem, result.certificate, result.best)
    content["content"]["own"] = [step, *content["content"]["own"]]
    with pytest.raises(CertificateError, match=says):
        verdict(problem, sealed(content))


def test_charges_of_rows_that_are_not_there_are_refused():
    problem = hard(1, cells=20, concepts=5)
    result = by_roles(problem, max_length=3)
    honest = claim(problem, result.certificate, result.best)
    none = {"unit": 0, "taken": [[], [], []], "spared": [[], [], [], []], "inner": [[], []]}
    for change, says in (
        ({"taken": [[99], [0], [1]]}, "a cell that is not there"),
        ({"taken": [[0], [99], [1]]}, "a concept that its cell does not have"),
        ({"spared": [[0], [5], [0], [1]]}, "a segment that is not there|a concept that its cell does not have"),
        ({"spared": [[99], [0], [0], [1]]}, "a cell that is not there"),
        ({"inner": [[99], [1]]}, "a cell that is not there"),
        ({"inner": [[0], [-1]]}, "integers from 0"),
        ({"inner": [[0], [True]]}, "integers from 0"),
        ({"unit": 1000}, "no unit"),
        ({"unit": 1.0}, "no unit"),
        ({"taken": [[0], [0]]}, "is 3 lists"),
        ({"apart": [[0], [99], [1]]}, "a cell that is not there"),
        ({"apart": [[99], [0], [1]]}, "a cell that is not there"),
        ({"apart": [[0], [1], [-1]]}, "integers from 0"),
        ({"apart": [[0], [1]]}, "is 3 lists"),
        ({"circles": [[], [1]]}, "has an amount"),
        ({"circles": [[[[0, 0, 1, 0, 0]]], [-1]]}, "has an amount"),
        ({"circles": [[[[0, 0, 1, 0, 0]]]]}, "two lists"),
        ({"circles": [[[]], [1]]}, "a list of steps"),
        ({"circles": [[[[0, 0, 1, 0]]], [1]]}, "five integers"),
        ({"circles": [[[[0, 0, 1, 0, True]]], [1]]}, "five integers"),
        ({"circles": [[[[0, 0, 1, 0, 2]]], [1]]}, "no circle"),
        ({"circles": [[[[0, 0, 1, 0, 2], [0, 3, 1, 0, 0]]], [1]]}, "no circle"),
        ({"circles": [[[[1, 0, 1, 0, 0]]], [1]]}, "no circle"),
        ({"circles": [[[[0, 0, 0, 0, 0]]], [1]]}, "no circle"),
        ({"circles": [[[[0, 0, 99, 0, 0]]], [1]]}, "no circle"),
        ({"circles": [[[[0, 0, 1, 0, 0]]], [1 << 61]]}, "too large"),
        ({"more": []}, "charges need"),
    ):
        content = json.loads(json.dumps(honest))
        content["content"]["own"] = [none | change]
        with pytest.raises((CertificateError, Undecided), match=says):
            verdict(problem, sealed(content))
