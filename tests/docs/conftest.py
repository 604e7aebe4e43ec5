"""Runs a page of the documentation as a reader would: top to bottom, in an empty folder, at a terminal."""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# ([\w/.-]+)\n")
SHOWS_TABLES = ("ls", "explain", "audit", "verify", "score")


def blocks(page: str) -> list[tuple[str, str]]:
    """(language, text) of the page's fenced blocks, in order."""
    return FENCE.findall((DOCS / page).read_text())


def run(command: list[str], folder: Path, where: str) -> str:
    """What the command prints; the test fails where it does."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, f"{where}: {shlex.join(command)[:200]}\n{done.stdout}{done.stderr}"
    return done.stdout


def as_at_a_terminal(command: list[str]) -> list[str]:
    shows = command[0] == "compexact" and command[1] in SHOWS_TABLES and "--format" not in command
    return [*command, "--format", "table"] if shows else command


def check_printed(expected: str, printed: str, where: str) -> None:
    """`...` stands for anything; blanks do not count."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert doctest.OutputChecker().check_output(expected, printed, flags), f"{where}\n{expected}\nprinted:\n{printed}"


@pytest.fixture
def forgotten_modules(tmp_path: Path) -> Iterator[None]:
    """Modules of a page are its own: another page may have others of the same names."""
    yield
    for name, module in list(sys.modules.items()):
        if str(tmp_path) in (getattr(module, "__file__", None) or ""):
            del sys.modules[name]


@pytest.fixture
def follow(tmp_path, monkeypatch, compexact, forgotten_modules) -> Callable[[str], Path]:
    """Follow a page, give the folder it was followed in.

    A `python` block that begins with a file's name is saved under it; another is run.  Of a `console` block every line
    after `$` is run; `compexact` in this process, which has imported torch already.  A `text` block is what the last
    command prints.  Other blocks (`py`) are only shown.
    """

    def run_line(words: list[str], where: str) -> str:
        if words[0] != "compexact":
            return run(words, tmp_path, where)
        ended = compexact(*words[1:])
        assert ended.code == 0, f"{where}: {shlex.join(words)}\n{ended.out}{ended.err}"
        return ended.out

    def follow_page(page: str) -> Path:
        monkeypatch.chdir(tmp_path)
        monkeypatch.syspath_prepend(tmp_path)
        printed = ""
        for number, (language, text) in enumerate(blocks(page), start=1):
            where = f"{page}, block {number}"
            if language == "python" and (named := FILE.match(text)):
                file = tmp_path / named[1]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
            elif language == "python":
                printed = run([sys.executable, "-c", text], tmp_path, where)
            elif language == "console":
                for line in text.splitlines():
                    assert line.startswith("$ "), f"{where}: {line!r} is no command; output belongs in a text block"
                    printed = run_line(as_at_a_terminal(shlex.split(line[2:])), where)
            elif language == "text":
                check_printed(text, printed, where)
        return tmp_path

    return follow_page
