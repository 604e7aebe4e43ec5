"""`compexact experiment NAME ...`: a command for every question.  Nothing heavy is imported before one is asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from ..questions import QUESTIONS, Question
from . import signature
from .options import ForceOption, FormatOption

if TYPE_CHECKING:
    from ..questions.answer import Answer


class _Lazy(TyperCommand):
    """Stands for a question's command, whose module is imported once it is asked for more than its line of help."""

    def __init__(self, question: Question) -> None:
        super().__init__(question.name, short_help=question.help)
        self.question = question

    @cached_property
    def real(self) -> Any:
        """The command."""
        module, _, function = self.question.place.partition(":")
        return question_command(getattr(import_module(module), function), self.question.name)

    def make_context(self, *args: Any, **kwargs: Any) -> Any:
        return self.real.make_context(*args, **kwargs)


class _Questions(TyperGroup):
    """The registry's questions, in its order."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings | {"commands": {question.name: _Lazy(question) for question in QUESTIONS}})


experiment_app = typer.Typer(
    cls=_Questions,
    help="Ask one question of a probe or a run: a table, a figure, and the paper's value beside ours.",
    short_help="Ask one question: a table and a figure.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def _kept(
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Keep the answer in this folder.")] = None,
    force: ForceOption = False,
    format: FormatOption = None,
) -> None:
    """The options that every question has."""


def question_command(question: Callable[..., Answer], name: str) -> Any:
    """The command of a question: a function that gives an `Answer`, and says on its signature what it is asked of."""

    def asked(typed: dict[str, Any]) -> None:
        from ...probes.atomic_folder import check_output
        from ..printing import chosen_format
        from ..progress import progress
        from ..questions.answer import is_answer

        output, force, chosen = typed["output"], typed["force"], chosen_format(typed["format"])
        if output is not None:
            check_output(output, force=force, is_ours=is_answer)
        arguments = signature.arguments(question, typed)
        with progress() as report:
            answer = question(**arguments, on_progress=report)
        _give(answer, output, chosen, force=force)

    parameters = [*signature.typed_parameters(question), *signature.typed_parameters(_kept)]
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(name, cls=signature.GroupedCommand)(signature.typed_as(parameters, signature.help_of(question), asked))
    return typer.main.get_command(app)


def _give(answer: Answer, output: Path | None, format_name: str, *, force: bool) -> None:
    """Print the table, and on stderr the sentences; keep the answer where `output` is given."""
    import sys

    from ..printing import Printer
    from ..questions.answer import save_answer

    printer = Printer(format_name, tuple(answer.rows[0]) if answer.rows else ())
    for row in answer.rows:
        printer(row)
    printer.finish()
    print(answer, file=sys.stderr)
    for each in answer.published:
        ours = "not asked" if each.ours is None else f"{each.ours:.4g}"
        print(f"  {each.what}: paper {each.theirs:.4g} ({each.source}; {each.data}), here {ours}", file=sys.stderr)
    if output is not None:
        print(f"kept in {save_answer(answer, output, force=force)}", file=sys.stderr)
