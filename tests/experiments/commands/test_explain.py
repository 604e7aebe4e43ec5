import csv
import io
import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from compexact.experiments.run.folder import read_run
from compexact.experiments.run.units import choose_units
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError

CONTRACT = [
    "unit", "engine", "space", "max_length", "formula", "length", "intersection", "union", "iou", "bound",
    "bound_fraction", "gap", "ceiling", "status", "seconds",
]  # fmt: skip


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def without_seconds(records):
    return [{key: value for key, value in record.items() if key != "seconds"} for record in records]


def test_a_json_line_per_unit_with_the_fields_of_the_contract(compexact, npz):
    ended = compexact("explain", npz, "--length", 3)
    assert ended.code == 0
    records = lines(ended.out)
    assert [record["unit"] for record in records] == ["u0", "u1", "u2", "u3"]
    assert all(list(record) == CONTRACT for record in records)
    first, dead = records[0], records[3]
    assert (first["formula"], first["iou"], first["length"]) == ("(c0 OR c1) AND NOT c2", 1.0, 3)
    assert first["intersection"] == first["union"]
    assert (first["bound"], first["bound_fraction"], first["gap"], first["status"]) == (None, None, None, "feasible")
    assert (dead["status"], dead["formula"], dead["ceiling"]) == ("degenerate", None, 0.0)


def test_a_run_prints_the_same_lines_and_goes_on_where_it_stopped(compexact, npz, tmp_path):
    plain = compexact("explain", npz)
    first = compexact("explain", npz, "-o", tmp_path / "run")
    assert without_seconds(lines(first.out)) == without_seconds(lines(plain.out))
    records = tmp_path / "run/units.jsonl"
    whole = records.read_bytes()
    assert compexact("explain", npz, "-o", tmp_path / "run").out == first.out
    assert records.read_bytes() == whole
    # A crash in the middle of the third line.
    cut = whole[: whole.index(b"\n", whole.index(b"\n") + 1) + 40]
    records.write_bytes(cut)
    again = compexact("explain", npz, "-o", tmp_path / "run")
    assert without_seconds(lines(again.out)) == without_seconds(lines(first.out))
    assert records.read_bytes().startswith(whole[: whole.index(b"\n")])
    assert len(lines(records.read_text())) == 4
    assert read_run(tmp_path / "run").is_finished


def test_another_command_over_a_run_is_refused_with_the_difference(compexact, npz, tmp_path):
    compexact("explain", npz, "-o", tmp_path / "run")
    for options, difference in (
        (("--length", 4), "max_length 3 there, 4 now"),
        (("--units", "u0"), "4 units there, 1 now"),
    ):
        ended = compexact("explain", npz, "-o", tmp_path / "run", *options)
        assert ended.code == 2
        assert difference in ended.err
    other = tmp_path / "other.npz"
    np.savez(other, concepts=np.eye(4, dtype=bool), neurons=np.eye(4, dtype=bool), unit_names=["u0", "u1", "u2", "u3"])
    assert "another probe" in compexact("explain", other, "-o", tmp_path / "run").err


def test_a_run_can_be_moved_with_its_probe_and_notices_another(compexact, npz, tmp_path):
    compexact("probe", "arrays", npz, "-o", tmp_path / "a/probe")
    compexact("explain", tmp_path / "a/probe", "-o", tmp_path / "a/run")
    (tmp_path / "a").rename(tmp_path / "b")
    assert read_run(tmp_path / "b/run").open_probe().cells.n_points == 200
    (tmp_path / "b/probe").rename(tmp_path / "b/away")
    with pytest.raises(UsageError, match="--probe"):
        read_run(tmp_path / "b/run").open_probe()
    assert read_run(tmp_path / "b/run").open_probe(tmp_path / "b/away").cells.n_points == 200


def test_processes_change_nothing(compexact, npz):
    alone = lines(compexact("explain", npz, "--length", 4).out)
    for jobs in (2, -1):
        assert without_seconds(lines(compexact("explain", npz, "--length", 4, "--jobs", jobs).out)) == without_seconds(
            alone
        )


def test_a_run_keeps_the_best_formula_of_every_length_and_the_top(compexact, npz, tmp_path):
    ended = compexact("explain", npz, "--top-k", 3, "-o", tmp_path / "run")
    record = read_run(tmp_path / "run").records["u1"]
    assert [found["length"] for found in record["by_length"]] == [1, 2, 3]
    assert len(record["top"]) == 3
    assert record["top"][0]["formula"] == record["formula"]
    assert lines(ended.out)[1]["top"] == record["top"]


def test_csv_opens_in_a_spreadsheet_without_running_anything(compexact, tmp_path):
    np.savez(tmp_path / "x.npz", concepts=[[1], [0]], neurons=np.array([[1], [0]]), concept_names=["=1+1"])
    rows = list(csv.DictReader(io.StringIO(compexact("explain", tmp_path / "x.npz", "--format", "csv").out)))
    assert rows[0]["formula"] == "'=1+1"
    assert list(rows[0]) == [*CONTRACT, "error"]


def test_the_table_shows_formulas(compexact, npz):
    out = compexact("explain", npz, "--format", "table").out
    assert out.splitlines()[0].split() == ["unit", "iou", "bound", "ceiling", "length", "status", "seconds", "formula"]
    assert "(c0 OR c1) AND NOT c2" in out


def test_score_counts_a_formula_given_by_hand(compexact, npz):
    record = lines(compexact("score", npz, "--unit", "u0", "((c0 OR c1) AND (NOT c2))").out)[0]
    assert record["iou"] == record["precision"] == record["recall"] == record["f1"] == 1.0


