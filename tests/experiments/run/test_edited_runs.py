"""A small number of what `make fuzz` tries without end: edited runs, held against brute force."""

import json
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[2]
sys.path[:0] = [str(TESTS), str(TESTS / "solver"), str(TESTS / "solver/checking")]

from fuzzing import edited_runs  # noqa: E402
from fuzzing.case import Disagreement, case_of, family_of  # noqa: E402


@pytest.mark.parametrize("seed", range(0, 84, 12))
def test_nothing_false_is_confirmed_of_an_edited_run(seed):
    edited_runs.edited_runs_are_not_believed(case_of(family_of(seed), seed), edits=20)


def test_the_yardstick_sees_a_false_optimum(tmp_path):
    case = case_of("uniform", 0)
    truth = edited_runs.Truth(edited_runs.cells_of(case))
    probe = edited_runs.Probe(truth.cells, {}, path=tmp_path / "probe")
    files = edited_runs.base_run(case, probe, tmp_path / "run")
    first = files["lines"][0]
    truth.check(files["header"], first)
    for change in ({"status": "degenerate"}, {"iou": 0.5}, {"bound_fraction": [0, 1]}, {"intersection": 0}):
        with pytest.raises(Disagreement):
            truth.check(files["header"], json.loads(json.dumps(first)) | change)
