"""Runs that somebody has edited, by chance or with skill, held against brute force: `verify` confirms nothing false.

A small run or audit is made of the case.  Then its files are edited again and again: values changed or swapped, keys
dropped or added, lines deleted, doubled or moved, bytes flipped, whole lies told that fit together; with the digests
left as they were, or made to fit as who knows the format would.  What reads a run may refuse it in one of the
product's own errors, and `verify` may reject; what it confirms must be true.
"""

from __future__ import annotations

import hashlib
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from fuzzing.case import EXACT_BELOW, Case, held, require

from compexact.experiments.run.audit import Audit, run_audit
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.experiments.run.reading import read_run
from compexact.experiments.run.schema import digest_of
from compexact.experiments.run.verify import CONFIRMED, RECOUNTED, UNCHECKED, verify_run
from compexact.probes.store import Probe
from compexact.solver import Problem, brute_force_search
from compexact.solver.cells import MAX_POINTS, CellBuilder, Cells
from compexact.solver.certificate import Certificate
from compexact.solver.checking import seal
from compexact.solver.errors import CompexactError
from compexact.solver.formula import Atom
from compexact.solver.metrics import METRICS, rounded_up
from compexact.solver.parsing import parse

EDITS = 25
UNITS = ("u", "dead")
LONGEST = 5
Files = dict[str, Any]
"""`header`: run.json; `lines`: those of units.jsonl; `certificates`: text by file name."""


def cells_of(case: Case) -> Cells:
    names = [f"c{i}" for i in range(case.matrix.shape[1])]
    builder = CellBuilder(names, [""] * len(names), UNITS)
    rows = [tuple(np.flatnonzero(row).tolist()) for row in case.matrix]
    builder.add(rows, case.weights, np.stack([case.active, np.zeros_like(case.active)], axis=1))
    return builder.cells()[0]


@dataclass(frozen=True)
class Truth:
    """What brute force and counting say of the cells."""

    cells: Cells

    @cached_property
    def matrix(self) -> np.ndarray:
        return self.cells.concepts.dense()

    @cached_property
    def optimum(self) -> Callable[[str, str, int], Fraction]:
        """(unit, space, length) -> the highest IoU; of a longer formula than brute force takes, one that it exceeds."""

        @cache
        def of(unit: str, space: str, length: int) -> Fraction:
            short = min(length, LONGEST if space == "chain" else 3)
            best = brute_force_search(Problem.of(self.cells, unit), max_length=short, space=space).best
            assert best is not None
            return best.iou

        return of

    def counts(self, unit: str, text: str) -> tuple[int, int]:
        """(points in both, points in either), in Python's integers."""
        mask = held(parse(text), self.matrix)
        active = self.cells.active[:, self.cells.unit(unit)]
        both, points = sum(active[mask].tolist()), sum(self.cells.weights[mask].tolist())
        return both, points + sum(active.tolist()) - both

    def check(self, header: dict[str, Any], line: dict[str, Any]) -> None:
        """Raise `Disagreement` where the line of a run states what is not so."""
        unit, settings = line["unit"], header["settings"]
        audited = header["command"] == "audit"
        for part in [part for part in ("beam", "local", "exact") if part in line] if audited else [""]:
            answer = line[part] if part else line
            asked = "chain" if part in ("beam", "local") else settings["space"]
            require((answer["space"], answer["max_length"]) == (asked, settings["max_length"]), "another question")
            self.check_answer(unit, answer)
        if audited:
            beam, exact = (Fraction(line[part]["intersection"], line[part]["union"] or 1) for part in ("beam", "exact"))
            bound = line["exact"]["bound_fraction"]
            gap = None if bound is None else Fraction(*bound) - beam
            optimal = True if gap == 0 else False if exact > beam else None
            require(line["beam_optimal"] is optimal, "the beam's verdict is false")
            require(gap is None or abs(line["beam_gap"] - float(gap)) < 1e-15, "the beam's gap is false")

    def check_answer(self, unit: str, answer: dict[str, Any]) -> None:
        require(answer["unit"] == unit, "another unit")
        for found in (answer, *answer.get("by_length", ()), *answer.get("top", ())):
            if found["formula"] is not None:
                both, either = self.counts(unit, found["formula"])
                require((both, either) == (found["intersection"], found["union"]), f"{found} miscounted")
                require(found["iou"] == (both / either if either else 0.0), f"{found} has another IoU")
                require(parse(found["formula"]).length == found["length"], f"{found} has another length")
                require(found["length"] <= answer["max_length"], f"{found} is too long")
        iou = Fraction(answer["intersection"], answer["union"] or 1)
        optimum = self.optimum(unit, answer["space"], answer["max_length"])
        bound = answer["bound_fraction"]
        if bound is not None:
            require(Fraction(*bound) >= max(optimum, iou), f"the bound {bound} is below the optimum {optimum}")
            require(float(answer["bound"]) >= Fraction(*bound), "the bound is printed lower than it is")
            require(abs(answer["gap"] - float(Fraction(*bound) - iou)) < 1e-15, "the gap is false")
        if answer["status"] == "optimal":
            require(bound is not None and Fraction(*bound) == iou >= optimum, f"{iou} is called optimal, not {optimum}")
        points = sum(self.cells.active[:, self.cells.unit(unit)].tolist())
        degenerate = points in (0, sum(self.cells.weights.tolist()))
        require((answer["status"] == "degenerate") == degenerate or answer["status"] == "failed", "falsely degenerate")
        for length, found in enumerate(answer.get("by_length", ()), start=1):
            if found.get("proven"):
                best = self.optimum(unit, answer["space"], length)
                require(Fraction(found["intersection"], found["union"] or 1) >= best, f"{found} is not proven")


