"""Probes of arrays that are there already: numpy's, scipy's sparse ones, torch's tensors, pandas' frames."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .experiments.progress import progress
from .probes.array_activations import kept, with_activations
from .probes.array_folder import read_array_folder
from .probes.array_groups import RowFolds, checked_groups
from .probes.fold_settings import check_folds
from .probes.folding import Dealing
from .probes.kept_activations import DENSE
from .probes.npz import about_arrays, probe_of
from .probes.opening import open_probe
from .probes.store import Probe, is_probe
from .solver.errors import DataError, UsageError
from .values import shown

NAMES = {"concepts": "concept_names", "neurons": "unit_names", "active": "unit_names"}
"""What the names of an array's columns are the names of."""
DEFAULT_NAME = {"concept_names": "c{}", "unit_names": "{}"}


def probe_arrays(
    concepts: Any,
    neurons: Any = None,
    *,
    weights: Any = None,
    active: Any = None,
    activations: Any = None,
    concept_names: Sequence[str] | None = None,
    concept_categories: Sequence[str] | None = None,
    unit_names: Sequence[str] | None = None,
    groups: Any = None,
    folds: int | None = None,
    fold_seed: int = 0,
) -> Probe:
    """A probe of concepts and units that are computed already; or of a file or folder of such arrays.

    concepts: (n_rows, n_concepts) of bool, or integers 0 and 1; or a path, as `compexact probe arrays` takes one.
    neurons: (n_rows, n_units), the same: a row is a point.  Or, instead of it, weights: (n_rows,) integers, how many
    points a row stands for, and active: (n_rows, n_units) integers, how many of them each unit is active on.
    activations: (n_rows, n_units), numbers, beside neurons or instead of it: for `experiment("auc")`.
    folds: keep counts by fold, too; groups: which input each row is of, (n_rows,) integers or texts, or a file of such,
    by whose hash with `fold_seed` whole inputs are dealt to so many.

    Each is an array of numpy, a sparse array of scipy, a tensor of torch, or a frame of pandas, whose columns give the
    names where none are given.  Raises `UsageError` for anything else, `DataError` for other numbers.

    >>> probe = probe_arrays([[1, 0], [1, 0], [0, 1]], [[1], [0], [1]], concept_names=["water", "blue"])
    >>> probe.cells.n_points, probe.cells.unit_names
    (3, ('0',))
    """
    if isinstance(concepts, str | Path):
        if any(each is not None for each in (neurons, active, activations)):
            raise UsageError("a path has all arrays in it: leave neurons, active and activations away")
        return _of_files(Path(concepts), _dealt(groups, folds, fold_seed))
    given: dict[str, Any] = {}
    for what, value in {"concepts": concepts, "neurons": neurons, "active": active}.items():
        if value is not None:
            given |= _keyed(what, value)
    if weights is not None:
        given["weights"] = _dense(weights, "weights")
    asked = {"concept_names": concept_names, "concept_categories": concept_categories, "unit_names": unit_names}
    given |= {key: _texts(key, names) for key, names in asked.items() if names is not None}
    if "concepts" not in given and "concepts_indptr" not in given:
        raise UsageError("concepts are missing: an array (rows, concepts) is needed")
    dealt = _dealt(groups, folds, fold_seed)
    about = about_arrays("arrays", {}, {} if dealt is None else dealt.settings)
    if activations is None:
        return replace(probe_of(given, dealt), about=about)
    probe = with_activations({**given, DENSE: _dense(activations, "activations")}, dealt)
    return kept(replace(probe, about={**about, **probe.about}), None)


def is_array(value: Any) -> bool:
    """Whether it is one of the kinds above; a path is none."""
    return hasattr(value, "shape") and hasattr(value, "ndim")


def _dealt(groups: Any, folds: int | None, seed: int) -> RowFolds | None:
    """How rows are dealt to folds; None where they are not."""
    if groups is not None and folds is None:
        raise UsageError("groups go with folds: say into how many the inputs are dealt, such as 10")
    if folds is None or groups is None or isinstance(groups, str | Path):
        return RowFolds.asked(folds, seed, None if groups is None else Path(groups))
    check_folds(folds, seed)
    return RowFolds(Dealing(folds, seed), checked_groups(groups, "groups"))


def _of_files(path: Path, folds: RowFolds | None) -> Probe:
    with progress() as report:
        if path.is_dir() and not is_probe(path):
            return read_array_folder(path, report, folds)
        return open_probe(path, folds)


def _keyed(what: str, value: Any) -> dict[str, Any]:
    """The array under the keys that a file of arrays has, with the names of its columns, where it has some."""
    names = {NAMES[what]: _texts(NAMES[what], value.columns)} if _is_frame(value) else {}
    if str(getattr(value, "layout", "")).startswith("torch.sparse"):
        value = _of_sparse_tensor(value)
    if not hasattr(value, "tocsr"):
        dense = _dense(value, what)
        if dense.ndim == 1 and what != "concepts":
            names = names or ({NAMES[what]: _texts(NAMES[what], [value.name])} if _is_series(value) else {})
            dense = dense[:, None]
        return {what: dense, **names}
    rows = value.tocsr().copy()
    rows.sum_duplicates()
    rows.eliminate_zeros()
    _check_sparse(rows, what)
    numbers = range(rows.shape[1])
    columns = _texts(NAMES[what], [DEFAULT_NAME[NAMES[what]].format(number) for number in numbers])
    counts = {f"{what}_counts": rows.data.astype(np.int64)} if what == "active" else {}
    return {f"{what}_indptr": rows.indptr, f"{what}_indices": rows.indices, NAMES[what]: columns, **counts}


def _check_sparse(rows: Any, what: str) -> None:
    if rows.dtype.kind not in "biu":
        raise DataError(f"{what} must be bool or integers, not {rows.dtype}; binarise it first")
    if what != "active" and rows.nnz and not (rows.data == 1).all():
        raise DataError(f"{what} must hold 0 and 1 only; it holds {rows.data[rows.data != 1][0]}")


def _dense(value: Any, what: str) -> np.ndarray:
    """As an array of numpy; `UsageError` for what is none."""
    if hasattr(value, "detach"):  # a tensor, wherever it is
        value = value.detach().cpu().numpy()
    if _is_frame(value):
        value = np.stack([np.asarray(value.iloc[:, i].to_numpy()) for i in range(value.shape[1])], axis=1)
    try:
        array = np.asarray(value)
    except ValueError:
        raise UsageError(f"{what} is no array: its rows are not of one length") from None
    if array.dtype == object and all(isinstance(each, bool | int | np.bool_ | np.integer) for each in array.flat):
        array = array.astype(np.int64)
    if array.dtype.kind in "OUS" or not array.ndim:
        numbers = "numbers" if what == "activations" else "bool or integers"
        raise UsageError(f"{what} is an array of {numbers}, one row for each point, not {shown(value)}")
    return array


def _is_frame(value: Any) -> bool:
    return hasattr(value, "columns") and hasattr(value, "iloc")


def _is_series(value: Any) -> bool:
    return hasattr(value, "iloc") and getattr(value, "name", None) is not None


def _of_sparse_tensor(tensor: Any) -> Any:
    """The same as a sparse array of scipy."""
    from scipy.sparse import coo_array

    entries = tensor.detach().cpu().to_sparse_coo().coalesce()
    return coo_array((entries.values().numpy(), tuple(entries.indices().numpy())), shape=tuple(entries.shape))


def _texts(key: str, names: Iterable[Any]) -> np.ndarray:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise UsageError(f"{key} is a list of texts, not {shown(names)}")
    return np.array([str(name) for name in names], dtype=str)
