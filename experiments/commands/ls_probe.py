"""What `compexact ls` prints: of a folder, an .npz file, or a model."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ...probes.hypernyms import meanings
from ...probes.opening import open_probe
from ...probes.shard_folder import is_shard, read_shard
from ...probes.store import Probe
from ...solver.errors import DataError, UsageError
from ..printing import Printer, Record, chosen_format, table_cell
from .ls_runs import answer_summary, run_summary

SUMMARIES = {"run.json": run_summary, "answer.json": answer_summary}
"""What is in a folder that holds such a file; another folder is a probe."""


def list_folder(path: Path, *, concepts: bool, units: bool, format_name: str | None) -> None:
    """Print what is in a probe, a run, an audit or an answer; or a probe's concepts, or its units."""
    format_name = chosen_format(format_name)
    file = next((name for name in SUMMARIES if (path / name).exists()), None)
    if file is None and is_shard(path):
        _refuse_lists(path, "whole.json", asked=concepts or units)
        _show(shard_summary(path), format_name)
    elif file is None:
        if path.is_dir() and not (path / "manifest.json").exists():
            known = ", ".join(["manifest.json", *SUMMARIES])
            raise DataError(f"{path} is neither a probe nor a run nor an answer: it has none of {known}")
        _list_probe(open_probe(path), concepts=concepts, units=units, format_name=format_name)
    else:
        _refuse_lists(path, file, asked=concepts or units)
        _show(SUMMARIES[file](path), format_name)


def _refuse_lists(path: Path, file: str, *, asked: bool) -> None:
    if asked:
        raise UsageError(f"--concepts and --units list what is in a probe; {path} has a {file}")


def shard_summary(folder: Path) -> Record:
    """What `compexact ls` shows of a shard of a probe.  Raises `DataError` where it is damaged."""
    shard = read_shard(folder)
    about = shard.whole.get("about", shard.whole)
    return {
        "shard": str(shard.shard),
        "kind": shard.kind,
        "inputs": shard.inputs,
        "inputs_of_all": shard.whole.get("inputs"),
        **{key: about.get(key) for key in ("model", "dataset")},
        "settings": about.get("settings", {}),
    }


def _list_probe(probe: Probe, *, concepts: bool, units: bool, format_name: str) -> None:
    if concepts:
        _list_concepts(probe, format_name)
    elif units:
        _list_units(probe, format_name)
    else:
        notes = {"notes": probe.about.get("notes", [])} if format_name == "table" else {}
        _show(probe.summary() | notes, format_name)


def _show(record: Record, format_name: str) -> None:
    """One record: in a table, a line for each field."""
    if format_name != "table":
        Printer(format_name, ())(record)
        return
    width = max(map(len, record)) + 2
    for key, value in record.items():
        print(f"{key.replace('_', ' '):<{width}}{_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, dict):
        value = ", ".join(f"{name}={entry}" for name, entry in value.items()) or "-"
    if isinstance(value, list):
        value = "; ".join(map(str, value)) or "-"
    return table_cell(value)


def _list_concepts(probe: Probe, format_name: str) -> None:
    rows = probe.cells.concepts
    points = np.zeros(len(rows.names), dtype=np.int64)
    np.add.at(points, rows.indices, np.repeat(probe.cells.weights, np.diff(rows.indptr)))
    means = meanings(probe)
    printer = Printer(format_name, ("concept", "category", "points", "share", *(["means"] if means else [])))
    for name, category, count in zip(rows.names, rows.categories, points):
        share = int(count) / probe.cells.n_points
        record = {"concept": name, "category": category, "points": int(count), "share": share}
        printer(record | ({"means": means.get(name, "")} if means else {}))
    printer.finish()


def _list_units(probe: Probe, format_name: str) -> None:
    printer = Printer(format_name, ("unit", "active", "share"))
    for name, count in zip(probe.cells.unit_names, probe.cells.active.totals):
        printer({"unit": name, "active": int(count), "share": int(count) / probe.cells.n_points})
    printer.finish()


def list_layers(model: str | None, image_size: int | None, format_name: str | None) -> None:
    """Print the layers of a model that can be probed.  image_size: default: as the model's source says, else 224."""
    if model is None:
        raise UsageError("name the model: compexact ls layers --model torchvision:resnet18")
    from ...probes.layers import listed_layers
    from ...probes.models import load_model
    from ...probes.preprocess import resolve

    printer = Printer(chosen_format(format_name), ("layer", "kind", "shape", "units", "layout", "calls"))
    loaded = load_model(model)
    listed = listed_layers(loaded.module, resolve(image_size=image_size, own=loaded.preprocessing).image_size)
    for layer in listed.layers:
        record = {"layer": layer.name, "kind": layer.kind, "shape": "x".join(map(str, layer.shape))}
        printer(record | {"units": layer.n_units, "layout": layer.layout, "calls": layer.calls})
    printer.finish()
    if listed.refused:
        print(f"{len(listed.refused)} modules cannot be probed; the first: {listed.refused[0][1]}", file=sys.stderr)
