"""The command line: `compexact`.

Nothing heavy is imported here.  A command imports what it needs when it runs, so help comes at once.
Answers go to stdout, progress and messages to stderr.  Exit codes: 0 done, 1 failed, 2 usage,
3 bad data, 4 some units failed, 5 two computations disagree, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from .commands.experiment import experiment_app
from .commands.nli import evaluate_app, train_app
from .commands.options import (
    NUMBER,
    WHOLE,
    BeamSizeOption,
    EngineOption,
    ForceOption,
    FormatOption,
    JobsOption,
    LengthOption,
    SeedOption,
    UnitsOption,
    whole_number,
)
from .commands.probe import probe_app
from .run.interrupts import raise_on_interrupt
from .terminal import guard_streams, one_line

INTERRUPTED = 130

app = typer.Typer(
    name="compexact",
    help="Explain neurons by logical formulas over concepts, and say how good an explanation can get.",
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.add_typer(probe_app, name="probe")
app.add_typer(experiment_app, name="experiment")
app.add_typer(train_app, name="train")
app.add_typer(evaluate_app, name="evaluate")


@app.command()
def demo(
    what: Annotated[str, typer.Argument(help="vision or nli.")] = "vision",
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to make.")] = Path("compexact-demo"),
    images: Annotated[int, typer.Option(**WHOLE, help="vision: how many pictures to draw.")] = 360,
    pairs: Annotated[int, typer.Option(**WHOLE, help="nli: how many sentence pairs to train on.")] = 6000,
    seed: Annotated[int, typer.Option(**WHOLE, help="Of the pictures or sentences, and of the training.")] = 0,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """The whole path on a world made on the spot; no download.

    \b
    compexact demo vision -o demo
    compexact demo nli -o demo-nli
    """
    from ..solver.errors import UsageError

    if what == "vision":
        from .demo.vision_demo import demo_vision

        demo_vision(output, n_images=images, seed=seed, force=force, format_name=format)
    elif what == "nli":
        from .demo.nli_demo import demo_nli

        demo_nli(output, n_pairs=pairs, seed=seed, force=force, format_name=format)
    else:
        raise UsageError(f"there is a demo of vision and one of nli, not of {what!r}")


@app.command()
def ls(
    what: Annotated[str, typer.Argument(help="A probe, a run, an audit, an answer, an .npz file, or `layers`.")],
    model: Annotated[str | None, typer.Option(help="For `layers`: torchvision:NAME or package.module:factory.")] = None,
    image_size: Annotated[int | None, typer.Option(**WHOLE, help="For `layers`: what the model is shown.")] = None,
    concepts: Annotated[bool, typer.Option("--concepts", help="List the concepts, with their points.")] = False,
    units: Annotated[bool, typer.Option("--units", help="List the units, with their active points.")] = False,
    format: FormatOption = None,
) -> None:
    """Show a probe, a run, an answer, or the layers of a model.

    \b
    compexact ls probe
    compexact ls probe --concepts
    compexact ls run
    compexact ls layers --model torchvision:resnet18
    """
    from .commands import ls as listing

    if what == "layers":
        listing.list_layers(model, 224 if image_size is None else image_size, format)
    else:
        listing.list_folder(Path(what), concepts=concepts, units=units, format_name=format)


MinActiveOption = Annotated[
    int | None,
    typer.Option(**WHOLE, help="Skip units active on fewer points.  Default: what the probe says, else 0."),
]
SampleOption = Annotated[int | None, typer.Option(**WHOLE, help="cpsat and maxsat: ask about so many points.")]
SpaceOption = Annotated[str, typer.Option(help="chain (the paper's) or tree.")]
TimeLimitOption = Annotated[float | None, typer.Option(**NUMBER, help="Seconds of wall clock per unit.")]
RunOption = Annotated[Path | None, typer.Option("-o", "--output", help="Keep a run here, or go on with it.")]


@app.command()
def explain(
    probe: Annotated[Path, typer.Argument(help="A probe folder or an .npz file.")],
    units: UnitsOption = None,
    min_active: MinActiveOption = None,
    engine: EngineOption = "beam",
    space: SpaceOption = "chain",
    length: LengthOption = 3,
    beam_size: BeamSizeOption = 10,
    top_k: Annotated[int, typer.Option(**WHOLE, help="Also keep the best so many formulas of the final beam.")] = 1,
    penalty: Annotated[str, typer.Option(help="Score = metric * penalty ** (length - 1).")] = "1",
    metric: Annotated[str, typer.Option(help="iou, precision, recall or f1.")] = "iou",
    compat: Annotated[
        str | None,
        typer.Option(help="vision or nli: search as the paper's code does.  nli: --min-active is 500 by default."),
    ] = None,
    time_limit: TimeLimitOption = None,
    sample: SampleOption = None,
    require: Annotated[str | None, typer.Option(help="optimal: exit with 4 where a unit is not proven.")] = None,
    jobs: JobsOption = 1,
    seed: SeedOption = 0,
    output: RunOption = None,
    format: FormatOption = None,
) -> None:
    """Find the formula that matches each unit best.

    \b
    compexact explain probe --units 0-9 --length 3
    compexact explain probe --length 10 --jobs 4 -o run
    compexact explain probe --engine exact --length 5 --time-limit 60 -o proven
    """
    from .commands import explain as explaining

    settings = {
        "engine": engine,
        "space": space,
        "max_length": length,
        "beam_size": beam_size,
        "top_k": top_k,
        "penalty": penalty,
        "metric": metric,
        "compat": compat,
        "time_limit": time_limit,
        "sample": sample,
        "seed": seed,
    }
    explaining.explain(
        probe,
        units,
        settings,
        min_active=min_active,
        jobs=jobs,
        require=require,
        output=output,
        format_name=format,
    )


@app.command()
def audit(
    probe: Annotated[Path, typer.Argument(help="A probe folder or an .npz file.")],
    units: UnitsOption = None,
    min_active: MinActiveOption = None,
    engine: EngineOption = "exact",
    space: SpaceOption = "chain",
    length: Annotated[str, typer.Option(metavar="N,...", help="At most so many concepts; several for a grid.")] = "3",
    beam_size: Annotated[str, typer.Option(metavar="N,...", help="Beam sizes; several for a grid.")] = "10",
    time_limit: TimeLimitOption = None,
    sample: SampleOption = None,
    jobs: JobsOption = 1,
    seed: SeedOption = 0,
    output: RunOption = None,
    format: FormatOption = None,
) -> None:
    """Hold the beam against an engine that proves, unit by unit.

    \b
    compexact audit probe --length 3 -o audit
    compexact audit probe --units 0-99 --length 2,3,4 --beam-size 1,5,10,50 -o grid
    """
    from .commands import audit as auditing

    auditing.audit(
        probe,
        units,
        {"engine": engine, "space": space, "time_limit": time_limit, "sample": sample, "seed": seed},
        min_active=min_active,
        lengths=[whole_number(part) for part in length.split(",")],
        beam_sizes=[whole_number(part) for part in beam_size.split(",")],
        jobs=jobs,
        output=output,
        format_name=format,
    )


@app.command()
def verify(
    claim: Annotated[Path, typer.Argument(help="A run, an audit, or one certificate.")],
    probe: Annotated[Path | None, typer.Option(help="The probe; needed for a single certificate.")] = None,
    time_limit: TimeLimitOption = None,
    format: FormatOption = None,
) -> None:
    """Check certificates with code of its own.

    It shares nothing with the searches.

    \b
    compexact verify proven
    compexact verify proven/certificates/0.json --probe probe
    """
    from .commands.verify import verify as verify_claims

    verify_claims(claim, probe, format, time_limit=time_limit)


@app.command()
def score(
    probe: Annotated[Path, typer.Argument(help="A probe folder or an .npz file.")],
    formula: Annotated[str, typer.Argument(help='Such as "(water OR river) AND NOT blue".')],
    units: Annotated[str, typer.Option("--units", "--unit", help="The unit's name.")],
    format: FormatOption = None,
) -> None:
    """Count one formula given by hand.

    \b
    compexact score probe --units 12 "(water OR river) AND NOT blue"
    """
    from .commands import explain as explaining

    explaining.score(probe, units, formula, format)


@app.command()
def report(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN...", help="What compexact explain -o or audit -o made; one or more.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to make.")],
    probe: Annotated[Path | None, typer.Option(help="The probe of a single run, if it was moved.")] = None,
    answers: Annotated[
        list[Path] | None,
        typer.Option(help="What compexact experiment -o made, or a folder of such; each has a page.  Repeatable."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Write pages about runs, audits and answers.

    They are opened from disk: an index, and a page per unit; of several runs one site.

    \b
    compexact report run -o site
    compexact report run --answers answers -o site
    compexact report run audit nli-run --answers answers --answers nli-answers -o site
    """
    from .commands import report as reporting

    reporting.report(runs, output, probe, answers or [], force=force)


def main() -> None:
    """Run the command line; an error is one clear line, and its exit code says of what kind it is."""
    guard_streams()
    try:
        with raise_on_interrupt():
            # typer turns Ctrl-C into the code 130.
            code = app(standalone_mode=False) or 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of stdout has gone (`| head`); Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except Exception as error:
        code = _report_error(error)
    if code == INTERRUPTED:
        print("interrupted; what was found is saved where -o was given", file=sys.stderr)
    sys.exit(code)


def _report_error(error: Exception) -> int:
    """Print the error, and give its exit code.

    A full disk or memory is nobody's fault; what else is not ours and not typer's is a bug: show all of it.
    """
    exit_code = getattr(error, "exit_code", 1 if isinstance(error, OSError | MemoryError) else None)
    if exit_code is None or "COMPEXACT_DEBUG" in os.environ:
        raise error
    message = error.format_message() if hasattr(error, "format_message") else str(error) or "out of memory"
    if not hasattr(error, "column"):  # a formula's error shows the place on lines of its own
        message = one_line(message)
    print(f"compexact: {message}", file=sys.stderr)
    return int(exit_code)
