"""Pictures of the demo world in which a formula holds, and pictures in which it does not."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from PIL import Image

from ...solver.errors import UsageError
from ...solver.formula import Formula
from .drawing import LABELS, PLANES, Scene, draw_scene
from .scenes import SCENES

Pictures = list[Image.Image]


class DemoExamples:
    """Draws scenes at random, once, and sorts them by each formula: (formula, n) -> (pictures with, without).

    A formula holds in a picture where it holds on at least `share` of its points, and does not where it holds on
    none; pictures in between are used for neither.  Fewer than `n` come back where the drawn scenes have no more.
    """

    def __init__(self, *, n_scenes: int = 240, share: float = 0.02, seed: int = 1_000_003) -> None:
        self.n_scenes, self.share, self.seed = n_scenes, share, seed

    def __call__(self, formula: Formula, n: int) -> tuple[Pictures, Pictures]:
        shares = np.array([_share(formula, scene) for scene in self._scenes])
        return tuple(  # type: ignore[return-value]
            [Image.fromarray(self._scenes[place].rgb) for place in np.flatnonzero(chosen)[:n]]
            for chosen in (shares >= self.share, shares == 0)
        )

    @cached_property
    def _scenes(self) -> list[Scene]:
        names = list(SCENES)
        return [
            draw_scene(names[number % len(names)], np.random.default_rng([self.seed, number]))
            for number in range(self.n_scenes)
        ]


def _share(formula: Formula, scene: Scene) -> float:
    return float(formula.mask(lambda name: _where(name, scene)).mean())


_KNOWN = {label.name: label for label in LABELS}


def _where(name: str, scene: Scene) -> np.ndarray:
    """bool (size, size): the points of the scene that have the concept."""
    if name not in _KNOWN:
        raise UsageError(f"the demo world has no concept {name!r}; name a generator of your own with --generator")
    label = _KNOWN[name]
    if label.category not in PLANES:
        return np.full(scene.object_labels.shape, scene.name == name)
    return np.asarray(scene.labels(label.category) == label.number)
