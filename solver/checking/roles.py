"""Check proofs by roles: that no chain of at most N concepts exceeds p/q.  For lengths that sets do not reach.

Let cell j have the value v_j = q * active - p * inactive; an IoU is above p/q where a chain's cells sum to more than
the limit p * (active points).  All values are integers.

**What is to be refuted.**  If any chain of at most N concepts is above the limit, take one of the highest value, and
of those a shortest: C.  Its rules are `OR c` (the first concept counts as one), `AND e` and `AND NOT d`.  Without any
one of them C would be a shorter chain, or empty, and so of a lower value.  Hence

(R) A concept comes twice in C only as `AND e` and again as the innermost rule.  Read C from the outside in.  `OR c`
    and `AND NOT c` decide all cells of c, so a second rule of c further in would decide none, or, as `AND c`, would
    make all inside it void.  After `AND c` only cells of c are left: a second `AND c` decides none; `AND NOT c` decides
    all as false, so C would be as good without it and what is inside; `OR c` decides all, so nothing is inside it.
(P) Every `OR c` has a cell of positive value inside all ANDs further out: what it adds lies there and in c.

**Roles.**  Let e1, ..., eh be the ANDs of C from the outside in, and *segment* g what is inside exactly g of them.  A
cell has *depth* g if it has e1, ..., eg and not the next one.  C plays *roles*: (g, c) for `OR c` in segment g, and d
for `AND NOT d`.  These are at most N - h, and no two are of one concept.  (R) also says: no d is one of the ANDs, and
(g, e) with an AND e only for g = h.  By (P), (g, c) needs a positive cell with c of depth g or more.  What can be is
*allowed*.  An OR (g, c) is *at* cell j if j has c and depth g or more: outside the first AND that j lacks, where
something can hold.  z(g, c, d) is 1 where C plays both (g, c) and d, and the OR stands inside the filter, else 0.  y_j
is 1 where C holds at j, else 0.

(T) For each concept d of j, y_j is at most the number of ORs at j that C plays and that do not stand inside d:
    y_j <= sum over the allowed ORs at j of (1 if played) - z(g, c, d).
    For if C holds at j, the outermost of the rules that decide j makes it true, so it is an OR, and no filter of j is
    further out.  (An OR of d itself stands in no filter d.)
(S) If C plays an OR (g, c) at j, then y_j = 1 unless the OR stands inside a filter d of j:
    y_j >= (1 if played) - sum over the concepts d of j, d not c, of z(g, c, d).
    Without such a filter, the last rule that decides j is an OR: all ANDs further out hold at j.

(X) For any two cells j and k:
    y_j - y_k <= sum over the allowed ORs at j and not at k of (1 if played) + the number of filters of k, not of j.
    Else C holds at j and not at k, and plays none of these.  Of the rules that decide j let R be the outermost.  It is
    an OR (g, c) at j, so also at k: k has c and e1, ..., eg.  So R decides k as true, and the ANDs further out hold at
    k.  As C does not hold at k, a filter of k is further out than R; it is no filter of j, since R is j's outermost.
(O) Let a *step* (a, d, b) be two allowed ORs and a filter, of another concept than they, and take k steps in a circle:
    the next step begins at the b of the one before, or at an OR of a segment further out than b; s is how often the
    latter is.  Then
    sum over the steps of z(a, d) - z(b, d), and of (1 if b is played) where the next begins further out, <= k + s - 1.
    Else all z(a, d) are 1, so all a are played, all z(b, d) are 0, and all b are played, as the next a is or as the sum
    says.  So in each step a is inside d, d inside b, and b the next a or inside it: a rule would be inside itself.

**Charges.**  The certificate has an amount of 0 or more for some of the (j, d) of (T), the (j, g, c) of (S), the (j, k)
of (X) and the circles of (O).  Add to the value of C, the sum of v_j y_j, each amount times (larger side - smaller
side).  What is added is not negative, so the value of C is at most the sum of

    for each cell with an allowed OR:   max(0, v_j - its amounts of T + its amounts of S - of X as j + of X as k)
    for each circle:                    k + s - 1 times its amount
    for each OR (g, c) that is played:  A(g, c) = the amounts of T of all cells where it is - the amounts of its S
                                        + of X where it is at j and not at k - of O, each time that it is the b of an s
    for each filter d that is played:   B(d) = of X where k has d and j does not + sum over (g, c) of max(0, E(g, c, d))
        E(g, c, d) = the amounts of S of (j, g, c), j with d - the amounts of T of (j, d), j where (g, c) is
                     - of O, each time that (g, c) is the a of a step with d, + each time that it is its b

since z(g, c, d) has the factor E(g, c, d), and is 0 where d is not played.  (A cell without an allowed OR is false.)
At most N - h roles, each of another concept: so the N - h largest of the concepts' largest A and B, as far as these
are positive, bound the last two lines.

**Branches.**  A list of steps is a walk through a tree.  A split asks whether C plays a role, or whether of two that
it plays the OR stands inside the filter.  Where this is decided, A and E enter as decided, not at their best.  A
branch may be impossible: the order of its rules goes in a circle.  Every leaf must be within the limit.

**Which ANDs.**  Begin with none.  For ANDs e1, ..., eh the certificate must deal with chains that have no others
(`own`, as above), and with those that have more inside.  Either `deeper` proves all of these at once.  Let u_j be 1
where the outermost rule that decides j is an OR inside a further AND; it is added to the right side of (T) and (X).
Then j has all of e1, ..., eh, and u_j is at most the number of concepts of j that are ORs in there, and at most the
number of those that are ANDs in there, which are none of e1, ..., eh.  (ORs in segments 0 to h are here those outside
of all further ANDs, and filters all that there are.)  So the amounts
of T and of X as j of a cell of depth h are split in two: one part is owed by the concepts of j as ORs in there, the
other as ANDs in there.  At least one such AND is there, and all of these are among the N - h rules.

Or `shorter` proves that with at most N - h - 2 roles no chain with these ANDs alone exceeds some M.  Let x be the next
AND of C.  Without `AND x` and all inside it, C has lost at least two rules, keeps what is said above of its roles, and
has lost at most the positive values of the cells that have e1, ..., eh and x.  (What is left may be no shortest chain,
and may be empty; its ORs are allowed, as they are C's, and that is all that (T) to (O) ask.)  So x
is possible only where these are above 0 (else C was not a shortest) and, with M, above the limit.  For each such x the
list `next` has a proof for the ANDs e1, ..., eh, x.

**Why no sum wraps.**  Of all amounts and |v_j|, in the unit in which they are added, the sum is taken first, in
Python's integers, those of a circle of k steps 2 k times; N + 4 times that stays below 2**62.  A number of one concept,
cell or pair takes each of them at most so often.  A bound adds up to N + 3 such numbers, in Python's integers.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from .cell_counts import Counted
from .clock import NO_LIMIT, Clock
from .errors import CertificateError, Undecided

MOST = 2**62
FINEST, COARSEST = -40, 60
CHARGES = {"taken": 3, "spared": 4, "inner": 2, "apart": 3}
"""How many lists of integers each kind has."""
OPTIONAL: dict[str, Any] = {"apart": [[], [], []], "circles": [[], []]}
"""What may be left out: the certificates of before had neither."""


def check_roles(cells: Counted, bound: Fraction, length: int, content: Any, clock: Clock = NO_LIMIT) -> str:
    """What was counted; `CertificateError` where it does not prove the bound.

    content: `{"own": steps, "deeper": charges or None, "shorter": charges or None, "next": [[concept, content], ...]}`.
    A step is charges, None for what is impossible, or a split: `["or", g, c]`, `["not", d]`, `["inside", g, c, d]`,
    after which come the steps for no and then those for yes.  Charges: `{"unit": k, "taken": [cells, concepts,
    amounts], "spared": [cells, segments, concepts, amounts], "inner": [cells, amounts], "apart": [cells, cells,
    amounts], "circles": [circles, amounts]}`, amounts in units of 2**k; taken is (T), spared is (S), inner the part
    owed by ORs further in, apart (X), and circles (O), each a list of steps `[g, c, d, g, c]`.  The last two may be
    absent.
    """
    proof = _Proof(cells, bound, length, clock)
    pending: list[tuple[tuple[int, ...], Any]] = [((), content)]
    while pending:
        ands, given = pending.pop()
        pending += [((*ands, x), below) for x, below in proof.check(ands, given)]
    return f"{proof.patterns} sets of ANDs, {proof.leaves} linear bounds"


class _Branch(NamedTuple):
    """What is decided.  ors, filters: whether (g, c) and d are played; insides: whether (g, c) is inside d."""

    ors: dict[tuple[int, int], bool]
    filters: dict[int, bool]
    insides: dict[tuple[int, int, int], bool]


_NOTHING = _Branch({}, {}, {})


class _Segments:
    """The cells as the ANDs cut them.  depth (n_cells,), allowed (h + 1, n), reached (n_cells,): has an allowed OR."""

    def __init__(self, cells: Counted, ands: tuple[int, ...], values: np.ndarray) -> None:
        self.cells, self.ands, self.h = cells, ands, len(ands)
        self.depth = np.zeros(len(values), dtype=np.int64)
        for g, e in enumerate(ands):
            rows = cells.rows_of(e)
            self.depth[rows[self.depth[rows] == g]] += 1
        self.allowed = np.zeros((self.h + 1, cells.n), dtype=bool)
        for g in range(self.h + 1):
            good = (values > 0) & (self.depth >= g)
            self.allowed[g, cells.indices[good[cells.row]]] = True
            if g < self.h:
                self.allowed[g, list(ands)] = False
        self.reached = np.zeros(len(values), dtype=bool)
        for g in range(self.h + 1):
            here = self.allowed[g, cells.indices] & (self.depth[cells.row] >= g)
            self.reached[cells.row[here]] = True
        self.may_filter = np.ones(cells.n, dtype=bool)
        self.may_filter[list(ands)] = False

    def is_circle(self, steps: list[list[int]]) -> bool:
        """Whether each step is of allowed ORs and a filter, and the next begins where it ends, or further out."""
        for (g, c, d, end_g, end_c), then in zip(steps, (*steps[1:], steps[0])):
            if max(g, end_g) > self.h or max(c, d, end_c) >= self.cells.n:
                return False
            if not (self.allowed[g, c] and self.allowed[end_g, end_c] and self.may_filter[d]) or d in (c, end_c):
                return False
            if then[:2] != [end_g, end_c] and then[0] >= end_g:
                return False
        return True


class _Charges(NamedTuple):
    """taken, spared, inner, apart: int64 (n, columns), the last column the amount.  circles: with their amounts.
    shift: values are taken times 2**shift."""

    taken: np.ndarray
    spared: np.ndarray
    inner: np.ndarray
    apart: np.ndarray
    circles: list[tuple[list[list[int]], int]]
    shift: int


class _Worth(NamedTuple):
    """rest: the first two lines of the bound.  ors: A, (h + 1, n).  filters: B without the E, (n,).  pairs, codes: E,
    and (g n + c) n + d of each.  inner, ands: what is owed by ORs and ANDs further in, (n,)."""

    rest: int
    ors: np.ndarray
    filters: np.ndarray
    pairs: np.ndarray
    codes: np.ndarray
    inner: np.ndarray
    ands: np.ndarray


class _Proof:
    """Checks the parts for one claim."""

    def __init__(self, cells: Counted, bound: Fraction, length: int, clock: Clock) -> None:
        self.cells, self.length, self.clock = cells, length, clock
        p, q = bound.numerator, bound.denominator
        exact = [q * a - p * b for a, b in zip(cells.active.tolist(), cells.inactive.tolist(), strict=True)]
        self.size = sum(map(abs, exact))
        self._refuse_large(self.size)
        self.values = np.array(exact, dtype=np.int64)
        self.limit = p * cells.unit_points
        # (cell, concept) of every entry as one number, rising.
        self.entries = cells.row * cells.n + cells.indices
        self.patterns = self.leaves = 0

    def _refuse_large(self, size: int) -> None:
        if size * (self.length + 4) >= MOST:
            raise Undecided("the counts are too large for exact arithmetic in 64 bits at this bound")

    def check(self, ands: tuple[int, ...], content: Any) -> list[tuple[int, Any]]:
        """Check all about these ANDs; gives the next ANDs with their proofs, which are to be checked."""
        self.patterns += 1
        if not isinstance(content, dict) or set(content) != {"own", "deeper", "shorter", "next"}:
            raise CertificateError("roles need own, deeper, shorter and next")
        segments = _Segments(self.cells, ands, self.values)
        room = self.length - len(ands)
        self._check_own(segments, content["own"], room)
        # One more AND and an OR inside it.
        if room < 2:
            return []
        if content["deeper"] is not None:
            if self._bound(segments, content["deeper"], room, deeper=True) > self.limit:
                raise CertificateError(f"chains with more than the ANDs {list(ands)} may exceed the bound")
            return []
        least = self._bound(segments, content["shorter"], room - 2)
        inside = np.where(segments.depth == segments.h, np.maximum(self.values, 0), 0)
        gains = self.cells.singles(inside)
        gains[list(ands)] = 0
        needed = set(np.flatnonzero((gains > 0) & (gains > self.limit - least)).tolist())
        given = self._next(content["next"])
        if not needed <= set(given):
            raise CertificateError(f"{len(needed - set(given))} ANDs inside {list(ands)} are left out")
        return [(x, given[x]) for x in sorted(needed)]

    def _next(self, content: Any) -> dict[int, Any]:
        if not isinstance(content, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in content):
            raise CertificateError("next is a list of pairs")
        if not all(type(x) is int for x, _ in content):
            raise CertificateError("an AND is a concept's number")
        return dict(content)

    def _check_own(self, segments: _Segments, steps: Any, room: int) -> None:
        """Every leaf of the tree is within the limit, or impossible."""
        if not isinstance(steps, list):
            raise CertificateError("own is a list of steps")
        pending = [_NOTHING]
        for step in steps:
            self.clock.poll()
            if not pending:
                raise CertificateError("steps come after the end")
            branch = pending.pop()
            if isinstance(step, list):
                no, yes = self._split(segments, branch, step, room)
                pending += [yes, no]
            elif step is None:
                if not _is_circle(segments.ands, branch):
                    raise CertificateError("a branch is called impossible and is not")
            elif self._bound(segments, step, room, branch) > self.limit:
                raise CertificateError(f"chains with the ANDs {list(segments.ands)} may exceed the bound")
        if pending:
            raise CertificateError(f"{len(pending)} branches are left open")

    def _split(self, segments: _Segments, branch: _Branch, step: list[Any], room: int) -> tuple[_Branch, _Branch]:
        if not step or not all(type(part) is int and 0 <= part < MOST for part in step[1:]):
            raise CertificateError("a split is a word and numbers")
        word, *numbers = step
        out: list[_Branch] = []
        for answer in (False, True):
            ors, filters, insides = dict(branch.ors), dict(branch.filters), dict(branch.insides)
            if word == "or" and len(numbers) == 2:
                g, c = numbers
                known = g <= segments.h and c < self.cells.n and bool(segments.allowed[g, c]) and (g, c) not in ors
                ors[g, c] = answer
            elif word == "not" and len(numbers) == 1:
                (c,) = numbers
                known = c < self.cells.n and bool(segments.may_filter[c]) and c not in filters
                filters[c] = answer
            elif word == "inside" and len(numbers) == 3:
                g, c, d = numbers
                known = ors.get((g, c)) is True and filters.get(d) is True and (g, c, d) not in insides
                insides[g, c, d] = answer
            else:
                known = False
            if not known:
                raise CertificateError(f"{step} is no split here")
            out.append(_Branch(ors, filters, insides))
        played = [c for (_, c), is_played in out[1].ors.items() if is_played]
        played += [d for d, is_played in out[1].filters.items() if is_played]
        if len(played) != len(set(played)) or len(played) > room:
            raise CertificateError(f"{step} asks for roles that no chain plays together")
        return out[0], out[1]

    def _bound(
        self,
        segments: _Segments,
        content: Any,
        room: int,
        branch: _Branch = _NOTHING,
        deeper: bool = False,
    ) -> int:
        """What the charges prove for at most `room` roles: an integer that no value exceeds."""
        self.clock.poll()
        self.leaves += 1
        charges = self._charges(segments, content)
        worth = self._worth(segments, charges, deeper)
        decided, best = self._roles(segments, worth, branch)
        played = sum(branch.ors.values()) + sum(branch.filters.values())
        left = room - played
        if deeper:
            # One AND more at least: the best of them, and then whatever is best.
            ands = np.sort(worth.ands)[::-1]
            best = np.concatenate([np.maximum(best, worth.inner), ands[1:]])
            decided += int(ands[0]) if len(ands) else 0
            left -= 1
        total = worth.rest + decided + sum(sorted(best.tolist(), reverse=True)[: max(0, left)])
        # Values are integers, so their sum is at most the floor.
        return int(total) >> charges.shift

    def _roles(self, segments: _Segments, worth: _Worth, branch: _Branch) -> tuple[int, np.ndarray]:
        """What is decided is worth; and int64 (n,): the best that each concept may add, 0 or more."""
        n = self.cells.n
        decided = 0
        pairs = worth.pairs.copy()
        for (g, c, d), is_inside in branch.insides.items():
            at = int(np.searchsorted(worth.codes, (g * n + c) * n + d))
            if at < len(pairs) and worth.codes[at] == (g * n + c) * n + d:
                decided += int(pairs[at]) if is_inside else 0
                pairs[at] = 0
        filters = worth.filters.copy()
        np.add.at(filters, worth.codes % n, np.maximum(pairs, 0))
        ors = np.where(segments.allowed, worth.ors, 0)
        free_ors, free_filters = ors.copy(), np.where(segments.may_filter, filters, 0)
        settled = []
        for (g, c), is_played in branch.ors.items():
            free_ors[g, c] = 0
            if is_played:
                decided += int(ors[g, c])
                settled.append(c)
        for d, is_played in branch.filters.items():
            free_filters[d] = 0
            if is_played:
                decided += int(filters[d])
                settled.append(d)
        best = np.maximum(np.maximum(free_ors.max(axis=0), free_filters), 0)
        best[settled] = 0
        return decided, best

    def _charges(self, segments: _Segments, content: Any) -> _Charges:
        """The charges in arrays, in the unit in which they are added; each is known to be of a row that is there."""
        if not isinstance(content, dict) or {*content, *OPTIONAL} != {"unit", *CHARGES, "circles"}:
            raise CertificateError("charges need unit, taken, spared and inner, and may have apart and circles")
        content = OPTIONAL | content
        unit = content["unit"]
        if type(unit) is not int or not FINEST <= unit <= COARSEST:
            raise CertificateError(f"no unit is 2**{unit}")
        up, shift = max(0, unit), max(0, -unit)
        size = self.size << shift
        tables = []
        for name, width in CHARGES.items():
            columns = content[name]
            if not isinstance(columns, list) or len(columns) != width:
                raise CertificateError(f"{name} is {width} lists")
            if not all(isinstance(column, list) and len(column) == len(columns[0]) for column in columns):
                raise CertificateError(f"the lists of {name} are not of one length")
            if not all(map(_is_number, itertools.chain(*columns))):
                raise CertificateError(f"{name} has something other than integers from 0")
            size += sum(columns[-1]) << up
            self._refuse_large(size)
            table = np.array(columns, dtype=np.int64).T.reshape(-1, width)
            table[:, -1] <<= up
            tables.append(table)
        circles = _circles(content["circles"])
        size += sum(2 * len(steps) * amount for steps, amount in circles) << up
        self._refuse_large(size)
        taken, spared, inner, apart = tables
        n_cells = len(self.values)
        for table in (*(table[:, 0] for table in tables), apart[:, 1]):
            if len(table) and int(table.max()) >= n_cells:
                raise CertificateError("a charge is of a cell that is not there")
        if not self._has(taken[:, 0], taken[:, 1]) or not self._has(spared[:, 0], spared[:, 2]):
            raise CertificateError("a charge is of a concept that its cell does not have")
        if len(spared) and int(spared[:, 1].max()) > segments.h:
            raise CertificateError("a charge is of a segment that is not there")
        cell, g, c = spared[:, 0], spared[:, 1], spared[:, 2]
        if not (segments.allowed[g, c] & (segments.depth[cell] >= g)).all():
            raise CertificateError("a charge is of an OR that is not at its cell")
        if not all(segments.is_circle(steps) for steps, _ in circles):
            raise CertificateError("a charge is of steps that are no circle")
        return _Charges(taken, spared, inner, apart, [(steps, amount << up) for steps, amount in circles], shift)

    def _has(self, cell: np.ndarray, concept: np.ndarray) -> bool:
        """Whether each cell has its concept."""
        if len(concept) and int(concept.max()) >= self.cells.n:
            return False
        return bool(np.isin(cell * self.cells.n + concept, self.entries).all())

    def _worth(self, segments: _Segments, charges: _Charges, deeper: bool) -> _Worth:
        n, h = self.cells.n, segments.h
        left = self.values << charges.shift
        owed = np.zeros_like(left)
        np.add.at(owed, charges.taken[:, 0], charges.taken[:, 2])
        left -= owed
        np.add.at(left, charges.spared[:, 0], charges.spared[:, 3])
        ors = np.zeros((h + 1, n), dtype=np.int64)
        codes, amounts = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        # (T): each charge, with each concept of its cell.
        which, concept = self._spread(charges.taken[:, 0])
        cell, d, amount = charges.taken[which].T
        for g in range(h + 1):
            at = segments.allowed[g, concept] & (segments.depth[cell] >= g)
            np.add.at(ors[g], concept[at], amount[at])
            other = at & (concept != d) & segments.may_filter[d]
            codes.append((g * n + concept[other]) * n + d[other])
            amounts.append(-amount[other])
        # (S): each charge, with each other concept of its cell that may be a filter.
        np.subtract.at(ors, (charges.spared[:, 1], charges.spared[:, 2]), charges.spared[:, 3])
        which, d = self._spread(charges.spared[:, 0])
        _, segment, concept, amount = charges.spared[which].T
        other = (concept != d) & segments.may_filter[d]
        codes.append((segment[other] * n + concept[other]) * n + d[other])
        amounts.append(amount[other])
        filters = self._apart(segments, charges.apart, left, owed, ors)
        rest = 0
        for steps, amount in charges.circles:
            for (g, c, d, end_g, end_c), then in zip(steps, (*steps[1:], steps[0])):
                codes.append(np.array([(g * n + c) * n + d, (end_g * n + end_c) * n + d]))
                amounts.append(np.array([-amount, amount]))
                if then[:2] != [end_g, end_c]:
                    ors[end_g, end_c] -= amount
                    rest += amount
            rest += (len(steps) - 1) * amount
        code, place = np.unique(np.concatenate(codes), return_inverse=True)
        pairs = np.zeros(len(code), dtype=np.int64)
        np.add.at(pairs, place, np.concatenate(amounts))
        inner, ands = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        if deeper:
            part = np.zeros_like(left)
            np.add.at(part, charges.inner[:, 0], charges.inner[:, 1])
            deep = np.flatnonzero((owed > 0) & (segments.depth == h))
            part = np.minimum(part, owed)
            which, concept = self._spread(deep)
            np.add.at(inner, concept, part[deep[which]])
            new = segments.may_filter[concept]
            np.add.at(ands, concept[new], (owed - part)[deep[which[new]]])
        rest += int(left[segments.reached & (left > 0)].sum())
        return _Worth(rest, ors, filters, pairs, code, inner, ands)

    def _apart(
        self, segments: _Segments, apart: np.ndarray, left: np.ndarray, owed: np.ndarray, ors: np.ndarray
    ) -> np.ndarray:
        """(X): what cells pay and are paid, what ORs owe; gives what filters owe, (n,)."""
        cell, other, amount = apart.T
        np.subtract.at(left, cell, amount)
        np.add.at(owed, cell, amount)
        np.add.at(left, other, amount)
        which, c = self._spread(cell)
        shared = np.isin(other[which] * self.cells.n + c, self.entries)
        for g in range(segments.h + 1):
            at = segments.allowed[g, c] & (segments.depth[cell[which]] >= g)
            at &= ~(shared & (segments.depth[other[which]] >= g))
            np.add.at(ors[g], c[at], amount[which[at]])
        which, d = self._spread(other)
        own = np.isin(cell[which] * self.cells.n + d, self.entries)
        filters = np.zeros(self.cells.n, dtype=np.int64)
        out = ~own & segments.may_filter[d]
        np.add.at(filters, d[out], amount[which[out]])
        return filters

    def _spread(self, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For each concept of each of these cells: which of the cells, and the concept."""
        widths = self.cells.widths[cell]
        which = np.repeat(np.arange(len(cell)), widths)
        place = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
        return which, self.cells.indices[self.cells.starts[cell][which] + place]