def nodes(value: Any) -> Iterator[tuple[Any, Any]]:
    """(container, key) of everything in a JSON value."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from nodes(value[key])


def near(value: Any, chance: random.Random) -> Any:
    """Another value of the same type, mostly."""
    if isinstance(value, bool) or value is None:
        return chance.choice([True, False, None, 0.0, 1])
    if isinstance(value, int):
        return chance.choice([value + 1, value - 1, 0, 1, 2 * value, 2**62, 10**30, -value, float(value), str(value)])
    if isinstance(value, float):
        return chance.choice([0.0, 1.0, 0.5, float(np.nextafter(value, 2)), value / 2, -value, 2.5, 1e300, int(value)])
    if isinstance(value, str):
        words = ["", "c0", "NOT c0", "c0 OR c1", "(c0 AND NOT c1)", "chain", "tree", "exact", "beam", "brute", "cpsat"]
        words += ["optimal", "bounded", "feasible", "degenerate", "failed", "f1", "0.9", "vision", "audit", *UNITS]
        return chance.choice([*words, "certificates/0.json", "certificates/9.json", value[:-1], value + "0", "\u202e"])
    return chance.choice([[], {}, None, value])


def change_value(files: Files, chance: random.Random) -> None:
    container, key = some_node(files, chance)
    container[key] = near(container[key], chance)


def swap_values(files: Files, chance: random.Random) -> None:
    (one, i), (two, j) = some_node(files, chance), some_node(files, chance)
    one[i], two[j] = json.loads(json.dumps([two[j], one[i]]))


def drop_key(files: Files, chance: random.Random) -> None:
    container, key = some_node(files, chance)
    del container[key]


def add_key(files: Files, chance: random.Random) -> None:
    container, _ = some_node(files, chance)
    if isinstance(container, dict):
        known = ["exact", "beam", "grid", "error", "sample", "metric", "score", "proven", "certificate", "digest", "x"]
        container[chance.choice(known)] = chance.choice([True, "u", 0.5, {}, [], {**chance.choice(files["lines"])}])


def edit_lines(files: Files, chance: random.Random) -> None:
    """Delete, double, or move a line."""
    lines = files["lines"]
    at, what = chance.randrange(len(lines)), chance.choice(["delete", "double", "move"])
    line = json.loads(json.dumps(lines[at]))
    if what != "double" and len(lines) > 1:
        del lines[at]
    if what != "delete":
        lines.insert(chance.randrange(len(lines) + 1), line)


def edit_certificate(files: Files, chance: random.Random) -> None:
    if files["certificates"]:
        name = chance.choice(sorted(files["certificates"]))
        content = json.loads(files["certificates"][name])
        container, key = chance.choice(list(nodes(content)))
        container[key] = near(container[key], chance)
        files["certificates"][name] = json.dumps(content | {"seal": seal(content)})


def claiming(line: dict[str, Any]) -> dict[str, Any]:
    exact = line.get("exact")
    return exact if isinstance(exact, dict) else line


def lie(files: Files, chance: random.Random) -> None:
    """A poorer formula as the optimum, with all numbers to fit, and a sealed certificate."""
    line, truth = chance.choice(files["lines"]), files["truth"]
    answer = claiming(line)
    problem = Problem.of(truth.cells, chance.choice(UNITS) if line.get("unit") not in UNITS else line["unit"])
    best = problem.explain(Atom(chance.choice(problem.concepts.names)))
    bound = chance.choice([best.iou, Fraction(answer.get("intersection", 0), answer.get("union", 1) or 1)])
    bound = max(bound, best.iou)
    proof = chance.choice(["sets", "ceiling", "transport", "prefixes"])
    content = {"transport": [], "prefixes": {"values": [0], "trees": [[]]}}.get(proof)
    length = answer.get("max_length") if type(answer.get("max_length")) is int else 1
    space = chance.choice(["chain", "tree"]) if chance.random() < 0.1 else str(answer.get("space"))
    answer |= {**best.record(), "bound": rounded_up(bound), "gap": rounded_up(bound - best.iou)}
    answer |= {"bound_fraction": [bound.numerator, bound.denominator]}
    answer["status"] = "optimal" if bound == best.iou else "bounded"
    if answer.get("by_length"):
        answer["by_length"] = [best.record()] * len(answer["by_length"])
        answer["top"] = [best.record()]
    if line.get("certificate") in files["certificates"] and chance.random() < 0.6:
        text = Certificate(space, length, bound, proof, content).to_json(problem, best)
        files["certificates"][line["certificate"]] = text
    elif chance.random() < 0.5:
        line.pop("certificate", None)
        line.pop("certificate_digest", None)


def call_proven(files: Files, chance: random.Random) -> None:
    answer = claiming(chance.choice(files["lines"]))
    for found in answer.get("by_length") or ():
        if isinstance(found, dict) and chance.random() < 0.7:
            found["proven"] = True


def poorer_by_length(files: Files, chance: random.Random) -> None:
    """A shorter formula in place of a longer one in by_length, with its true counts, called proven."""
    answer = claiming(chance.choice(files["lines"]))
    by_length = answer.get("by_length")
    if isinstance(by_length, list) and len(by_length) > 1:
        at = chance.randrange(1, len(by_length))
        by_length[at] = {**by_length[at - 1], "proven": True} if isinstance(by_length[at - 1], dict) else None


def misstate(files: Files, chance: random.Random) -> None:
    """A status, or an audit's verdict, that does not follow from the rest."""
    line = chance.choice(files["lines"])
    if "beam_optimal" in line and chance.random() < 0.5:
        line["beam_optimal"] = line["grid"][-1]["beam_optimal"] = chance.choice([True, False, None])
    else:
        claiming(line)["status"] = chance.choice(["optimal", "bounded", "feasible", "degenerate", "failed"])


