"""What `--trace` writes: of every engine true, from the first moment to the answer, and whole."""

import json
import os
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from compexact.experiments.live import LiveSearches
from compexact.experiments.run.engines import ENGINES, SearchSettings, explain_unit
from compexact.experiments.run.schema import TraceLine, check_form
from compexact.experiments.run.traces import TraceFile
from compexact.solver.arrays import from_arrays
from compexact.solver.ceilings import ceiling
from compexact.solver.exhaustive import brute_force_search
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem

SEARCHES = [
    pytest.param(name, space, marks=pytest.mark.slow if name in ("cpsat", "maxsat") else ())
    for name, engine in ENGINES.items()
    for space in engine.spaces
]


def random_cells(seed):
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 40, size=40)
    active = rng.integers(0, weights[:, None] + 1) * (rng.random((40, 1)) < 0.4)
    return from_arrays(rng.random((40, 6)) < 0.35, weights=weights, active=active)


def check_trace(problem, lines, optimum):
    """Every line is true, each better than the one before, and only the last is an answer."""
    for line in lines:
        check_form(TraceLine, line)
        assert line["iou"] <= float(optimum)
        assert optimum <= Fraction(*line["bound_fraction"]) <= line["bound"]
        assert line["gap"] >= line["bound"] - line["iou"] - 1e-15
        if line["formula"] is not None:
            found = problem.explain(parse(line["formula"], problem.concepts.names))
            assert (line["intersection"], line["union"]) == (found.intersection, found.union)
    for before, after in pairwise(lines):
        assert before["seconds"] <= after["seconds"]
        assert before["iou"] <= after["iou"]
        assert before["bound"] >= after["bound"]
    assert [line["status"] == "searching" for line in lines] == [True] * (len(lines) - 1) + [False]
    assert (lines[0]["formula"], lines[0]["bound_fraction"]) == (None, list(ceiling(problem).as_integer_ratio()))


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(("name", "space"), SEARCHES)
def test_every_line_of_every_engine_is_true_and_the_last_is_the_answer(name, space, tmp_path):
    for length in (1, 3):
        cells = random_cells(length)
        problem = Problem.of(cells, 0)
        optimum = brute_force_search(problem, max_length=length, space=space).best.iou
        file = TraceFile(tmp_path / f"{length}.jsonl")
        settings = SearchSettings(engine=name, space=space, max_length=length)
        found = file.search(cells, 0, settings, lambda: False)
        lines = read(file.path)
        check_trace(problem, lines, optimum)
        answer = found.record()
        known = ["unit", "engine", "space", "max_length", "formula", "intersection", "union", "status", "seconds"]
        assert all(lines[-1][field] == answer[field] for field in known)
        if ENGINES[name].proves:
            assert (lines[-1]["bound_fraction"], lines[-1]["gap"]) == (answer["bound_fraction"], answer["gap"])
        assert lines[0]["seconds"] < 1
        assert [each.bound for each in found.trace] == [Fraction(*line["bound_fraction"]) for line in lines[:-1]]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cpsat", "maxsat"])
def test_what_is_proven_of_a_sample_is_not_told_of_all_points(name, tmp_path):
    cells = random_cells(5)
    problem = Problem.of(cells, 0)
    file = TraceFile(tmp_path / "trace.jsonl")
    found = file.search(cells, 0, SearchSettings(engine=name, max_length=2, sample=150), lambda: False)
    assert found.sample.bound != found.bound
    check_trace(problem, read(file.path), brute_force_search(problem, max_length=2).best.iou)


def test_a_search_that_ends_at_once_has_its_first_and_its_last_line(tmp_path):
    cells = from_arrays(np.ones((4, 2), bool), np.zeros((4, 1), bool))
    file = TraceFile(tmp_path / "trace.jsonl")
    file.search(cells, 0, SearchSettings("exact"), lambda: True)
    assert [line["status"] for line in read(file.path)] == ["searching", "degenerate"]


def timeless(lines):
    """By unit and length, without seconds."""
    found = {}
    for line in lines:
        found.setdefault((line["unit"], line["max_length"]), []).append({**line, "seconds": 0})
    return found


def test_lines_of_several_processes_are_whole_and_the_same(compexact, npz, tmp_path):
    words = ("audit", npz, "--lengths", "1,3", "--trace")
    for jobs in (1, 2):
        assert compexact(*words, tmp_path / f"{jobs}.jsonl", "--jobs", jobs).code == 0
    alone, together = (timeless(read(tmp_path / f"{jobs}.jsonl")) for jobs in (1, 2))
    assert alone == together
    assert list(alone) == [(f"u{unit}", length) for unit in range(4) for length in (1, 3)]


