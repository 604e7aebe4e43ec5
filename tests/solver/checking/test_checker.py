"""A certificate proves what it says, and what is none is refused in one line."""

from __future__ import annotations

import ast
import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from asking import by_prefixes, claim, sealed, verdict
from generators import problem_of
from problems import hard

from compexact.solver import Status, certified, checking, exact_search
from compexact.solver.certificate import Certificate
from compexact.solver.checking import CertificateError, digest
from compexact.solver.checking.claim import KEYS
from compexact.solver.formula import And, Atom, Not, Or


def test_an_honest_certificate_says_what_is_true(proven):
    for each in proven:
        found = verdict(each.problem, json.dumps(each.content))
        assert (found.space, found.max_length, found.proof) == (
            each.result.space,
            each.result.max_length,
            each.proof,
        )
        assert (found.iou, found.bound) == (each.result.best.iou, each.result.bound)
        said = "is the optimum" if found.iou == found.bound else f"none is above {found.bound}"
        assert f"{said} among {found.space}s of at most {found.max_length} concepts" in str(found)
        assert each.result.status is Status.BOUNDED
        status = Status.OPTIMAL if found.iou == found.bound else Status.BOUNDED
        assert certified(each.problem, each.result).status is status


def test_the_checkers_import_the_standard_library_numpy_and_each_other_only():
    folder = Path(checking.__file__).parent
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.level == 1, file
                for module in [node.module] if node.module else [each.name for each in node.names]:
                    assert (folder / f"{module}.py").exists(), file
            elif isinstance(node, ast.ImportFrom | ast.Import):
                names = [node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]
                for name in names:
                    assert name == "numpy" or name.partition(".")[0] in sys.stdlib_module_names, f"{file}: {name}"


def test_the_ceiling_proves_itself_and_nothing_below():
    """The best of all sets leaves out the third cell, which is active nowhere."""
    problem = problem_of(
        np.array([[1, 0], [0, 1], [1, 1], [0, 0]], bool), np.array([6, 6, 9, 2]), np.array([4, 3, 0, 2])
    )
    best = problem.explain(Atom("c0"))
    ceiling = Fraction(9, 14)
    assert verdict(problem, Certificate("chain", 2, ceiling, "ceiling").to_json(problem, best)).bound == ceiling
    # At 7/11 the first, second and fourth cell are worth 30 + 12 + 22, which is one more than 7 * 9.
    for below in (ceiling - Fraction(1, 10**15), Fraction(7, 11), Fraction(7, 12), best.iou):
        with pytest.raises(CertificateError, match="is below the ceiling"):
            verdict(problem, Certificate("chain", 2, below, "ceiling").to_json(problem, best))


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "1", '{"format": 1}', "[" * 100_000, "\x00", '{"a": NaN}', "9" * 5000, b"\xff\xfe",
    ],
)  # fmt: skip
def test_what_is_no_certificate_is_refused_in_one_line(text, proven):
    with pytest.raises(CertificateError) as caught:
        verdict(proven[0].problem, text)
    assert "\n" not in str(caught.value)


def test_no_depth_of_nesting_ends_in_anything_but_a_refusal(proven):
    """At some depth the text can just be read, but no more be written; how deep that is depends on Python."""
    fields = dict.fromkeys(KEYS, 0) | {"content": "@"}
    reasons = set()
    for depth in (*range(20, 1200), 1_000_000):
        with pytest.raises(CertificateError) as caught:
            verdict(proven[0].problem, json.dumps(fields).replace('"@"', "[" * depth + "]" * depth))
        reasons.add(str(caught.value).partition(":")[0])
    assert reasons == {"damaged", "not a certificate"}


@pytest.mark.parametrize("key", sorted(KEYS - {"seal"}))
@pytest.mark.parametrize("value", [None, "x", -1, 0, 65, 2**70, [], [[]], {}, 1.5, [None] * 4, True, [1, 0], [3, 2]])
def test_fields_of_a_wrong_kind_are_refused(key, value, proven):
    for each in {each.proof: each for each in proven}.values():
        # An empty list is a transport, which proves nothing; no content is right for some.
        if each.content[key] == value or key == "unit":
            continue
        with pytest.raises(CertificateError) as caught:
            verdict(each.problem, sealed(each.content | {key: value}))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", sorted(KEYS))
def test_a_missing_or_further_key_is_refused(key, proven):
    content = proven[0].content
    for changed in ({k: v for k, v in content.items() if k != key}, content | {key + "s": 1}):
        with pytest.raises(CertificateError, match="keys"):
            verdict(proven[0].problem, json.dumps(changed))


def test_a_certificate_for_other_counts_is_refused(proven):
    for each in proven:
        with pytest.raises(CertificateError, match="digests differ"):
            verdict(hard(99), sealed(each.content))
        assert verdict(each.problem, sealed(each.content)).iou == each.result.best.iou


