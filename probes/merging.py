"""One probe of its shards, however they are ordered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..solver.errors import DataError, UsageError
from .array_shard import merged_files, merged_rows
from .opening import open_probe
from .progress import Progress, silent
from .shard import in_order
from .shard_folder import AGAIN, StoredShard, check_alike, is_shard, read_shard
from .store import Probe


def merge_probes(parts: Sequence[Path], on_progress: Progress = silent, folder: Path | None = None) -> Probe:
    """The probe of which these are all shards, byte for byte that of one run; or of several files of arrays.

    folder: where activations that are kept lie until the probe is saved; None for a temporary one.
    Raises `UsageError` where one is missing, there twice, or of another probe; `DataError` where one is damaged.
    """
    kinds = [is_shard(part) for part in parts]
    if not any(kinds):
        return merged_files([(part, open_probe(part)) for part in parts])
    if not all(kinds):
        raise UsageError(
            f"{parts[kinds.index(False)]} is not a shard, {parts[kinds.index(True)]} is one; name shards only"
        )
    shards = in_order((shard.path, shard.shard, shard) for shard in map(read_shard, parts))
    check_alike(shards)
    whole, here = shards[0].whole.get("inputs"), sum(shard.inputs for shard in shards)
    if whole != here:
        raise DataError(f"the shards have {here} of {whole} inputs; {AGAIN}")
    return _merged(shards, folder, on_progress)


def _merged(shards: Sequence[StoredShard], folder: Path | None, on_progress: Progress) -> Probe:
    if shards[0].kind == "vision":
        from .vision.stored_images import merged_images

        return merged_images(shards, folder, on_progress)
    if shards[0].kind == "nli":
        from .nli.shard import merged_pairs

        return merged_pairs(shards, folder, on_progress)
    if shards[0].kind == "tokens":
        from .tokens.shard import merged_words

        return merged_words(shards, folder, on_progress)
    return merged_rows(shards, folder)
