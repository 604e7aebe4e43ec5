"""`uniqueness`: how many units share their explanation, and how many concepts do all of them use?  (Appendix A.)"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...probes.progress import Progress, silent
from ...probes.store import Probe
from ...solver.errors import UsageError
from ...solver.formula import Formula
from ...solver.logic import MAX_TABLE_CONCEPTS, are_equivalent
from ..commands.options import LengthsOption
from .answer import Answer, input_record, new_figure
from .explanations import Explained, explain_at
from .inputs import ProbeInput, UnitsInput
from .search_options import SEARCH, SearchInput

Found = tuple[str, Formula]
"""A unit and its formula."""


@dataclass(frozen=True)
class _Groups:
    """The units of one length, grouped.

    alike: by the cells on which their formulas hold.  equivalent: by the Boolean function of the concepts.
    undecided: pairs with equal masks and too many concepts for a truth table; they count as not equivalent.
    """

    alike: tuple[tuple[Found, ...], ...]
    equivalent: tuple[tuple[Found, ...], ...]
    undecided: int


def shared_formulas(
    probe: ProbeInput,
    units: UnitsInput,
    *,
    lengths: LengthsOption = (1, 3, 5, 10),
    search: SearchInput = SEARCH,
    on_progress: Progress = silent,
) -> Answer:
    """How many units share an equivalent formula, and how many concepts do all of them use?  (Appendix A.)

    Two formulas are *alike* where they hold on the same points of these data, and *equivalent* where they do on all
    data.  Units without a formula (active nowhere or everywhere) are in no group.  The lengths are those of the
    paper's code.

    compexact experiment uniqueness probe -o answers/uniqueness
    """
    explained = explain_at(probe, units, lengths, search.settings(lengths), where=search.where, on_progress=on_progress)
    category = dict(zip(probe.cells.concepts.names, probe.cells.concepts.categories))
    grouped = {length: _group(probe, explained, length) for length in sorted(set(lengths))}
    used = {length: _used(groups.alike) for length, groups in grouped.items()}
    rows = tuple(_row(length, len(units), grouped[length], used[length], category) for length in grouped)
    return Answer(
        name="uniqueness",
        question="How many units share their explanation, and how many concepts do all of them use?",
        inputs=(input_record(probe),),
        settings={"units": len(units), "engine": search.engine, "beam_size": search.beam_size},
        rows=rows,
        summary=tuple(map(_sentence, rows)),
        more={
            "groups": tuple(row for length in grouped for row in _group_rows(length, grouped[length])),
            "concepts": tuple(row for length in used for row in _concept_rows(length, used[length], category)),
        },
        draw=lambda: _figure(rows, used, category),
    )


def _group(probe: Probe, explained: Iterable[Explained], length: int) -> _Groups:
    """Equivalent formulas hold on the same cells, so only formulas that do are compared."""
    alike: dict[bytes, list[Found]] = {}
    for unit in explained:
        if best := unit.best(length):
            mask = probe.cells.concepts.mask(best.formula)
            alike.setdefault(mask.tobytes(), []).append((unit.unit, best.formula))
    equivalent: list[list[Found]] = []
    undecided = 0
    for same in alike.values():
        groups: list[list[Found]] = []
        for found in same:
            place, unsettled = _home(found[1], [group[0][1] for group in groups])
            undecided += unsettled
            groups.append([found]) if place is None else groups[place].append(found)
        equivalent += groups
    return _Groups(tuple(map(tuple, alike.values())), tuple(map(tuple, equivalent)), undecided)


def _home(formula: Formula, others: Sequence[Formula]) -> tuple[int | None, int]:
    """Which of the others it is equivalent to, if one; and with how many that could not be decided."""
    if formula in others:
        return others.index(formula), 0
    undecided = 0
    for place, other in enumerate(others):
        if len({*formula.atoms(), *other.atoms()}) > MAX_TABLE_CONCEPTS:
            undecided += 1
        elif are_equivalent(formula, other):
            return place, 0
    return None, undecided


def _used(groups: Iterable[Sequence[Found]]) -> Counter[str]:
    """How many units have each concept in their formula."""
    return Counter(name for group in groups for _, formula in group for name in set(formula.atoms()))


def _row(length: int, n_units: int, groups: _Groups, used: Counter[str], category: dict[str, str]) -> dict[str, Any]:
    n = sum(map(len, groups.alike))
    if not n:
        raise UsageError("no unit has a formula: all of them are active nowhere or everywhere")
    return {
        "max_length": length,
        "units": n_units,
        "explained": n,
        "distinct_on_data": len(groups.alike),
        "sharing_on_data": sum(len(group) for group in groups.alike if len(group) > 1),
        "distinct": len(groups.equivalent),
        "sharing": sum(len(group) for group in groups.equivalent if len(group) > 1),
        "largest_group": max(map(len, groups.equivalent)),
        "undecided_pairs": groups.undecided,
        "concepts": len(used),
        "categories": len({category[name] for name in used}),
        "concepts_in_all": len(category),
    }


def _sentence(row: dict[str, Any]) -> str:
    undecided = f"; {row['undecided_pairs']} pairs have too many concepts to decide" if row["undecided_pairs"] else ""
    return (
        f"length {row['max_length']}: {row['sharing']} of {row['explained']} units share an equivalent formula "
        f"({row['sharing_on_data']} one that is the same on these data), {row['distinct']} distinct formulas, the most "
        f"frequent for {row['largest_group']} units; {row['concepts']} of {row['concepts_in_all']} concepts and "
        f"{row['categories']} categories are used{undecided}"
    )


def _group_rows(length: int, groups: _Groups) -> list[dict[str, Any]]:
    """The formulas that several units share, the most frequent first; units that are only alike are named, too."""
    alike = {unit: len(group) for group in groups.alike for unit, _ in group}
    shared = sorted((group for group in groups.equivalent if alike[group[0][0]] > 1), key=lambda group: -len(group))
    return [
        {
            "max_length": length,
            "formula": str(group[0][1]),
            "n_units": len(group),
            "n_same_on_data": alike[group[0][0]],
            "units": [unit for unit, _ in group],
        }
        for group in shared
    ]


def _concept_rows(length: int, used: Counter[str], category: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"max_length": length, "concept": name, "category": category[name], "n_units": n}
        for name, n in sorted(used.items(), key=lambda item: (-item[1], item[0]))
    ]


def _figure(rows: Sequence[dict[str, Any]], used: dict[int, Counter[str]], category: dict[str, str]) -> Any:
    figure, (left, right) = new_figure(columns=2)
    names = [str(row["max_length"]) for row in rows]
    for place, (key, color, label) in enumerate(
        [("sharing_on_data", "#9cc3ea", "the same on these data"), ("sharing", "#103a66", "equivalent")]
    ):
        shares = [row[key] / row["explained"] for row in rows]
        bars = left.bar([i + 0.36 * place - 0.18 for i in range(len(rows))], shares, 0.36, color=color, label=label)
        left.bar_label(bars, [str(row[key]) for row in rows], fontsize=8)
    left.set_xticks(range(len(rows)), names)
    left.set(xlabel="maximum length", ylabel="share of units", title="units that share their formula")
    left.margins(y=0.1)
    left.legend(frameon=False)
    bottom = [0] * len(rows)
    for kind in sorted(set(category.values())):
        counts = [sum(category[name] == kind for name in used[row["max_length"]]) for row in rows]
        right.bar(names, counts, bottom=bottom, label=kind or "no category")
        bottom = [below + n for below, n in zip(bottom, counts)]
    right.set(xlabel="maximum length", ylabel="distinct concepts", title="concepts used by all units together")
    right.margins(y=0.1)
    right.legend(frameon=False, fontsize=8)
    return figure
