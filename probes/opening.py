"""Open a probe, in whichever of its two forms it lies."""

from __future__ import annotations

from pathlib import Path

from ..solver.errors import DataError, UsageError
from .array_groups import RowFolds
from .npz import read_npz
from .store import Probe, read_probe


def open_probe(path: str | Path, folds: RowFolds | None = None) -> Probe:
    """A probe folder or an `.npz` file of arrays: what every command takes.  folds: of the file's rows."""
    path = Path(path)
    if path.is_dir():
        _refuse_shard(path)
        if folds is not None:
            raise UsageError(
                f"the rows of {path} are merged to cells already; deal those of the arrays that it was made of"
            )
        return read_probe(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist; a probe folder or an .npz file is needed")
    if path.suffix == ".npz":
        return read_npz(path, folds)
    raise DataError(f"{path} is neither a probe folder nor an .npz file")


def _refuse_shard(path: Path) -> None:
    from .shard_folder import is_shard

    if is_shard(path):
        raise UsageError(f"{path} is a shard of a probe; compexact merge makes a probe of it and the others")
