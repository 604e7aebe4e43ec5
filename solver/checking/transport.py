"""Check a transport: what N literals cannot separate.  For chains and trees of any length.

Let cell j have the value v_j = q * active - p * inactive; no IoU is above p/q if every formula's cells sum to at most
p * (active points).  The certificate sends from cells of positive value to cells of negative value: f(j, k) >= 0, from
each cell j no more than v_j in all, to each cell k no more than -v_k in all.

Claim.  A formula of AND and OR over a set S of literals, each a concept c or its negation, has at most the value
    (all positive values) - (all that is sent) + sum over c in S of w+(c) + sum over NOT c in S of w-(c),
w+(c) being what is sent from cells that have c to cells that lack it, w-(c) from cells that lack it to cells that have
it.

Proof.  Let y_j be 1 where the formula holds on cell j, else 0.  Its value is the sum of v_j y_j.  Write v_j, for
positive cells, as what j sends plus a rest r_j >= 0, and -v_k as what k receives plus a rest: the value is at most
sum of r_j + sum of f(j, k) (y_j - y_k).  If every literal of S that holds on j also holds on k, then y_j <= y_k, for
AND and OR do not turn false when more of their parts hold.  Elsewhere y_j - y_k <= 1, and some literal of S holds on j
and not on k: a concept, and the pair counts in its w+, or a negation, and it counts in its w-.

A formula of N leaves has at most N literals, so it reaches at most the first two terms and the N largest of all w+(c)
and w-(c).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from .cell_counts import Counted
from .clock import NO_LIMIT, Clock
from .errors import CertificateError


def check_transport(cells: Counted, bound: Fraction, length: int, content: Any, clock: Clock = NO_LIMIT) -> str:
    """What was counted; `CertificateError` where the transport does not prove the bound.

    content: `[[j, k, amount], ...]`, cells by number.  All is counted in Python's integers.
    """
    p, q = bound.numerator, bound.denominator
    values = [q * a - p * b for a, b in zip(cells.active.tolist(), cells.inactive.tolist(), strict=True)]
    sent: dict[int, int] = {}
    gained, lost = [0] * cells.n, [0] * cells.n  # w+ and w-
    for route in _routes(content, len(values)):
        clock.poll()
        j, k, amount = route
        sent[j] = sent.get(j, 0) + amount
        sent[k] = sent.get(k, 0) - amount
        of_j, of_k = set(cells.concepts_of(j).tolist()), set(cells.concepts_of(k).tolist())
        for c in of_j - of_k:
            gained[c] += amount
        for c in of_k - of_j:
            lost[c] += amount
    for cell, amount in sent.items():
        if not (0 <= amount <= values[cell] or values[cell] <= amount <= 0):
            raise CertificateError(f"cell {cell} has the value {values[cell]} and sends {amount}")
    kept = sum(max(0, value) for value in values) - sum(max(0, amount) for amount in sent.values())
    if kept + sum(sorted(gained + lost)[-length:]) > p * cells.unit_points:
        raise CertificateError(f"what is sent does not prove the bound {bound}")
    return f"{len(content)} routes between cells"


def _routes(content: Any, n_cells: int) -> list[list[int]]:
    """The routes, each from one cell to another; no cell both sends and receives."""
    if not isinstance(content, list):
        raise CertificateError("a transport is a list of routes")
    senders, receivers = set(), set()
    for route in content:
        if not (isinstance(route, list) and len(route) == 3 and all(type(part) is int for part in route)):
            raise CertificateError("a route is [from, to, amount]")
        if not (0 <= route[0] < n_cells and 0 <= route[1] < n_cells and 0 <= route[2] < 2**62):
            raise CertificateError("there is no route of these cells or with this amount")
        senders.add(route[0])
        receivers.add(route[1])
    if senders & receivers:
        raise CertificateError("a cell both sends and receives")
    return content