def test_brute_and_compat_are_at_hand(compexact, npz):
    brute = lines(compexact("explain", npz, "--units", "u0,u1", "--engine", "brute", "--space", "tree").out)
    assert [record["status"] for record in brute] == ["optimal", "optimal"]
    assert brute[0]["bound"] == brute[0]["iou"] == 1.0
    assert brute[0]["gap"] == 0.0
    compat = lines(compexact("explain", npz, "--compat", "vision").out)
    assert compat[0]["formula"] == "(c0 OR c1) AND NOT c2"


def test_ls_says_what_is_in_a_probe(compexact, npz, tmp_path):
    compexact("probe", "arrays", npz, "-o", tmp_path / "probe")
    for path in (npz, tmp_path / "probe"):
        record = lines(compexact("ls", path).out)[0]
        assert list(record) == ["points", "cells", "concepts", "units", "model", "layer", "dataset", "settings"]
        assert (record["points"], record["concepts"], record["units"]) == (200, 6, 4)
    assert "200" in compexact("ls", npz, "--format", "table").out
    concepts = lines(compexact("ls", npz, "--concepts").out)
    assert concepts[0]["concept"] == "c0"
    assert lines(compexact("ls", npz, "--units").out)[3] == {"unit": "u3", "active": 0, "share": 0.0}


def test_units_are_chosen_by_name_and_range():
    names = [*map(str, range(12)), "layer:0", "layer:1", "layer:2", "a-b"]
    cells = from_arrays([[1]], np.ones((1, len(names)), bool), unit_names=names)
    assert choose_units(cells, None) == names
    assert choose_units(cells, "3,10-11,0") == ["0", "3", "10", "11"]
    assert choose_units(cells, "layer:1-2, a-b") == ["layer:1", "layer:2", "a-b"]
    for wrong, message in (("5-3", "backwards"), ("8-20", "no unit is named '20'"), ("x", "no unit is named 'x'")):
        with pytest.raises(UsageError, match=message):
            choose_units(cells, wrong)


def test_a_unit_whose_name_has_a_comma_is_chosen_by_a_value_of_its_own(compexact, tmp_path):
    names = ["a", "b", "a,b", " c, d", "e"]
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "x.npz", concepts=rng.random((50, 2)) < 0.5, neurons=rng.random((50, 5)) < 0.5, unit_names=names
    )

    def chosen(*values, command="explain") -> list[str]:
        ended = compexact(command, tmp_path / "x.npz", *[word for value in values for word in ("--units", value)])
        assert ended.code == 0, ended.err
        return [line["unit"] for line in lines(ended.out)]

    assert chosen("a,b") == chosen("a,b", command="audit") == ["a,b"]
    assert chosen("a, b") == chosen("a", "b") == ["a", "b"]
    assert chosen("e,a", " c, d") == ["a", " c, d", "e"]
    ended = compexact("explain", tmp_path / "x.npz", "--units", "e, c, d")
    assert ended.code == 2
    assert "no unit is named 'c'" in ended.err


def test_a_second_process_in_a_run_is_turned_away(compexact, npz, tmp_path):
    from filelock import FileLock

    compexact("explain", npz, "-o", tmp_path / "run")
    with FileLock(tmp_path / "run/.lock"):
        ended = compexact("explain", npz, "-o", tmp_path / "run")
    assert ended.code == 3
    assert "another process" in ended.err


def test_a_damaged_line_of_a_run_is_named(compexact, npz, tmp_path):
    compexact("explain", npz, "-o", tmp_path / "run")
    file = tmp_path / "run/units.jsonl"
    file.write_text(file.read_text().replace('{"unit": "u1"', '{unit": "u1"'))
    ended = compexact("explain", npz, "-o", tmp_path / "run")
    assert ended.code == 3
    assert "units.jsonl, line 2 is damaged" in ended.err


def test_a_unit_that_fails_is_said_to_and_the_others_go_on(compexact, npz, monkeypatch):
    from compexact.experiments.run import engines

    def sometimes(problem, settings, should_stop):
        if problem.unit == "u1":
            raise MemoryError("no room")
        return engines._beam(problem, settings, should_stop)

    monkeypatch.setitem(engines.ENGINES, "beam", replace(engines.ENGINES["beam"], search=sometimes))
    ended = compexact("explain", npz)
    assert ended.code == 4
    assert [record["status"] for record in lines(ended.out)] == ["feasible", "failed", "feasible", "degenerate"]
    assert lines(ended.out)[1]["error"] == "MemoryError: no room"


def test_ctrl_c_keeps_what_was_found(compexact, npz, tmp_path, monkeypatch):
    from compexact.experiments.run import engines

    def interrupted(problem, settings, should_stop):
        if problem.unit == "u1":
            os.kill(os.getpid(), signal.SIGINT)
        return engines._beam(problem, settings, should_stop)

    with monkeypatch.context() as patch:
        patch.setitem(engines.ENGINES, "beam", replace(engines.ENGINES["beam"], search=interrupted))
        ended = compexact("explain", npz, "-o", tmp_path / "run")
    assert ended.code == 130
    assert list(read_run(tmp_path / "run").records) == ["u0", "u1"]
    again = compexact("explain", npz, "-o", tmp_path / "run")
    assert again.code == 0
    assert again.out.startswith(ended.out)
    assert len(lines(again.out)) == 4


def test_the_hash_seed_changes_nothing(npz):
    import subprocess
    import sys

    code = "import sys; from compexact.experiments.cli import main; main()"
    command = [sys.executable, "-c", code, "explain", str(npz), "--length", "4", "--top-k", "5"]
    answers = set()
    for seed in ("0", "1"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        out = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
        answers.add(json.dumps(without_seconds(lines(out))))
    assert len(answers) == 1
