"""Questions about the formulas: length, sharing, kinds, other runs.  Nothing heavy is imported before one is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .experiment import (
    BeamSizeOption,
    EngineOption,
    JobsOption,
    LengthOption,
    LengthsOption,
    OutputOption,
    ProbeArgument,
    RunArgument,
    SeedOption,
    UnitsOption,
    ask,
    experiment_app,
    whole_numbers,
)
from .options import WHOLE, ForceOption, FormatOption


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
    from ...probes.store import open_probe
    from ..questions.length import iou_by_length
    from ..units import choose_active_units

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
    from ...probes.store import open_probe
    from ..questions.uniqueness import shared_formulas
    from ..units import choose_active_units

    opened = open_probe(probe)
    ask(
        shared_formulas, opened, choose_active_units(opened, units).names, lengths=whole_numbers(lengths),
        engine=engine, beam_size=beam_size, jobs=jobs, output=output, force=force, format_name=format,
    )  # fmt: skip


@experiment_app.command()
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
    from ...probes.store import open_probe
    from ...probes.text.vectors import open_vectors
    from ..questions.kinds import kinds_of
    from ..units import choose_active_units

    opened = open_probe(probe)
    ask(
        kinds_of, opened, choose_active_units(opened, units).names,
        vectors=None if vectors is None else open_vectors(vectors), labelled=labelled or (), sample=sample,
        length=length, engine=engine, beam_size=beam_size, seed=seed, jobs=jobs,
        output=output, force=force, format_name=format,
    )  # fmt: skip


@experiment_app.command()
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
    from ..runs import read_run

    runs = read_run(left), read_run(right)
    probes = runs[0].open_probe(probe), runs[1].open_probe(right_probe)
    ask(compare_runs, *runs, *probes, output=output, force=force, format_name=format)


@experiment_app.command()
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
    from ...probes.store import open_probe
    from ..questions.layers import layer_links, layer_side
    from ..units import choose_active_units

    one = open_probe(probe)
    other = one if later_probe is None else open_probe(later_probe)
    sides = [
        layer_side(side, layer, choose_active_units(side, None).names)
        for side, layer in ((one, earlier), (other, later))
    ]
    ask(
        layer_links, *sides, top=top, length=length, engine=engine, beam_size=beam_size, jobs=jobs,
        output=output, force=force, format_name=format,
    )  # fmt: skip
