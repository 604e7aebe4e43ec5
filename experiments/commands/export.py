"""`compexact export`.  Nothing heavy is imported before it runs."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer

from .options import LengthOption, OneUnitOption, ProbeArgument


def export(
    probe: ProbeArgument,
    units: OneUnitOption = None,
    length: LengthOption = 3,
    format: Annotated[str, typer.Option("--format", help="wcnf, cpsat, opb or lp.")] = "wcnf",
    target: Annotated[
        str | None, typer.Option(help="The IoU to beat, as p/q.  Default: that of the best chain of a local search.")
    ] = None,
    solution: Annotated[
        Path | None, typer.Option(help="A solver's output for this model: print the formula that it means.")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="A file; without it, print.")] = None,
) -> None:
    """Write a search as a model for a solver of your own.

    The search is for the best chain of one unit.  The file says at its top what its numbers mean.  Where the solver's
    best formula is above the target, ask again with its IoU as the target; where it is not, the target is the optimum.

    compexact export probe --unit 483 --length 6 --format wcnf -o unit483.wcnf
    compexact export probe --unit 483 --length 6 --target 167/2950 --solution answer.txt
    """
    from ...encodings.export import FORMATS, Question, formula_of
    from ...probes.opening import open_probe
    from ...solver.errors import UsageError, did_you_mean
    from ...solver.local.local_search import local_search
    from ...solver.problem import Problem
    from ..run.units import choose_units

    if format not in FORMATS:
        raise UsageError(
            f"no format is named {format!r}{did_you_mean(format, FORMATS)}; there are {', '.join(FORMATS)}"
        )
    cells = open_probe(probe).cells
    chosen = choose_units(cells, units)
    if len(chosen) != 1:
        raise UsageError(f"a model is of one unit; name it with --unit ({len(chosen)} are chosen)")
    problem = Problem.of(cells, chosen[0])
    if problem.is_degenerate:
        raise UsageError(f"unit {problem.unit} is active nowhere or everywhere: there is nothing to search")
    if target is None:
        best = local_search(problem, max_length=length).best
        question = Question(problem, length, Fraction(0) if best is None else best.iou)
    else:
        question = Question(problem, length, _fraction(target))
    if solution is not None:
        found = problem.explain(formula_of(question, _text(solution)))
        print(f"{found.iou}  {found.formula}")
    elif output is None:
        print(FORMATS[format](question), end="")
    else:
        output.write_text(FORMATS[format](question))
        print(f"unit {problem.unit}, target {question.iou}, in {output}")


def _fraction(text: str) -> Fraction:
    """The target; `UsageError` where it is no fraction from 0 to 1."""
    from ...solver.errors import UsageError

    try:
        value = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"--target takes a fraction such as 167/2950, not {text!r}") from None
    if not 0 <= value <= 1:
        raise UsageError(f"--target takes a fraction from 0 to 1, not {text}")
    return value


def _text(path: Path) -> str:
    from ...solver.errors import DataError

    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: {error}") from None
