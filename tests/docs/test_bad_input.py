"""The messages that the page of bad input shows are those that are printed."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs/bad_input.md"
ROWS = re.findall(r"^\| `(compexact .+?)` \| `(.+?)` \| (\d) \|$", PAGE.read_text(), re.MULTILINE)


@pytest.fixture
def arrays(tmp_path, monkeypatch) -> None:
    rng = np.random.default_rng(0)
    concepts, neurons = rng.random((50, 4)) < 0.3, rng.random((50, 3)) < 0.3
    names = ["water", "river", "waterfall", "shop window"]
    np.savez(tmp_path / "arrays.npz", concepts=concepts, neurons=neurons, concept_names=names)
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(("command", "message", "code"), ROWS, ids=[command for command, _, _ in ROWS])
def test_a_wrong_command_is_told_what_would_be_right(command, message, code, arrays, compexact):
    before = sorted(Path().iterdir())
    ended = compexact(*shlex.split(command)[1:])
    assert ended.code == int(code)
    first, *place = ended.err.splitlines()
    assert first.startswith(f"compexact: {message}")
    assert len(place) == (2 if "(column" in message else 0)
    assert sorted(Path().iterdir()) == before


def test_the_page_shows_some():
    assert len(ROWS) >= 12
