"""Experiments: the command line, runs over many units, reports.

from compexact import experiments, probes

probe = probes.open_probe("probe")
settings = experiments.SearchSettings(max_length=3)
for result in experiments.explain_units(probe.cells, probe.cells.unit_names, settings):
    print(result)
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .report.site import write_report, write_site
    from .run.engines import explain_unit
    from .run.folder import Run, read_run, run_units
    from .run.settings import SearchSettings
    from .run.units import explain_units

# Imported when first asked for: `compexact --help` must not wait for a search.
_LATER = {
    "Run": "run.folder",
    "SearchSettings": "run.settings",
    "explain_unit": "run.engines",
    "explain_units": "run.units",
    "read_run": "run.folder",
    "run_units": "run.folder",
    "write_report": "report.site",
    "write_site": "report.site",
}

__all__ = [
    "Run", "SearchSettings", "explain_unit", "explain_units", "read_run", "run_units", "write_report", "write_site"
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(import_module(f".{_LATER[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
