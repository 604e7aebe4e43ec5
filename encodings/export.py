"""The search of one unit as a file, for solvers that are not ours: the model of `roles.py` in four formats.

| format | what it is | the objective |
|---|---|---|
| `wcnf` | MaxSAT, as the MaxSAT Evaluation has it since 2022 | cost: the weights of what is not satisfied |
| `opb` | pseudo-Boolean, as the PB Competition has it | minimise the same cost |
| `lp` | an integer program, in CPLEX's format | minimise the same cost |
| `cpsat` | a model of CP-SAT as text | minimise minus the value |

The value of a formula on the target p/q is V / scale (`target.py`), and `most` minus the cost.  It is at least `floor`
exactly where the IoU is p/q or more.  So: solve; read the formula off the solution (`formula_of`); where its IoU is
above p/q, write the model anew for that and go on; where it is not, p/q is the optimum (Dinkelbach 1967).
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from ..solver.errors import DataError, UsageError
from .cost import fits_roles
from .prefilter import most_of_free, useful_ands
from .roles import AND, AND_NOT, OR, RoleModel, encode
from .shape import Alphabet
from .target import Target

if TYPE_CHECKING:
    from ..solver.formula import Formula
    from ..solver.problem import Problem

WORDS = {OR: "OR", AND: "AND", AND_NOT: "AND NOT"}


@dataclass(frozen=True)
class Question:
    """The chains of at most `length` concepts of a problem, held against an IoU."""

    problem: Problem
    length: int
    iou: Fraction

    @cached_property
    def target(self) -> Target:
        """The linear question."""
        return Target.of(self.problem, self.iou)

    @cached_property
    def model(self) -> RoleModel:
        """The clauses; the same whenever it is asked.  Raises `UsageError` where they would be too many."""
        alphabet = Alphabet.of(self.problem, "chain")
        if not fits_roles(alphabet.matrix):
            raise UsageError("the model would have too many clauses; take fewer cells or concepts")
        free = partial(most_of_free, alphabet=alphabet, target=self.target)
        ands = useful_ands(self.length, alphabet, self.target, self.target.floor, free)
        return encode(self.length, alphabet, self.target, ands)

    def legend(self) -> Iterator[str]:
        """What the file's numbers mean, a line each."""
        model, target = self.model, self.target
        yield f"unit {self.problem.unit}: chains of at most {self.length} concepts against an IoU of {self.iou}"
        yield f"most {model.most}  floor {target.floor}  scale {target.scale}"
        yield f"value = most - cost; the IoU is {self.iou} or more exactly where value >= floor"
        yield f"value * scale = {self.iou.denominator} * (active points) - {self.iou.numerator} * (inactive points)"
        yield "a rule's level: how many of its levels are true, and 1 more for AND and AND NOT; the true rules,"
        yield "from the lowest level up, of one level AND and AND NOT first, are the formula, from its first OR on"
        for (operator, concept), variable in model.rules.items():
            levels = " ".join(map(str, model.reaches[operator, concept]))
            yield f"{variable} = {WORDS[operator]} {model.alphabet.names[concept]!r}, levels {levels or 'none'}"


def to_wcnf(question: Question) -> str:
    """MaxSAT: `h` before hard clauses, the weight before soft ones; at most N rules by a totalizer."""
    from pysat.card import CardEnc, EncType
    from pysat.formula import WCNF

    model, formula, out = question.model, WCNF(), io.StringIO()
    formula.extend(model.hard)
    rules = list(model.rules.values())
    if len(rules) > model.length:
        few = CardEnc.atmost(rules, model.length, top_id=model.n_variables, encoding=EncType.totalizer)
        formula.extend(few.clauses)
    for literal, weight in model.soft:
        formula.append([literal], weight=weight)
    formula.to_fp(out, comments=[f"c {line}" for line in question.legend()])
    return out.getvalue()


def to_opb(question: Question) -> str:
    """Pseudo-Boolean: a clause is a sum of literals of at least 1."""
    model = question.model

    def total(terms: Iterator[tuple[int, int]]) -> str:
        return " ".join(f"{factor:+} {'~' * (literal < 0)}x{abs(literal)}" for factor, literal in terms)

    lines = [f"* #variable= {model.n_variables} #constraint= {len(model.hard) + 1}"]
    lines += [f"* {line}" for line in question.legend()]
    lines.append(f"min: {total((weight, -literal) for literal, weight in model.soft)} ;")
    lines += [f"{total((1, literal) for literal in clause)} >= 1 ;" for clause in model.hard]
    lines.append(f"{total((-1, rule) for rule in model.rules.values())} >= -{model.length} ;")
    return "\n".join(lines) + "\n"


def to_lp(question: Question) -> str:
    """An integer program, variable k named x<k>; NOT x is 1 - x."""
    from ortools.linear_solver.python.model_builder import Model

    model, program = question.model, Model()
    variables = [program.new_bool_var(f"x{number}") for number in range(1, model.n_variables + 1)]

    def value(literal: int) -> Any:
        variable = variables[abs(literal) - 1]
        return variable if literal > 0 else 1 - variable

    for clause in model.hard:
        program.add(sum(value(literal) for literal in clause) >= 1)
    program.add(sum(variables[rule - 1] for rule in model.rules.values()) <= model.length)
    program.minimize(sum(weight * value(-literal) for literal, weight in model.soft))
    legend = "".join(f"\\ {line}\n" for line in question.legend())
    return legend + program.export_to_lp_string()


def to_cpsat(question: Question) -> str:
    """A `CpModelProto` as text, with the floor as a constraint; `#` begins a comment."""
    from .cpsat_roles import to_cpsat as encoded

    question.target.check_size(question.problem.unit)
    proto = encoded(question.model, floor=question.target.floor).model.proto
    return "".join(f"# {line}\n" for line in question.legend()) + str(proto)


FORMATS: dict[str, Callable[[Question], str]] = {"wcnf": to_wcnf, "cpsat": to_cpsat, "opb": to_opb, "lp": to_lp}
"""To add a format, write its function and a row."""


def formula_of(question: Question, solution: str) -> Formula:
    """The formula of a solver's answer.

    solution: its output, with lines `v` of literals (`v 1 -2` or `v x1 -x2`) or of one digit a variable (`v 101`).
    Raises `DataError` where there is none, or where it is not of this model.
    """
    words = [word for line in solution.splitlines() if line.startswith("v ") for word in line[2:].split()]
    n = question.model.n_variables
    if not words:
        raise DataError("the solution has no line that begins with v")
    if all(set(word) <= {"0", "1"} for word in words) and len("".join(words)) >= n:
        true = [number for number, digit in enumerate("".join(words), start=1) if digit == "1"]
    else:
        try:
            true = [literal for word in words if (literal := int(word.replace("x", ""))) > 0]
        except ValueError:
            raise DataError("the solution's lines v hold something other than literals") from None
    chosen = {variable for rule, variable in question.model.rules.items() if rule[0] == OR} & set(true)
    if not chosen or len(set(question.model.rules.values()) & set(true)) > question.length:
        raise DataError("the solution is not one of this model; is it of the same unit, length and target?")
    return question.model.decode(true)
