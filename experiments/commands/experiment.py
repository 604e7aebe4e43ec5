"""`compexact experiment NAME ...`: a command for every question.  Nothing heavy is imported before one runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import NUMBER, WHOLE, DeviceOption, ForceOption, FormatOption

if TYPE_CHECKING:
    from ..questions.answer import Answer

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
EngineOption = Annotated[str, typer.Option(help="beam, exact or another of compexact explain.")]
LengthOption = Annotated[int, typer.Option(**WHOLE, help="Maximum length of the formulas.")]
JobsOption = Annotated[int, typer.Option(**WHOLE, help="Processes; -1 for one per core.")]
SeedOption = Annotated[int, typer.Option(**WHOLE, help="Of what is random.")]
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
    from ..questions.findings import findings_of
    from ..runs import read_run

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
    from ...probes.store import open_probe
    from ..questions.controls import against_chance
    from ..units import choose_active_units

    opened, other = open_probe(probe), None if against is None else open_probe(against)
    ask(
        against_chance,
        opened,
        choose_active_units(opened, units).names,
        lengths=whole_numbers(lengths),
        shuffles=shuffles,
        beam_size=beam_size,
        seed=seed,
        against=other,
        against_units=None if other is None else choose_active_units(other, None).names,
        jobs=jobs,
        output=output,
        force=force,
        format_name=format,
    )


@experiment_app.command()
def heldout(
    probe: ProbeArgument,
    units: UnitsOption = None,
    held_out: Annotated[
        Path | None, typer.Option(help="A probe of the same model on other images.  Default: split PROBE's inputs.")
    ] = None,
    lengths: LengthsOption = "1-6,8,10",
    proven: Annotated[str, typer.Option(metavar="N,...", help="Lengths to prove, too; empty for none.")] = "1-3",
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
    from ...probes.store import open_probe
    from ..questions.heldout import held_out_iou
    from ..units import choose_active_units

    opened = open_probe(probe)
    ask(
        held_out_iou,
        opened,
        choose_active_units(opened, units).names,
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
def ranges(
    probe: Annotated[Path, typer.Argument(help="A probe made with --ranges, or an .npz file with `activations`.")],
    units: Annotated[str | None, typer.Option(help="Names of ranges: 7@1,7@5.  Default: all.")] = None,
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

    Takes probes of compexact probe nli --ranges, and .npz files that have float `activations` (rows, units) in place
    of `neurons`.  Vision probes are not covered: they keep no ranges.

    \b
    compexact probe nli --model model --pairs pairs.tsv --ranges 5 -o ranges-probe
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
