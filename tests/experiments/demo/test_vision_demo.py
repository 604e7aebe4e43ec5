import json

import pytest

from compexact.experiments.run.folder import read_run


def planted(text):
    return {record["unit"]: record for record in map(json.loads, text.splitlines())}


@pytest.mark.slow
def test_the_demo_recovers_planted_formulas(compexact, tmp_path):
    first = compexact("demo", "vision", "-o", tmp_path / "one", "--images", 60)
    assert first.code == 0, first.err
    assert f"report: {tmp_path / 'one/report/index.html'}" in first.err
    assert (tmp_path / "one/report/index.html").is_file()
    records = planted(first.out)
    assert all(record["recovered"] for record in records.values())
    assert {record["status"] for record in records.values()} == {"optimal"}
    assert sum(record["beam_iou"] < record["best_iou"] for record in records.values()) == 2
    assert all(record["best_iou"] >= 0.7 for record in records.values())


@pytest.mark.long
def test_the_demo_gives_the_same_answers_twice(compexact, tmp_path):
    first, second = (compexact("demo", "vision", "-o", tmp_path / name, "--images", 60) for name in ("one", "two"))
    assert second.out == first.out != ""
    one, two = (read_run(tmp_path / name / "run") for name in ("one", "two"))
    assert one.header["probe"]["digest"] == two.header["probe"]["digest"]
    first_formulas, second_formulas = ([each["formula"] for each in run.records.values()] for run in (one, two))
    assert first_formulas == second_formulas
