"""The compiled rounds of the local search: take rules out of a chain, put better ones in.

A *rule* is `operator * n_concepts + concept`, operators numbered as in `solver/chain.py`; a chain is an array of rules,
the first of which is an OR.  Read from the last rule inwards, each rule *decides* cells (`solver/prefixes`): OR c those
of c as 1, AND NOT c those of c as 0, AND c those outside c as 0.  What no rule decides is 0.

What it is worth to insert a rule before rule i is known for all rules at once.  Let U be the cells that the rules
i, i + 1, ... leave undecided, f the chain's function and V the sum of values.  What those rules decide stays as it is,
and on U the rules before i have the value f.  So with `within` = V(U & c) and `held` = V(U & c & f) the value becomes

    OR c        V(f) + within - held        the rest of c in U is added
    AND NOT c   V(f) - held                 c in U is taken away
    AND c       V(f) - V(U & f) + held      of what f has in U, c is left

From the last place inwards, U loses the cells that the next rule decides, and each cell is lost once: all places, rules
and concepts cost one pass over the cells.  All sums are integers of 64 bits; the caller keeps them in range.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from ..compiled import CellArrays, compiled

OR, AND = 0, 1
N_BEST = 5
"""So many of the best insertions are kept, to choose from."""
STEP_DOWN = 0.5
"""How likely it is that an insertion is passed over for the next best."""
MOST_REMOVED = 4
NOTHING = -(2**62)

Room = namedtuple("Room", "state holds order ends within held values moves rules")
"""What a round changes.

