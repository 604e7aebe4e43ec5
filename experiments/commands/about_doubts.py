"""A sceptic's questions: chance, new inputs, ranges of activation.  Nothing heavy is imported before one is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .experiment import (
    EngineOption,
    LengthOption,
    LengthsOption,
    OutputOption,
    ProbeArgument,
    ProvenOption,
    SeedOption,
    ask,
    experiment_app,
    probe_and_units,
    whole_numbers,
)
from .options import NUMBER, WHOLE, BeamSizeOption, ForceOption, FormatOption, JobsOption, UnitsOption


@experiment_app.command(short_help="Are explanations better than those of chance?")
def controls(
    probe: ProbeArgument,
    units: UnitsOption = None,
    lengths: LengthsOption = "1-3",
    shuffles: Annotated[int, typer.Option(**WHOLE, help="Shuffled masks a unit.")] = 19,
    against: Annotated[
        Path | None, typer.Option(help="A probe with the same concepts, such as of an untrained network.")
    ] = None,
    beam_size: BeamSizeOption = 10,
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Are the explanations better than those of shuffled masks (a p-value a unit), or of another network's units?

    \b
    compexact experiment controls probe --shuffles 99 -o answers/controls
    compexact experiment controls probe --against untrained-probe
    """
    from ..questions.controls import against_chance

    other, other_units = (None, None) if against is None else probe_and_units(against, None)
    ask(
        against_chance,
        *probe_and_units(probe, units),
        lengths=whole_numbers(lengths),
        shuffles=shuffles,
        beam_size=beam_size,
        seed=seed,
        against=other,
        against_units=other_units,
        jobs=jobs,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command(short_help="Do explanations hold on other inputs, or do they overfit?")
def heldout(
    probe: ProbeArgument,
    units: UnitsOption = None,
    held_out: Annotated[
        Path | None, typer.Option(help="A probe of the same model on other images.  Default: split PROBE's inputs.")
    ] = None,
    lengths: LengthsOption = "1-6,8,10",
    proven: ProvenOption = "1-3",
    splits: Annotated[int, typer.Option(**WHOLE, help="Random halves to average over.")] = 1,
    beam_size: BeamSizeOption = 10,
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Do explanations hold on inputs that they were not found on?  Do longer ones, or the optimum, overfit?

    \b
    compexact experiment heldout nli-probe --splits 5 -o answers/heldout
    compexact experiment heldout probe-a --held-out probe-b
    """
    from ...probes.opening import open_probe
    from ..questions.heldout import held_out_iou

    ask(
        held_out_iou,
        *probe_and_units(probe, units),
        held_out=None if held_out is None else open_probe(held_out),
        lengths=whole_numbers(lengths),
        proven_lengths=whole_numbers(proven),
        splits=splits,
        beam_size=beam_size,
        seed=seed,
        jobs=jobs,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command(short_help="Does a unit mean something else where it is weakly active?")
def ranges(
    probe: Annotated[Path, typer.Argument(help="A probe made with --ranges, or an .npz file with `activations`.")],
    units: Annotated[
        list[str] | None, typer.Option(metavar="UNIT,...", help="Names of ranges: 7@1,7@5; repeatable.  Default: all.")
    ] = None,
    k: Annotated[
        int | None, typer.Option("--k", **WHOLE, help="Only for `activations`: the number of ranges.  Default: 5.")
    ] = None,
    by: Annotated[str | None, typer.Option(help="Only for `activations`: quantiles (default) or kmeans.")] = None,
    above: Annotated[
        float | None, typer.Option(**NUMBER, help="Only for `activations`: split what is above.  Default: 0.")
    ] = None,
    length: LengthOption = 3,
    engine: EngineOption = "beam",
    beam_size: BeamSizeOption = 10,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Does a unit mean something else where it is weakly active than where it is strongly active?

    Takes probes that were made with --ranges, and .npz files that have float `activations` (rows, units) in place of
    `neurons`.

    \b
    compexact experiment ranges ranges-probe -o answers/ranges
    compexact experiment ranges activations.npz --k 5 --by kmeans
    """
    from ..questions.ranges import explained_ranges
    from ..units import choose_active_units
    from .asking_ranges import ranges_probe

    opened = ranges_probe(probe, k, by, above)
    ask(
        explained_ranges, opened, choose_active_units(opened, units).names, length=length, engine=engine,
        beam_size=beam_size, jobs=jobs, output=output, force=force, format_name=format,
    )  # fmt: skip
