"""The points of a layer's own maps: the values that a vision probe keeps, and the cell of each.

A map is coarser than the labels.  A point of it has the concepts of the labelled point at the middle of its part of the
image; so there is one point for each value, none is interpolated, and each has a cell that the probe has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ...solver.errors import UsageError
from ..layouts import Layout
from ..trace import LayerMaps


def check_grids(layouts: Mapping[str, Layout]) -> None:
    """`UsageError` where the layers' maps have no points in common, or only one."""
    grids = {layer: layout.grid for layer, layout in layouts.items()}
    (first, grid), *others = grids.items()
    for layer, other in others:
        if other != grid:
            raise UsageError(
                f"--keep-activations: maps of {first} are {_size(grid)} and those of {layer} {_size(other)}; "
                "probe such layers one by one"
            )
    if grid == (1, 1):
        raise UsageError(
            f"--keep-activations: {first} gives a unit one value for an image, which is at no labelled point; "
            "take a layer that has maps"
        )


def _size(grid: tuple[int, int]) -> str:
    return "x".join(map(str, grid))


def middles(map_size: tuple[int, int], mask_size: tuple[int, int]) -> np.ndarray:
    """int64 (height * width,): which labelled point, row by row, is at the middle of each point of a map.

    >>> middles((2, 2), (4, 6)).reshape(2, 2)
    array([[ 7, 10],
           [19, 22]])
    """
    rows, columns = ((2 * np.arange(n) + 1) * of // (2 * n) for n, of in zip(map_size, mask_size))
    return np.asarray(rows[:, None] * mask_size[1] + columns).ravel()


def map_values(layers: Sequence[LayerMaps]) -> Iterator[tuple[slice, np.ndarray]]:
    """Image by image its points among all, and their values: float32 (n_points, n_units), the layers one by one."""
    for image, maps in enumerate(zip(*layers)):
        values = np.concatenate([each.reshape(len(each), -1) for each in maps]).T
        yield slice(image * len(values), (image + 1) * len(values)), values
