"""From a certificate's text to a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple, TypedDict, Unpack

import numpy as np

from .cell_counts import Counted
from .claim import MAX_LENGTH, SPACES, Claim, read_claim
from .clock import Clock
from .digest import digest_with
from .errors import CertificateError
from .given import accepted
from .kept import rows_of
from .prefixes import check_prefixes
from .roles import check_roles
from .sets import check_sets
from .transport import check_transport


@dataclass(frozen=True)
class Verdict:
    """What was checked.  proof: its kind.  work: what was counted, for people to read."""

    space: str
    max_length: int
    iou: Fraction
    bound: Fraction
    proof: str
    work: str

    def __str__(self) -> str:
        claim = "is the optimum" if self.iou == self.bound else f"was found and none is above {self.bound}"
        return (
            f"IoU {self.iou} {claim} among {self.space}s of at most {self.max_length} concepts; "
            f"recounted from the cells, {self.work}"
        )


class Patience(TypedDict, total=False):
    """When to be undecided.

    max_steps: about proofs by sets that need more.  time_limit: about any that takes more seconds.
    should_stop: as soon as this says so.
    """

    max_steps: int | None
    time_limit: float | None
    should_stop: Callable[[], bool] | None


def check(
    certificate: str | bytes,
    indptr: np.ndarray,
    indices: np.ndarray,
    weights: np.ndarray,
    active: np.ndarray,
    names: Sequence[str],
    *,
    compiled: Callable[[Any], Any] | None = None,
    **patience: Unpack[Patience],
) -> Verdict:
    """Re-derive what the certificate claims; `CertificateError` where that fails, `Undecided` where it cannot tell.

    certificate: its JSON text.  The cells: indptr (n_cells + 1,), indices (n_set,), rising in each row,
    weights and active (n_cells,), all integers, and the concept names: whatever they are, `given.py` looks at them
    first.  compiled: makes a Python function fast, and those that it calls; without it the same code runs, slower.
    """
    clock = Clock(patience.get("time_limit"), patience.get("should_stop"))
    rows = rows_of(indptr, indices, weights, names)
    given = accepted(rows.indptr, rows.indices, rows.weights, active, rows.names, rows_are_known=bool(rows.made))
    clock.poll()
    claim = read_claim(certificate, digest_with(given.active, rows.hash))
    cells = Counted(given, clock, rows.made)
    if _length(claim.formula, cells.n, claim.space) > claim.max_length:
        raise CertificateError("the formula is longer than the length")
    iou = _iou(cells, claim.formula)
    if iou != claim.iou:
        raise CertificateError(f"the formula has IoU {iou}, not {claim.iou}")
    work = _work_of(claim, cells, Limits(compiled, patience.get("max_steps"), clock))
    return Verdict(claim.space, claim.max_length, iou, claim.bound, claim.proof, work)


def _work_of(claim: Claim, cells: Counted, limits: Limits) -> str:
    """What was counted, once the claim's proof proves its bound."""
    kind = PROOFS.get(claim.proof)
    if kind is None:
        raise CertificateError(f"the proof must be one of {', '.join(PROOFS)}")
    if claim.space not in kind.spaces:
        raise CertificateError(f"{claim.proof} prove something about {kind.spaces[0]}s only")
    if claim.content is not None and not kind.has_content:
        raise CertificateError(f"a proof by {claim.proof} has no content")
    return kind.check(cells, claim, limits)


class Limits(NamedTuple):
    """compiled: makes a Python function fast.  max_steps, clock: `Undecided` where a proof needs more."""

    compiled: Callable[[Any], Any] | None
    max_steps: int | None
    clock: Clock


@dataclass(frozen=True)
class Proof:
    """A kind of proof.

    says: what it comes to, for people to read.  check: gives what was counted, `CertificateError` where the claim is
    not proven.  spaces: those of which it proves something.  has_content: whether a certificate must bring anything.
    """

    says: str
    check: Callable[[Counted, Claim, Limits], str]
    spaces: tuple[str, ...] = SPACES
    has_content: bool = False