state: int8 (n_cells,), 1 where a cell is undecided.  holds: bool (n_cells,), where the chain holds.  order: int64
(n_cells,), the decided cells, those of the last rule first.  ends: int64 (N + 1,), how many the rules i, i + 1, ...
decide.  within, held: int64 (n,), see above.  values, moves: int64 (N_BEST,), the best insertions, best first; a move
is place * 3 n + rule.  rules: int64 (N,), the chain that the round makes.
"""

Walk = namedtuple("Walk", "rules numbers")
"""Where the search stands.  rules: int64 (N,), the current chain.  numbers: by the constants below."""

LENGTH, VALUE, FOUND = 0, 1, 2
"""Of the current chain; and the value of the chain in `Room.rules` where it is above the threshold."""


@compiled
def decide(cells: CellArrays, rules: np.ndarray, length: int, room: Room) -> int:
    """Fill state, holds, order and ends for the chain; gives its value."""
    n = len(cells.starts) - 1
    room.state[:] = 1
    room.holds[:] = False
    value = done = 0
    room.ends[length] = 0
    for i in range(length - 1, -1, -1):
        operator, concept = rules[i] // n, rules[i] % n
        first, last = cells.starts[concept], cells.starts[concept + 1]
        if operator == AND:
            for at in range(first, last):
                room.state[cells.rows[at]] *= 2
            for cell in range(len(room.state)):
                if room.state[cell] == 1:
                    room.state[cell] = 0
                    room.order[done] = cell
                    done += 1
                elif room.state[cell] == 2:
                    room.state[cell] = 1
        else:
            for at in range(first, last):
                cell = cells.rows[at]
                if room.state[cell]:
                    room.state[cell] = 0
                    room.order[done] = cell
                    done += 1
                    if operator == OR:
                        room.holds[cell] = True
                        value += cells.values[cell]
        room.ends[i] = done
    return value


@compiled
def sums_of_concepts(starts: np.ndarray, rows: np.ndarray, values: np.ndarray) -> Any:
    """int64 (n,): V of every concept."""
    sums = np.zeros(len(starts) - 1, np.int64)
    for concept in range(len(sums)):
        for at in range(starts[concept], starts[concept + 1]):
            sums[concept] += values[rows[at]]
    return sums


@compiled
def keep_move(room: Room, value: int, move: int) -> None:
    """Keep an insertion among the best; of those of one value, which mostly make one function, only the first."""
    at = N_BEST - 1
    while at > 0 and room.values[at - 1] < value:
        at -= 1
    if at > 0 and room.values[at - 1] == value:
        return
    for worse in range(N_BEST - 1, at, -1):
        room.values[worse], room.moves[worse] = room.values[worse - 1], room.moves[worse - 1]
    room.values[at], room.moves[at] = value, move


@compiled
def find_moves(cells: CellArrays, totals: np.ndarray, rules: np.ndarray, length: int, room: Room) -> None:
    """Fill values and moves with the best insertions into the chain.  totals: int64 (n,), V of each concept."""
    n = len(cells.starts) - 1
    value = inside = decide(cells, rules, length, room)
    room.values[:] = NOTHING
    room.within[:] = totals
    room.held[:] = 0
    for at in range(room.ends[0]):
        cell = room.order[at]
        if room.holds[cell]:
            for place in range(cells.indptr[cell], cells.indptr[cell + 1]):
                room.held[cells.indices[place]] += cells.values[cell]
    for i in range(length, -1, -1):
        move = i * 3 * n
        for c in range(n):
            if value + room.within[c] - room.held[c] > room.values[N_BEST - 1]:
                keep_move(room, value + room.within[c] - room.held[c], move + c)
        if i == 0:
            return
        for c in range(n):
            if value - inside + room.held[c] > room.values[N_BEST - 1]:
                keep_move(room, value - inside + room.held[c], move + n + c)
            if value - room.held[c] > room.values[N_BEST - 1]:
                keep_move(room, value - room.held[c], move + 2 * n + c)
        for at in range(room.ends[i], room.ends[i - 1]):
            cell = room.order[at]
            worth = cells.values[cell]
            if room.holds[cell]:
                inside -= worth
            for place in range(cells.indptr[cell], cells.indptr[cell + 1]):
                room.within[cells.indices[place]] -= worth
                if room.holds[cell]:
                    room.held[cells.indices[place]] -= worth


@compiled
def without(rules: np.ndarray, length: int, i: int, n: int) -> int:
    """Take rule i out; gives the length that is left.  The first rule becomes an OR."""
    for at in range(i, length - 1):
        rules[at] = rules[at + 1]
    rules[0] %= n
    return length - 1


@compiled
def shake(rules: np.ndarray, length: int, n: int, chances: np.ndarray) -> int:
    """Take 1 to 4 rules out, half the time neighbours; gives the length that is left."""
    removed = min(1 + int(MOST_REMOVED * chances[0]), length)
    at = int(length * chances[2])
    for which in range(removed):
        if chances[1] >= 0.5:
            at = int(length * chances[2 + which])
        length = without(rules, length, min(at, length - 1), n)
    return length


@compiled
def insert(rules: np.ndarray, length: int, move: int, n: int) -> int:
    """Put the move's rule in; gives the new length."""
    i = move // (3 * n)
    for at in range(length, i, -1):
        rules[at] = rules[at - 1]
    rules[i] = move % (3 * n)
    return length + 1


@compiled
def run_rounds(
    cells: CellArrays,
    totals: np.ndarray,
    longest: int,
    threshold: int,
    chances: np.ndarray,
    slack: np.ndarray,
    walk: Walk,
    room: Room,
) -> Any:
    """Go through rounds until one makes a chain of a value above the threshold; gives how many were done.

    chances: float64 (n_rounds, 2 + MOST_REMOVED + longest), from 0 to below 1.  slack: int64 (n_rounds,), by how much
    the new chain may be worse than the current one and still take its place.
    """
    n = len(cells.starts) - 1
    walk.numbers[FOUND] = NOTHING
    for number in range(len(chances)):
        chance = chances[number]
        room.rules[:] = walk.rules
        length = shake(room.rules, walk.numbers[LENGTH], n, chance)
        value = NOTHING
        while length < longest:
            find_moves(cells, totals, room.rules, length, room)
            passed, left = 0, chance[2 + MOST_REMOVED + length]
            while passed < N_BEST - 1 and left < STEP_DOWN and room.values[passed + 1] > NOTHING:
                left /= STEP_DOWN
                passed += 1
            value = room.values[passed]
            length = insert(room.rules, length, room.moves[passed], n)
        if value >= walk.numbers[VALUE] - slack[number]:
            walk.rules[:] = room.rules
            walk.numbers[LENGTH], walk.numbers[VALUE] = length, value
        if value > threshold:
            walk.numbers[FOUND] = value
            return number + 1
    return len(chances)
