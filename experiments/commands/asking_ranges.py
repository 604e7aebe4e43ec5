"""From what is typed to a probe of ranges."""

from __future__ import annotations

from pathlib import Path

from ...probes.opening import open_probe
from ...probes.ranges import has_activations, read_ranges
from ...probes.store import Probe
from ...solver.errors import UsageError

DEFAULT_RANGES = 5


def ranges_probe(path: Path, k: int | None, how: str | None, above: float | None) -> Probe:
    """A probe folder as it is, or an `.npz` file's activations split into ranges.

    Raises `UsageError` where ranges are asked for of what has no activations to split.
    """
    if has_activations(path):
        return read_ranges(path, DEFAULT_RANGES if k is None else k, how or "quantiles", above or 0.0)
    if any(option is not None for option in (k, how, above)):
        raise UsageError(
            f"{path} has no activations to split: --k, --by and --above are for .npz files with float `activations`; "
            "compexact probe vision or nli --ranges 5 splits them while it probes"
        )
    return open_probe(path)
