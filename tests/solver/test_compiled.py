"""Compiled functions are kept on disk, and made anew when what they call has changed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from compexact.solver.compiled import compiled

INNER = "from compexact.solver.compiled import compiled\n@compiled\ndef inner(x):\n    return x + {}\n"
OUTER = (
    "from inner import inner\nfrom compexact.solver.compiled import compiled\n"
    "@compiled\ndef outer(x):\n    return 2 * inner(x)\n"
)
ASK = "from outer import outer; print(outer(1), sum(outer.dispatcher.stats.cache_hits.values()))"


@compiled
def half(x):
    return x // 2


@compiled
def quarter(x):
    return half(half(x))


def test_a_function_that_compiled_ones_call_can_be_called_from_python_too():
    assert (quarter(12), half(12), quarter(9)) == (3, 6, 2)


def third(x):
    return x // 3


def ninth(x):
    return third(third(x))


def test_what_a_function_calls_of_its_package_is_compiled_with_it():
    fast = compiled(ninth)
    assert (fast(90), ninth(90)) == (10, 10)
    assert isinstance(fast._linked("").__globals__["third"], type(fast._inner))


def test_a_function_is_compiled_once():
    assert compiled(ninth) is compiled(ninth)


def test_a_kept_function_is_compiled_anew_when_a_function_of_another_file_changes(tmp_path):
    (tmp_path / "outer.py").write_text(OUTER)
    answers = []
    for added in (1, 1, 30):
        if not answers or added == 30:
            (tmp_path / "inner.py").write_text(INNER.format(added))
        done = subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, check=True)
        answers.append(done.stdout.strip())
    assert answers == ["4 0", "4 1", "62 0"]


@pytest.mark.slow
def test_a_function_is_compiled_anew_where_what_is_kept_of_it_cannot_be_read(tmp_path):
    (tmp_path / "outer.py").write_text(OUTER.replace("inner(x)", "x").replace("from inner import inner\n", ""))
    asked = [sys.executable, "-c", ASK]
    for damage in (b"", b"\x80\x04 no pickle", b"\x80\x04cno_such_module\nNoSuchType\n."):
        done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "2 0"
        assert subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip() == "2 1"
        (index,) = tmp_path.rglob("*.nbi")
        version = index.read_bytes().partition(b".")[0] + b"."
        index.write_bytes(damage and index.read_bytes()[: len(version)] + damage)


def test_a_cache_that_cannot_be_written_ends_nothing(tmp_path):
    (tmp_path / "outer.py").write_text(OUTER.replace("inner(x)", "x").replace("from inner import inner\n", ""))
    (tmp_path / "no_folder").write_text("a file")
    vanishing = (
        "from outer import outer; import pathlib, shutil; outer.dispatcher; "
        "shutil.rmtree('cache'); pathlib.Path('cache').write_text(''); "
    )
    for folder, ask in (("no_folder/below", ASK), ("cache", vanishing + ASK)):
        environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / folder)}
        done = subprocess.run(
            [sys.executable, "-c", ask], cwd=tmp_path, capture_output=True, text=True, check=True, env=environment
        )
        assert done.stdout.strip() == "2 0"
