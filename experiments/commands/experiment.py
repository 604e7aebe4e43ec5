"""`compexact experiment NAME ...`: a command for every question.  Nothing heavy is imported before one runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import WHOLE

if TYPE_CHECKING:
    from ...probes.store import Probe
    from ..questions.answer import Answer
    from ..runs import Run

experiment_app = typer.Typer(
    help="Ask one question of a probe or a run: a table, a figure, and the paper's value beside ours.",
    short_help="Ask one question: a table and a figure.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ProbeArgument = Annotated[Path, typer.Argument(help="A probe folder or an .npz file.")]
RunArgument = Annotated[Path, typer.Argument(help="A run: what compexact explain -o made.")]
LengthsOption = Annotated[str, typer.Option(metavar="N,...", help="Maximum lengths; 1-10 for a range.")]
EngineOption = Annotated[str, typer.Option(help="beam, exact or another of compexact explain.")]
LengthOption = Annotated[int, typer.Option(**WHOLE, help="Maximum length of the formulas.")]
SeedOption = Annotated[int, typer.Option(**WHOLE, help="Of what is random.")]
ProvenOption = Annotated[str, typer.Option(metavar="N,...", help="Lengths to prove, too; empty for none.")]
RunProbeOption = Annotated[Path | None, typer.Option(help="The run's probe, if it was moved.")]
StateDictOption = Annotated[Path | None, typer.Option(help="Its state dict, where it was probed with one.")]
OutputOption = Annotated[Path | None, typer.Option("-o", "--output", help="Keep the answer in this folder.")]


def whole_numbers(text: str) -> list[int]:
    """`1,2,5-7` as numbers; `UsageError` for anything else."""
    from ...solver.errors import UsageError

    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not first.strip().isdecimal() or (last and not last.strip().isdecimal()):
            raise UsageError(f"lengths are whole numbers, commas and ranges, such as 1-5,10; not {text!r}")
        numbers += range(int(first), int(last or first) + 1)
    return sorted(set(numbers))


def probe_and_units(path: Path, units: Sequence[str] | None) -> tuple[Probe, list[str]]:
    """A probe, and the names of its units that `--units` chooses."""
    from ...probes.opening import open_probe
    from ..units import choose_active_units

    probe = open_probe(path)
    return probe, choose_active_units(probe, units).names


def run_and_probe(path: Path, probe: Path | None) -> tuple[Run, Probe]:
    """A run, and the probe that it was made from: at `probe`, or where the run says."""
    from ..runs import read_run

    run = read_run(path)
    return run, run.open_probe(probe)


def ask(
    question: Callable[..., Answer],
    *inputs: Any,
    output: Path | None,
    force: bool,
    format_name: str | None,
    **settings: Any,
) -> None:
    """Answer the question with progress on stderr; print its table and sentences, keep it where `output` is given."""
    import sys

    from ...probes.folders import check_output
    from ..output import Printer, chosen_format
    from ..progress import progress
    from ..questions.answer import is_answer, save_answer

    chosen = chosen_format(format_name)
    if output is not None:
        check_output(output, force=force, is_ours=is_answer)
    with progress() as report:
        answer = question(*inputs, **settings, on_progress=report)
    printer = Printer(chosen, tuple(answer.rows[0]) if answer.rows else ())
    for row in answer.rows:
        printer(row)
    printer.finish()
    print(answer, file=sys.stderr)
    for each in answer.published:
        ours = "not asked" if each.ours is None else f"{each.ours:.4g}"
        print(f"  {each.what}: paper {each.theirs:.4g} ({each.source}; {each.data}), here {ours}", file=sys.stderr)
    if output is not None:
        print(f"kept in {save_answer(answer, output, force=force)}", file=sys.stderr)
