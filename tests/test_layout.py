"""The layout is a contract: which folder may import what, and what must not be there."""

import ast
import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("solver", "encodings", "probes", "experiments")
MAY_IMPORT = {
    "solver": {"solver"},
    "encodings": {"encodings", "solver"},
    "probes": {"probes", "solver"},
    "experiments": set(FOLDERS),
}
ONLY_IN_PROBES = {"torch", "torchvision", "spacy"}
NEVER_IN_SOLVER = {"ortools", "pysat", "PIL", "typer", "jinja2"}


def imports(file: Path) -> list[tuple[str, str]]:
    """(folder of ours or "", top-level module or "") for every import statement of the file."""
    package = ["compexact", *file.relative_to(ROOT).parent.parts]
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            path = [*base, *(node.module or "").split(".")] if node.module else base
            found += [path if node.module else [*path, alias.name] for alias in node.names]
    return [(path[1], "") if path[0] == "compexact" else ("", path[0]) for path in found if path]


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_point_one_way(folder):
    for file in (ROOT / folder).rglob("*.py"):
        for ours, other in imports(file):
            assert not ours or ours in MAY_IMPORT[folder], f"{file.name} imports {ours}"
            assert folder == "probes" or other not in ONLY_IN_PROBES, f"{file.name} imports {other}"
            assert folder != "solver" or other not in NEVER_IN_SOLVER, f"{file.name} imports {other}"
            assert other not in FOLDERS, f"{file.name} imports {other} from the root, which makes second classes"


def test_the_import_check_sees_every_form():
    found = imports(ROOT / "probes/datasets/broden.py")
    assert ("solver", "") in found
    assert ("probes", "") in found


def test_encodings_has_no_init_because_python_could_not_start():
    assert not (ROOT / "encodings/__init__.py").exists()
    started = subprocess.run(
        [sys.executable, "-c", "import encodings.utf_8"], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False
    )
    assert started.returncode == 0


def test_every_package_on_disk_is_in_the_wheel():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    on_disk = {
        ".".join(["compexact", *file.parent.relative_to(ROOT).parts])
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("*.py")
    }
    assert on_disk <= set(listed)


def test_help_loads_nothing_heavy():
    code = (
        "import sys, compexact.experiments.cli as cli\n"
        "cli.app(['--help'], standalone_mode=False)\n"
        "print([m for m in ('torch', 'numba', 'numpy', 'sympy', 'spacy', 'ortools', 'PIL') if m in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.splitlines()[-1] == "[]"


def test_nothing_in_the_project_names_a_place_outside_it():
    hidden = "sha" + "red/"
    for folder in (*FOLDERS, "docs"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in (".py", ".md", ".j2", ".css", ".js"):
                assert hidden not in file.read_text(), file


@pytest.mark.parametrize("name", ["solver", "solver.checking", "probes", "probes.datasets", "experiments"])
def test_every_public_name_is_there(name):
    module = importlib.import_module(f"compexact.{name}")
    for public in module.__all__:
        assert getattr(module, public) is not None, public
