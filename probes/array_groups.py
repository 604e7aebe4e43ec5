"""Which input each row of plain arrays is of, and so which fold it is in: `groups`, one id a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..solver.errors import DataError, UsageError
from .folding import Dealing
from .npy import view_npy
from .regular_files import MAX_TEXT, map_regular, read_regular

NEEDED = (
    "--folds needs to know which rows are of one input: give --groups FILE, or an array 'groups' in the file, one id "
    "a row; where every row is an input of its own, number them"
)


@dataclass(frozen=True, eq=False)
class RowFolds:
    """How rows are dealt to folds.  groups: integers or texts (n_rows,), of all rows; None where the arrays have them.

    source: where they are from.
    """

    dealing: Dealing
    groups: np.ndarray | None = None
    source: str = "groups"

    @classmethod
    def asked(cls, folds: int | None, seed: int, groups: Path | None) -> RowFolds | None:
        """What is asked for; None without folds.  Raises `UsageError` for groups without them."""
        from .fold_settings import check_folds

        check_folds(folds, seed)
        if folds is None:
            if groups is not None:
                raise UsageError("--groups goes with --folds: say into how many the inputs are dealt, such as 10")
            return None
        if groups is None:
            return cls(Dealing(folds, seed))
        return cls(Dealing(folds, seed), read_groups(groups), groups.name)

    def given(self, arrays: Mapping[str, Any], start: int = 0, stop: int | None = None) -> Mapping[str, Any]:
        """The arrays of these rows with their groups; `UsageError` where there are none."""
        if self.groups is not None:
            return {**arrays, "groups": self.groups[start:stop]}
        if "groups" not in arrays:
            raise UsageError(NEEDED)
        return arrays

    def check_rows(self, n_rows: int) -> None:
        """Refuse groups of another number of rows than all that there are."""
        if self.groups is not None and len(self.groups) != n_rows:
            raise DataError(f"{self.source} has {len(self.groups):,} ids, but there are {n_rows:,} rows")

    @property
    def settings(self) -> dict[str, Any]:
        """As a probe says them."""
        return {"folds": self.dealing.n_folds, "fold_seed": self.dealing.seed, "groups": self.source}


def read_groups(file: Path) -> np.ndarray:
    """The ids of a `.npy` file, or of a text, one a line; `DataError` where they are none."""
    try:
        if file.suffix == ".npy":
            return checked_groups(view_npy(map_regular(file), str(file)), str(file))
        lines = read_regular(file, MAX_TEXT).decode().splitlines()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError(f"{file} is no text; a text with one id a line is needed, or a .npy file") from None
    ids = [line.strip() for line in lines]
    if "" in ids:
        raise DataError(f"{file}: line {ids.index('') + 1} is empty; one id a line, for each row")
    return np.array(ids, dtype=str)


def folds_of(arrays: Mapping[str, Any], dealing: Dealing) -> np.ndarray:
    """int64 (n_rows,): the fold of each row, by its group."""
    return dealing.folds(checked_groups(arrays["groups"], "groups").tolist())


def checked_groups(groups: Any, what: str) -> np.ndarray:
    """The ids, where they are some; else `DataError`."""
    array = np.asarray(groups)
    if array.ndim != 1 or array.dtype.kind not in "iuU":
        raise DataError(f"{what} must be a list of integers or texts, one a row, not {array.dtype} of {array.shape}")
    return array
