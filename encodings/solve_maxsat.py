"""One round by MaxSAT: chains by their roles (`roles.py`), trees by positions (`maxsat.py`).

A linear search looks for answers, RC2 for the proof (Ignatiev, Morgado, Marques-Silva 2019): it raises a lower bound on
the cost, core by core.  It is asked case by case: a case fixes the outermost split, operator and literal, or by roles
the first OR, and the cases cover all formulas.  A case is closed when its bound reaches the best value known, so most
end after a few cores.  Measured by positions on random inputs of 200 rows and 20 concepts at length 3: 4 s with cases,
20 s to minutes without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from pysat.card import CardEnc, EncType
from pysat.examples.rc2 import RC2Stratified
from pysat.formula import WCNF
from pysat.solvers import Solver

from ..solver.formula import Formula
from .adder import at_most, weighted_sum
from .cases import Answer, Case
from .channel import Channel
from .cost import fits_roles
from .maxsat import MaxSatModel, encode
from .prefilter import most_of_free, useful_ands
from .roles import OR, RoleModel
from .roles import encode as encode_roles
from .shape import Alphabet, Shape
from .target import Target

ORACLE = "cadical195"
LINEAR_SEARCH_CONFLICTS = 2_000
LINEAR_SEARCH_BITS = 20_000
CORES = 100
"""About as many as are found in a second."""


def solve_round(
    shape: Shape,
    alphabet: Alphabet,
    target: Target,
    hint: Formula | None,
    channel: Channel,
    seed: int,
    linear_search_bits: int = LINEAR_SEARCH_BITS,
) -> tuple[Formula | None, bool]:
    """The formula of the highest value at or above the target, and whether that is proven.

    Without a hint any formula that reaches the target will do.  Bounds are told only where there is a hint.
    RC2 has no random choices: `seed` changes nothing.  linear_search_bits: where the weights have more, the proof
    is begun at once.
    """
    model = _model(shape, alphabet, target)
    best = _Best(model, target, target.floor if hint is not None else target.floor - 1, channel)
    if not model.soft:
        return hint, True
    if hint is not None:
        _linear_search(best, hint, linear_search_bits)
    cases = _role_cases(model) if isinstance(model, RoleModel) else _cases(model, target)
    return _solve_cases(best, cases, any_will_do=hint is None, tells=hint is not None)


def solve_case(model: RoleModel, case: Case, floor: int, work: float, channel: Channel, seed: int) -> Answer:
    """A case's best formula of at least the floor.

    The cut as clauses (`adder.py`) made the search for cores slower; it says which ORs can come first.
    """
    best = _Best(_with_few_rules(model), None, floor - 1, channel, cores=int(work * CORES))
    formula, closed = _solve_cases(best, _parts(model, case), any_will_do=False, tells=False)
    return Answer(formula, best.value if closed else model.most)


def _solve_cases(best: _Best, cases: list[_Case], *, any_will_do: bool, tells: bool) -> tuple[Formula | None, bool]:
    """The best formula found, and whether all cases are closed; any_will_do: one that is found ends the search."""
    cases = sorted(cases, key=lambda case: -case.most)
    for place, case in enumerate(cases):
        later = cases[place + 1].most if place + 1 < len(cases) else best.value
        closed = case.most <= best.value or _solve_case(best, case, later if tells else None)
        if not closed or best.is_over:
            return best.formula, False
        if any_will_do and best.formula is not None:
            break
    return best.formula, True


def _model(shape: Shape, alphabet: Alphabet, target: Target) -> MaxSatModel | RoleModel:
    """Chains by their roles, trees by positions."""
    if shape.space != "chain" or not fits_roles(alphabet.matrix):
        return encode(shape, alphabet, target)
    free = partial(most_of_free, alphabet=alphabet, target=target)
    ands = useful_ands(shape.length, alphabet, target, target.floor, free)
    return _with_few_rules(encode_roles(shape.length, alphabet, target, ands))


def _with_few_rules(model: RoleModel) -> RoleModel:
    """At most N rules as a totalizer (Bailleux and Boufkhad 2003)."""
    rules = list(model.rules.values())
    if len(rules) <= model.length:
        return model
    few = CardEnc.atmost(rules, model.length, top_id=model.n_variables, encoding=EncType.totalizer)
    return replace(model, hard=[*model.hard, *few.clauses], n_variables=max(model.n_variables, few.nv))


@dataclass
class _Best:
    """The best value known in a round, and its formula where the round found it.

    target: for bounds to tell.  cores: how many more cores may be looked for; None for no limit.
    """

    model: MaxSatModel | RoleModel
    target: Target | None
    value: int
    channel: Channel
    cores: int | None = None
    formula: Formula | None = None

    @property
    def is_over(self) -> bool:
        """Whether time is up, or the cores are."""
        return self.channel.is_over or (self.cores is not None and self.cores <= 0)

    @property
    def most(self) -> int:
        """The value where no soft clause is false."""
        return sum(weight for literal, weight in self.model.soft if literal > 0)

    def offer(self, literals: list[int], value: int) -> None:
        """A model of this value; it counts where it is better."""
        if value > self.value:
            self.value, self.formula = value, self.model.decode(literals)
            self.channel.formula(self.formula)

    def value_of(self, literals: list[int]) -> int:
        """The value that the soft clauses give a model: at most its formula's."""
        true = set(literals)
        return self.most - sum(weight for literal, weight in self.model.soft if literal not in true)


