"""Where a probe, or a shard of one, goes: the options that all `compexact probe` commands have."""

from __future__ import annotations

from dataclasses import dataclass

from .options import FolderOption, ForceOption, ShardOption


@dataclass(frozen=True)
class ProbeOutput:
    """output: the folder to make.  shard: which portion of the inputs is done; None for all."""

    output: FolderOption
    shard: ShardOption = None
    force: ForceOption = False

    def check(self) -> None:
        """Refuse a place that is taken, or not to be written to, before any work is done for it."""
        from ...probes.atomic_folder import check_output
        from ...probes.shard_folder import is_shard
        from ...probes.store import is_probe

        check_output(self.output, force=self.force, is_ours=is_probe if self.shard is None else is_shard)