def test_the_digest_depends_on_every_array_and_name():
    parts = [np.array([0, 1, 2]), np.array([0, 1]), np.array([3, 4]), np.array([1, 2])]
    before = digest(*parts, ["a", "b"])
    assert digest(*(part.astype(np.int32) for part in parts), ("a", "b")) == before
    assert digest(*parts, ["a", "c"]) != before
    for i in range(4):
        assert digest(*(part + (i == j) for j, part in enumerate(parts)), ["a", "b"]) != before


@pytest.fixture
def four():
    """Four concepts on all their sets; the unit is active on half of each cell."""
    cells = (np.arange(16)[:, None] >> np.arange(4) & 1).astype(bool)
    return problem_of(cells, np.full(16, 4), np.full(16, 2))


A, B, C, D = map(Atom, ("c0", "c1", "c2", "c3"))
CHAINS = [A, A | B, A & B, A & ~B, (A | B) & ~C, C | (A & ~B), Or(A, B, C), And(A, B, Not(C)), (A & B & ~C) | D]
TREES = [~A, ~A & ~B, A | ~B, (A & B) | (C & D), (A | B) & (C | ~D), ~A | (B & C), And(A | B, C | D), And(~A, ~B)]


def claimed(problem, formula, space, length):
    return Certificate(space, length, Fraction(1), "ceiling").to_json(problem, problem.explain(formula))


@pytest.mark.parametrize("formula", CHAINS + TREES, ids=str)
def test_a_formula_is_counted_by_the_checker_in_its_space(formula, four):
    iou = four.explain(formula).iou
    assert verdict(four, claimed(four, formula, "tree", 4)).iou == iou
    if formula in CHAINS:
        assert verdict(four, claimed(four, formula, "chain", 4)).iou == iou
    else:
        with pytest.raises(CertificateError, match="the formula is no chain"):
            verdict(four, claimed(four, formula, "chain", 4))


@pytest.mark.parametrize("formula", CHAINS + TREES, ids=str)
def test_a_formula_longer_than_the_length_is_refused(formula, four):
    assert verdict(four, claimed(four, formula, "tree", formula.length))
    if formula.length > 1:
        with pytest.raises(CertificateError, match="longer than the length"):
            verdict(four, claimed(four, formula, "tree", formula.length - 1))


@pytest.mark.parametrize(
    "formula",
    [
        -1, 4, True, "c0", None, [], ["AND"], ["AND", 0], ["OR", 1], ["NOT"], ["NOT", 4], ["NOT", -1],
        ["NOT", ["NOT", 0]],
        ["NOT", 0, 1], ["NOT", ["AND", 0, 1]], ["XOR", 0, 1], ["AND", 0, 4], ["AND", 0, True], [0, 1], ["AND", 0, "OR"],
        ["AND", 0, ["OR", 1]], ["AND", 0, 1.0], ["OR", *[0] * 65],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_formula_is_refused(formula, four):
    content = json.loads(claimed(four, A, "tree", 4))
    with pytest.raises(CertificateError, match="the formula is not one"):
        verdict(four, sealed(content | {"formula": formula}))


@pytest.mark.parametrize("more", [1, -1])
def test_a_formula_with_another_iou_is_refused(four, more):
    content = json.loads(claimed(four, A & B, "tree", 4))
    with pytest.raises(CertificateError, match="the formula has IoU"):
        verdict(four, sealed(content | {"iou": [content["iou"][0] + more, content["iou"][1]]}))


def test_a_bound_below_the_formula_is_refused(four):
    content = json.loads(claimed(four, A, "tree", 4))
    with pytest.raises(CertificateError, match="below the formula's IoU"):
        verdict(four, sealed(content | {"bound": [0, 1]}))


@pytest.mark.parametrize("gap", [Fraction(1, 10**15), Fraction(1, 3000), Fraction(1, 900)])
def test_a_bound_a_hair_below_the_formula_contradicts_itself(proven, gap):
    """Whatever the proof: two numbers of one certificate are compared before anything is counted."""
    for each in proven:
        bound = Fraction(*each.content["iou"]) * (1 - gap)
        with pytest.raises(CertificateError, match=r"^the bound .* is below the formula's IoU"):
            verdict(each.problem, sealed(each.content | {"bound": [bound.numerator, bound.denominator]}))


def test_prefixes_prove_nothing_about_trees():
    problem = hard(0)
    result = by_prefixes(problem, max_length=3)
    content = claim(problem, result.certificate, result.best)
    with pytest.raises(CertificateError, match="about chains only"):
        verdict(problem, sealed(content | {"space": "tree"}))


@pytest.mark.parametrize("proof", ["ceiling", "sets"])
def test_content_where_there_is_none_to_be_is_refused(proof, proven):
    each = next(each for each in proven if each.proof == proof)
    with pytest.raises(CertificateError, match=f"a proof by {proof} has no content"):
        verdict(each.problem, sealed(each.content | {"content": []}))


def test_a_certificate_without_content_costs_few_bytes():
    problem = hard(0)
    result = exact_search(problem, space="tree", max_length=4)
    assert len(result.certificate.to_json(problem, result.best)) < 500
