"""Explain neurons by logical formulas over concepts, and say how good an explanation can get.

    import compexact as cx

    probe = cx.probe(model, "broden:broden1_224", layer="layer4")   # a model of yours, and what is labelled
    run = cx.explain(probe, length=3)
    run["483"].show()

`compexact.solver`, `compexact.probes` and `compexact.experiments` are below it.  All of it is imported when it is first
asked for: this takes no longer than Python's own start.
"""

import os
from typing import TYPE_CHECKING, Any

# Installed, `solver` and its neighbours lie in this folder; in a checkout they lie beside it.
if not os.path.isdir(os.path.join(os.path.dirname(__file__), "solver")):
    __path__.append(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from .solver.later import later

if TYPE_CHECKING:
    from .answers import UnitAnswer
    from .asking import experiment
    from .dispatch import probe
    from .of_arrays import probe_arrays
    from .of_images import probe_vision
    from .of_pairs import probe_nli
    from .of_words import probe_tokens
    from .pages import report
    from .probes.opening import open_probe
    from .probes.store import Probe
    from .runs import AuditRun, Run, open_run
    from .scores import Scores
    from .searches import audit, explain, score
    from .solver.errors import CompexactError, DataError, DisagreementError, UsageError
    from .verdicts import Verdicts

    __version__: str

__all__ = [
    "AuditRun", "CompexactError", "DataError", "DisagreementError", "Probe", "Run", "Scores", "UnitAnswer",
    "UsageError", "Verdicts", "__version__", "audit", "experiment", "explain", "open_probe", "open_run", "probe",
    "probe_arrays", "probe_nli", "probe_tokens", "probe_vision", "report", "score",
]  # fmt: skip

_named = later(
    __name__,
    {
        "UnitAnswer": "answers",
        "experiment": "asking",
        "probe": "dispatch",
        "probe_arrays": "of_arrays",
        "probe_vision": "of_images",
        "probe_nli": "of_pairs",
        "probe_tokens": "of_words",
        "report": "pages",
        "open_probe": "probes.opening",
        "Probe": "probes.store",
        "AuditRun": "runs",
        "Run": "runs",
        "open_run": "runs",
        "Scores": "scores",
        "audit": "searches",
        "explain": "searches",
        "score": "searches",
        "CompexactError": "solver.errors",
        "DataError": "solver.errors",
        "DisagreementError": "solver.errors",
        "UsageError": "solver.errors",
        "Verdicts": "verdicts",
    },
)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("compexact")
    return _named(name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
