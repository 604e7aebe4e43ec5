"""A certificate proves what it says, and nothing that was changed passes."""

from __future__ import annotations

import ast
import importlib.util
import json
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from compexact.solver import Status, check
from compexact.solver.certify import certificate_text, certified
from compexact.solver.exact import exact_search

_spec = importlib.util.spec_from_file_location("generators", Path(__file__).with_name("generators.py"))
generators = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generators)


def verdict(problem, text):
    concepts = problem.concepts
    return check.check(text, concepts.indptr, concepts.indices, problem.weights, problem.active, concepts.names)


def hard_problem(seed, cells=60, concepts=14):
    """Small, yet with prefixes in the tree at length 4."""
    rng = np.random.default_rng(seed)
    matrix = rng.random((cells, concepts)) < 0.35
    weights = rng.integers(1, 30, cells)
    active = np.where(rng.random(cells) < 0.3, rng.integers(0, weights + 1), 0)
    return generators.problem_of(matrix, weights, active)


@pytest.fixture(scope="module")
def proven():
    """(problem, result, certificate) of some problems, with trees that are not empty."""
    out = []
    for seed in range(4):
        problem = hard_problem(seed)
        result = exact_search(problem, max_length=4)
        assert sum(map(len, result.certificate.trees)) > 5
        out.append((problem, result, json.loads(certificate_text(problem, result))))
    return out


def sealed(content):
    return json.dumps(content | {"seal": check.seal(content)})


def test_an_honest_certificate_makes_the_result_optimal(proven):
    for problem, result, content in proven:
        assert result.status is Status.BOUNDED
        assert certified(problem, result).status is Status.OPTIMAL
        assert "is the optimum" in str(verdict(problem, json.dumps(content)))


def test_the_checker_imports_nothing_of_the_project():
    tree = ast.parse(Path(check.__file__).read_text())
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported == {
        "__future__", "hashlib", "json", "collections.abc", "dataclasses", "fractions", "typing", "numpy",
    }  # fmt: skip
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]


def tampered(content, problem, chance):
    """The certificate with one change, and the kind of change."""
    content = json.loads(json.dumps(content))
    p, q = content["bound"]
    kind = chance.choice(["lower", "raise iou", "formula", "node", "digest", "value", "rule", "length", "space"])
    if kind == "lower":
        content["bound"] = [p * 1000 - chance.randint(1, 999), q * 1000]
    elif kind == "raise iou":
        content["iou"] = content["bound"] = [p * 100 + chance.randint(1, 99), q * 100]
    elif kind == "formula":
        step = chance.choice(content["formula"])
        before = list(step)
        while step == before:
            step[1] = chance.randrange(len(problem.concepts.names))
    elif kind == "node":
        tree = chance.choice([tree for tree in content["trees"] if tree])
        del tree[chance.randrange(len(tree))]
    elif kind == "digest":
        at = chance.randrange(64)
        digit = chance.choice([d for d in "0123456789abcdef" if d != content["digest"][at]])
        content["digest"] = content["digest"][:at] + digit + content["digest"][at + 1 :]
    elif kind == "value":
        content["values"][chance.randrange(len(content["values"]))] -= chance.choice([1, 10, 10**6])
    elif kind == "rule":
        tree = chance.choice([tree for tree in content["trees"] if tree])
        at = chance.randrange(len(tree))
        tree[at] += chance.choice([-1, 1, 3 * len(problem.concepts.names)])
    elif kind == "length":
        content["max_length"] += chance.choice([-1, 1])
    else:
        content["space"] = "tree"
    return content, kind


def assert_all_rejected(proven, count, seed):
    chance = random.Random(seed)
    for _ in range(count):
        problem, _, honest = chance.choice(proven)
        content, kind = tampered(honest, problem, chance)
        with pytest.raises(check.CertificateError):
            verdict(problem, json.dumps(content))
        try:
            found = verdict(problem, sealed(content))
        except check.CertificateError:
            continue
        # With a new seal another certificate of the same claim may arise: then the claim must be true.
        assert kind in ("formula", "value", "node", "rule"), kind
        best = Fraction(*honest["bound"])
        assert found.iou <= best <= found.bound
        assert kind == "formula" or found.bound == best


def test_changed_certificates_are_rejected(proven):
    assert_all_rejected(proven, 300, 1)


@pytest.mark.slow
def test_ten_thousand_changed_certificates_are_rejected(proven):
    assert_all_rejected(proven, 10_000, 2)


def test_dropping_any_single_prefix_is_noticed(proven):
    for problem, _, content in proven[:2]:
        for which, tree in enumerate(content["trees"]):
            for at in range(len(tree)):
                less = json.loads(json.dumps(content))
                del less["trees"][which][at]
                with pytest.raises(check.CertificateError):
                    verdict(problem, sealed(less))


def test_a_bound_above_the_iou_is_certified_too(proven):
    for problem, _, _ in proven:
        calls = []
        result = exact_search(problem, max_length=4, should_stop=lambda calls=calls: calls.append(1) or True)
        found = certified(problem, result)
        assert found.status is Status.BOUNDED
        assert found.best.iou < found.bound == found.ceiling


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "1", '{"format": 1}', "[" * 100_000, "\x00", '{"a": NaN}', "9" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_certificate_is_refused_in_one_line(text, proven):
    with pytest.raises(check.CertificateError) as caught:
        verdict(proven[0][0], text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", sorted(check.KEYS - {"seal"}))
@pytest.mark.parametrize("value", [None, "x", -1, 2**70, [], [[]], {}, 1.5, [None] * 4, True])
def test_fields_of_a_wrong_kind_are_refused(key, value, proven):
    problem, _, content = proven[0]
    if content[key] == value or key == "unit":
        return
    with pytest.raises(check.CertificateError):
        verdict(problem, sealed(content | {key: value}))


def test_a_certificate_for_other_counts_is_refused(proven):
    problem, _, content = proven[0]
    other = hard_problem(99)
    with pytest.raises(check.CertificateError, match="digests differ"):
        verdict(other, sealed(content))
    assert verdict(problem, sealed(content)).iou == proven[0][1].best.iou


def test_a_prefix_costs_few_bytes(proven):
    for _, _, content in proven:
        nodes = sum(len(tree) for tree in content["trees"])
        assert len(json.dumps(content["trees"], separators=(",", ":"))) <= 50 * nodes
