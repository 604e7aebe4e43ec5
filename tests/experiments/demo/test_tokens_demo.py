"""`compexact demo tokens`: what is planted comes out, and its commands go on where it ends."""

import json
import shlex

import pytest

from compexact.experiments.demo.tokens_demo import CONCEPTS
from compexact.experiments.run.folder import read_run
from compexact.probes.tokens.demo_planted import PLANTED


@pytest.mark.slow
def test_the_demo_recovers_planted_formulas_and_says_what_to_type_next(compexact, tmp_path, monkeypatch):
    ended = compexact("demo", "tokens", "-o", tmp_path / "demo", "--sentences", 600)
    assert ended.code == 0, ended.err
    found = [json.loads(line) for line in ended.out.splitlines()]
    assert [row["planted"] for row in found] == list(PLANTED)
    assert all(row["recovered"] and row["status"] == "optimal" and row["best_iou"] == 1 for row in found)
    assert [row["beam_iou"] < row["best_iou"] for row in found] == [False] * 3 + [True] * 3
    assert "6 of 6 planted formulas are the proven best; a beam of 10 misses 3 of them" in ended.err
    assert "verified: all 30 proofs" in ended.err
    for row in found:
        for name, formula in (("beam", row["beam"]), ("run", row["best"])):
            assert read_run(tmp_path / "demo" / name).records[row["unit"]]["formula"] == formula
    pages = tmp_path / "demo/report"
    assert f"report: {pages / 'index.html'}" in ended.err
    assert "xpos:VBG" in (pages / "runs/1/units/29.html").read_text()

    monkeypatch.chdir(tmp_path / "demo")
    typed = ended.err.partition("try next:")[2].replace("\\\n", "").splitlines()
    score = next(shlex.split(line)[1:] for line in typed if "compexact score" in line)
    assert '"iou": 1.0' in compexact(*score).out
    (command,) = (shlex.split(line)[1:] for line in typed if "probe tokens" in line)
    command[command.index("blocks.0.units")] = "blocks.1.units"
    again = compexact(*command, "--concepts", CONCEPTS)
    assert again.code == 0, again.err
    manifests = {(tmp_path / "demo" / name / "manifest.json").read_text() for name in ("probe", "first-block")}
    assert len(manifests) == 1


@pytest.mark.parametrize(("option", "value"), [("--seed", -1), ("--sentences", 3), ("--sentences", 10**7)])
def test_numbers_out_of_range_are_refused_and_leave_nothing(compexact, tmp_path, option, value):
    ended = compexact("demo", "tokens", "-o", tmp_path / "demo", option, value)
    assert ended.code == 2
    assert f"{value:,}" in ended.err
    assert not list(tmp_path.iterdir())
