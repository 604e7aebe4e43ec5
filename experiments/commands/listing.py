"""`compexact ls`: what is in a probe, and which layers a model has."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ...probes.store import Probe, open_probe
from ...solver.errors import UsageError
from ..output import Printer, chosen_format


def list_probe(path: Path, *, concepts: bool, units: bool, format_name: str | None) -> None:
    """Print a probe's numbers, or its concepts, or its units."""
    format_name = chosen_format(format_name)
    probe = open_probe(path)
    if concepts:
        _list_concepts(probe, format_name)
    elif units:
        _list_units(probe, format_name)
    elif format_name == "table":
        for key, value in (probe.summary() | {"notes": probe.about.get("notes", [])}).items():
            print(f"{key:<10}{_shown(value)}")
    else:
        Printer(format_name, ())(probe.summary())


def _shown(value: object) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict):
        return ", ".join(f"{name}={entry}" for name, entry in value.items()) or "-"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "-"
    return "-" if value is None else str(value)


def _list_concepts(probe: Probe, format_name: str) -> None:
    rows = probe.cells.concepts
    points = np.zeros(len(rows.names), dtype=np.int64)
    np.add.at(points, rows.indices, np.repeat(probe.cells.weights, np.diff(rows.indptr)))
    printer = Printer(format_name, ("concept", "category", "points", "share"))
    for name, category, count in zip(rows.names, rows.categories, points):
        share = int(count) / probe.cells.n_points
        printer({"concept": name, "category": category, "points": int(count), "share": share})
    printer.finish()


def _list_units(probe: Probe, format_name: str) -> None:
    printer = Printer(format_name, ("unit", "active", "share"))
    for name, count in zip(probe.cells.unit_names, probe.cells.active.sum(axis=0)):
        printer({"unit": name, "active": int(count), "share": int(count) / probe.cells.n_points})
    printer.finish()


def list_layers(model: str | None, image_size: int, format_name: str | None) -> None:
    """Print the layers of a model that can be probed."""
    if model is None:
        raise UsageError("name the model: compexact ls layers --model torchvision:resnet18")
    from ...probes.layers import list_layers as layers_of
    from ...probes.models import load_model

    printer = Printer(chosen_format(format_name), ("layer", "kind", "shape", "units"))
    for layer in layers_of(load_model(model).module, image_size):
        shape = "x".join(map(str, layer.shape))
        printer({"layer": layer.name, "kind": layer.kind, "shape": shape, "units": layer.n_units})
    printer.finish()
