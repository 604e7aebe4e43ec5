"""What an option can be, as the registry has it that lists it.

Registries import nothing heavy, and are read only when the help of such an option is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


def _engines() -> str:
    from ..run.engines import ENGINES

    return _rows((name, engine.says) for name, engine in ENGINES.items())


def _metrics() -> str:
    from ...solver.metrics import METRICS

    return _rows((name, metric.meaning) for name, metric in METRICS.items())


def _forms() -> str:
    from ...solver.reference_forms import FORMS

    return _rows((name, form.says) for name, form in FORMS.items())


def _rows(rows: Iterable[tuple[str, str]]) -> str:
    return ".  ".join(f"{name}: {says}" for name, says in rows) + "."


LISTED: dict[str, Callable[[], str]] = {
    "--engine": _engines,
    "--metric": _metrics,
    "--compat": _forms,
}
"""By the option's name: what its help ends with in every command that has it."""
