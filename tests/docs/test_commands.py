"""Every command line that the pages and the README show exists, with the options shown."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from compexact.experiments.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMAND = re.compile(r"(?:^|`|\$ )(compexact(?: [^`\n]*?(?:\\\n[^`\n]*)*)?)(?:`|$)", re.MULTILINE)
OPTION = re.compile(r"`(--[a-z][a-z-]*)")
ROOT_COMMAND = typer.main.get_command(app)


def walk(command, path=()):
    yield path, getattr(command, "real", command)
    for name, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*path, name))


def options(command):
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


COMMANDS = dict(walk(ROOT_COMMAND))
EVERY_OPTION = {"--help", "-h", *(name for command in COMMANDS.values() for name in options(command))}


def problem(line):
    """What is wrong with a command line; "" where nothing is."""
    words = shlex.split(line.replace("\\\n", " "))[1:]
    path = ()
    while words and (*path, words[0]) in COMMANDS:
        path, words = (*path, words[0]), words[1:]
    group = getattr(COMMANDS[path], "commands", None)
    if group is not None and words and not words[0].startswith("-") and not words[0].isupper() and words[0] != "...":
        return f"no command {words[0]!r} in {' '.join(('compexact', *path))}"
    unknown = [word for word in words if re.fullmatch(r"--?[a-z][a-z-]*", word)]
    unknown = [word for word in unknown if word not in options(COMMANDS[path]) | {"--help", "-h"}]
    return f"{' '.join(path)} takes no {', '.join(unknown)}" if unknown else ""


def lines(page):
    return [line for line in COMMAND.findall(page.read_text()) if line.strip() != "compexact"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_commands_on_a_page_exist_and_take_its_options(page):
    assert [found for line in lines(page) if (found := problem(line))] == []
    assert [name for name in OPTION.findall(page.read_text()) if name not in EVERY_OPTION] == []
    experiments = re.findall(r"`experiment ([a-z]+)`", page.read_text())
    assert [name for name in experiments if ("experiment", name) not in COMMANDS] == []


def test_the_check_sees_the_lines_and_what_is_wrong_with_them():
    assert any("--vectors" in line for line in lines(ROOT / "docs/not_reproduced.md"))
    assert any("layer4" in line and "--preset" in line for line in lines(ROOT / "README.md"))
    assert problem("compexact explain probe --length 3 -o run") == ""
    assert "--lenght" in problem("compexact explain probe --lenght 3")
    assert "'expalin'" in problem("compexact expalin probe")
    assert "--nothing" in problem("compexact experiment length probe --nothing")
