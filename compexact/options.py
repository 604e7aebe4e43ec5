"""The options of a command as keyword arguments: their names, kinds, defaults and help are the command's own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

from .experiments.commands.signature import Option, arguments, options_of
from .solver.errors import UsageError, did_you_mean
from .values import taken

T = TypeVar("T")
Function = Callable[..., T]
NEEDED = inspect.Parameter.empty


@dataclass(frozen=True)
class Asked:
    """What was given for the options, checked.  values: by parameter, as the command's functions take them."""

    values: Mapping[str, Any]

    def of(self, make: Callable[..., T], **more: Any) -> T:
        """What a function or class of the command makes of its options.  more: of its parameters."""
        return make(**arguments(make, {**self.values, **more}))


def takes(
    command: Callable[..., Any], *, without: Collection[str] = (), defaults: Mapping[str, Any] | None = None
) -> Callable[[Function[T]], Function[T]]:
    """A function that also takes the command's options, by their names, and gets them as `asked`.

    without: parameters of the command that it does not take.  defaults: other ones than the command's.
    Its calls raise `UsageError` for an option that there is not, and for a value of another kind.
    """
    changed = defaults or {}
    options = [
        replace(option, default=changed.get(option.parameter, option.default))
        for option in options_of(command)
        if option.parameter not in without
    ]

    def decorated(function: Function[T]) -> Function[T]:
        own = [each for each in inspect.signature(function).parameters.values() if each.name != "asked"]
        others = [each.name for each in own]

        @wraps(function)
        def call(*values: Any, **given: Any) -> T:
            mine = {each.name: given.pop(each.name) for each in own if each.name in given}
            return function(*values, **mine, asked=Asked(checked(function.__name__, options, given, others)))

        del call.__wrapped__  # whose source says nothing of the options: Sphinx would look there for defaults
        call.__signature__ = inspect.Signature([*own, *map(_parameter, options)])  # type: ignore[attr-defined]
        call.__doc__ = f"{inspect.getdoc(function)}\n\n{_described(options)}"
        return call

    return decorated


def checked(
    function: str, options: Sequence[Option], given: Mapping[str, Any], others: Collection[str] = ()
) -> dict[str, Any]:
    """The values by parameter, with the defaults of what is not given; `UsageError` where something is wrong with them.

    function, others: its name, and what else it takes, for messages.
    """
    known = {name: option for option in options for name in option.names}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            all_names = [*others, *(option.names[0] for option in options)]
            hint = did_you_mean(name, all_names) or did_you_mean(name, known) or f"; it takes {', '.join(all_names)}"
            raise UsageError(f"{function} takes no {name!r}{hint}")
        option = known[name]
        if option.parameter in values:
            raise UsageError(f"{function}: {' and '.join(option.names)} are one option; give it once")
        values[option.parameter] = taken(option, value)
    for option in options:
        if option.parameter not in values:
            if option.default is NEEDED:
                raise UsageError(f"{function} needs {option.names[0]}=...: {option.help}")
            values[option.parameter] = option.default
    return values


def _parameter(option: Option) -> inspect.Parameter:
    default = NEEDED if option.default is NEEDED else option.default
    return inspect.Parameter(option.names[0], inspect.Parameter.KEYWORD_ONLY, default=default, annotation=option.kind)


def _described(options: list[Option]) -> str:
    return "\n".join(f"{option.names[0]}: {option.help}" for option in options)
