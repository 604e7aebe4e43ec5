"""Questions about the formulas: length, sharing, kinds, other runs.  Nothing heavy is imported before one is asked."""

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
    RunArgument,
    SeedOption,
    ask,
    experiment_app,
    probe_and_units,
    run_and_probe,
    whole_numbers,
)
from .options import WHOLE, BeamSizeOption, ForceOption, FormatOption, JobsOption, UnitsOption


@experiment_app.command(short_help="How much better do longer explanations get?  (Figs. 3, 4.)")
def length(
    probe: ProbeArgument,
    units: UnitsOption = None,
    lengths: LengthsOption = "1-10",
    proven: ProvenOption = "1-3",
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
    from ..questions.length import iou_by_length

    ask(
        iou_by_length,
        *probe_and_units(probe, units),
        lengths=whole_numbers(lengths),
        proven_lengths=whole_numbers(proven),
        beam_size=beam_size,
        jobs=jobs,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command(short_help="How many units share their explanation?  (Appendix A.)")
def uniqueness(
    probe: ProbeArgument,
    units: UnitsOption = None,
    lengths: LengthsOption = "1,3,5,10",
    engine: EngineOption = "beam",
    beam_size: BeamSizeOption = 10,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """How many units share an equivalent formula, and how many concepts do all of them use?  (Appendix A.)

    \b
    compexact experiment uniqueness probe -o answers/uniqueness
    """
    from ..questions.uniqueness import shared_formulas

    ask(
        shared_formulas, *probe_and_units(probe, units), lengths=whole_numbers(lengths),
        engine=engine, beam_size=beam_size, jobs=jobs, output=output, force=force, format_name=format,
    )  # fmt: skip


@experiment_app.command(short_help="Do explanations join what belongs together?  (Section 4.)")
def kinds(
    probe: ProbeArgument,
    units: UnitsOption = None,
    vectors: Annotated[Path | None, typer.Option(help="Word vectors: a GloVe text file, or a spaCy pipeline.")] = None,
    labelled: Annotated[
        list[Path] | None, typer.Option(help="A filled-in sheet.csv; repeatable, one for each person.")
    ] = None,
    sample: Annotated[int | None, typer.Option(**WHOLE, help="So many units by chance; the paper took 128.")] = None,
    length: LengthOption = 3,
    engine: EngineOption = "beam",
    beam_size: BeamSizeOption = 10,
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Do explanations join what belongs together?  A suggestion, and a sheet for people to label.  (Section 4.)

    \b
    compexact experiment kinds probe --sample 128 --vectors glove.txt -o answers/kinds
    compexact experiment kinds probe --sample 128 --vectors glove.txt --labelled ann.csv --labelled ben.csv
    """
    from ...probes.text.vectors import open_vectors
    from ..questions.kinds import kinds_of

    ask(
        kinds_of, *probe_and_units(probe, units),
        vectors=None if vectors is None else open_vectors(vectors), labelled=labelled or (), sample=sample,
        length=length, engine=engine, beam_size=beam_size, seed=seed, jobs=jobs,
        output=output, force=force, format_name=format,
    )  # fmt: skip


@experiment_app.command(short_help="Which units have another formula in another run?")
def compare(
    left: RunArgument,
    right: RunArgument,
    probe: Annotated[Path | None, typer.Option(help="The left run's probe, if it was moved.")] = None,
    right_probe: Annotated[Path | None, typer.Option(help="The right run's probe, if it was moved.")] = None,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Which units have another formula in another run (seed, layer, model, engine), and how much does IoU differ?

    \b
    compexact experiment compare beam-run exact-run -o answers/compare
    """
    from ..questions.compare import compare_runs

    runs, probes = zip(run_and_probe(left, probe), run_and_probe(right, right_probe))
    ask(compare_runs, *runs, *probes, output=output, force=force, format_name=format)


@experiment_app.command(short_help="Which units of an earlier layer go with which of a later?")
def layers(
    probe: ProbeArgument,
    later_probe: Annotated[Path | None, typer.Argument(help="Of the later layer, where it is another probe.")] = None,
    earlier: Annotated[str | None, typer.Option(help="The earlier layer, where its probe has several.")] = None,
    later: Annotated[str | None, typer.Option(help="The later layer, where its probe has several.")] = None,
    top: Annotated[int, typer.Option(**WHOLE, help="Earlier units for each later one, and as many against it.")] = 3,
    length: LengthOption = 3,
    engine: EngineOption = "beam",
    beam_size: BeamSizeOption = 10,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Which units of an earlier layer go with each unit of a later one?

    \b
    compexact experiment layers probe --earlier layer3 --later layer4 -o answers/layers
    compexact experiment layers layer3-probe layer4-probe
    """
    from ..questions.layers import layer_links, layer_side

    one = probe_and_units(probe, None)
    other = one if later_probe is None else probe_and_units(later_probe, None)
    sides = [layer_side(side, layer, names) for (side, names), layer in ((one, earlier), (other, later))]
    ask(
        layer_links, *sides, top=top, length=length, engine=engine, beam_size=beam_size, jobs=jobs,
        output=output, force=force, format_name=format,
    )  # fmt: skip
