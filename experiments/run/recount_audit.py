"""What an audit's line says of its answers, from their fractions.  Audits of earlier versions have no local search.

The last point of its grid is these answers in short.  Of the others there are no formulas to count again: they are
held against each other, the proven bound, and what `by_length` proves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from ...solver.metrics import rounded_up
from .wrong_line import fraction_of, is_rounded_up, require

LOCAL = ("local_iou", "local_gap", "local_seconds")
SCORES = {"beam_score", "local_score", "exact_score"}
ROUNDING = 1e-12
"""More than a sum of rounded numbers below 1 can be off."""


def check_audit(line: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    """Raise `WrongLine` where the verdict on the beam, or the grid, is not that of the answers."""
    beam, exact = line["beam"], line["exact"]
    bound = None if exact["bound_fraction"] is None else Fraction(*exact["bound_fraction"])
    gap = None if bound is None else bound - fraction_of(beam)
    require(gap is None or gap >= 0, "the beam's IoU is above the bound")
    require(is_rounded_up(line["beam_gap"], gap), "beam_gap is not the bound minus the beam's IoU")
    better = fraction_of(exact) > fraction_of(beam)
    optimal = True if gap == 0 else False if better else None
    require(line["beam_optimal"] is optimal, "beam_optimal does not follow from the two answers")
    if "local" in line:
        _check_local(line["local"], bound, line["grid"][-1])
    _check_grid(line, settings)
    _check_trace(line.get("trace") or [], exact)


def _check_trace(trace: Sequence[Sequence[float]], exact: Mapping[str, Any]) -> None:
    """What was known gets better until it is the answer."""
    if trace:
        highest = exact["ceiling"] if exact["bound"] is None else exact["bound"]
        require(
            trace[-1] == [exact["seconds"], exact.get("score", exact["iou"]), highest],
            "its trace does not end with the answer",
        )
    for (seconds, iou, bound), (later, better, lower) in pairwise(trace):
        require(seconds <= later and iou <= better and bound >= lower, "what its trace knew gets worse")


def _check_local(local: Mapping[str, Any], bound: Fraction | None, last: Mapping[str, Any]) -> None:
    """What the grid's last point says of local search."""
    require(all(field in last for field in LOCAL), "the grid's last point is not local search's")
    gap = None if bound is None else bound - fraction_of(local)
    require(gap is None or gap >= 0, "the IoU of local search is above the bound")
    short = {"local_iou": local["iou"], **_score("local", local), "local_gap": None if gap is None else rounded_up(gap)}
    short |= {"local_seconds": local["seconds"]}
    require(
        all(last.get(field) == value for field, value in short.items()), "the grid's last point is not local search's"
    )


def measured(point: Mapping[str, Any], part: str) -> float:
    """What gaps of a point are of, of `beam`, `local` or `exact`: the score where errors are weighed, else the IoU."""
    value: float = point.get(f"{part}_score", point.get(f"{part}_iou", 0.0))
    return value


def _score(part: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """The score of an answer as a point of the grid has it, where errors are weighed."""
    return {f"{part}_score": answer["score"]} if "score_fraction" in answer else {}


def _check_grid(line: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    grid, beam, exact = line["grid"], line["beam"], line["exact"]
    asked = [(length, size) for length in settings["lengths"] for size in settings["beam_sizes"]]
    there = [(point["max_length"], point["beam_size"]) for point in grid]
    require(there == asked, "the grid has not the lengths and beam sizes of the run")
    last = {
        "max_length": exact["max_length"],
        "beam_iou": beam["iou"],
        "exact_iou": exact["iou"],
        "beam_gap": line["beam_gap"],
        "beam_optimal": line["beam_optimal"],
        "exact_gap": exact["gap"],
        "status": exact["status"],
        "beam_seconds": beam["seconds"],
        "exact_seconds": exact["seconds"],
        **_score("beam", beam),
        **_score("exact", exact),
    }
    require(all(grid[-1].get(key) == value for key, value in last.items()), "the grid's last point is not the answers'")
    has_local, weighs = "local" in line, "score_fraction" in exact
    proofs: dict[int, Mapping[str, Any]] = {}
    for point in grid:
        scored = {f"{part}_score" for part in ("beam", "exact", *(("local",) if has_local else ()))}
        require(SCORES & set(point) == (scored if weighs else set()), "the grid has scores, or has none")
        require(all((field in point) == has_local for field in LOCAL), "local search is in the grid or the line alone")
        _check_point(point, exact)
        same = proofs.setdefault(point["max_length"], point)
        parts = (
            "exact_iou",
            *sorted(scored - {"beam_score"} if weighs else ()),
            "exact_gap",
            "status",
            "exact_seconds",
            *(LOCAL if has_local else ()),
        )
        require(all(point[part] == same[part] for part in parts), "the grid has two proofs of one length")


def _check_point(point: Mapping[str, Any], exact: Mapping[str, Any]) -> None:
    """A point by itself, and against what the line's answer says of shorter formulas."""
    where = f"the grid's point of length {point['max_length']}, beam size {point['beam_size']}"
    beam, best, gap, left = measured(point, "beam"), measured(point, "exact"), point["beam_gap"], point["exact_gap"]
    require((gap is None) == (left is None), f"{where} has one gap")
    if gap is None:
        require(
            point["beam_optimal"] is not True and point["status"] not in ("optimal", "bounded"), f"{where} has no gap"
        )
    else:
        require(abs((gap - left) - (best - beam)) < ROUNDING, f"{where} has gaps that do not go with its IoUs")
        require((point["beam_optimal"] is True) == (gap == 0), f"{where} has another beam_optimal than its gap")
        require(point["status"] != "optimal" or left == 0, f"{where} is optimal with a gap")
    if point["beam_optimal"] is False:
        require(best >= beam, f"{where} says that a better formula is known")
    elif point["beam_optimal"] is None:
        require(best <= beam, f"{where} does not say that a better formula is known")
    require(
        (point["status"] == "degenerate") == (exact["status"] == "degenerate")
        or "failed" in (point["status"], exact["status"]),
        f"{where} is degenerate, or is not",
    )
    highest = exact["bound"] if exact["bound"] is not None else exact["ceiling"]
    local = measured(point, "local")
    require(max(beam, best, local) <= highest, f"{where} is above what is proven")
    if "local_iou" in point:
        require((point["local_gap"] is None) == (gap is None), f"{where} has one gap")
        require(
            gap is None or abs((point["local_gap"] - gap) - (beam - local)) < ROUNDING,
            f"{where} has gaps that do not go with its IoUs",
        )
    if point["status"] == "optimal":
        known = exact["by_length"][point["max_length"] - 1 :][:1]
        for found in known:
            value = found.get("score", found["iou"])
            require(value <= best, f"{where} is optimal, and by_length has a better formula")
            require(not found.get("proven") or value == best, f"{where} is optimal, and by_length proves another")
