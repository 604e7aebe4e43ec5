"""A probe and a certificate that were made together: only what is true is confirmed, all else refused in one line."""

from __future__ import annotations

import json
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from asking import sealed, verdict
from generators import problem_of

from compexact.solver import Atom
from compexact.solver.certificate import Certificate
from compexact.solver.checking import PROOFS, CertificateError, check, digest
from compexact.solver.checking.recount import Rows, UnitPoints
from compexact.solver.compiled import compiled

sys.path.insert(0, str(Path(__file__).parents[2]))

from fuzzing.hostile import attempt


def test_hostile_probes_and_certificates_are_confirmed_only_where_they_are_true():
    """Numbers that `make fuzz` has, too."""
    outcomes = Counter(attempt(number) for number in range(800))
    for proof in PROOFS:
        assert outcomes[f"confirmed by {proof}"] > 15
    assert outcomes["refused"] > 100
    assert outcomes["refused, no cells"] > 200


GOOD = {
    "indptr": np.array([0, 1, 2, 4]),
    "indices": np.array([0, 1, 0, 1]),
    "weights": np.array([5, 6, 7]),
    "active": np.array([5, 0, 1]),
    "names": ("a", "b"),
}


def checked(**changes):
    """A true claim about the good cells, of which some parts are then others; its digest and seal are made to fit."""
    arrays = GOOD | changes
    problem = problem_of(np.array([[1, 0], [0, 1], [1, 1]], bool), GOOD["weights"], GOOD["active"])
    content = json.loads(Certificate("chain", 2, Fraction(1), "sets").to_json(problem, problem.explain(Atom("c0"))))
    try:
        content["digest"] = digest(*arrays.values())
    except CertificateError:
        content["digest"] = ""
    return check(sealed(content), *arrays.values(), compiled=compiled)


def test_integers_of_any_size_and_order_that_hold_the_same_numbers_are_taken():
    plain = checked(names=["a", "b"])
    for what in ("indptr", "indices", "weights", "active"):
        for dtype in (np.int8, np.uint8, ">i4", np.uint64):
            assert checked(**{what: GOOD[what].astype(dtype)}) == plain


