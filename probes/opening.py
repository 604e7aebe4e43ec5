"""Open a probe, in whichever of its two forms it lies."""

from __future__ import annotations

from pathlib import Path

from ..solver.errors import DataError, UsageError
from .npz import read_npz
from .store import Probe, read_probe


def open_probe(path: str | Path) -> Probe:
    """A probe folder or an `.npz` file of arrays: what every command takes."""
    path = Path(path)
    if path.is_dir():
        _refuse_shard(path)
        return read_probe(path)
    if not path.exists():
        raise UsageError(f"{path} does not exist; a probe folder or an .npz file is needed")
    if path.suffix == ".npz":
        return read_npz(path)
    raise DataError(f"{path} is neither a probe folder nor an .npz file")


def _refuse_shard(path: Path) -> None:
    from .shard_folder import is_shard

    if is_shard(path):
        raise UsageError(f"{path} is a shard of a probe; compexact merge makes a probe of it and the others")
