"""Where each unit is active in every image, and the cell of each point: what shuffles of whole masks need.

    mask_ends                      int64 (n_units + 1,): unit u's masks are those from `mask_ends[u]` to the next
    mask_images                    int32 (n_masks,): the image of each, ascending by unit
    mask_run_ends                  int64 (n_masks + 1,): its runs are those from `mask_run_ends[m]` to the next
    mask_starts, mask_lengths      unsigned (n_runs,): active points that follow each other, row by row
    mask_point_rows, mask_image_cells, mask_image_cell_ends    as in `probes/point_cells.py`, of all images

A mask without a point is not kept.  A run of points costs four bytes, a point of an image one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..solver.errors import DataError

RUNS = ("mask_ends", "mask_images", "mask_run_ends", "mask_starts", "mask_lengths")
CELLS = ("mask_point_rows", "mask_image_cells", "mask_image_cell_ends")
ARRAYS = (*RUNS, *CELLS)


class MaskTally:
    """Keeps masks and cells of images as they come; nothing where that is not asked for.

    n_points: of an image.
    """

    def __init__(self, *, is_asked: bool, n_units: int, mask_size: tuple[int, int]) -> None:
        self.is_asked, self.n_units, self.mask_size = is_asked, n_units, mask_size
        self._type = np.min_scalar_type(mask_size[0] * mask_size[1])
        self._masks: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self._rows: list[np.ndarray] = []
        self._cells: list[np.ndarray] = []

    def add(self, units: np.ndarray, masks: np.ndarray, cell_ids: np.ndarray) -> None:
        """The next image.  units: int64 (n,).  masks: bool (n, n_points).  cell_ids: int64 (n_points,)."""
        edges = np.diff(np.pad(masks, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        unit, starts = np.nonzero(edges == 1)
        lengths = np.nonzero(edges == -1)[1] - starts
        runs = np.bincount(unit, minlength=len(units))
        some = runs > 0
        self._masks.append((units[some], runs[some], starts.astype(self._type), lengths.astype(self._type)))
        cells, rows = np.unique(cell_ids, return_inverse=True)
        self._cells.append(cells)
        self._rows.append(rows.astype(np.min_scalar_type(len(cells) - 1)))

    def arrays(self, place: np.ndarray) -> dict[str, np.ndarray]:
        """What the probe keeps.  place: int64, the cell of each id."""
        if not self.is_asked:
            return {}
        units = np.concatenate([units for units, *_ in self._masks])
        images = np.repeat(np.arange(len(self._masks)), [len(units) for units, *_ in self._masks])
        runs, starts, lengths = (np.concatenate([each[i] for each in self._masks]) for i in (1, 2, 3))
        order = np.argsort(units, kind="stable")
        by_run = np.concatenate([np.zeros(0, np.int64), *self._runs_of(order, runs)])
        of_units = (
            np.concatenate([[0], np.cumsum(np.bincount(units, minlength=self.n_units))]),
            images[order].astype(np.int32),
            np.concatenate([[0], np.cumsum(runs[order])]),
            starts[by_run],
            lengths[by_run],
        )
        most = max((len(cells) for cells in self._cells), default=1) - 1
        rows = np.stack([each.astype(np.min_scalar_type(most)) for each in self._rows])
        ends = np.cumsum([0, *map(len, self._cells)])
        cells = place[np.concatenate(self._cells)].astype(np.int32)
        return dict(zip(ARRAYS, (*of_units, rows.reshape(-1, *self.mask_size), cells, ends)))

    @staticmethod
    def _runs_of(order: np.ndarray, runs: np.ndarray) -> list[np.ndarray]:
        """The runs of each mask, in a new order of the masks."""
        first = np.concatenate([[0], np.cumsum(runs)])
        return [np.arange(first[mask], first[mask + 1]) for mask in order.tolist()]


@dataclass(frozen=True, eq=False)
class ImageMasks:
    """The arrays that `MaskTally` gave, by their names; `DataError` where they do not fit each other."""

    arrays: Mapping[str, np.ndarray]
    n_units: int
    n_cells: int

    def __post_init__(self) -> None:
        ends, images, run_ends, starts, lengths = (self.arrays[name] for name in RUNS)
        rows, cells, cell_ends = (self.arrays[name] for name in CELLS)
        fits = (
            len(ends) == self.n_units + 1
            and rows.ndim == 3
            and rows.dtype.kind == "u"
            and _are_ends(ends, len(images))
            and _are_ends(run_ends, len(starts))
            and len(run_ends) == len(images) + 1
            and len(starts) == len(lengths)
            and _are_ends(cell_ends, len(cells))
            and len(cell_ends) == len(rows) + 1
            and (not len(images) or 0 <= int(images.min()) <= int(images.max()) < len(rows))
            and (not len(cells) or 0 <= int(cells.min()) <= int(cells.max()) < self.n_cells)
            and bool((rows.reshape(len(rows), -1).max(axis=1) < np.diff(cell_ends)).all())
            and int((starts.astype(np.int64) + lengths).max(initial=0)) <= rows[0].size
        )
        if not fits:
            raise DataError("the probe's masks of images do not fit its units and cells; probe again")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Images, and height and width of each."""
        n, height, width = self.arrays[CELLS[0]].shape
        return n, height, width

    @cached_property
    def _rows(self) -> np.ndarray:
        return np.asarray(self.arrays[CELLS[0]]).reshape(self.shape[0], -1)

    def points(self, unit: int) -> tuple[np.ndarray, np.ndarray]:
        """int64 (n_active,) each: the image of every active point, and its number in that, row by row."""
        ends, images, run_ends, starts, lengths = (self.arrays[name] for name in RUNS)
        masks = slice(int(ends[unit]), int(ends[unit + 1]))
        first, last = int(run_ends[masks.start]), int(run_ends[masks.stop])
        long = lengths[first:last].astype(np.int64)
        of_run = np.repeat(images[masks], np.diff(run_ends[masks.start : masks.stop + 1])).astype(np.int64)
        begin = np.repeat(starts[first:last].astype(np.int64) - np.concatenate([[0], np.cumsum(long)[:-1]]), long)
        return np.repeat(of_run, long), begin + np.arange(int(long.sum()))

    @cached_property
    def _cell_points(self) -> np.ndarray:
        sizes = np.diff(self.arrays[CELLS[2]])
        counted = [np.bincount(rows, minlength=size) for rows, size in zip(self._rows, sizes.tolist())]
        return np.concatenate([np.zeros(0, np.int64), *counted])

    def by_image(self, unit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """int64 (n,) each, an entry for each cell of each image, image by image: image, cell, points, active points."""
        _, cells, ends = (self.arrays[name] for name in CELLS)
        images, points = self.points(unit)
        active = np.bincount(ends[images] + self._rows[images, points], minlength=len(cells))
        return np.repeat(np.arange(self.shape[0]), np.diff(ends)), cells.astype(np.int64), self._cell_points, active

    def counts(self, images: np.ndarray, points: np.ndarray) -> np.ndarray:
        """int64 (n_cells,): how many of these points, by image and number, are in each cell."""
        _, cells, ends = (self.arrays[name] for name in CELLS)
        return np.bincount(cells[ends[images] + self._rows[images, points]], minlength=self.n_cells)


def _are_ends(ends: np.ndarray, n: int) -> bool:
    return len(ends) > 0 and int(ends[0]) == 0 and int(ends[-1]) == n and bool((ends[1:] >= ends[:-1]).all())
