"""Arrays in a folder: portions, or one file for each array, give the probe that all of them in one file give."""

import itertools

import numpy as np
import pytest

from compexact.probes import array_folder
from compexact.probes.opening import open_probe
from compexact.solver.errors import DataError

NAMES = {"concept_names": np.array(["a", "b", "c", "d"]), "unit_names": np.array(["u", "v", "w"])}


def sparse(what: str, matrix: np.ndarray) -> dict[str, np.ndarray]:
    rows, columns = np.nonzero(matrix)
    indptr = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(matrix)))])
    return {f"{what}_indptr": indptr, f"{what}_indices": columns}


@pytest.fixture(params=["dense", "sparse", "counted", "sparsely counted"])
def arrays(request):
    """Makes the arrays of some of 50 rows."""
    rng = np.random.default_rng(3)
    concepts, neurons = rng.random((50, 4)) < 0.4, rng.random((50, 3)) < 0.2
    weights = rng.integers(0, 5, 50)

    def rows(start: int, stop: int) -> dict[str, np.ndarray]:
        part = slice(start, stop)
        active = neurons[part] * weights[part, None]
        counted = {"weights": weights[part]}
        return (
            NAMES
            | {
                "dense": lambda: {"concepts": concepts[part], "neurons": neurons[part]},
                "sparse": lambda: sparse("concepts", concepts[part]) | sparse("neurons", neurons[part]),
                "counted": lambda: {"concepts": concepts[part], "active": active, **counted},
                "sparsely counted": lambda: {
                    **sparse("concepts", concepts[part]),
                    **counted,
                    **sparse("active", active),
                    "active_counts": active[active > 0],
                },
            }[request.param]()
        )

    return rows


@pytest.fixture
def whole(arrays, tmp_path):
    np.savez(tmp_path / "whole.npz", **arrays(0, 50))
    return open_probe(tmp_path / "whole.npz")


@pytest.mark.parametrize("cuts", [(0, 50), (0, 1, 50), (0, 7, 7, 20, 33, 50)])
def test_portions_give_the_probe_of_all_of_them(arrays, whole, tmp_path, cuts):
    (tmp_path / "portions").mkdir()
    for number, (start, stop) in enumerate(itertools.pairwise(cuts)):
        if stop > start:
            np.savez(tmp_path / f"portions/{number}.npz", **arrays(start, stop))
    told = []
    probe = array_folder.read_array_folder(tmp_path / "portions", lambda *each: told.append(each))
    assert probe.digest == whole.digest
    assert len(probe.about["inputs"]) == len(set(cuts)) - 1
    assert told[-1][1] == told[-1][2]


@pytest.mark.parametrize("at_once", [1, 7, 50, 51])
def test_one_file_for_each_array_gives_the_same_whatever_is_read_at_once(arrays, whole, tmp_path, at_once, monkeypatch):
    monkeypatch.setattr(array_folder, "ROWS_AT_ONCE", at_once)
    (tmp_path / "arrays").mkdir()
    for key, array in arrays(0, 50).items():
        np.save(tmp_path / f"arrays/{key}.npy", array)
    assert array_folder.read_array_folder(tmp_path / "arrays").digest == whole.digest


def test_portions_of_other_columns_are_refused_by_file(arrays, tmp_path):
    np.savez(tmp_path / "0.npz", **arrays(0, 20))
    np.savez(tmp_path / "1.npz", **arrays(20, 50) | {"concept_names": np.array(["a", "b", "d", "c"])})
    with pytest.raises(DataError, match=r"1\.npz: its concept_names are not those of the first portion"):
        array_folder.read_array_folder(tmp_path)


SPARSE = NAMES | {
    "concepts_indptr": np.array([0, 1, 2]),
    "concepts_indices": np.array([0, 1]),
    "neurons_indptr": np.array([0, 1, 2]),
    "neurons_indices": np.array([0, 1]),
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"neurons_indptr": np.array([0, 1, 1, 2])}, "different numbers of rows"),
        ({"neurons_indptr": np.array([0, 2, 1])}, "neurons_indptr must rise"),
        ({"neurons_indptr": np.array([0, 1, 9])}, "must rise from 0 to the number of neurons_indices"),
        ({"concepts_indices": np.array([0, 4])}, "holds 4; with 4 concept_names"),
        ({"concepts_indptr": np.array([0.0, 1, 2])}, "concepts_indptr must be a list of integers"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, changed, said):
    for key, array in (SPARSE | changed).items():
        np.save(tmp_path / f"{key}.npy", array)
    if said is None:
        assert array_folder.read_array_folder(tmp_path).cells.n_points == 2
        return
    with pytest.raises(DataError, match=said) as caught:
        array_folder.read_array_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_folder_of_neither_or_of_both_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"portions as \.npz files are needed"):
        array_folder.read_array_folder(tmp_path)
    np.savez(tmp_path / "0.npz", **SPARSE)
    np.save(tmp_path / "weights.npy", np.ones(3))
    with pytest.raises(DataError, match="both"):
        array_folder.read_array_folder(tmp_path)
