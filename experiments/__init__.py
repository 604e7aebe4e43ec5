"""Experiments: the command line, runs over many units, reports.

from compexact import experiments, probes

probe = probes.open_probe("probe")
settings = experiments.SearchSettings(max_length=3)
for result in experiments.explain_units(probe.cells, probe.cells.unit_names, settings):
    print(result)
"""

from typing import TYPE_CHECKING

from ..solver.later import later

if TYPE_CHECKING:
    from .report.site import write_report, write_site
    from .run.engines import explain_unit
    from .run.folder import Run, read_run, run_units
    from .run.settings import SearchSettings
    from .run.units import explain_units

# Imported when first asked for: `compexact --help` must not wait for a search.
__all__ = [
    "Run", "SearchSettings", "explain_unit", "explain_units", "read_run", "run_units", "write_report", "write_site"
]  # fmt: skip

__getattr__ = later(
    __name__,
    {
        "Run": "run.folder",
        "SearchSettings": "run.settings",
        "explain_unit": "run.engines",
        "explain_units": "run.units",
        "read_run": "run.folder",
        "run_units": "run.folder",
        "write_report": "report.site",
        "write_site": "report.site",
    },
)
