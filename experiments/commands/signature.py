"""A command from a function: its signature and annotations are the options, its docstring is the help.

A parameter that is annotated with `typer.Argument` or `typer.Option` is typed; so is one that is annotated with a text,
an option's help, after its names where they are not the parameter's.  `Opened` says what becomes of what is typed,
`Depends` what another function, or a dataclass, makes of several: of what that one's own parameters say, in the same
way.  Any other parameter is for Python: a command leaves it at its default.

    def size(probe: Annotated[Probe, typer.Argument(help="A probe."), Opened(open_probe)], *, length: LengthOption = 3)
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

import typer
from typer.core import TyperCommand
from typer.models import OptionInfo, ParameterInfo

from .config_file import config_parameter
from .listed import LISTED
from .options import as_ranges, number, numbers, whole_number, whole_numbers, with_commas


@dataclass(frozen=True)
class Opened:
    """What is typed, of the type `typed`, is opened by `how`; what is not typed stays None."""

    how: Callable[[Any], Any]
    typed: type = Path


@dataclass(frozen=True)
class Depends:
    """The value is what `make` gives; for one command it is called once, however many ask.  (As in FastAPI.)

    group: the heading of its options in the help; "" for none of their own.
    """

    make: Callable[..., Any]
    group: str = ""


PARSERS: dict[Any, tuple[Callable[[str], Any], str, Callable[[Any], Any]]] = {
    int: (whole_number, "N", int),
    float: (number, "X", float),
    Sequence[int]: (whole_numbers, "N,...", as_ranges),
    Sequence[float]: (numbers, "X,...", with_commas),
}
"""How a type is read, what stands for it in the help, and how its default is written there."""


def typed_parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """What is typed for the function and for what it depends on, each once, as typer understands it."""
    found: dict[str, inspect.Parameter] = {}
    for parameter, said in _annotated(function):
        for each in _grouped(said) if isinstance(said, Depends) else [_for_typer(parameter)]:
            found.setdefault(each.name, each)
    return list(found.values())


@dataclass(frozen=True)
class Option:
    """What is asked of one parameter, for whoever asks it elsewhere than on the command line.

    names: as they are typed, without dashes before and with `_` between; the parameter's own last.  kind: of the value,
    or of what is opened by it; gives: of what the function gets of that.
    parser: what reads a text, where the command has one.  default: `inspect.Parameter.empty` where there is none.
    """

    names: tuple[str, ...]
    parameter: str
    kind: Any
    parser: Callable[[str], Any] | None
    default: Any
    help: str
    gives: Any


def options_of(function: Callable[..., Any]) -> list[Option]:
    """The options of the function, and of what it depends on, each once."""
    found: dict[str, Option] = {}
    for parameter, said in _annotated(function):
        each = options_of(said.make) if isinstance(said, Depends) else [_option(parameter, said)]
        for option in each:
            found.setdefault(option.parameter, option)
    return list(found.values())


def _option(parameter: inspect.Parameter, opened: Opened | None) -> Option:
    info = _info(parameter)
    gives = get_args(parameter.annotation)[0]
    kind = gives if opened is None else opened.typed
    declared = [text for text in (info.default, *(info.param_decls or ())) if isinstance(text, str)]
    typed = [text.partition("/")[0][2:].replace("-", "_") for text in declared if text.startswith("--")]
    parser = info.parser or next((PARSERS[each][0] for each in (kind, *get_args(kind)) if each in PARSERS), None)
    names = tuple(dict.fromkeys([*typed, parameter.name]))
    return Option(names, parameter.name, kind, parser, parameter.default, info.help or "", gives)


def _grouped(depends: Depends) -> list[inspect.Parameter]:
    """What is typed for it; where it has a heading, under that."""
    parameters = typed_parameters(depends.make)
    for parameter in parameters if depends.group else ():
        _info(parameter).rich_help_panel = depends.group
    return parameters


def _info(parameter: inspect.Parameter) -> Any:
    """What typer is told of it; of texts alone, an option."""
    metadata = parameter.annotation.__metadata__
    texts = [each for each in metadata if isinstance(each, str)]
    return next((each for each in metadata if isinstance(each, ParameterInfo)), None) or typer.Option(
        *texts[:-1], help=texts[-1]
    )


def _is_tuple(kind: Any) -> bool:
    """Whether it is `tuple[..., ...]`, which is typed as an option that is repeated."""
    return get_origin(kind) is tuple and get_args(kind)[-1] is Ellipsis


class GroupedCommand(TyperCommand):
    """A command whose help has a heading for each group of options, in the order of the first of each."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            default = "Arguments" if parameter.param_type_name == "argument" else "Options"
            record = _with_what_is_listed(parameter).get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or default, []).append(record)
        for title in sorted(groups, key=lambda title: title == "Options"):  # what has no group comes last, as --help
            with formatter.section(title):
                formatter.write_dl(groups[title])


