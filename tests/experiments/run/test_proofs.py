"""Whether a line has the certificate that it needs, and whether that is of its claim."""

from fractions import Fraction

import pytest

from compexact.experiments.run.proofs import other_claim, proof_is_missing
from compexact.solver.checking.claim import Claim


@pytest.mark.parametrize(
    ("engine", "status", "needed"),
    [
        ("exact", "optimal", True),
        ("exact", "bounded", True),
        ("cpsat", "optimal", True),
        ("cpsat", "bounded", False),
        ("beam", "feasible", False),
    ],
)
def test_an_optimum_needs_a_certificate_and_so_does_any_bound_of_exact(engine, status, needed):
    line = {"engine": engine, "status": status, "bound_fraction": [1, 2]}
    assert (proof_is_missing(line) is not None) == needed
    assert proof_is_missing(line | {"certificate": "certificates/0.json"}) is None


def test_a_certificate_that_leaves_a_gap_is_not_of_a_line_that_says_optimal():
    claim = Claim("chain", 3, 0, Fraction(1, 2), Fraction(2, 3), "sets", None)
    line = {"space": "chain", "max_length": 3, "intersection": 2, "union": 4, "bound_fraction": [2, 3]}
    assert other_claim(line | {"status": "bounded"}, claim) is None
    assert "leaves a gap" in other_claim(line | {"status": "optimal"}, claim)
