"""How much the concepts still to come can add below a prefix: the bounds of the search, with their proofs.

There is nothing to run here.  `node_bounds.py` computes these numbers incrementally (from `cooccurrence.py`),
`solver/checking/prefixes.py` as whole matrices, and the tests hold both against the definitions taken literally.

Words
-----

Cell j has an integer value v_j. P sums the positive values of a set of cells, N the negative ones without their sign,
V = P - N. A *prefix* is the outer part of a chain, read from the last operator inwards: it decides some cells; R is the
set of undecided ones. A *completion* g is a chain on R; V(whole) = base + V(g), base being the sum of the values of the
cells that the prefix decided as 1. Concepts are cut to R: c is c and R.

What is to be found
-------------------

If any chain of at most N concepts exceeds the threshold, take those of highest value, among them the shortest, among
them the one whose rules come first in the fixed order (lexicographically, outermost first). Only that chain has to
survive. In it (A) leaving out any rule lowers the value, since the rest is a shorter chain or the empty formula of
value 0. So every rule decides undecided cells, and something stands inside it unless it is the innermost; and no
concept of a prefix without AND has undecided cells. And (B) no rule can be moved outwards past rules with which it
commutes to a place before a later-ranked one.

A chain is seen as rules applied to the empty set. A leading filter gives the empty set again, so this adds no function
that a shorter chain does not have, except the empty one of value 0, which is never above a threshold.

Concepts that come twice (R)
----------------------------

A concept c comes twice only as AND c and, again, as the innermost concept. Proof: after OR c or AND NOT c no cell of c
is undecided, so a second rule of c decides nothing, or, as AND c, makes all that stands inside it void; it, or what is
inside, could go. After AND c all undecided cells are in c: a second AND c decides nothing; AND NOT c decides all as 0,
so all from there inwards could go; OR c decides all as 1, so what stands inside could go, and c is innermost. It does
happen: c AND (d OR NOT e) needs ((c AND NOT e) OR d) AND c. There the innermost c may be replaced by the concept of the
innermost AND: both hold on all undecided cells. So for bounds, which speak of functions, a concept that comes twice is
that of the innermost AND; call it e.

(R1) e's AND is the only AND of the completion. Let t be its AND NOT filters, s the positives outside AND e. The
potentials of e and of the s positives, with t filters and s others, bound V(g). Proof. No AND takes off a cell of e, so
e is open exactly at its undecided cells outside F, the union of the filters. Give each cell of g to the smallest open
one of e and the s positives, else to another positive inside; the latter cells are in e and F. What e owns and they own
together has a value of at most V(e minus F) + N(e and the smaller of the s) + P(e and F) <= V(e) + the sums of N(e and
f) and of N(e and the smaller), and of at most P(e). A positive x outside loses cells to filters and to smaller of these
s + 1 only. t >= 1, else all inside AND e is e itself. So top(t, left, left - t) covers it.

(R2) e's AND is in the prefix, none in the completion. All undecided cells R are in e, so V(g) <= min(P(R), V(R) + sum
of N(e and f) over the t filters) <= potential(e, t, .), and g = R where t = 0.

(R3) The completion has an AND further out than e's: its concept is not e, and `inside` counts e like any positive. In
every other case all concepts to come are new: what `others` leaves out, the prefix's, are not among them.

Cap
---

V(g) <= P(undecided cells), as a set of cells is worth at most its positive values: below OR c and AND NOT c that is
P(R) - P(c and R), below AND c it is P(c and R). Hence by (A) OR c and AND c need P(c and R) > 0, AND NOT c needs N(c
and R) > 0: V(g or c) - V(g) <= P(c and R), V(g and c) <= P(c and R), V(g and not c) - V(g) <= N(c and R).

others
------

The most loss that k other concepts share with c: sum of the k largest N(c and d), d not in the prefix.

    the sum of the k largest N(c and d)

smaller: only over d of smaller size, `size` being any fixed order (here: by N).

filtered
--------

The best value of c behind one filter, or behind none: max(V(c), max over d of V(c and not d)).

    V(c) + the largest of 0 and N(c and d) - P(c and d) over the concepts d

Proof. In a completion without AND below a prefix without AND, cells of c are taken off (before smaller positives get
theirs) by whole concepts: filters, and the prefix's, none of whose cells are undecided. With one such concept d in all,
what is left of c is c or c and not d. Not so beside an AND: `(a AND b) OR c` gives away only a and b and c, a part of
what a filter b would; values 5, 7, 7, -8, 10, -100, -100 of the cells c, ca, cb, abc, ab, a, b make it 21, where this
would allow 19.

potential
---------

What positive concept c adds to a completion, with a number of AND NOT filters and other positives about.

    max(0, min(P(c), own + others(c, positives, smaller))), own being V(c) + others(c, filters), and at most V(c) where
    filters + depth = 0, at most filtered(c) where filters + depth = 1 and no AND is about

Proof, for completions without AND. Call a positive c_i *open* at a cell of it if no filter further out holds there. A
cell is in g exactly if some positive is open there: the outermost rule that holds at the cell decides it. Give each
cell of g to the smallest open positive there. Then V(g) is the sum over the positives c_i of the value of their own
cells, which are c_i minus F_i, the union of the filters further out, minus cells open in smaller positives. So V(own)
<= V(c_i minus F_i) + sum over smaller positives d of N(c_i and d), V(c_i minus F_i) <= V(c_i) + sum over filters d of
N(c_i and d), and V(own) <= P(c_i). N at the root is at least N on R. With no filter, V(c_i minus F_i) = V(c_i); with
one concept in prefix and filters together it is at most `filtered`. Concepts of the prefix have no undecided cells.
Sums of these over the positives are upper bounds, also when negative ones count as 0.

top
---

The k largest potentials among `left` concepts, `filters` of which are filters.

    the sum of the k largest potential(c, filters, left - 1 - filters)

inside
------

P of `(c1 ... ck) AND e`: at most P(e), and at most the sum of the P(ci and e).

    the largest over e of min(P(e), the sum of the k largest P(d and e))

block
-----

V of what `(c1 ... ck) AND e` leaves in g where e is the only AND and `others` other concepts are about.

    the largest over e of min(P(e), the sum of the k largest [min(P, V + taken) of d and e])

Proof. Give each of these cells to one ci. The cells of ci and e that ci does not get are in an AND NOT filter, in
another cj or in the prefix (there is no other AND); each such concept x takes off at most N(ci and e and x) <= min(N(ci
and x), N(e and x)). So ci adds at most min(P, V + the largest such sums) of ci and e, and all together at most P(e).

with_and
--------

Completions by at most `left` concepts that contain AND.

    the largest over k >= 1, s, t with k + s + t = left - 1 of
    min(inside(k), block(k, t + k - 1 + depth)) + top(t + 1, left, s), and for t >= 1 of inside(k) + top(t, left, s)

Proof. Let e be the outermost AND, k the positives inside it, s those outside, t the other filters. The cells of g are
those that `(...) AND e` leaves, and the rest. Give the rest to the positives outside as in `potential`: around them are
only AND NOT filters, and the cells already given away are in e, so e takes off what one more filter would. If e is the
only AND, the first part is at most `block(k, t + k - 1 + depth)` and the positives outside see at most t filters. If
there is another, it is inside (e is the outermost), so those outside see at most t - 1 filters, and the first part is
at most `inside(k)`, t being at least 1.

"What one more filter would" is meant for the sum V + N(x and e) alone: the cells given away are some of e and x, so
they take off at most N(x and e). `filtered` needs all of them to go, so it is not used here. (`node_bounds.py` and
`checking/prefixes.py` read potentials here only where filters + depth >= 2, so they never meet it.) The s - 1 other
positives outside are at most left - 1 - (t + 1), as k >= 1. With fewer concepts than left, count the missing ones into
s or, where there is none, into t: no bound falls. If a concept comes twice: with e as the only AND (R1) holds and
`completion` has it in its part without AND; else (R3). Below a prefix with AND only `inside` is used, as the prefix's
AND takes off cells that no list of N covers.

residual_bound
--------------

What any rule OR c or AND NOT c leaves to the left - 1 concepts below it, from the sums at this node.

    as `completion`, with left - 1 concepts, c as one filter more

Proof. Both rules leave R' = R minus c. On R', g has the value of the completion (g AND NOT c) of this node on R: so c
is one filter more. Without AND: t filters and left - 1 - t positives in g give top(t + 1, left, left - 1 - t); the
other positives are left - 2 - t, as `top` has it. (`filtered` at depth 0, t = 0: c is the one filter.) With AND, apply
the proof of `with_and` on R' with left - 1 concepts and depth + 1: a positive x outside, valued on R', has V(x on R')
<= V(x on R) + N(x and c), one filter more again: top(t + 2, ...) where e is the only AND, top(t + 1, ...) where not. P
and `inside` on R' are at most those on R; `block` is of the root, with depth + 1. With repetition, (R1) and (R2) hold
with c as one more filter, t >= 1. After AND c this says nothing: R' = R and c, and what AND takes off lies outside c.

completion
----------

What at most `left` more concepts can add: without AND, t filters and left - t positives; or with AND.

    the larger of with_and(left) and the largest over t of top(t, left, left - t)

In the search the positives of the case without filters are only those that may come next: after OR x, concepts ranked
before x would have come first (B). Never more than all positive values on R.

filter_gain
-----------

What the outermost rule AND NOT c adds to a completion g of `left` concepts.

    min(N(c), others(c, left))

V(g and not c) - V(g) = -V(g and c) <= N(g and c), and g lies in the union of its positives: at most the sum of the
`left` largest N(c and d), and at most N(c). A positive d without any positive value at the root never helps (A). OR c
adds at most P(c).

subproblem_bound (Russian dolls)
--------------------------------

V(whole) <= (the most that `left` concepts reach on all cells) + (what each rule of the prefix adds to what stands
inside it: dominance_slack). After AND, nothing is known of that kind.

Proof. The rules are added one by one, from the inside: taking rule i out of rules 1..i around g changes only R_(i-1),
by at most P(c and R_(i-1)) for OR c, and by `filter_gain` there for AND NOT c; `left` only falls further in, so using
the larger `left` of rule i is safe.
"""
