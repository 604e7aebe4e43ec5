"""`experiment`: the questions of `compexact experiment`, asked of probes and runs that are open or lie on disk."""

from __future__ import annotations

from contextlib import ExitStack, nullcontext
from importlib import import_module
from inspect import Parameter
from pathlib import Path
from typing import Any

from .experiments.commands.signature import arguments, options_of
from .experiments.progress import progress as shown_progress
from .experiments.questions import QUESTIONS
from .experiments.questions.answer import Answer, save_answer
from .experiments.run.reading import Run as RunOnDisk
from .options import checked
from .probes.progress import silent
from .probes.store import Probe
from .runs import Run
from .solver.errors import UsageError, did_you_mean
from .unit_names import asked_units
from .values import shown


def experiment(
    question: str,
    *inputs: Any,
    output: str | Path | None = None,
    force: bool = False,
    progress: bool = True,
    **options: Any,
) -> Answer:
    """Ask one question of probes or runs: a table, a figure, and the paper's value beside ours.

    question: one of `compexact experiment --help`, such as `length`.  inputs: what its command takes, in that order:
    probes, runs, or paths of them.  options: those of the command.  output: keep the answer in this folder.

    Raises `UsageError` for a question that there is not, and for what it does not take.
    """
    function, name = _function(question), f"experiment {question!r}"
    known = options_of(function)
    places = [option for option in known if option.default is Parameter.empty]
    if len(inputs) > len(places):
        raise UsageError(f"{name} takes {', '.join(option.parameter for option in places)}; {len(inputs)} were given")
    given = {option.parameter: value for option, value in zip(places, inputs)} | options
    with ExitStack() as stack:
        gives = {option.parameter: option.gives for option in known}
        opened = {
            key: _opened(name, key, value, gives.get(key), stack)
            for key, value in given.items()
            if isinstance(value, Probe | Run)
        }
        typed = {key: value for key, value in given.items() if key not in opened}
        if "units" in typed:
            typed["units"] = _units(typed["units"], given)
        values = checked(name, [option for option in known if option.parameter not in opened], typed)
        report = stack.enter_context(shown_progress() if progress else nullcontext(silent))
        made: dict[Any, Any] = dict(opened)
        answer: Answer = function(**arguments(function, {**dict.fromkeys(opened), **values}, made), on_progress=report)
    if output is not None:
        save_answer(answer, Path(output), force=force)
    return answer


def _function(question: Any) -> Any:
    names = [each.name for each in QUESTIONS]
    for each in QUESTIONS:
        if each.name == question:
            module, _, function = each.place.partition(":")
            return getattr(import_module(module), function)
    hint = did_you_mean(question, names) if isinstance(question, str) else ""
    raise UsageError(f"no question is named {question!r}{hint}; there are {', '.join(names)}")


def _opened(name: str, key: str, value: Probe | Run, wanted: Any, stack: ExitStack) -> Any:
    """What the question takes there: a probe, or a run as it is read from disk; of a run also its probe."""
    if wanted is Probe:
        return value if isinstance(value, Probe) else value.probe
    if wanted is RunOnDisk and isinstance(value, Run):
        return stack.enter_context(value.on_disk(with_probe=True))
    raise UsageError(f"{name}: {key} is {'a run' if wanted is RunOnDisk else 'no probe or run'}, not {shown(value)}")


def _units(units: Any, given: dict[str, Any]) -> Any:
    """As the option takes them, where the probe is there already; else as they are."""
    probe = next((value for value in given.values() if isinstance(value, Probe)), None)
    return units if probe is None else asked_units(probe.cells, units)
