"""One probe of its shards, however they are ordered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..solver.errors import DataError
from .progress import Progress, silent
from .shard import in_order
from .shard_folder import AGAIN, StoredShard, check_alike, read_shard
from .store import Probe


def merge_shards(folders: Sequence[Path], on_progress: Progress = silent) -> Probe:
    """The probe of which these are all shards, byte for byte that of one run.

    Raises `UsageError` where one is missing, there twice, or of another probe; `DataError` where one is damaged.
    """
    shards = in_order((shard.path, shard.shard, shard) for shard in map(read_shard, folders))
    check_alike(shards)
    whole, here = shards[0].whole.get("inputs"), sum(shard.inputs for shard in shards)
    if whole != here:
        raise DataError(f"the shards have {here} of {whole} inputs; {AGAIN}")
    return _merged(shards, on_progress)


def _merged(shards: Sequence[StoredShard], on_progress: Progress) -> Probe:
    kind = shards[0].kind
    if kind == "vision":
        from .vision.stored_images import merged_images

        return merged_images(shards, on_progress)
    raise DataError(f"{shards[0].path} is a shard of {kind}")
