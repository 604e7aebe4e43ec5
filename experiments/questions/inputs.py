"""What most questions are asked of: a probe and units of it, or a run and the probe that it was made from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from ...probes.opening import open_probe
from ...probes.store import Probe
from ..commands.options import MovedProbeOption, UnitsOption
from ..commands.signature import Depends, Opened
from ..run.folder import Run, read_run
from ..run.units import choose_active_units

ProbeInput = Annotated[Probe, typer.Argument(help="A probe folder or an .npz file."), Opened(open_probe)]
RunInput = Annotated[Run, typer.Argument(help="A run: what compexact explain -o made."), Opened(read_run)]


def chosen_units(probe: ProbeInput, units: UnitsOption = None) -> list[str]:
    """The names of the units that `--units` chooses."""
    return choose_active_units(probe, units).names


def probe_of_run(run: RunInput, probe: MovedProbeOption = None) -> Probe:
    """The probe at `probe`, or where the run says."""
    return run.open_probe(probe)


UnitsInput = Annotated[Sequence[str], Depends(chosen_units)]
RunProbeInput = Annotated[Probe, Depends(probe_of_run)]
