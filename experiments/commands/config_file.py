"""`--config FILE`: options of a command from a file; what is typed counts more.

    length = 5
    engine = "exact"
    units = ["0-9", "17"]

A table of TOML: the names of options, with `-` or `_`.  Or `run.json` of a run: what was asked there is
asked again, of the same units.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer


def config_parameter() -> inspect.Parameter:
    """The option, as one more parameter of a command."""
    help = "Options from a TOML file, or from the run.json of a run; what is typed counts more."
    option = typer.Option("--config", metavar="FILE", is_eager=True, callback=_take, help=help)
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter("config", kind, default=None, annotation=Annotated[Path | None, option])


def _take(ctx: typer.Context, value: Path | None) -> None:
    """Make what stands in the file the defaults of the command."""
    if value is not None:
        by_name = {name: parameter for parameter in ctx.command.params for name in _names(parameter)}
        ctx.default_map = dict(_given(value, str(ctx.command.name), by_name))


def _names(parameter: Any) -> list[str]:
    """Without dashes before, and with `_` between."""
    return [each.lstrip("-").replace("-", "_") for each in (*parameter.opts, *parameter.secondary_opts, parameter.name)]


def _given(file: Path, command: str, by_name: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    from ...solver.errors import DataError, UsageError, did_you_mean

    content, is_run = _read(file, command)
    for key, value in content.items():
        name = key.replace("-", "_")
        if name not in by_name or name == "config":
            if is_run:
                continue  # of a run those that can be typed
            raise UsageError(f"--config {file}: {command} takes no {key!r}{did_you_mean(name, sorted(by_name))}")
        parameter = by_name[name]
        if isinstance(value, dict) or value is None:
            raise DataError(f"--config {file}: {key} is a text, a number, true or false, or a list of these")
        yield parameter.name, _typed(value, parameter)


def _typed(value: Any, parameter: Any) -> Any:
    """As the command line gives it."""
    if isinstance(value, bool):
        return value
    texts = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    return texts if parameter.multiple else ",".join(texts)


def _read(file: Path, command: str) -> tuple[dict[str, Any], bool]:
    """The file's table, and whether it is that of a run."""
    import tomllib

    from ...probes.json_text import strict_json
    from ...probes.regular_files import MAX_TEXT, read_regular
    from ...solver.errors import DataError, UsageError

    try:
        text = read_regular(file / "run.json" if file.is_dir() else file, MAX_TEXT, follow=True).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"--config {file} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        if not text.lstrip().startswith("{"):
            return tomllib.loads(text), False
        header = strict_json(text)
    except ValueError as error:
        raise DataError(f"--config {file} is no TOML: {error}") from None
    if not isinstance(header, dict) or header.get("format") != "compexact run":
        raise DataError(f"--config {file} is neither TOML nor the run.json of a run")
    if header.get("command") != command:
        raise UsageError(f"--config {file} is of {header.get('command')}, not of {command}")
    settings = {key: value for key, value in header["settings"].items() if value is not None}
    if units := header.get("units"):
        settings["units"] = units
    if command == "audit":
        settings |= {"length": settings.pop("lengths"), "beam_size": settings.pop("beam_sizes")}
        settings.pop("max_length", None)
    return settings, True
