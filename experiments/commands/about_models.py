"""Questions about what explained units do in the model.  Nothing heavy is imported before one is asked."""

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
    RunArgument,
    RunProbeOption,
    SeedOption,
    StateDictOption,
    ask,
    experiment_app,
    probe_and_units,
    run_and_probe,
    whole_numbers,
)
from .options import WHOLE, BeamSizeOption, DeviceOption, ForceOption, FormatOption, JobsOption, UnitsOption
from .shown_as import (
    ChannelsOption,
    ImageSizeOption,
    MeanOption,
    PresetOption,
    ScaleOption,
    StdOption,
    numbers,
    shown_as,
)


@experiment_app.command(short_help="Is the model right where better units are active?  (Fig. 7.)")
def accuracy(
    probe: ProbeArgument,
    units: UnitsOption = None,
    lengths: LengthsOption = "1-10",
    engine: EngineOption = "beam",
    beam_size: BeamSizeOption = 10,
    least_inputs: Annotated[int, typer.Option(**WHOLE, help="Leave out units active on fewer labelled inputs.")] = 1,
    seed: SeedOption = 0,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Is the model more often right where better explained units are active?  (Figure 7.)

    \b
    compexact experiment accuracy nli-probe --lengths 1-5 -o answers/accuracy
    """
    from ..questions.accuracy import accuracy_against_iou

    ask(
        accuracy_against_iou, *probe_and_units(probe, units), lengths=whole_numbers(lengths),
        engine=engine, beam_size=beam_size, least_inputs=least_inputs, seed=seed, jobs=jobs,
        output=output, force=force, format_name=format,
    )  # fmt: skip


@experiment_app.command(short_help="Which units speak for and against a class?  (Fig. 8.)")
def weights(
    probe: ProbeArgument,
    units: UnitsOption = None,
    classes: Annotated[
        list[str] | None, typer.Option("--class", help="Repeatable.  Default: the 20 predicted most often.")
    ] = None,
    top: Annotated[int, typer.Option(**WHOLE, help="Units with the greatest weight, and as many with the least.")] = 5,
    length: LengthOption = 3,
    engine: EngineOption = "beam",
    beam_size: BeamSizeOption = 10,
    jobs: JobsOption = 1,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Which units speak for and against a class, and what are they?  (Figure 8.)

    \b
    compexact experiment weights probe --class streetcar -o answers/weights
    """
    from ..questions.weights import class_contributions

    ask(
        class_contributions, *probe_and_units(probe, units), classes=classes or None, top=top,
        length=length, engine=engine, beam_size=beam_size, jobs=jobs, output=output, force=force, format_name=format,
    )  # fmt: skip


@experiment_app.command(short_help="Does the model need the units that are explained best?")
def ablate(
    run: RunArgument,
    model: Annotated[str, typer.Option(help="The model that was probed.")],
    weights: StateDictOption = None,
    dataset: Annotated[str | None, typer.Option(help="vision: the dataset that was probed, KIND:PATH.")] = None,
    limit: Annotated[int | None, typer.Option(**WHOLE, help="Only the first so many inputs.")] = None,
    steps: Annotated[int, typer.Option(**WHOLE, help="Portions that the units are removed in.")] = 10,
    repeats: Annotated[int, typer.Option(**WHOLE, help="Random orders to average over.")] = 5,
    seed: SeedOption = 0,
    device: DeviceOption = "cpu",
    probe: RunProbeOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Does the model need the units that are explained best?  Set units to zero in the order of their IoU.

    \b
    compexact experiment ablate nli-run --model model -o answers/ablate
    compexact experiment ablate demo/run --model compexact.probes.demo_model:demo_model \\
        --weights demo/model.pt --dataset broden:demo/world
    """
    from ..questions.ablate import pruned
    from .asking_models import ablation_scores

    opened, made_of = run_and_probe(run, probe)
    ask(
        pruned,
        opened,
        made_of,
        ablation_scores(made_of, model, weights, dataset, limit, device),
        steps=steps,
        repeats=repeats,
        seed=seed,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command(short_help="Can the explanations stand in for the neurons?")
def distil(
    run: RunArgument,
    probe: RunProbeOption = None,
    splits: Annotated[int, typer.Option(**WHOLE, help="Random halves to average over.")] = 3,
    seed: SeedOption = 0,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """How much of the model does a linear classifier recover that sees the explanations in place of the neurons?

    \b
    compexact experiment distil nli-run -o answers/distil
    """
    from ..questions.distil import distilled

    ask(distilled, *run_and_probe(run, probe), splits=splits, seed=seed, output=output, force=force, format_name=format)


@experiment_app.command(short_help="Does a unit tell new pictures by its formula?")
def simulate(
    run: RunArgument,
    model: Annotated[str, typer.Option(help="The vision model that was probed.")],
    weights: StateDictOption = None,
    generator: Annotated[
        str | None,
        typer.Option(help="package.module:factory of a function (formula, n) to pictures with it and without."),
    ] = None,
    pictures: Annotated[int, typer.Option(**WHOLE, help="With the formula, and as many without.")] = 40,
    device: DeviceOption = "cpu",
    probe: RunProbeOption = None,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Does a unit tell new pictures that satisfy its formula from such that do not?  Default: of the demo world.

    \b
    compexact experiment simulate demo/run --model compexact.probes.demo_model:demo_model --weights demo/model.pt
    """
    from ..questions.simulate import simulated
    from .asking_models import example_pictures, picture_response

    opened, made_of = run_and_probe(run, probe)
    ask(
        simulated,
        opened,
        made_of,
        example_pictures(generator),
        picture_response(made_of, model, weights, device),
        pictures=pictures,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command(short_help="Does a pasted patch turn the prediction?  (App. B.)")
def adversarial(
    examples: Annotated[Path, typer.Argument(help="A CSV file: name, picture, intended, patch, region, colour, ...")],
    model: Annotated[list[str], typer.Option(help="torchvision:NAME or package.module:factory; repeat for more.")],
    weights: Annotated[list[Path] | None, typer.Option(help="A local state dict for each model.")] = None,
    dataset: Annotated[str | None, typer.Option(help="KIND:PATH of the pictures and labelled regions.")] = None,
    preset: PresetOption = None,
    image_size: ImageSizeOption = None,
    channels: ChannelsOption = None,
    mean: MeanOption = None,
    std: StdOption = None,
    scale: ScaleOption = None,
    positions: Annotated[
        str, typer.Option(metavar="N,...", help="Of a patch's corner, in 224ths of the side, both ways.")
    ] = "-150,-100,-50,0,50,100",
    sizes: Annotated[
        str, typer.Option(metavar="X,...", help="Of a patch, as shares of the side.")
    ] = "0.33,0.5,0.75,1,1.5,2",
    device: DeviceOption = "cpu",
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Does a pasted patch or another colour, as an explanation suggests, turn the prediction?  (Fig. 8, App. B.)

    \b
    compexact experiment adversarial examples.csv --dataset broden:broden1_224 --preset broden \\
        --model torchvision:resnet18 --weights resnet18_places365.pth.tar -o answers/adversarial
    """
    from .asking_adversarial import ask_adversarial

    ask_adversarial(
        examples, model, weights or (), dataset=dataset, device=device,
        preprocessing=shown_as(preset, image_size, channels, mean, std, scale),
        positions=numbers("--positions", positions) or (), sizes=numbers("--sizes", sizes) or (),
        output=output, force=force, format_name=format,
    )  # fmt: skip