def _linear_search(best: _Best, hint: Formula, most_bits: int) -> None:
    """Ask for a better value again and again, starting near the hint, while the answers come easily.

    The budget is counted in conflicts, not in seconds, so that every machine goes the same way.
    """
    model = best.model
    if sum(weight.bit_length() for _, weight in model.soft) > most_bits:
        return
    clauses = list(model.hard)
    n_variables = model.n_variables

    def fresh() -> int:
        nonlocal n_variables
        n_variables += 1
        return n_variables

    digits = weighted_sum([(weight, -literal) for literal, weight in model.soft], fresh, clauses.append)
    with Solver(name=ORACLE, bootstrap_with=clauses) as oracle:
        oracle.set_phases(model.phases(hint))
        while best.value < best.most and not best.channel.is_over:
            for clause in at_most(digits, best.most - best.value - 1):
                oracle.add_clause(clause)
            oracle.conf_budget(LINEAR_SEARCH_CONFLICTS)
            if not oracle.solve_limited():
                return
            literals = oracle.get_model()
            best.offer(literals, best.value_of(literals))


@dataclass(frozen=True)
class _Case:
    """Literals that hold in this case, and a value that no formula of it exceeds."""

    literals: tuple[int, ...]
    most: int


def _role_cases(model: RoleModel) -> list[_Case]:
    """One case for each OR that is the first of the chain's, where ORs are numbered by their gains, falling.

    A formula that has none of those before has at most the gains of N of the rest, and the cells that one of them has.
    """
    gains = dict.fromkeys((c for operator, c in model.rules if operator == OR), 0)
    for cell in model.cells:
        for c in cell.ors:
            gains[c] += max(cell.value, 0)
    order = sorted(gains, key=lambda c: -gains[c])
    place = {c: number for number, c in enumerate(order)}
    last = [(max(place[c] for c in cell.ors), cell.value) for cell in model.cells if cell.value > 0]
    cases = []
    for number, c in enumerate(order):
        fixed = (*(-model.rules[OR, other] for other in order[:number]), model.rules[OR, c])
        most = min(
            sum(value for place_, value in last if place_ >= number),
            sum(gains[other] for other in order[number : number + model.length]),
        )
        cases.append(_Case(fixed, most))
    return cases


def _parts(model: RoleModel, case: Case) -> list[_Case]:
    """One part for each OR that is the first of the chain's, where ORs are numbered by their worths, falling.

    Left out are those in which the cut's sum stays below its least: a chain without the ORs before has the worth of
    this one, and of the rest, ORs and filters, at most the largest.
    """
    order = sorted((c for operator, c in model.rules if operator == OR), key=lambda c: -case.ors[c])
    filters: dict[int, int] = {}
    for (_, d), worth in case.pairs.items():
        filters[d] = filters.get(d, 0) + max(worth, 0)
    room, found = model.length - len(case.allowed.ands), []
    for number, c in enumerate(order):
        others = [case.ors[other] for other in order[number + 1 :] if case.ors[other] > 0]
        most = case.ors[c] + sum(sorted([*others, *filters.values()], reverse=True)[: room - 1])
        if most >= case.least:
            fixed = (*(-model.rules[OR, other] for other in order[:number]), model.rules[OR, c])
            found.append(_Case(fixed, model.most))
    return found


def _cases(model: MaxSatModel, target: Target) -> list[_Case]:
    """One case for each outermost operator and literal, and for each larger right operand.

    `x OR l` has at most the value of the cells of l and the positive ones beyond, `x AND l` the positive ones of l.
    """
    if not model.shape.nodes:
        return [_Case((), target.most)]
    root = model.shape.nodes[-1]
    cases = [_Case((model.split[root.span, right],), target.most) for right in root.rights if right > 1]
    for number, literal in model.literal[-1].items():
        held = model.alphabet.holds(number).tolist()
        inside = [value for value, holds in zip(target.values, held, strict=True) if holds]
        gain = sum(value for value in inside if value > 0)
        for sign, most in ((-1, target.most - gain + sum(inside)), (1, gain)):
            fixed = (model.split[root.span, 1], sign * model.conjunctive[root.span], literal)
            cases.append(_Case(fixed, most))
    return cases


class _Closed(Exception):
    """The case has nothing better, or time is up."""


class _Rc2(RC2Stratified):
    """RC2 that reports every rise of the cost's lower bound."""

    on_cost: Callable[[int], None]

    def process_core(self) -> None:
        super().process_core()
        self.on_cost(self.cost)

    def process_am1(self, am1: list[int]) -> None:
        super().process_am1(am1)
        self.on_cost(self.cost)


def _solve_case(best: _Best, case: _Case, later: int | None) -> bool:
    """Close the case, or give False where time is up.

    later: what the cases after this one reach at most, for the bound on all; None where no bound is to be told.
    """
    told = case.most + 1

    def on_cost(cost: int) -> None:
        nonlocal told
        most = min(case.most, best.most - cost)
        reach = max(most, best.value, later or 0)
        if later is not None and reach < told:
            told = reach
            assert best.target is not None
            best.channel.bound(best.target, reach)
        if best.cores is not None:
            best.cores -= 1
        if most <= best.value or best.is_over:
            raise _Closed

    formula = WCNF()
    formula.hard = [*best.model.hard, *([literal] for literal in case.literals)]
    formula.soft = [[literal] for literal, _ in best.model.soft]
    formula.wght = [weight for _, weight in best.model.soft]
    formula.nv = best.model.n_variables
    solver = _Rc2(formula, solver=ORACLE, adapt=True, exhaust=True)
    solver.on_cost = on_cost
    try:
        literals = solver.compute()
        if literals is not None:
            best.offer(literals, best.most - solver.cost)
        return True
    except _Closed:
        return not best.is_over or best.most - solver.cost <= best.value
    finally:
        solver.delete()
