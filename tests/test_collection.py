"""The workers of a parallel run must collect the same tests, so no test's name may hang on time, order or machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_later_collection_with_another_hash_seed_gives_the_names_of_this_one(request):
    """Of all tests of this session: run with the others, it is about all of them."""
    options = ("--collect-only", "-q", "-m", "", "-p", "no:cacheprovider", "-p", "no:xdist", "--disable-warnings")
    printed = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    ).stdout
    names = set(printed.splitlines())
    assert [item.nodeid for item in request.session.items if item.nodeid not in names] == []
