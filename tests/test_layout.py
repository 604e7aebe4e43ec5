"""The layout is a contract: which folder may import what, and what must not be there."""

import importlib
import subprocess
import sys
import tomllib

import pytest
from house import FOLDERS, ROOT, circles, import_graph, modules

MAY_IMPORT = {
    "solver": {"solver"},
    "encodings": {"encodings", "solver"},
    "probes": {"probes", "solver"},
    "experiments": {"experiments", "encodings", "probes", "solver"},
    "compexact": {*FOLDERS, *(module.name for module in modules("compexact"))},
}
ONLY_IN_PROBES = {"torch", "torchvision", "spacy"}
HEAVY = {"torch", "numba", "numpy", "sympy", "spacy", "ortools", "pysat", "PIL", "dask", "distributed"}
NEVER_IN_SOLVER = {"ortools", "pysat", "PIL", "typer", "jinja2"}


@pytest.mark.parametrize("folder", FOLDERS)
def test_imports_point_one_way(folder):
    for module in modules(folder):
        for path in module.imports():
            top, *below = path.split(".")
            assert top != "compexact" or below[0] in MAY_IMPORT[folder], f"{module.place} imports {path}"
            assert folder == "probes" or top not in ONLY_IN_PROBES, f"{module.place} imports {path}"
            assert folder != "solver" or top not in NEVER_IN_SOLVER, f"{module.place} imports {path}"
            assert top not in MAY_IMPORT["experiments"], (
                f"{module.place} imports {path} from the root, which makes second classes"
            )


@pytest.fixture(scope="module")
def graph():
    return import_graph([module for folder in FOLDERS for module in modules(folder)])


def test_no_two_modules_import_each_other_not_even_inside_functions(graph):
    assert circles(graph) == []


def test_nothing_below_imports_the_door(graph):
    door = {module.name for module in modules("compexact")}
    assert {"searches", "runs", "options"} <= door
    assert [(name, used & door) for name, used in graph.items() if name not in door and used & door] == []


def test_the_door_opens_without_anything_heavy():
    code = "import sys, compexact; print(*sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not (HEAVY | {"typer", "rich", "pandas", "matplotlib", "importlib.metadata"}) & set(printed.split())


def test_the_import_check_sees_every_form(graph):
    assert {"solver.errors", "probes.datasets.annotated_images"} <= graph["probes.datasets.broden"]
    assert "experiments.questions.answer" in graph["experiments.commands.experiment"], "inside a function"
    assert "probes.nli.loading" in graph["experiments.sentences.model_answers"], "for type checkers alone"
    assert "experiments.report.charts" in graph["experiments.report.run_pages"], "from . import name"


def test_the_circle_check_finds_circles_of_any_length_and_nothing_else():
    graph = {"a": {"b"}, "b": {"c", "d"}, "c": {"a"}, "d": {"e"}, "e": {"d"}, "f": {"a"}, "g": set()}
    assert circles(graph) == [["a", "b", "c"], ["d", "e"]]
    assert circles(graph | {"b": {"d"}, "e": set()}) == []


def test_encodings_has_no_init_because_python_could_not_start():
    assert not (ROOT / "encodings/__init__.py").exists()
    started = subprocess.run(
        [sys.executable, "-c", "import encodings.utf_8"], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False
    )
    assert started.returncode == 0


def test_every_package_on_disk_is_in_the_wheel():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    on_disk = {
        ".".join(["compexact", *file.parent.relative_to(ROOT).parts]).replace("compexact.compexact", "compexact")
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("*.py")
    }
    assert on_disk <= set(listed)


HELP = ["", "experiment", "score", "probe vision", "probe nli", "train nli", "explain", "audit"]


@pytest.mark.parametrize("command", HELP)
def test_help_loads_nothing_heavy(command):
    assert loaded_by_help(command) == set()


def loaded_by_help(command):
    code = (
        "import sys, compexact.experiments.cli as cli\n"
        f"cli.app([*'{command}'.split(), '--help'], standalone_mode=False)\n"
        "print(*sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    return HEAVY & set(printed.splitlines()[-1].split())


def test_nothing_in_the_project_names_a_place_outside_it():
    hidden = "sha" + "red/"
    for folder in (*FOLDERS, "docs"):
        for file in (ROOT / folder).rglob("*"):
            if file.suffix in (".py", ".md", ".j2", ".css", ".js"):
                assert hidden not in file.read_text(), file


@pytest.mark.parametrize("name", ["", ".solver", ".solver.checking", ".probes", ".experiments"])
def test_every_public_name_is_there(name):
    module = importlib.import_module(f"compexact{name}")
    for public in module.__all__:
        assert getattr(module, public) is not None, public
