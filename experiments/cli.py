"""The command line: `compexact`.

Nothing heavy is imported here.  A command imports what it needs when it runs, so help comes at once.
Answers go to stdout, progress and messages to stderr.  Exit codes: 0 done, 1 failed, 2 usage,
3 bad data, 4 some units failed, 5 two computations disagree, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, NoReturn

import typer

from .commands.audit import audit
from .commands.demo import demo
from .commands.evaluate import evaluate_nli
from .commands.experiment import experiment_app
from .commands.explain import explain
from .commands.export import export
from .commands.ls import ls
from .commands.merge import merge
from .commands.probe import probe_arrays, probe_vision
from .commands.probe_nli import probe_nli
from .commands.probe_tokens import probe_tokens
from .commands.report import report
from .commands.score import score
from .commands.signature import register
from .commands.train import train_nli, train_tagger
from .commands.verify import verify
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


def _say_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        print(f"compexact {version('compexact')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """What stands before a command."""


GROUPS: dict[str, tuple[str, dict[str, Callable[..., None]]]] = {
    "probe": (
        "Run a model over a dataset; keep what searches need.",
        {"vision": probe_vision, "arrays": probe_arrays, "nli": probe_nli, "tokens": probe_tokens},
    ),
    "train": ("Train what a probe needs.", {"nli": train_nli, "tagger": train_tagger}),
    "evaluate": ("Test a model on labelled data.", {"nli": evaluate_nli}),
}

for command in (demo, ls, explain, audit, merge, verify, score, export, report):
    register(app, command)
app.add_typer(experiment_app, name="experiment")
for group, (about, commands) in GROUPS.items():
    group_app = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode=None)
    for name, function in commands.items():
        register(group_app, function, name)
    app.add_typer(group_app, name=group)


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
    _leave(code)


def _said(error: Exception) -> str:
    """What happened, without the number that the system has for it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or "out of memory"


def _leave(code: int) -> NoReturn:
    """End the process; without Python's own end where a solver is at work that would abort it."""
    transport = sys.modules.get("compexact.solver.transport")
    if transport is not None and transport.is_left_behind():
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):
                stream.flush()
        os._exit(code)
    sys.exit(code)


def _report_error(error: Exception) -> int:
    """Print the error, and give its exit code.

    A full disk or memory is nobody's fault; what else is not ours and not typer's is a bug: show all of it.
    """
    exit_code = getattr(error, "exit_code", 1 if isinstance(error, OSError | MemoryError) else None)
    if exit_code is None or "COMPEXACT_DEBUG" in os.environ:
        raise error
    message = error.format_message() if hasattr(error, "format_message") else _said(error)
    if type(error).__name__ == "NoArgsIsHelpError":  # the message is the help
        print(message, file=sys.stderr)
        return int(exit_code)
    if not hasattr(error, "column"):  # a formula's error shows the place on lines of its own
        message = one_line(message)
    print(f"compexact: {message}", file=sys.stderr)
    return int(exit_code)