def _is_number(given: Any) -> bool:
    return type(given) is int and 0 <= given < MOST


def _circles(content: Any) -> list[tuple[list[list[int]], int]]:
    """Steps and amount of each circle."""
    if not isinstance(content, list) or len(content) != 2 or not all(isinstance(part, list) for part in content):
        raise CertificateError("circles is two lists")
    circles, amounts = content
    if len(circles) != len(amounts) or not all(map(_is_number, amounts)):
        raise CertificateError("each circle has an amount, an integer from 0")
    for steps in circles:
        if not isinstance(steps, list) or not steps:
            raise CertificateError("a circle is a list of steps")
        for step in steps:
            if not isinstance(step, list) or len(step) != 5 or not all(map(_is_number, step)):
                raise CertificateError("a step is five integers from 0")
    return list(zip(circles, amounts))


def _is_circle(ands: tuple[int, ...], branch: _Branch) -> bool:
    """Whether no order of the rules that are played is as decided.

    Segments stand one in another; an OR decided as inside a filter is further in than that, else further out.
    """
    inner: dict[Any, set[Any]] = {("and", g): {("and", g + 1)} for g in range(1, len(ands) + 1)}
    inner["and", len(ands) + 1] = set()
    for (g, c), is_played in branch.ors.items():
        if is_played:
            inner["or", g, c] = {("and", g + 1)}
            if g > 0:
                inner["and", g].add(("or", g, c))
    for d, is_played in branch.filters.items():
        if is_played:
            inner["not", d] = set()
    for (g, c, d), is_inside in branch.insides.items():
        if is_inside:
            inner["not", d].add(("or", g, c))
        else:
            inner["or", g, c].add(("not", d))
    while free := [rule for rule, needed in inner.items() if not needed & inner.keys()]:
        for rule in free:
            del inner[rule]
    return bool(inner)
