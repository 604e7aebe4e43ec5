"""What a report's first screen says: what was asked of what, and three units that show what came out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from ...probes.store import Probe
from ...solver.error_weights import ErrorWeights
from .text import count
from .unit_page import UnitReport

KINDS = {"vision": ("image", "point"), "nli": ("sentence pair", "sentence pair"), "tokens": ("sentence", "word")}
"""By a probe's kind: what its inputs are, and what its points."""
SEARCHES = {
    "beam": "a beam search",
    "brute": "a search through all formulas",
    "exact": "an exact search",
    "local": "a local search",
}


@dataclass(frozen=True)
class Asked:
    """What the first sentence says; "" for what is not known.

    inputs: such as `1,003 images`.  point: what one is called.  active: which values make it so.  concepts: some.
    """

    model: str
    layer: str
    inputs: str
    point: str
    n_points: int
    active: str
    n_concepts: int
    concepts: Sequence[str]
    search: str


@dataclass(frozen=True)
class Example:
    """A unit of the first screen, and why it is there."""

    why: str
    unit: UnitReport


def asked(probe: Probe, engine: str, units: Sequence[UnitReport]) -> Asked:
    """engine: the run's.  units: of the run; of the concepts those are named that their formulas have most."""
    about = probe.about
    one, point = KINDS.get(str(about.get("kind")), ("", "point"))
    n = {"image": about.get("images"), "sentence": len(probe.names.get("sentences") or ())}.get(one)
    return Asked(
        model=str(about.get("model") or ""),
        layer=str(about.get("layer") or ""),
        inputs=f"{count(n)} {one}s" if isinstance(n, int) and n else "",
        point=point,
        n_points=probe.cells.n_points,
        active=active_where(probe),
        n_concepts=len(probe.cells.concepts.names),
        concepts=_telling(list(dict.fromkeys(_common(units))))[:2],
        search=SEARCHES.get(engine, f"the engine {engine}"),
    )


def active_where(probe: Probe) -> str:
    """Which of a unit's values make it active; "" where the probe does not say."""
    settings = probe.about.get("settings") or {}
    if settings.get("threshold") == "quantile":
        return f"the highest {100 * settings['quantile']:.3g} % of its values"
    return "values above 0" if settings.get("threshold") == "positive" else ""


def examples(units: Sequence[UnitReport], errors: ErrorWeights, on_few: Set[int]) -> list[Example]:
    """The best explained unit, the one in the middle, and the least explained.

    on_few: columns of units whose score says little; they are passed over where there are others.
    """
    explained = [unit for unit in units if unit.best is not None]
    sure = [unit for unit in explained if unit.column not in on_few] or explained
    ranked = sorted(sure, key=lambda unit: (-errors.score(unit.best), unit.column) if unit.best else (0, 0))
    if len(ranked) < 3:
        return [Example("explained", unit) for unit in ranked]
    chosen = ("explained best", ranked[0]), ("in the middle", ranked[len(ranked) // 2]), ("explained least", ranked[-1])
    return [Example(why, unit) for why, unit in chosen]


def _telling(names: Sequence[str]) -> list[str]:
    """Those with letters or digits first.

    >>> _telling(["xpos:.", "word:when", "?", "sky"])
    ['word:when', 'sky', 'xpos:.', '?']
    """
    return sorted(names, key=lambda name: not any(letter.isalnum() for letter in name.rpartition(":")[2] or name))


def _common(units: Sequence[UnitReport]) -> Iterator[str]:
    """The concepts of formulas, of the best explained units first."""
    for unit in sorted(units, key=lambda unit: -float(unit.best.iou) if unit.best else 0.0):
        if unit.best:
            yield from unit.best.formula.atoms()