KINDS = (
    *(change_value,) * 6,
    swap_values,
    drop_key,
    add_key,
    edit_lines,
    edit_certificate,
    lie,
    lie,
    misstate,
    call_proven,
    poorer_by_length,
)


def edit(files: Files, chance: random.Random) -> None:
    """One edit; none where edits before have left nothing that it can change, or it makes what JSON cannot hold."""
    before = json.dumps([files["header"], files["lines"]])
    try:
        chance.choice(KINDS)(files, chance)
        after = json.dumps([files["header"], files["lines"]])
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, ZeroDivisionError):
        after = before
    files["header"], files["lines"] = json.loads(after)  # anew, so that no two parts are the same object


def some_node(files: Files, chance: random.Random) -> tuple[Any, Any]:
    """In a line mostly, else in run.json."""
    root = files["header"] if chance.random() < 0.15 else chance.choice(files["lines"])
    return chance.choice(list(nodes(root)) or [(files, "header")])


def resealed(files: Files) -> None:
    """Every digest made to fit, as by somebody who knows how."""
    lines = files["lines"] if isinstance(files["lines"], list) else []
    for record in [files["header"], *lines]:
        if isinstance(record, dict):
            text = files["certificates"].get(str(record.get("certificate")))
            if text is not None and "certificate_digest" in record:
                record["certificate_digest"] = hashlib.sha256(text.encode()).hexdigest()
            if "digest" in record:
                record["digest"] = digest_of(record)