W = GOOD["weights"]
REFUSED = {
    "floats": ({"weights": W + 0.9}, "weights is no list of integers: float64"),
    "not a number": ({"active": np.array([5, np.nan, 1])}, "active is no list of integers"),
    "truth values": ({"active": np.array([True, False, True])}, "active is no list of integers: bool"),
    "complex numbers": ({"weights": W * 1j}, "weights is no list of integers: complex128"),
    "Python objects": ({"weights": W.astype(object)}, "weights is no list of integers: object"),
    "nested lists": ({"weights": [[1], [1, 2]]}, "weights is no list of integers"),
    "two axes": ({"weights": W[:, None]}, r"weights is no list of integers: int64 of shape \(3, 1\)"),
    "beyond int64": ({"weights": np.array([2**63, 1, 1], np.uint64)}, "weights holds 9,223,372,036,854,775,808"),
    "a count too few": ({"weights": W[:2]}, "2 weights, 3 active and 4 ends"),
    "a count too many": ({"active": np.array([5, 0, 1, 0])}, "3 weights, 4 active and 4 ends"),
    "negative points": ({"weights": np.array([5, -1, 7])}, "more active points than points, or fewer than none"),
    "negative active": ({"active": np.array([5, -1, 1])}, "more active points than points, or fewer than none"),
    "more active than points": ({"active": np.array([5, 0, 8])}, "more active points than points"),
    "2**52 points": ({"weights": W + np.array([0, 0, 2**52 - 18])}, "4,503,599,627,370,496 points; fewer than"),
    "a sum that wraps": ({"weights": W + 2**62}, "13,835,058,055,282,163,730 points; fewer than"),
    "ends that fall": ({"indptr": np.array([0, 3, 2, 4])}, "do not rise"),
    "ends that fall, unsigned": ({"indptr": np.array([0, 3, 2, 4], np.uint64)}, "do not rise"),
    "ends that wrap": ({"indptr": np.array([0, -(2**63), 2**63 - 1, 4])}, "do not rise"),
    "ends before the end": ({"indptr": np.array([0, 1, 2, 3])}, "do not rise"),
    "ends beyond the end": ({"indptr": np.array([0, 1, 2, 5])}, "do not rise"),
    "no start": ({"indptr": np.array([1, 1, 2, 4])}, "do not rise"),
    "a concept too many": ({"indices": np.array([0, 1, 0, 2])}, "names a concept that is not there"),
    "a negative concept": ({"indices": np.array([0, 1, -1, 1])}, "names a concept that is not there"),
    "a concept twice": ({"indices": np.array([0, 1, 1, 1])}, "rising, each once"),
    "concepts out of order": ({"indices": np.array([0, 1, 1, 0])}, "rising, each once"),
    "equal rows": ({"indptr": np.array([0, 1, 2, 3]), "indices": np.array([0, 1, 0])}, "two cells have the same"),
    "equal empty rows": ({"indptr": np.array([0, 0, 0, 1]), "indices": np.array([0])}, "two cells have the same"),
    "equal names": ({"names": ("a", "a")}, "two concepts have one name"),
    "a name too few": ({"names": ("a",)}, "names a concept that is not there"),
    "names that are no text": ({"names": ("a", 1)}, "a concept name is no text"),
    "half a character": ({"names": ("a", "\ud83d")}, "a concept name is no text"),
    "one text for all names": ({"names": "ab"}, "no list of texts"),
    "no names": ({"names": None}, "no list of texts"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_are_no_cells_is_refused_whatever_is_claimed(what):
    changes, reason = REFUSED[what]
    with pytest.raises(CertificateError, match=reason) as caught:
        checked(**changes)
    assert "\n" not in str(caught.value)


def test_a_digest_is_not_of_numbers_cut_to_integers():
    arrays = GOOD | {"weights": W + 0.9}
    with pytest.raises(CertificateError, match="no list of integers"):
        digest(*arrays.values())


def test_as_many_points_as_can_be_counted_are():
    """One point less than the limit."""
    rows, most = np.array([[1, 0], [0, 1], [1, 1]], bool), 2**52 - 1
    problem = problem_of(rows, np.array([most - 2, 1, 1]), np.array([most - 3, 1, 0]))
    text = Certificate("tree", 64, Fraction(most - 2, most - 1), "ceiling").to_json(
        problem, problem.explain(Atom("c0"))
    )
    assert verdict(problem, text).iou == Fraction(most - 3, most)


@pytest.mark.parametrize("text", [None, 3, ["{}"], bytearray(b"{}")])
def test_a_certificate_is_text(text):
    problem = problem_of(np.eye(2, dtype=bool), np.array([3, 4]), np.array([1, 0]))
    with pytest.raises(CertificateError, match="not a certificate"):
        verdict(problem, text)


@pytest.mark.parametrize("bits", [32, 34, 50])
def test_a_ceiling_of_large_counts_is_that_of_the_best_set_of_cells(bits):
    """Products of counts near 2**32 leave 64 bits by a little, those of counts near 2**50 by far."""
    one = 2**bits
    weights = np.array([one, one // 2 + 7, one // 4 + 1, one - 5])
    active = np.array([one // 2 + 1, one // 2 - 3, one // 16 + 5, one - one // 8])
    rows = Rows(np.arange(5), np.arange(4), 4)
    sets = [[j for j in range(4) if bits >> j & 1] for bits in range(16)]
    unit = sum(active.tolist())
    ious = [Fraction(sum(int(active[j]) for j in s), unit + sum(int(weights[j] - active[j]) for j in s)) for s in sets]
    assert UnitPoints(rows, weights, active).ceiling() == max(ious)