def _with_what_is_listed(parameter: Any) -> Any:
    """The parameter with its whole help."""
    listed = next((LISTED[name] for name in parameter.opts if name in LISTED), None)
    if listed is None:
        return parameter
    whole = copy(parameter)
    whole.help = f"{parameter.help}  {listed()}"
    return whole


def arguments(
    function: Callable[..., Any], typed: Mapping[str, Any], made: dict[Any, Any] | None = None
) -> dict[str, Any]:
    """The function's arguments.  typed: by name.  made: what was opened or made already, for each to be so once."""
    found, made = {}, {} if made is None else made
    for parameter, said in _annotated(function):
        name = parameter.name
        if said is None:
            found[name] = tuple(typed[name]) if _is_tuple(get_args(parameter.annotation)[0]) else typed[name]
        elif isinstance(said, Depends):
            if said.make not in made:
                made[said.make] = said.make(**arguments(said.make, typed, made))
            found[name] = made[said.make]
        else:
            if name not in made:
                made[name] = None if typed[name] is None else said.how(typed[name])
            found[name] = made[name]
    return found


def help_of(function: Callable[..., Any]) -> str:
    """The docstring, its examples line by line, and without what it raises."""
    paragraphs = (inspect.getdoc(function) or "").split("\n\n")
    shown = [each for each in paragraphs if not each.startswith("Raises ")]
    return "\n\n".join(f"\b\n{each}" if each.startswith("compexact ") else each for each in shown)


def from_signature(function: Callable[..., Any]) -> Callable[..., None]:
    """The function as typer takes it: `app.command(NAME)` can stand above."""
    parameters = [*typed_parameters(function), config_parameter()]
    return typed_as(parameters, help_of(function), lambda typed: function(**arguments(function, typed)))


def register(app: typer.Typer, function: Callable[..., Any], name: str | None = None) -> None:
    """Make the function a command of the app, by its own name where none is given."""
    app.command(name or function.__name__, cls=GroupedCommand)(from_signature(function))


def typed_as(
    parameters: Sequence[inspect.Parameter], help: str, run: Callable[[dict[str, Any]], None]
) -> Callable[..., None]:
    """A function with these parameters and this docstring, which hands `run` what it is given, by name."""

    def typed(**values: Any) -> None:
        run(values)

    typed.__doc__ = help
    typed.__signature__ = inspect.Signature(list(parameters))  # type: ignore[attr-defined]
    typed.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return typed


def _annotated(function: Callable[..., Any]) -> Iterator[tuple[inspect.Parameter, Opened | Depends | None]]:
    """The parameters that a command gives, with what becomes of what is typed."""
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        metadata = getattr(parameter.annotation, "__metadata__", ())
        said = next((each for each in metadata if isinstance(each, Opened | Depends)), None)
        if said is not None or any(isinstance(each, ParameterInfo | str) for each in metadata):
            yield parameter, said


def _for_typer(parameter: inspect.Parameter) -> inspect.Parameter:
    """With the type that is typed, and with the parser of that type."""
    wanted, *metadata = get_args(parameter.annotation)
    info = copy(_info(parameter))
    may_be_none = type(None) in get_args(wanted)
    kinds = [each for each in (get_args(wanted) if may_be_none else (wanted,)) if each is not type(None)]
    kind = next((each.typed for each in metadata if isinstance(each, Opened)), kinds[0])
    default = parameter.default
    if _is_tuple(kind):
        kind = list[get_args(kind)[0]]  # type: ignore[misc]
    if info.parser is None and kind in PARSERS:
        info.parser, metavar, shown = PARSERS[kind]
        info.metavar = info.metavar or metavar
        if default is not None and default is not parameter.empty:
            default = shown(default)
    if get_origin(kind) is list and isinstance(info, OptionInfo):
        info.metavar = info.metavar or f"<{'path' if get_args(kind)[0] is Path else 'str'}>"
    if info.parser is not None:
        kind = str
    annotation: Any = kind | None if may_be_none else kind
    return parameter.replace(annotation=Annotated[annotation, info], default=default, kind=parameter.KEYWORD_ONLY)
