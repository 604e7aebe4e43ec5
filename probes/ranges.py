"""A unit's activations split into ranges, each taken as a unit of its own.

After La Rosa, Gilpin and Capobianco, "Towards a fuller understanding of neurons with Clustered Compositional
Explanations" (NeurIPS 2023): one threshold shows what a unit's highest activations mean; ranges show the others, too.
Unit `u` becomes `u@1` (lowest) to `u@k` (highest).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..solver.errors import DataError, UsageError
from .digests import file_digest
from .npz import about_arrays, cells_of, load_npz
from .store import Probe

SPLITS = ("quantiles", "kmeans")
MARK = "@"
KMEANS_ROUNDS, KMEANS_STARTS = 30, 5


@dataclass(frozen=True)
class RangedUnits:
    """Units of ranges, in columns: the ranges of the first unit from the lowest, then those of the next.

    names: `u@i`.  edges: float64 (n_units, k + 1), of the units that were split.  is_active: bool (n_points,
    n_units * k): where edges[u, i - 1] < value <= edges[u, i].
    """

    names: tuple[str, ...]
    edges: np.ndarray
    is_active: np.ndarray


def check_ranges(k: int, how: str) -> None:
    """Raises `UsageError` for a number of ranges below 2, and for an unknown way to split."""
    if k < 2:
        raise UsageError(f"the number of ranges must be at least 2, not {k}")
    if how not in SPLITS:
        raise UsageError(f"ranges are made by {' or '.join(SPLITS)}, not {how!r}")


def split_into_ranges(values: np.ndarray, k: int, how: str = "quantiles", above: float = 0.0) -> np.ndarray:
    """float64 (k + 1,), ascending: from `above` to the highest value.  A range is open below and closed above.

    values: finite floats (n_points,); those at or below `above` are in no range.  how: `quantiles`, equally many
    values in each, or `kmeans`, by the nearest of k centres (Lloyd's rounds, the best of five seeded starts).
    Edges are repeated, and so ranges are empty, where there are too few distinct values.

    >>> split_into_ranges(np.array([0.0, 1, 2, 3, 4]), 2)
    array([0. , 2.5, 4. ])
    >>> split_into_ranges(np.array([0.0, 1, 2, 3, 10]), 2, "kmeans")
    array([ 0.,  6., 10.])
    """
    check_ranges(k, how)
    chosen = np.sort(values[values > np.float64(above)]).astype(np.float64)
    if not len(chosen):
        return np.full(k + 1, above, dtype=np.float64)
    inner = np.quantile(chosen, np.arange(1, k) / k) if how == "quantiles" else _between_centres(chosen, k)
    return np.concatenate([[above], inner, chosen[-1:]])


def _between_centres(values: np.ndarray, k: int) -> np.ndarray:
    """float64 (k - 1,): the middles between neighbouring centres; the highest value where centres are lacking."""
    centres = np.unique(values)
    if len(centres) > k:
        centres = _centres(values, k)
    middles = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([middles, np.full(k - 1 - len(middles), values[-1])])


def _centres(values: np.ndarray, k: int) -> np.ndarray:
    """float64 (k,), ascending: of several starts, those with the least sum of squared distances."""
    from scipy.cluster.vq import kmeans2

    rng, found = np.random.default_rng(0), []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a cluster that becomes empty keeps its centre: an empty range
        for _ in range(KMEANS_STARTS):
            centres, nearest = kmeans2(values, k, iter=KMEANS_ROUNDS, minit="++", seed=rng)
            found.append((float(((values - centres[nearest]) ** 2).sum()), np.sort(centres)))
    return np.asarray(min(found, key=lambda each: each[0])[1])


def range_masks(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """bool (n_points, k): where edges[i - 1] < value <= edges[i].  values: (n_points,).  edges: float64 (k + 1,)."""
    column = np.asarray(values)[:, None]
    return np.asarray((column > edges[:-1]) & (column <= edges[1:]))


def ranged_units(values: np.ndarray, names: Sequence[str], k: int, how: str, above: np.ndarray) -> RangedUnits:
    """Split every unit.  values: (n_points, n_units).  above: float64 (n_units,), a unit's threshold."""
    edges = np.stack([split_into_ranges(values[:, unit], k, how, float(above[unit])) for unit in range(len(names))])
    masks = [range_masks(values[:, unit], edges[unit]) for unit in range(len(names))]
    ranged = tuple(f"{name}{MARK}{i}" for name in names for i in range(1, k + 1))
    return RangedUnits(ranged, edges, np.concatenate(masks, axis=1))


def highest_in_ranges(values: np.ndarray, ranged: RangedUnits, n: int) -> tuple[np.ndarray, np.ndarray]:
    """int32 and float32 (n_units * k, n): the points with the highest values of each range, and their values.

    Where a range has fewer points, points outside it follow.
    """
    k = ranged.edges.shape[1] - 1
    n = min(n, len(values))
    points = np.empty((len(ranged.names), n), dtype=np.int32)
    highest = np.empty(points.shape, dtype=np.float32)
    for column in range(len(points)):
        of_unit = values[:, column // k]
        points[column] = np.argsort(np.where(ranged.is_active[:, column], -of_unit, np.inf), kind="stable")[:n]
        highest[column] = of_unit[points[column]]
    return points, highest


def parts(unit: str) -> tuple[str, int] | None:
    """`u@i` as (u, i); None for a name that is no range's."""
    name, mark, number = unit.rpartition(MARK)
    return (name, int(number)) if name and mark and number.isascii() and number.isdigit() else None


def has_activations(path: Path) -> bool:
    """Whether it is an `.npz` file with `activations`."""
    return path.suffix == ".npz" and path.is_file() and "activations" in load_npz(path, ("activations",))


def read_ranges(path: Path, k: int, how: str, above: float = 0.0) -> Probe:
    """A probe of an `.npz` file that has `activations`, float (n_rows, n_units), in place of `neurons`.

    The other arrays are those of any such file.  Raises `DataError` where one is wrong.
    """
    check_ranges(k, how)
    if not np.isfinite(above):
        raise UsageError(f"activations are split above a finite number, not {above}")
    arrays = load_npz(path, ("activations",))
    values = arrays.pop("activations")
    given = [key for key in ("neurons", "weights", "active") if key in arrays]
    if given:
        raise DataError(f"{path}: activations stand in place of {given[0]}; give one of them")
    if values.ndim != 2 or values.dtype.kind != "f" or not values.size:
        raise DataError(f"{path}: activations must be floats (rows, units), not {values.dtype} of shape {values.shape}")
    if not np.isfinite(values).all():
        row, unit = np.argwhere(~np.isfinite(values))[0]
        raise DataError(f"{path}: activations must be finite; row {row}, column {unit} (from 0) is not")
    names = [str(name) for name in arrays.pop("unit_names", np.arange(values.shape[1])).ravel()]
    if len(names) != values.shape[1]:
        raise DataError(f"{path}: activations has {values.shape[1]} units but there are {len(names)} unit_names")
    ranged = ranged_units(values, names, k, how, np.full(len(names), above))
    try:
        cells = cells_of(arrays | {"neurons": ranged.is_active, "unit_names": np.array(ranged.names)})
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    about = about_arrays(path.name, {path.name: file_digest(path)}, {"ranges": k, "ranges_by": how, "above": above})
    return Probe(cells, about, arrays={"edges": ranged.edges}, path=path)