def test_pandas_opens_it(compexact, npz, tmp_path):
    pandas = pytest.importorskip("pandas")
    compexact("explain", npz, "--engine", "exact", "--trace", tmp_path / "trace.jsonl")
    table = pandas.read_json(tmp_path / "trace.jsonl", lines=True)
    assert table.groupby("unit").gap.last().tolist() == [0.0] * 4
    assert table.bound.notna().all()


def test_a_run_that_goes_on_appends_to_its_trace_and_drops_what_is_searched_anew(compexact, npz, tmp_path):
    trace, run = tmp_path / "trace.jsonl", tmp_path / "run"
    words = ("explain", npz, "--engine", "exact", "--length", 2, "-o", run, "--trace", trace)
    compexact(*words)
    whole, lines = trace.read_bytes(), (run / "units.jsonl").read_bytes().splitlines(keepends=True)
    # Killed while u1 was searched: the run has no line of it, its trace has no end, and the last line is torn.
    (run / "units.jsonl").write_bytes(b"".join(lines[:1]))
    trace.write_bytes(whole[: whole.index(b'{"unit": "u2"') - 20])
    assert compexact(*words).code == 0
    assert timeless(read(trace)) == timeless(map(json.loads, whole.splitlines()))
    assert trace.read_bytes().startswith(whole[: whole.index(b'{"unit": "u1"')])
    done = trace.read_bytes()
    assert compexact(*words).code == 0
    assert trace.read_bytes() == done


def refused(compexact, npz, trace, *more):
    ended = compexact("explain", npz, "--trace", trace, *more)
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    return ended


def test_a_place_that_cannot_be_written_to_is_one_line_before_any_work(compexact, npz, tmp_path):
    folder, pipe, old = tmp_path / "folder", tmp_path / "pipe", tmp_path / "old.jsonl"
    folder.mkdir()
    os.mkfifo(pipe)
    old.write_text("{}\n")
    for path, said in ((folder, "folder"), (pipe, "named pipe"), (tmp_path / "no/t.jsonl", "No such file")):
        ended = refused(compexact, npz, path)
        assert (ended.code, said in ended.err) == (3, True), ended.err
    ended = refused(compexact, npz, old)
    assert (ended.code, "old.jsonl exists already; choose another --trace" in ended.err) == (2, True)
    assert old.read_text() == "{}\n"


def test_a_run_does_not_go_on_in_another_file(compexact, npz, tmp_path):
    run, other, notes = tmp_path / "run", tmp_path / "other.jsonl", tmp_path / "notes.txt"
    compexact("explain", npz, "--units", "u0", "-o", run)
    compexact("explain", npz, "--units", "u1", "--trace", other)
    notes.write_text("mine\n")
    for path, code, said in ((other, 2, "is of other units"), (notes, 3, "line 1 is not a trace's")):
        before = path.read_bytes()
        ended = refused(compexact, npz, path, "--units", "u0", "-o", run)
        assert (ended.code, said in ended.err) == (code, True), ended.err
        assert path.read_bytes() == before


def test_a_trace_that_cannot_be_written_any_more_costs_no_answer(tmp_path, capsys):
    (tmp_path / "away").mkdir()
    file = TraceFile(tmp_path / "away")
    found = file.search(random_cells(1), 0, SearchSettings(), lambda: False)
    assert found.by_length == explain_unit(random_cells(1), 0, SearchSettings()).by_length
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "has not all lines of unit" in said


def test_a_terminal_shows_the_searches_that_are_at_work(tmp_path):
    file = TraceFile(tmp_path / "trace.jsonl")
    file.search(random_cells(1), 0, SearchSettings("exact"), lambda: False)
    first, *_, last = read(file.path)
    begun = first | {"formula": "c0 OR c1", "iou": 0.25, "bound": 0.5, "gap": 0.25, "seconds": 2.0}
    shown = LiveSearches(file)
    assert shown() == []  # it is over
    with file.path.open("a") as stream:
        stream.write(
            json.dumps(begun | {"unit": "a"}) + "\n" + json.dumps(begun | {"unit": "b", "seconds": 0.1}) + "\n"
        )
        stream.write('{"unit": "to')
    assert shown() == ["unit a, length 3, 2 s: 0.2500 <= 0.5000, gap 0.2500  c0 OR c1"]
    file.path.write_text(json.dumps(last | {"unit": "a"}) + "\n")  # shorter: the run goes on
    assert shown() == []
