"""`make reproduce`: steps run after those that they need, and the plans name what there is."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def on_the_path(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))


def recorded(root: Path, failing=()):
    """Steps that do nothing but note their name, and which others are done; and the list of the notes.

    run needs probe, answer needs run; other needs nothing, though its name begins like probe's.
    """
    import steps

    done, log, lock = [], [], threading.Lock()

    class Recorded(steps.Step):
        def run(self) -> bool:
            with lock:
                log.append((self.output.name, tuple(done)))
            with lock:
                done.append(self.output.name)
            return self.output.name not in failing

    probe, run, answer, other = (root / name for name in ("probe", "run", "answer", "probe-other"))
    chain = [
        Recorded(answer, ("experiment", str(run))),
        Recorded(run, ("explain", str(probe / "cells"))),
        Recorded(other, ("probe",)),
        Recorded(probe, ("probe", f"broden:{root / 'data'}")),
    ]
    return steps, chain, log


def test_a_step_waits_for_what_its_arguments_name(tmp_path):
    steps, chain, log = recorded(tmp_path)
    assert steps.run_steps(chain, 2) == []
    before = dict(log)
    assert set(before) == {"probe", "run", "answer", "probe-other"}
    assert "probe" in before["run"]
    assert "run" in before["answer"]
    assert [name for name, _ in log].index("probe-other") < 2


def test_what_rests_on_a_failed_step_is_left_out_and_the_rest_runs(tmp_path):
    steps, chain, log = recorded(tmp_path, failing={"probe"})
    failed = steps.run_steps(chain, 1)
    assert {each.output.name for each in failed} == {"probe", "run", "answer"}
    assert {name for name, _ in log} == {"probe", "probe-other"}


def test_every_question_is_asked_of_some_input_or_it_is_said_why_not(tmp_path):
    import plans

    from compexact.experiments.questions import QUESTIONS

    made = {name: make(tmp_path / name, tmp_path / "data") for name, make in plans.PLANS.items()}
    asked = {plans.question_of(name) for plan in made.values() for name in plan.answers}
    assert not asked & set(plans.NOT_ASKED)
    assert asked | set(plans.NOT_ASKED) == {question.name for question in QUESTIONS}
    for plan in made.values():
        outputs = [each.output for each in plan.steps]
        assert len(set(outputs)) == len(outputs)


@pytest.mark.long
def test_the_demo_worlds_are_reproduced_into_one_site(tmp_path):
    command = [sys.executable, BENCHMARKS / "reproduce.py", "-o", tmp_path / "out", "--only", "demo-vision,demo-nli"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "out/site/index.html").is_file()
