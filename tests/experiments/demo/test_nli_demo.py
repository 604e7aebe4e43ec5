"""`compexact demo nli`: every planted shortcut comes out as a formula, and inserting it flips predictions."""

import json

import pytest

from compexact.experiments.demo.nli_demo import LEAST_FLIPS
from compexact.experiments.demo.sentence_grammar import SHORTCUTS
from compexact.experiments.run.folder import read_run
from compexact.experiments.sentences.pair_formulas import literals
from compexact.solver.parsing import parse


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_the_demo_recovers_every_planted_shortcut(compexact, tmp_path, seed):
    ended = compexact("demo", "nli", "-o", tmp_path / "demo", "--seed", seed, "--format", "jsonl")
    assert ended.code == 0, ended.err
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert [(row["shortcut"], row["label"]) for row in found] == [(cut.literal, cut.label) for cut in SHORTCUTS]
    run = read_run(tmp_path / "demo/run")
    probe = run.open_probe()
    for row, shortcut in zip(found, SHORTCUTS):
        assert row["recovered"], row
        record = run.records[row["unit"]]
        assert (record["status"], record["formula"]) == ("optimal", row["formula"])
        assert set(shortcut.literals) & {name for name, holds in literals(parse(row["formula"])) if holds}
        weights = probe.arrays["class_weights"][:, probe.cells.unit(row["unit"])]
        assert probe.names["classes"][int(weights.argmax())] == shortcut.label
        assert row["w"] == pytest.approx(float(weights.max()))
        assert LEAST_FLIPS <= row["flips"] <= 1
        assert row["tried"] > 100
    assert f"9 of {len(SHORTCUTS)} planted shortcuts" in ended.err
    assert "for people to say" in ended.err
    edits = [json.loads(line) for line in (tmp_path / "demo/edits.jsonl").read_text().splitlines()]
    assert edits
    assert all(edit["prediction_before"] != edit["prediction_after"] for edit in edits)
    findings = json.loads((tmp_path / "demo/findings.json").read_text())
    strongest = [row["word"] for row in findings["words"] if row["label"] == "contradiction"]
    assert {"nobody", "sleeping"} <= set(strongest)
    assert {row["heuristic"] for row in findings["heuristics"] if row["n_units"]} >= {"negation", "overlap"}
    page = (tmp_path / "demo/report/index.html").read_text()
    assert "hyp:nobody" in page


@pytest.mark.parametrize(("option", "value"), [("--seed", -1), ("--pairs", 3), ("--pairs", 10**7)])
def test_numbers_out_of_range_are_refused_and_leave_nothing(compexact, tmp_path, option, value):
    ended = compexact("demo", "nli", "-o", tmp_path / "demo", option, value)
    assert ended.code == 2
    assert f"{value:,}" in ended.err
    assert not list(tmp_path.iterdir())


def test_only_concepts_that_stand_below_no_not_count():
    assert list(literals(parse("hyp:a AND NOT hyp:b"))) == [("hyp:a", True), ("hyp:b", False)]
    assert list(literals(parse("NOT (hyp:a OR hyp:b)"))) == [("hyp:a", False), ("hyp:b", False)]
