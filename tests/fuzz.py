"""Fuzzing: every engine against brute force, and against relations that must hold, for as long as one likes.

    python tests/fuzz.py --seconds 60 --seed 0
    python tests/fuzz.py --inputs 2000
    python tests/fuzz.py --inputs 100000 --checks lengths_up_to_eight_are_right
    python tests/fuzz.py --replay uniform:24

Inputs are numbered from `--seed` on; the families of `solver/generators.py` take turns.  Each number has some probes
and certificates made to deceive, and some damaged files; one in 2 has a larger input (family `grown`); one in 29 is
put to the relations, one in 61 to the solvers, which are slow, and of one in 5 a run is made and edited.
A failure is printed with the command that repeats it, which also makes the input smaller; the run then goes on, and
ends with status 1.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "solver"))

from fuzzing.agreement import CHECKS, LARGER_CHECKS, SOLVER_CHECKS
from fuzzing.case import FAMILIES, Case, case_of, family_of
from fuzzing.damaged_files import DAMAGE_CHECKS
from fuzzing.edited_runs import edited_runs_are_not_believed
from fuzzing.equally_good import LIST_CHECKS
from fuzzing.hostile import nothing_false_is_confirmed
from fuzzing.lengths import lengths_up_to_eight_are_right
from fuzzing.relations import RELATIONS, grown
from fuzzing.trades import TRADE_CHECKS

from compexact.encodings.solvers import SOLVERS

Check = Callable[[Case], None]
SECONDS_BETWEEN_LINES = 10.0
LARGER_EVERY = 2
# Coprime to the number of families, so every family gets its turn.
RELATIONS_EVERY = 29
SOLVERS_EVERY = 61
EDITED_EVERY = 5


def cases(seed: int) -> Iterator[tuple[Case, Sequence[Check]]]:
    """What is tried under one number."""
    case = case_of(family_of(seed), seed)
    yield case, (*CHECKS, lengths_up_to_eight_are_right, *TRADE_CHECKS, *LIST_CHECKS)
    yield case, (nothing_false_is_confirmed, *DAMAGE_CHECKS)
    if seed % RELATIONS_EVERY == 0:
        yield case, RELATIONS
        yield grown(seed), RELATIONS
    if seed % LARGER_EVERY == 0:
        yield grown(seed), LARGER_CHECKS
    if seed % SOLVERS_EVERY == 0:
        yield case, solver_checks()
    if seed % EDITED_EVERY == 0:
        yield case, (edited_runs_are_not_believed,)


def solver_checks() -> tuple[Check, ...]:
    """Those of the solvers that are installed."""
    return tuple(each for each in SOLVER_CHECKS if find_spec(SOLVERS[each.__name__.split("_")[0]].module))


def failure(check: Check, case: Case) -> Exception | None:
    """What the check finds; each works on a case of its own, with nothing kept from the others."""
    try:
        check(replace(case))
    except Exception as error:
        return error
    return None


def run(seed: int, seconds: float | None, inputs: int | None, only: Collection[str] = ()) -> int:
    """Try inputs until the time is up or there are enough; how many failures there were.  only: names of checks."""
    started = shown = time.monotonic()
    tried: Counter[str] = Counter()
    checks: Counter[str] = Counter()
    spent: defaultdict[str, float] = defaultdict(float)
    failures = 0
    while (inputs is None or sum(tried[name] for name in FAMILIES) < inputs) and (
        seconds is None or time.monotonic() - started < seconds
    ):
        families = set()
        for case, these in cases(seed):
            chosen = [check for check in these if not only or check.__name__ in only]
            if chosen:
                families.add(case.family)
            for check in chosen:
                checks[check.__name__] += 1
                began = time.monotonic()
                error = failure(check, case)
                spent[check.__name__] += time.monotonic() - began
                if error is not None:
                    failures += 1
                    print(f"FAILED {case.name} {check.__name__}: {type(error).__name__}: {error}")
                    print(f"   python tests/fuzz.py --replay {case.name}", flush=True)
            if time.monotonic() - shown > SECONDS_BETWEEN_LINES:
                shown = time.monotonic()
                print(f"{shown - started:6.0f} s: {tried.total():,} inputs, {failures} failures", flush=True)
        tried.update(families)
        seed += 1
    print_tally(tried, checks, spent)
    seconds = time.monotonic() - started
    print(f"{tried.total():,} inputs, {checks.total():,} checks, {failures} failures in {seconds:.0f} s")
    return failures


def print_tally(tried: Counter[str], checks: Counter[str], spent: dict[str, float]) -> None:
    print("inputs:")
    print("\n".join(f"   {count:7,} {name}" for name, count in tried.items()))
    print("checks:")
    print("\n".join(f"   {count:7,} {name}, {spent[name]:.1f} s" for name, count in checks.items()))


def replay(name: str) -> int:
    """Run every check on one input; show what fails on as small an input as can be found."""
    family, _, seed = name.partition(":")
    case = grown(int(seed)) if family == "grown" else case_of(family, int(seed))
    alone = (nothing_false_is_confirmed, edited_runs_are_not_believed)
    every = (
        *CHECKS,
        lengths_up_to_eight_are_right,
        *TRADE_CHECKS,
        *LIST_CHECKS,
        *alone,
        *DAMAGE_CHECKS,
        *solver_checks(),
    )
    own = LARGER_CHECKS if family == "grown" else every
    failures = 0
    print(case if family != "grown" else f"{case.name}, {case.matrix.shape}, length {case.length}")
    for check in (*own, *RELATIONS):
        error = failure(check, case)
        print(f"{check.__name__}: {'passed' if error is None else 'FAILED'}", flush=True)
        if error is not None:
            failures += 1
            traceback.print_exception(error)
            print(f"the same on a smaller input:\n{shrunk(check, case, type(error))}", flush=True)
    return failures


def shrunk(check: Check, case: Case, kind: type[Exception], seconds: float = 60.0) -> Case:
    """The case with rows and concepts left out, and counts halved, while the check fails in the same way."""
    until = time.monotonic() + seconds
    again = True
    while again:
        again = False
        for smaller in reductions(case):
            if time.monotonic() > until:
                return case
            if isinstance(failure(check, smaller), kind):
                case, again = smaller, True
                break
    return case


def reductions(case: Case) -> Iterator[Case]:
    rows, columns = case.matrix.shape
    for row in range(rows if rows > 1 else 0):
        arrays = (np.delete(array, row, axis=0) for array in (case.matrix, case.weights, case.active))
        yield replace(case, **dict(zip(("matrix", "weights", "active"), arrays)))
    for column in range(columns if columns > 1 else 0):
        yield replace(case, matrix=np.delete(case.matrix, column, axis=1))
    if case.length > 1:
        yield replace(case, length=case.length - 1)
    weights = np.maximum(case.weights // 2, 1)
    if (weights < case.weights).any():
        yield replace(case, weights=weights, active=np.minimum(case.active // 2 + case.active % 2, weights))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, help="stop after this many (60 where no number of inputs is given)")
    parser.add_argument("--inputs", type=int, help="stop after this many")
    parser.add_argument("--seed", type=int, default=0, help="number of the first input (default %(default)s)")
    parser.add_argument("--checks", metavar="NAME,NAME", help="only these checks; each is a function of tests/fuzzing")
    parser.add_argument("--replay", metavar="FAMILY:SEED", help="one input, as a failure names it")
    options = parser.parse_args()
    if options.replay:
        family, _, seed = options.replay.partition(":")
        if family not in {*FAMILIES, "grown"} or not seed.isdecimal():
            parser.error(f"{options.replay!r} is not FAMILY:SEED; families are {', '.join([*FAMILIES, 'grown'])}")
        sys.exit(replay(options.replay) > 0)
    seconds = 60.0 if options.seconds is None and options.inputs is None else options.seconds
    only = options.checks.split(",") if options.checks else []
    if unknown := set(only) - (known := {check.__name__ for _, checks in cases(0) for check in checks}):
        parser.error(f"no check is named {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    sys.exit(run(options.seed, seconds, options.inputs, only) > 0)


if __name__ == "__main__":
    main()
