"""`simulate` on units that are known to see, or not to see, what their formula says."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compexact.experiments.demo.examples import DemoExamples
from compexact.experiments.questions.simulate import simulated
from compexact.experiments.run.folder import Run
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.parsing import parse


def run(*formulas: str) -> Run:
    records = {str(u): {"unit": str(u), "formula": text, "iou": 0.1 * u} for u, text in enumerate(formulas)}
    return Run(Path("run"), {"units": list(records)}, records)


def flat(level: float) -> Image.Image:
    return Image.new("L", (2, 2), int(level))


def examples(formula, n):
    """Bright pictures have `bright`, dark ones do not; `always` is in all."""
    rng = np.random.default_rng(len(str(formula)))
    bright, dark = ([flat(rng.uniform(low, low + 50)) for _ in range(n)] for low in (150, 50))
    return {"bright": (bright, dark), "NOT bright": (dark, bright), "always": (bright, [])}[str(formula)]


def respond(pictures):
    """Unit 0 and 2 are the brightness, unit 1 is nothing but noise."""
    light = np.array([np.asarray(picture).mean() for picture in pictures])
    noise = np.random.default_rng(0).normal(size=len(light))
    return np.stack([light, noise, light, light], axis=1)


@pytest.fixture
def probe() -> Probe:
    return Probe(from_arrays([[1], [0]], [[1, 0, 1, 1], [0, 1, 0, 0]]), {})


def test_a_unit_that_sees_its_formula_scores_1_noise_a_half_and_the_opposite_0(probe):
    answer = simulated(run("bright", "bright", "NOT bright", "always"), probe, examples, respond)
    rows = {row["unit"]: row for row in answer.rows}
    assert (rows["0"]["auc"], rows["2"]["auc"]) == (1, 0)
    assert 0.3 < rows["1"]["auc"] < 0.7
    assert rows["0"]["difference"] > 3 > 1 > abs(rows["1"]["difference"])
    assert rows["0"]["other_auc"] == 0  # the only other formula is its opposite
    assert rows["3"]["auc"] is None
    assert "1 units have no score" in answer.summary[-1]
    assert answer.draw().axes


def test_pictures_of_the_demo_world_have_and_lack_what_the_formula_says():
    world = DemoExamples(n_scenes=36)
    having, lacking = world(parse("car OR boat"), 50)
    assert 5 <= len(having) <= 18
    assert len(lacking) >= 12
    everywhere, nowhere = world(parse("beach-s"), 50)
    assert (len(everywhere), len(nowhere)) == (6, 30)
    few, none = world(parse("sky OR NOT sky"), 3)
    assert (len(few), len(none)) == (3, 0)


def test_a_concept_that_the_demo_world_has_not_is_refused():
    with pytest.raises(UsageError, match="--generator"):
        DemoExamples(n_scenes=1)(parse("unicorn"), 1)
