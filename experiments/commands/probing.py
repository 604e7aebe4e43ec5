"""`compexact probe`: from the options typed to a probe on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...probes.folders import check_output
from ...probes.opening import open_probe
from ...probes.store import is_probe, save_probe
from ...solver.errors import UsageError
from ..progress import progress


def vision(
    *,
    dataset: str,
    model: str,
    layers: tuple[str, ...],
    output: Path,
    weights: Path | None,
    strict: bool,
    preprocessing: dict[str, Any],
    categories: list[str] | None,
    limit: int | None,
    mask_size: tuple[int, int] | None,
    settings: dict[str, Any],
    force: bool,
) -> None:
    """Probe a vision model and save the probe.  Everything that can be refused is, before the work begins."""
    from ...probes.datasets import open_dataset
    from ...probes.devices import choose_device
    from ...probes.layers import resolve_layer
    from ...probes.models import load_model
    from ...probes.preprocess import resolve
    from ...probes.vision import VisionSettings, probe_vision

    check_output(output, force=force, is_ours=is_probe)
    chosen = VisionSettings(layers=layers, **settings)
    choose_device(chosen.device)
    shown = resolve(**preprocessing)
    images = open_dataset(dataset, categories=categories, limit=limit, mask_size=mask_size)
    loaded = load_model(model, weights=weights, strict=strict)
    for layer in layers:
        resolve_layer(loaded.module, layer)
    with progress() as report:
        probe = probe_vision(loaded, images, shown, chosen, spill_folder=output.parent, on_progress=report)
    print(f"{save_probe(probe, output, force=force)!r} in {output}")


def arrays(path: Path, output: Path, *, force: bool) -> None:
    """Save an .npz file of arrays as a probe."""
    check_output(output, force=force, is_ours=is_probe)
    print(f"{save_probe(open_probe(path), output, force=force)!r} in {output}")


def words(text: str | None) -> list[str] | None:
    """`a,b` as a list."""
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def size(option: str, text: str | None) -> tuple[int, int] | None:
    """`112x112` as (height, width)."""
    if text is None:
        return None
    height, x, width = text.partition("x")
    if not (x and height.isdecimal() and width.isdecimal()):
        raise UsageError(f"{option} takes HEIGHTxWIDTH, such as 112x112, not {text!r}")
    return int(height), int(width)
