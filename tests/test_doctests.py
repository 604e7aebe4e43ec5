"""Every example in a docstring runs."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted(
    ".".join(["compexact", *file.relative_to(ROOT).with_suffix("").parts])
    for folder in ("solver", "encodings", "probes", "experiments")
    for file in (ROOT / folder).rglob("*.py")
    if file.name != "__init__.py" and ">>>" in file.read_text()
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_run(name):
    module = importlib.import_module(name)
    assert doctest.testmod(module).failed == 0
