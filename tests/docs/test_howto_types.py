"""The code of the how-to pages is typed, as that of the project is: readers begin with a copy of it."""

import os
import subprocess
import sys

import pytest

from .conftest import DOCS, FILE, blocks

PAGES = sorted((DOCS / "howto").glob("*.md"))


def write_pages(folder):
    """Every `python` block of every page as a file of its own; gives how many there are."""
    written = []
    for page in PAGES:
        for number, (language, text) in enumerate(blocks(f"howto/{page.name}"), start=1):
            if language == "python":
                named = FILE.match(text)
                file = folder / (named[1] if named else f"{page.stem}_{number}.py")
                assert file not in written, f"{page.name}: two blocks are {file.name}"
                file.write_text(text)
                written.append(file)
    return written


def what_mypy_says(folder):
    """Its errors, with the settings of the project and what it remembers of it; one process for all."""
    root = DOCS.parent
    command = [sys.executable, "-m", "mypy", "--config-file", "pyproject.toml", "--no-error-summary", folder]
    environment = os.environ | {"MYPYPATH": str(folder)}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_code_of_the_how_to_pages_passes_mypy(tmp_path):
    assert len(write_pages(tmp_path)) > len(PAGES)
    (tmp_path / "wrong.py").write_text(
        "from compexact import solver\n\nsolver.from_arrays([[1]], [[1]]).n_points.none\n"
    )
    said = what_mypy_says(tmp_path)
    errors = [line.rpartition("/")[2] for line in said.stdout.splitlines()]  # it remembers the folder of another time
    assert errors == ['wrong.py:3: error: "int" has no attribute "none"  [attr-defined]'], said.stderr
