"""`compexact experiment NAME ...`: a command for every question.  Nothing heavy is imported before one runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import WHOLE, ForceOption, FormatOption

if TYPE_CHECKING:
    from .questions.answer import Answer

experiment_app = typer.Typer(
    help="Ask one question of a probe or a run: a table, a figure, and the paper's value beside ours.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ProbeArgument = Annotated[Path, typer.Argument(help="A probe folder or an .npz file.")]
RunArgument = Annotated[Path, typer.Argument(help="A run: what compexact explain -o made.")]
UnitsOption = Annotated[str | None, typer.Option(help="Names and ranges: 0,3,10-20.  Default: all.")]
LengthsOption = Annotated[str, typer.Option(metavar="N,...", help="Maximum lengths; 1-10 for a range.")]
BeamSizeOption = Annotated[int, typer.Option(**WHOLE, help="Distinct functions kept in the beam.")]
JobsOption = Annotated[int, typer.Option(**WHOLE, help="Processes; -1 for one per core.")]
SeedOption = Annotated[int, typer.Option(**WHOLE, help="Of what is random.")]
OutputOption = Annotated[Path | None, typer.Option("-o", "--output", help="Keep the answer in this folder.")]


def whole_numbers(text: str) -> list[int]:
    """`1,2,5-7` as numbers; `UsageError` for anything else."""
    from ..solver.errors import UsageError

    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if not first.strip().isdecimal() or (last and not last.strip().isdecimal()):
            raise UsageError(f"lengths are whole numbers, commas and ranges, such as 1-5,10; not {text!r}")
        numbers += range(int(first), int(last or first) + 1)
    return sorted(set(numbers))


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

    from ..probes.folders import check_output
    from .output import Printer, chosen_format
    from .progress import progress
    from .questions.answer import is_answer, save_answer

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


@experiment_app.command()
def length(
    probe: ProbeArgument,
    units: UnitsOption = None,
    lengths: LengthsOption = "1-10",
    proven: Annotated[str, typer.Option(metavar="N,...", help="Lengths to prove, too; empty for none.")] = "1-3",
    beam_size: BeamSizeOption = 10,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """How much better do explanations get as they may be longer?  (Figures 3 and 4.)

    \b
    compexact experiment length probe -o answers/length
    compexact experiment length nli-probe --lengths 1-5,10,20,30
    """
    from ..probes.store import open_probe
    from .questions.length import iou_by_length
    from .units import choose_active_units

    opened = open_probe(probe)
    ask(
        iou_by_length,
        opened,
        choose_active_units(opened, units).names,
        lengths=whole_numbers(lengths),
        proven_lengths=whole_numbers(proven),
        beam_size=beam_size,
        jobs=jobs,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command()
def findings(
    run: RunArgument,
    probe: Annotated[Path | None, typer.Option(help="The run's probe, if it was moved.")] = None,
    heuristics: Annotated[Path | None, typer.Option(help="Your own word lists, as JSON.")] = None,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """What have the units of a sentence-pair model learnt: words, heuristics, and for which class do they argue?

    \b
    compexact experiment findings nli-run -o answers/findings
    """
    from .questions.findings import findings_of
    from .runs import read_run

    opened = read_run(run)
    ask(
        findings_of,
        opened,
        opened.open_probe(probe),
        heuristics=heuristics,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command()
def edits(
    run: RunArgument,
    model: Annotated[str, typer.Option(help="The model that was probed: a folder, package.module:factory, hf:FOLDER.")],
    pairs: Annotated[Path | None, typer.Option(help="The file that was probed; its pairs are edited.")] = None,
    by_hand: Annotated[
        Path | None, typer.Option(help="Pairs before and after an edit, instead: a table, or the word `paper`.")
    ] = None,
    units: UnitsOption = None,
    vectors: Annotated[Path | None, typer.Option(help="Those of the probe's NEIGHBORS concepts.")] = None,
    spacy: Annotated[str | None, typer.Option(help="The pipeline that the probe was made with.")] = None,
    pairs_per_unit: Annotated[int, typer.Option(**WHOLE, help="Tried for each unit, on and off.")] = 40,
    keep: Annotated[int, typer.Option(**WHOLE, help="Listed for each unit, on and off.")] = 3,
    probe: Annotated[Path | None, typer.Option(help="The run's probe, if it was moved.")] = None,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Which small edits of sentence pairs, suggested by a unit's formula, change the predicted label?  (Figs. 6, 9.)

    \b
    compexact experiment edits nli-run --model model --pairs dev.tsv --units 39 -o answers/edits
    compexact experiment edits nli-run --model model --by-hand paper
    """
    from .asking_edits import edits as ask_for_edits

    ask_for_edits(
        run, probe, model, pairs, by_hand, units, vectors, spacy,
        {"pairs_per_unit": pairs_per_unit, "keep": keep},
        output=output, force=force, format_name=format,
    )  # fmt: skip
