"""One round by CP-SAT, with anytime answers: chains by their roles (`roles.py`), trees by positions (`cpsat.py`)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from ortools.sat.python import cp_model

from ..solver.errors import DisagreementError
from ..solver.formula import Formula
from .cases import Answer, Case
from .channel import Channel
from .cost import fits_roles
from .cpsat import encode
from .cpsat_roles import to_cpsat
from .prefilter import most_of_free, useful_ands
from .roles import RoleModel
from .roles import encode as encode_roles
from .shape import Alphabet, Shape
from .target import Target

FREE_WORK = 2.0
"""For each bound on chains without AND, in CP-SAT's deterministic time: about as many seconds."""
ANSWERED = (cp_model.OPTIMAL, cp_model.FEASIBLE)


def solve_round(
    shape: Shape, alphabet: Alphabet, target: Target, hint: Formula | None, channel: Channel, seed: int
) -> tuple[Formula | None, bool]:
    """The formula of the highest value at or above the target, and whether that is proven.

    Without a hint any formula that reaches the target will do.  Bounds are told only where there is a hint.
    """
    by_roles = shape.space == "chain" and fits_roles(alphabet.matrix)
    if by_roles:
        ands = useful_ands(shape.length, alphabet, target, target.floor, _free(alphabet, target, channel, seed))
        roles = encode_roles(shape.length, alphabet, target, ands)
        if not roles.cells:
            return hint, True  # no chain has a value above 0
        encoded: Encoded = to_cpsat(roles, hint=hint, floor=target.floor)
    else:
        encoded = encode(shape, alphabet, target, hint=hint)
    if hint is None:
        encoded.model.clear_objective()
    solver = _solver(channel, seed) if by_roles else _fixed_search(_solver(channel, seed))
    channel.on_stop[:] = [solver.stop_search]
    status = solver.solve(encoded.model, _Listener(encoded, target, channel, bounds=hint is not None))
    channel.on_stop.clear()
    if status in ANSWERED:
        if hint is not None:
            channel.bound(target, -solver.response_proto.inner_objective_lower_bound)
        return encoded.decode(lambda var: bool(solver.value(var))), status == cp_model.OPTIMAL
    if status == cp_model.INFEASIBLE and hint is not None:
        raise DisagreementError("CP-SAT excludes a formula that is in hand")
    _refuse_invalid(status, encoded)
    return None, status == cp_model.INFEASIBLE


def solve_case(model: RoleModel, case: Case, floor: int, work: float, channel: Channel, seed: int) -> Answer:
    """A case's best formula of at least the floor; the charges are a cut (`cases.py`)."""
    encoded = to_cpsat(model, floor=floor, cut=case.cut(model))
    solver = _quick_start(_solver(channel, seed))
    solver.parameters.max_deterministic_time = work
    told: list[float] = []
    solver.best_bound_callback = told.append
    channel.on_stop[:] = [solver.stop_search]
    status = solver.solve(encoded.model)
    channel.on_stop.clear()
    if status == cp_model.INFEASIBLE:
        return Answer(None, floor - 1)
    _refuse_invalid(status, encoded)
    # A solver that was stopped before its search gives a bound that means nothing.
    most = -solver.response_proto.inner_objective_lower_bound if told or status in ANSWERED else model.most
    return Answer(encoded.decode(lambda var: bool(solver.value(var))) if status in ANSWERED else None, most)


def _quick_start(solver: cp_model.CpSolver) -> cp_model.CpSolver:
    """The search for cases, which are many and small: with the full linear relaxation, and little before it begins.

    Measured on cases of SqueezeNet's units at lengths 6 and 10: 0.03 to 0.8 s a case; 0.07 to 2.2 s with CP-SAT's own
    preparations.  With less of the relaxation one case takes 7 s instead of 0.3.
    """
    settings = solver.parameters
    settings.linearization_level = 2
    settings.cp_model_probing_level = 0
    settings.symmetry_level = 0
    settings.max_presolve_iterations = 1
    settings.presolve_inclusion_work_limit = 0
    return solver


def _refuse_invalid(status: Any, encoded: Encoded) -> None:
    if status == cp_model.MODEL_INVALID:
        raise ValueError(f"CP-SAT refuses the model: {encoded.model.validate().splitlines()[0]}")


class Encoded(Protocol):
    """A model, and the way back from its solutions."""

    @property
    def model(self) -> cp_model.CpModel:
        """What is solved."""

    def decode(self, is_true: Callable[[Any], bool]) -> Formula:
        """The formula of a solution."""


def _free(alphabet: Alphabet, target: Target, channel: Channel, seed: int) -> Callable[[int], int]:
    """What bounds the value of the chains without AND: the same model, which is quick without them."""

    @cache
    def free(length: int) -> int:
        most = most_of_free(length, alphabet, target)
        if length < 2 or channel.is_over:
            return most
        encoded = to_cpsat(encode_roles(length, alphabet, target, {}))
        solver = _solver(channel, seed)
        solver.parameters.max_deterministic_time = FREE_WORK
        channel.on_stop[:] = [solver.stop_search]
        status = solver.solve(encoded.model)
        channel.on_stop.clear()
        return min(most, -solver.response_proto.inner_objective_lower_bound) if status in ANSWERED else most

    return free


def _fixed_search(solver: cp_model.CpSolver) -> cp_model.CpSolver:
    """The search for models by position: `add_decisions` takes the outermost step first, without linear relaxations.

    On random inputs of 200 rows and 20 concepts at length 3 it proves the optimum in 1 to 4 s; CP-SAT's own search
    needs 10 s to more than a minute, with or without relaxations.
    """
    solver.parameters.linearization_level = 0
    solver.parameters.search_branching = cp_model.FIXED_SEARCH
    return solver


def _solver(channel: Channel, seed: int) -> cp_model.CpSolver:
    """One worker and no gap: the same answer every time."""
    solver = cp_model.CpSolver()
    settings = solver.parameters
    settings.num_workers = 1
    settings.random_seed = seed % 2**31
    settings.absolute_gap_limit = 0.0
    settings.relative_gap_limit = 0.0
    settings.catch_sigint_signal = False
    left = channel.seconds_left()
    if left is not None:
        settings.max_time_in_seconds = max(left, 0.01)
    return solver


class _Listener(cp_model.CpSolverSolutionCallback):
    """Tells every formula found and, at these moments, the bound."""

    def __init__(self, encoded: Encoded, target: Target, channel: Channel, *, bounds: bool) -> None:
        super().__init__()
        self._encoded, self._target, self._channel, self._bounds = encoded, target, channel, bounds

    def on_solution_callback(self) -> None:
        def is_true(var: Any) -> bool:
            return bool(self.boolean_value(var))

        self._channel.formula(self._encoded.decode(is_true))
        response = self.response_proto
        if self._bounds and response.status in ANSWERED:
            self._channel.bound(self._target, -response.inner_objective_lower_bound)
        if self._channel.stopped.is_set():
            self.stop_search()