def _check_ceiling(cells: Counted, bound: Fraction) -> str:
    """Whether no set of cells at all has an IoU above the bound; in Python's integers."""
    p, q = bound.numerator, bound.denominator
    pairs = zip(cells.active.tolist(), cells.inactive.tolist(), strict=True)
    if sum(max(0, q * a - p * b) for a, b in pairs) > p * cells.unit_points:
        raise CertificateError(f"the bound {bound} is below the ceiling and nothing else is given to prove it")
    return "no set of cells does better"


def _length(formula: Any, n: int, space: str) -> int:
    """The number of leaves; `CertificateError` where this is no formula of the space."""
    if not _is_formula(formula, n, 0):
        raise CertificateError("the formula is not one, or names a concept that is not there")
    if space == "chain" and not _is_chain(formula):
        raise CertificateError("the formula is no chain")
    return _leaves(formula)


def _is_formula(formula: Any, n: int, depth: int) -> bool:
    if type(formula) is int:
        return 0 <= formula < n
    if not isinstance(formula, list) or len(formula) < 2 or len(formula) > MAX_LENGTH + 1 or depth > MAX_LENGTH:
        return False
    if formula[0] == "NOT":
        return len(formula) == 2 and type(formula[1]) is int and 0 <= formula[1] < n
    return formula[0] in ("AND", "OR") and len(formula) > 2 and all(_is_formula(f, n, depth + 1) for f in formula[1:])


def _is_chain(formula: Any) -> bool:
    """At every AND and OR at most one part is joined itself; OR takes no negated concept; one concept is positive."""
    while isinstance(formula, list):
        if formula[0] == "NOT":
            return False
        joined = [part for part in formula[1:] if isinstance(part, list) and part[0] != "NOT"]
        negated = [part for part in formula[1:] if isinstance(part, list) and part[0] == "NOT"]
        if len(joined) > 1 or (formula[0] == "OR" and negated):
            return False
        positive = [part for part in formula[1:] if type(part) is int]
        if not joined and not positive:
            return False
        formula = joined[0] if joined else positive[0]
    return True


def _leaves(formula: Any) -> int:
    return 1 if type(formula) is int else sum(map(_leaves, formula[1:]))


def _iou(cells: Counted, formula: Any) -> Fraction:
    mask = _mask(cells, formula)
    union = cells.unit_points + int(cells.inactive[mask].sum())
    return Fraction(int(cells.active[mask].sum()), union) if union else Fraction(0)


def _mask(cells: Counted, formula: Any) -> np.ndarray:
    if type(formula) is int:
        mask = np.zeros(len(cells.active), dtype=bool)
        mask[cells.rows_of(formula)] = True
        return mask
    parts = [_mask(cells, part) for part in formula[1:]]
    if formula[0] == "NOT":
        return ~parts[0]
    join = np.logical_and if formula[0] == "AND" else np.logical_or
    return np.asarray(join.reduce(parts))


PROOFS: Mapping[str, Proof] = {
    "ceiling": Proof(
        "the bound is the ceiling: no Boolean function of the concepts does better",
        lambda cells, claim, limits: _check_ceiling(cells, claim.bound),
    ),
    "sets": Proof(
        "all sets of concepts were gone through, with every formula over each",
        lambda cells, claim, limits: check_sets(cells, claim.bound, claim.max_length, claim.space, *limits[:2]),
    ),
    "transport": Proof(
        "a transport of points between cells bounds every formula",
        lambda cells, claim, limits: check_transport(cells, claim.bound, claim.max_length, claim.content, limits.clock),
        has_content=True,
    ),
    "prefixes": Proof(
        "all prefixes of chains were gone through; those left closed cannot exceed the bound",
        lambda cells, claim, limits: check_prefixes(cells, claim.bound, claim.max_length, claim.content, limits.clock),
        spaces=("chain",),
        has_content=True,
    ),
    "roles": Proof(
        "linear bounds on the roles that concepts can play, for all ANDs that a chain may have",
        lambda cells, claim, limits: check_roles(cells, claim.bound, claim.max_length, claim.content, limits.clock),
        spaces=("chain",),
        has_content=True,
    ),
}
"""To add a kind of proof, write its file and add a row."""
