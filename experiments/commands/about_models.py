"""Questions about what explained units do in the model.  Nothing heavy is imported before one is asked."""

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
from .options import WHOLE, DeviceOption, ForceOption, FormatOption


@experiment_app.command()
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
    from ...probes.store import open_probe
    from ..questions.accuracy import accuracy_against_iou
    from ..units import choose_active_units

    opened = open_probe(probe)
    ask(
        accuracy_against_iou, opened, choose_active_units(opened, units).names, lengths=whole_numbers(lengths),
        engine=engine, beam_size=beam_size, least_inputs=least_inputs, seed=seed, jobs=jobs,
        output=output, force=force, format_name=format,
    )  # fmt: skip


@experiment_app.command()
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
    from ...probes.store import open_probe
    from ..questions.weights import class_contributions
    from ..units import choose_active_units

    opened = open_probe(probe)
    ask(
        class_contributions, opened, choose_active_units(opened, units).names, classes=classes or None, top=top,
        length=length, engine=engine, beam_size=beam_size, jobs=jobs, output=output, force=force, format_name=format,
    )  # fmt: skip


@experiment_app.command()
def ablate(
    run: RunArgument,
    model: Annotated[str, typer.Option(help="The model that was probed.")],
    weights: Annotated[Path | None, typer.Option(help="Its state dict, where it was probed with one.")] = None,
    dataset: Annotated[str | None, typer.Option(help="vision: the dataset that was probed, KIND:PATH.")] = None,
    limit: Annotated[int | None, typer.Option(**WHOLE, help="Only the first so many inputs.")] = None,
    steps: Annotated[int, typer.Option(**WHOLE, help="Portions that the units are removed in.")] = 10,
    repeats: Annotated[int, typer.Option(**WHOLE, help="Random orders to average over.")] = 5,
    seed: SeedOption = 0,
    device: DeviceOption = "cpu",
    probe: Annotated[Path | None, typer.Option(help="The run's probe, if it was moved.")] = None,
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
    from ..runs import read_run
    from .asking_models import ablation_scores

    opened = read_run(run)
    made_of = opened.open_probe(probe)
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


@experiment_app.command()
def distil(
    run: RunArgument,
    probe: Annotated[Path | None, typer.Option(help="The run's probe, if it was moved.")] = None,
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
    from ..runs import read_run

    opened = read_run(run)
    ask(
        distilled,
        opened,
        opened.open_probe(probe),
        splits=splits,
        seed=seed,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command()
def simulate(
    run: RunArgument,
    model: Annotated[str, typer.Option(help="The vision model that was probed.")],
    weights: Annotated[Path | None, typer.Option(help="Its state dict, where it was probed with one.")] = None,
    generator: Annotated[
        str | None,
        typer.Option(help="package.module:factory of a function (formula, n) to pictures with it and without."),
    ] = None,
    pictures: Annotated[int, typer.Option(**WHOLE, help="With the formula, and as many without.")] = 40,
    device: DeviceOption = "cpu",
    probe: Annotated[Path | None, typer.Option(help="The run's probe, if it was moved.")] = None,
    output: OutputOption = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """Does a unit tell new pictures that satisfy its formula from such that do not?  Default: of the demo world.

    \b
    compexact experiment simulate demo/run --model compexact.probes.demo_model:demo_model --weights demo/model.pt
    """
    from ..questions.simulate import simulated
    from ..runs import read_run
    from .asking_models import example_pictures, picture_response

    opened = read_run(run)
    made_of = opened.open_probe(probe)
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


@experiment_app.command()
def adversarial(
    examples: Annotated[Path, typer.Argument(help="A CSV file: name, picture, intended, patch, region, colour, ...")],
    model: Annotated[list[str], typer.Option(help="torchvision:NAME or package.module:factory; repeat for more.")],
    weights: Annotated[list[Path] | None, typer.Option(help="A local state dict for each model.")] = None,
    dataset: Annotated[str | None, typer.Option(help="KIND:PATH of the pictures and labelled regions.")] = None,
    preset: Annotated[str | None, typer.Option(help="imagenet, broden or caffe, as in compexact probe vision.")] = None,
    image_size: Annotated[int | None, typer.Option(**WHOLE, help="Height and width that the models are shown.")] = None,
    positions: Annotated[
        str, typer.Option(metavar="N,...", help="Of a patch's corner, in 224ths of the side, both ways.")
    ] = "-150,-100,-50,0,50,100",
    sizes: Annotated[
        str, typer.Option(metavar="X,...", help="Of a patch, as shares of the side.")
    ] = "0.33,0.5,0.75,1,1.5,2",
    device: Annotated[str, typer.Option(help="cpu, cuda, mps or auto.")] = "cpu",
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
    from .probing import numbers

    ask_adversarial(
        examples, model, weights or (), dataset=dataset, preprocessing={"preset": preset, "image_size": image_size},
        device=device, positions=numbers("--positions", positions) or (), sizes=numbers("--sizes", sizes) or (),
        output=output, force=force, format_name=format,
    )  # fmt: skip
