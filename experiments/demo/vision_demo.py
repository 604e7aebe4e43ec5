"""`compexact demo vision`: the whole path on a world made on the spot, with units whose formula is known.

    world/    pictures of simple scenes with labelled points, in the Broden format
    model.pt  a small CNN trained to name the scenes (a state dict)
    probe/    its last convolution, counted against the labels
    run/      the best formula of every unit, proven
    report/   the pages

Each step is what its command does, on the files of the step before.  The same seed gives the same answers.
"""

from __future__ import annotations

import sys
from pathlib import Path

from ...probes.atomic_folder import new_folder
from ...probes.progress import Progress
from ...probes.store import Probe, save_probe
from ...solver.errors import UsageError
from ..printing import Printer, chosen_format
from ..progress import progress
from ..run.engines import SearchSettings, explain_unit
from ..run.folder import Run, run_units
from .recovery import COLUMNS, Recovery, recovery, say

MAX_LENGTH = 3


def demo_vision(folder: Path, *, n_images: int, seed: int, force: bool, format_name: str | None) -> None:
    """Draw, train, probe, explain and report; print what became of the planted units, and where the report is."""
    if seed < 0:
        raise UsageError(f"the seed must be 0 or more, not {seed}")
    printer = Printer(chosen_format(format_name), COLUMNS)
    with new_folder(folder, force=force, is_ours=is_demo) as partial:
        recoveries = _make(partial, n_images, seed)
    for found in recoveries:
        printer(vars(found))
    printer.finish()
    say(recoveries)
    print(f"report: {folder / 'report' / 'index.html'}", file=sys.stderr)


def is_demo(folder: Path) -> bool:
    """Whether a demo lies in the folder."""
    return all((folder / name).exists() for name in ("world", "model.pt", "probe"))


def _make(folder: Path, n_images: int, seed: int) -> list[Recovery]:
    from ..report.site import write_report
    from .drawing import draw_world

    with progress() as update:
        update("drawing pictures", 0, n_images)
        draw_world(folder / "world", n_images=n_images, seed=seed)
        update("drawing pictures", n_images, n_images)
        probe = _train_and_probe(folder, seed, update)
        settings = SearchSettings(engine="exact", max_length=MAX_LENGTH)
        run = run_units(probe, probe.cells.unit_names, settings, folder / "run")
        write_report(run, probe, folder / "report", on_progress=update)
    return _recoveries(probe, run)


def _train_and_probe(folder: Path, seed: int, update: Progress) -> Probe:
    from ...probes import open_dataset
    from ...probes.demo_model import PREPROCESSING, save_demo_model, train_demo_model
    from ...probes.models import load_model
    from ...probes.vision.probe import VisionSettings, probe_vision

    world = open_dataset(f"broden:{folder / 'world'}")
    model, accuracy = train_demo_model(world, seed=seed, on_epoch=lambda line: print(line, file=sys.stderr))
    print(f"held-out accuracy {accuracy:.3f}", file=sys.stderr)
    save_demo_model(model, folder / "model.pt")
    loaded = load_model("compexact.probes.demo_model:demo_model", weights=folder / "model.pt")
    settings = VisionSettings(layers=("features",), threshold="positive")
    probe = probe_vision(loaded, world, PREPROCESSING, settings, spill_folder=folder, on_progress=update)
    return save_probe(probe, folder / "probe")


def _recoveries(probe: Probe, run: Run) -> list[Recovery]:
    from ...probes.demo_model import PLANTED

    beam = SearchSettings(max_length=MAX_LENGTH)
    return [
        recovery(probe, text, explain_unit(probe.cells, unit, beam).record(), run.records[unit])
        for unit, text in PLANTED.items()
    ]