def write(files: Files, folder: Path) -> None:
    (folder / "run.json").write_text(json.dumps(files["header"]))
    (folder / "units.jsonl").write_text("".join(json.dumps(line) + "\n" for line in files["lines"]))
    for name, text in files["certificates"].items():
        (folder / name).write_text(text)


def flip(folder: Path, chance: random.Random) -> bool:
    """Change a byte of a file; whether its JSON then says something else, or nothing."""
    file = chance.choice([path for path in sorted(folder.rglob("*.json*")) if path.stat().st_size])
    before = file.read_bytes()
    content = bytearray(before)
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    file.write_bytes(content)

    def said(text: bytes) -> Any:
        try:
            return [json.loads(line) for line in text.decode().split("\n")[:-1]] if file.suffix == ".jsonl" else text
        except ValueError:
            return None

    return bool(said(before) != said(bytes(content)))


def base_run(case: Case, probe: Probe, folder: Path) -> Files:
    """A run of the case, of a kind that its number chooses."""
    kind = case.seed // 12 % 6
    exact = SearchSettings(engine="exact", max_length=min(case.length, 3))
    if kind == 0:
        run_units(probe, UNITS, exact, folder)
    elif kind == 1:
        run_units(probe, UNITS, SearchSettings(engine="exact", space="tree", max_length=2), folder)
    elif kind == 2:
        run_units(probe, UNITS, SearchSettings(engine="exact", max_length=6), folder)
    elif kind == 3:
        others = [name for name in METRICS if name != "iou"]
        metric = others[case.seed % len(others)]
        run_units(probe, UNITS, SearchSettings(max_length=3, top_k=2, metric=metric, penalty="0.9"), folder)
    elif kind == 4:
        run_units(probe, UNITS, SearchSettings(engine="brute", max_length=2), folder)
    else:
        run_audit(probe, UNITS, Audit.of(exact, [1, exact.max_length], [1, 3]), folder)
    files: Files = {"header": json.loads((folder / "run.json").read_text())}
    files["lines"] = [json.loads(line) for line in (folder / "units.jsonl").read_text().splitlines()]
    certificates = (folder / "certificates").glob("*.json")
    return files | {"certificates": {f"certificates/{file.name}": file.read_text() for file in certificates}}


def edited_runs_are_not_believed(case: Case, edits: int = EDITS) -> None:
    if case.problem.n_points >= MAX_POINTS:
        return  # no such cells are made
    truth, chance = Truth(cells_of(case)), random.Random(case.seed)
    with tempfile.TemporaryDirectory() as place:
        folder, probe = Path(place) / "run", Probe(truth.cells, {}, path=Path(place) / "probe")
        base = base_run(case, probe, folder)
        verdicts = judged(folder, probe, truth)
        believed = {CONFIRMED, RECOUNTED} if case.problem.n_points < EXACT_BELOW else {CONFIRMED, RECOUNTED, UNCHECKED}
        require(set(verdicts.values()) <= believed, f"an honest run is {verdicts}")
        for _ in range(edits):
            files = json.loads(json.dumps(base))
            write(files, folder)
            if chance.random() < 0.2:
                flipped = flip(folder, chance)
                verdicts = judged(folder, probe, truth)
                believed = len(verdicts) == len(UNITS) and set(verdicts.values()) <= {CONFIRMED, RECOUNTED}
                require(not (flipped and believed), "a flipped byte is not noticed")
                continue
            files["truth"] = truth
            for _ in range(chance.choice([1, 1, 1, 2, 3])):
                edit(files, chance)
            if chance.random() < 0.85:
                resealed(files)
            write(files, folder)
            judged(folder, probe, truth)


def judged(folder: Path, probe: Probe, truth: Truth) -> dict[str, str]:
    """The verdicts; none where the run is refused.  Raises `Disagreement` where what is confirmed is false."""
    try:
        run = read_run(folder, with_damaged=True)
        if run.header["probe"]["digest"] != probe.digest or set(run.header["units"]) > set(UNITS):
            return {}
        verdicts = {line["unit"]: line["verdict"] for line in verify_run(run, probe)}
    except CompexactError as error:
        require("\n" not in str(error) and error.exit_code == 3, f"refused with {error!r}")
        return {}
    for unit, verdict in verdicts.items():
        if verdict in (CONFIRMED, RECOUNTED):
            truth.check(run.header, run.records[unit])
    return verdicts
