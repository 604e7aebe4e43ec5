"""The size of the house, and how it hangs together: `python tests/house.py` prints it, layer by layer.

Modules are files that hold code.  Methods and nested functions count as functions; a function's lines go from `def` to
its end, without its docstring; its parameters are all but self and cls.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("solver", "encodings", "probes", "experiments", "compexact")
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A file of Python, by its dotted name below the root; a package is its `__init__.py`."""

    file: Path

    @property
    def name(self) -> str:
        """Such as `solver.sets.search`; of the files of `compexact` themselves their own, such as `runs`."""
        path = ".".join(self.file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        return path.removeprefix("compexact.")

    @property
    def place(self) -> str:
        """The file's path below the root."""
        return str(self.file.relative_to(ROOT))

    @cached_property
    def lines(self) -> int:
        """Of the file."""
        return len(self.file.read_text().splitlines())

    @cached_property
    def tree(self) -> ast.Module:
        """What the file says."""
        return ast.parse(self.file.read_text())

    @property
    def functions(self) -> list[Function]:
        """All of the file, methods and nested ones, too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, Function)]

    def imports(self) -> Iterator[str]:
        """The dotted name of everything that a statement anywhere in the file imports, relative ones made absolute."""
        folders = self.file.relative_to(ROOT).parent.parts
        package = list(folders) if folders[:1] == ("compexact",) else ["compexact", *folders]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                above = package[: len(package) - node.level + 1] if node.level else []
                base = [*above, *(node.module.split(".") if node.module else [])]
                yield from (".".join([*base, alias.name]) for alias in node.names)


@cache
def modules(folder: str) -> list[Module]:
    """Of a layer, in the order of their paths."""
    found = map(Module, sorted((ROOT / folder).rglob("*.py")))
    return [module for module in found if module.tree.body]


def import_graph(chosen: Sequence[Module]) -> dict[str, set[str]]:
    """For every module those of the others that it imports: inside functions and for type checkers, too."""
    names = {module.name for module in chosen}
    graph: dict[str, set[str]] = {}
    for module in chosen:
        ours = [path.removeprefix("compexact.") for path in module.imports() if path.startswith("compexact.")]
        found = {path if path in names else path.rpartition(".")[0] for path in ours}
        graph[module.name] = (found & names) - {module.name}
    return graph


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The groups of two and more modules that all lead to each other (strongly connected), sorted."""
    leads_to = {name: _reached(graph, name) for name in graph}
    groups = {tuple(sorted(b for b in leads_to[a] if a in leads_to[b])) for a in graph if a in leads_to[a]}
    return [list(group) for group in sorted(groups)]


def _reached(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """All that one or more imports lead to."""
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += graph[name]
    return found


def doubled_names(chosen: Sequence[Module]) -> dict[str, list[str]]:
    """File names that two or more modules of a layer bear, with their paths; `__init__` and `conftest` may be many."""
    counts = Counter(module.file.name for module in chosen)
    return {
        name.removesuffix(".py"): [module.place for module in chosen if module.file.name == name]
        for name, count in sorted(counts.items())
        if count > 1 and name not in ("__init__.py", "conftest.py")
    }


def parameters(function: Function) -> list[str]:
    """Their names, but for self and cls; `*args` and `**kwargs` are one each."""
    given = function.args
    found = [*given.posonlyargs, *given.args, given.vararg, *given.kwonlyargs, given.kwarg]
    return [each.arg for each in found if each is not None and each.arg not in ("self", "cls")]


def lines_of(function: Function) -> int:
    """From `def` to the last line, without the docstring's."""
    said = function.body[0] if ast.get_docstring(function) is not None else None
    return _span(function) - (0 if said is None else _span(said))


def _span(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def quantile(values: Sequence[int], share: float) -> int:
    """The smallest of the values that at least this share of them does not exceed.

    >>> quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 0.9), quantile([5], 0.9)
    (9, 5)
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]


def row(layer: str, chosen: Sequence[Module]) -> str:
    """The layer's line of the table."""
    sizes = [module.lines for module in chosen]
    functions = [function for module in chosen for function in module.functions]
    lengths = [lines_of(function) for function in functions]
    most = max(len(parameters(function)) for function in functions)
    of_modules = f"{len(sizes):>7}  {sum(sizes):>6,}  {median(sizes):>6g} / {max(sizes):>3}"
    of_functions = f"{median(lengths):>6g} / {quantile(lengths, 0.9):>3} / {max(lengths):>3}"
    return f"{layer:<12} {of_modules}  {of_functions}  {most:>10}"


def main() -> None:
    """Print the table, then what stands out: the longest parameter lists and functions, circles, doubled names."""
    layers = {folder: modules(folder) for folder in (*FOLDERS, "tests")}
    product = [module for folder in FOLDERS for module in layers[folder]]
    print(f"{'':<12} modules   lines  median / max  function median / p90 / max  parameters")
    for layer, chosen in [*layers.items(), ("the product", product)]:
        print(row(layer, chosen))
    named = [(module, function) for module in product for function in module.functions]
    print("\nlongest parameter lists:")
    for module, function in sorted(named, key=lambda pair: -len(parameters(pair[1])))[:5]:
        print(f"  {len(parameters(function)):>3}  {module.place}:{function.lineno} {function.name}")
    print("\nlongest functions:")
    for module, function in sorted(named, key=lambda pair: -lines_of(pair[1]))[:5]:
        print(f"  {lines_of(function):>3}  {module.place}:{function.lineno} {function.name}")
    found = circles(import_graph(product))
    print(f"\nimport circles: {len(found)}")
    for circle in found:
        print(f"  {' <-> '.join(circle)}")
    for layer, chosen in layers.items():
        doubled = doubled_names(chosen)
        print(f"\nnames of two files in {layer}: {len(doubled)}")
        for name, places in doubled.items():
            print(f"  {name}: {', '.join(places)}")


if __name__ == "__main__":
    main()
