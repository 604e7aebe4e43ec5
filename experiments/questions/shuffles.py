"""Shuffles that keep what inputs are: a mask is no dust of points, and words of a document go together.

    points      any points: right where inputs are points that say nothing of each other, such as sentence pairs
    images      each image gets the mask of another, moved along both axes and around the edges: blobs stay blobs
    documents   the mask of each document is moved along it, around its end: what follows each other stays so

All that a formula can see of a mask is how many active points each cell has.  Under the null hypothesis that masks have
nothing to do with labels, and that inputs are exchangeable, a shuffled mask is as likely as the unit's own; moving
within asks that places in an input are, too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ...probes.image_masks import ImageMasks
from ...probes.inputs import Activity
from ...probes.store import Probe
from ...solver.errors import UsageError
from ...solver.problem import Problem

MAX_POINTS = 10**9
"""numpy draws from fewer points than this."""


class Shuffle(Protocol):
    """A way to shuffle."""

    @property
    def says(self) -> str:
        """What is kept."""

    def shuffled(self, problem: Problem, column: int, rng: np.random.Generator) -> Problem:
        """The problem of the unit in this column with its mask shuffled."""


@dataclass(frozen=True)
class Points:
    """The unit's active points moved to points drawn at random, without replacement.

    Drawn from the multivariate hypergeometric distribution, exactly as if the points themselves had been permuted.
    """

    says: str = "each mask keeps its number of active points, which are drawn from all points"

    def shuffled(self, problem: Problem, column: int, rng: np.random.Generator) -> Problem:
        """Raises `UsageError` for 10**9 points and more."""
        if problem.n_points >= MAX_POINTS:
            raise UsageError(
                f"{problem.n_points:,} points; shuffled masks are drawn from fewer than {MAX_POINTS:,}: "
                "probe fewer images, or with smaller label maps (--mask-size), or keep masks (--keep-masks)"
            )
        active = rng.multivariate_hypergeometric(problem.weights, problem.unit_points, method="marginals")
        return replace(problem, active=np.ascontiguousarray(active, dtype=np.int64))


@dataclass(frozen=True, eq=False)
class Images:
    """Each image gets the mask of another one, moved by a number of rows and columns, around the edges."""

    masks: ImageMasks
    says: str = "masks are exchanged between images, and moved within each, around the edges"

    def shuffled(self, problem: Problem, column: int, rng: np.random.Generator) -> Problem:
        """The number of active points stays."""
        n, height, width = self.masks.shape
        to = rng.permutation(n)
        down, right = rng.integers(height, size=n), rng.integers(width, size=n)
        images, points = self.masks.points(column)
        row, place = np.divmod(points, width)
        moved = (row + down[images]) % height * width + (place + right[images]) % width
        return replace(problem, active=self.masks.counts(to[images], moved).astype(np.int64))


@dataclass(frozen=True, eq=False)
class Documents:
    """The mask of each document is moved along it by a number of words, around its end.

    cell_of, document_of: int (n_points,), the cell and the document of each; a document's points follow each other.
    activity: which units are active on it.
    """

    cell_of: np.ndarray
    document_of: np.ndarray
    activity: Activity
    says: str = "masks are moved within documents, around their ends: each keeps its number of active words"

    @classmethod
    def of(cls, probe: Probe) -> Documents:
        """Of a probe of words."""
        stored = probe.inputs.sentences
        documents = np.asarray(stored.sentence_documents[stored.point_sentences])
        return cls(np.asarray(probe.inputs.point_cells), documents, probe.inputs.activity)

    def shuffled(self, problem: Problem, column: int, rng: np.random.Generator) -> Problem:
        """Each document keeps its number of active words."""
        starts = np.flatnonzero(np.concatenate([[True], self.document_of[1:] != self.document_of[:-1]]))
        sizes = np.diff(np.append(starts, len(self.document_of)))
        by = rng.integers(sizes)
        points = np.flatnonzero(self.activity.of(column))
        place = np.searchsorted(starts, points, side="right") - 1
        moved = starts[place] + (points - starts[place] + by[place]) % sizes[place]
        active = np.bincount(self.cell_of[moved], minlength=len(problem.weights))
        return replace(problem, active=active.astype(np.int64))


SHUFFLES: dict[str, Callable[[Probe], Shuffle]] = {
    "points": lambda probe: Points(),
    "images": lambda probe: Images(probe.inputs.masks),
    "documents": Documents.of,
}
"""By name."""


def shuffle_of(probe: Probe, asked: str | None) -> Shuffle:
    """The one that is asked for, else what keeps most of the probe's inputs; `UsageError` for one that there is not."""
    if asked is not None and asked not in SHUFFLES:
        raise UsageError(f"--null is {', '.join(SHUFFLES)}, not {asked!r}")
    default = "documents" if probe.inputs.has("sentences") else "images" if probe.inputs.has("masks") else "points"
    return SHUFFLES[asked or default](probe)
