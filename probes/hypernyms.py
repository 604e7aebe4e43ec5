"""Hypernyms as concepts: `vehicle.n.01` holds where any label of a vehicle does, so `car OR bus OR truck` is one word.

A hypernym is a union of concepts that a probe has, so it splits no cell and changes no count: it is added to a probe
that is there, of whatever model and data, without running anything again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..solver.cells import ConceptRows
from ..solver.errors import UsageError
from ..solver.formula import Atom, Formula, Or
from .store import Probe

CATEGORY = "hypernym"
MOST = 1000
"""Of more hypernyms those on most points are taken."""


@dataclass(frozen=True)
class Hypernym:
    """A concept that holds where one of its members does."""

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Hypernyms:
    """What may be added to the concepts of a probe.

    source: `WordNet 3.0`, or the name of a file.  digest: of what they were read from.
    found: in the order in which they are preferred where two hold on the same points, the most specific first.
    senses: of each label the synset that it was taken for, "" for none; empty where they are of a file.
    """

    source: str
    digest: str
    found: tuple[Hypernym, ...]
    senses: Mapping[str, str]


def with_hypernyms(probe: Probe, hypernyms: Hypernyms) -> Probe:
    """The probe with those whose points are not those of a concept, or of a hypernym that is taken already.

    Raises `UsageError` where the probe has some already.
    """
    rows = probe.cells.concepts
    check_has_none(probe.names)
    if taken := [each.name for each in hypernyms.found if each.name in rows.position]:
        raise UsageError(f"{taken[0]!r} is a concept of the probe already")
    columns = _distinct(rows, hypernyms.found)
    points = {each: int(probe.cells.weights[column].sum()) for each, column in columns.items()}
    kept = sorted(sorted(columns, key=lambda each: -points[each])[:MOST], key=lambda each: each.name)
    cells = replace(probe.cells, concepts=_joined(rows, kept, [columns[each] for each in kept]))
    about: dict[str, Any] = {
        **probe.about,
        "settings": {**(probe.about.get("settings") or {}), "hypernyms": hypernyms.source},
        "inputs": {**(probe.about.get("inputs") or {}), "hypernyms": hypernyms.digest},
        "notes": [*(probe.about.get("notes") or ()), _note(hypernyms, len(columns), len(kept))],
    }
    names = {
        **probe.names,
        "hypernyms": [each.name for each in kept],
        "hypernym_members": [list(each.members) for each in kept],
        "sense_labels": list(hypernyms.senses),
        "senses": list(hypernyms.senses.values()),
    }
    return Probe(cells, about, names, probe.arrays)


def _note(hypernyms: Hypernyms, n_distinct: int, n_kept: int) -> str:
    nouns, labels = sum(map(bool, hypernyms.senses.values())), len(hypernyms.senses)
    alike = len(hypernyms.found) - n_distinct
    said = [
        f"Hypernyms of {hypernyms.source} that are concepts: {n_kept}",
        f"{nouns} of {labels} labels are nouns" if labels else "",
        f"{alike} more hold nowhere, everywhere, or where another concept does" if alike else "",
        f"the {n_distinct - n_kept} on fewest points are left out" if n_distinct > n_kept else "",
    ]
    return f"{'; '.join(filter(None, said))} (compexact ls PROBE --concepts lists them)."


def check_has_none(names: Mapping[str, Any]) -> None:
    """`UsageError` where a probe, by its names, has hypernyms already."""
    if "hypernyms" in names:
        raise UsageError("the probe has hypernyms already; name the one that they were added to")


def members_of(probe: Probe) -> dict[str, list[str]]:
    """The members of each of the probe's hypernyms."""
    return dict(zip(probe.names.get("hypernyms", ()), probe.names.get("hypernym_members", ())))


def without_hypernyms(formula: Formula, members: Mapping[str, Sequence[str]]) -> Formula:
    """The same function of the members: `(car OR bus) AND NOT blue` of `vehicle.n.01 AND NOT blue`."""
    if isinstance(formula, Atom):
        return Or(*map(Atom, members[formula.name])) if formula.name in members else formula
    return type(formula)(*(without_hypernyms(part, members) for part in formula.operands))


def meanings(probe: Probe) -> dict[str, str]:
    """Of each hypernym its members, with commas between; of each label the synset that it was taken for."""
    senses = dict(zip(probe.names.get("sense_labels", ()), probe.names.get("senses", ())))
    return {**senses, **{name: ", ".join(each) for name, each in members_of(probe).items()}}


def _distinct(rows: ConceptRows, found: Iterable[Hypernym]) -> dict[Hypernym, np.ndarray]:
    """bool (n_rows,) of those that hold somewhere, not everywhere, and where no concept and none before them does."""
    seen = {rows.function(column).tobytes() for column in range(len(rows.names))}
    kept: dict[Hypernym, np.ndarray] = {}
    for each in found:
        holds = np.zeros(len(rows), dtype=bool)
        for member in each.members:
            holds[rows.rows_with(rows.position[member])] = True
        packed = np.packbits(holds).tobytes()
        if holds.any() and not holds.all() and packed not in seen:
            seen.add(packed)
            kept[each] = holds
    return kept


def _joined(rows: ConceptRows, added: Sequence[Hypernym], columns: Sequence[np.ndarray]) -> ConceptRows:
    """The rows with further columns, which come last."""
    old = np.repeat(np.arange(len(rows)), np.diff(rows.indptr))
    new = [np.flatnonzero(column) for column in columns]
    row = np.concatenate([old, *new])
    numbers = np.repeat(np.arange(len(new)) + len(rows.names), [len(each) for each in new])
    order = np.argsort(row, kind="stable")
    indices = np.concatenate([rows.indices, numbers])[order]
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(rows)))])
    names = (*rows.names, *(each.name for each in added))
    return ConceptRows(names, (*rows.categories, *[CATEGORY] * len(added)), indptr, indices)
