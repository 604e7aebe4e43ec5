"""`adversarial`: does a patch, or another colour, that an explanation suggests turn the prediction?  (Appendix B.)"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Annotated, Any

import typer

from ...probes.classifier import PictureClassifier
from ...probes.patching import POSITIONS, SIZES, Placement, placements
from ...probes.progress import Progress, silent
from ...solver.errors import UsageError, did_you_mean
from ..commands.signature import Depends
from .adversarial_examples import classifiers, read_examples
from .answer import Answer, Published
from .composites import adversarial_figure
from .edited_pictures import OUTCOMES, Example, Tried

PAPER = {
    "corridor + igloo -> clean room": {"success": 0.046, "partial": 0.014},
    "forest path + laundromat -> viaduct": {"success": 0.023, "partial": 0.019},
    "street + nursery -> fire escape": {"success": 0.019, "partial": 0.032},
}
"""Rates of ResNet-18 on Places365 over 216 pictures each (appendix B)."""


def adversarial(
    examples: Annotated[Sequence[Example], Depends(read_examples)],
    networks: Annotated[Sequence[PictureClassifier], Depends(classifiers)],
    *,
    positions: Annotated[
        Sequence[float], typer.Option(help="Of a patch's corner, in 224ths of the side, both ways.")
    ] = POSITIONS,
    sizes: Annotated[Sequence[float], typer.Option(help="Of a patch, as shares of the side.")] = SIZES,
    on_progress: Progress = silent,
) -> Answer:
    """Does a pasted patch or another colour, as an explanation suggests, turn the prediction?  (Fig. 8, App. B.)

    Every example is put to every network, patches at every placement.

    compexact experiment adversarial examples.csv --dataset broden:broden1_224 --preset broden \\
        --model torchvision:resnet18 --weights resnet18_places365.pth.tar -o answers/adversarial

    Raises `UsageError` for a class that a network does not have.
    """
    if not examples or not networks:
        raise UsageError("at least one example and one network are needed")
    grid = placements(positions, sizes)
    pairs = [(example, network) for example in examples for network in networks]
    tried = []
    for place, (example, network) in enumerate(pairs):
        tried.append(_tried(example, network, grid))
        on_progress("examples tried", place + 1, len(pairs))

    return Answer(
        name="adversarial",
        question="Does an edit that an explanation suggests turn the prediction?",
        inputs=tuple({"model": each.name, "layer": None, "dataset": None, "digest": each.digest} for each in networks),
        settings={"positions": list(positions), "sizes": list(sizes), "pictures": len(grid)},
        rows=tuple(map(_row, tried)),
        summary=tuple(_summary(tried)),
        published=_published(tried),
        more={"sizes": tuple(_size_rows(tried)), "pictures": tuple(_picture_rows(tried))},
        draw=lambda: adversarial_figure(tried, PAPER),
    )


def _tried(example: Example, network: PictureClassifier, grid: Sequence[Placement]) -> Tried:
    column = _column(network, example.intended, example)
    for given in filter(None, (example.original, example.pasted)):
        _column(network, given, example)
    places: list[Placement | None] = [None] if example.patch is None else list(grid)
    given_pictures = [example.picture, *([example.source] if example.source is not None else [])]
    first = network.probabilities(given_pictures)
    after = network.probabilities(example.edited(place) for place in places)
    before = [str(network.classes[number]) for number in first.argmax(axis=1)]
    return Tried(
        example=example,
        network=network,
        original=example.original or before[0],
        pasted=example.pasted or (before[1] if len(before) > 1 else None),
        before=before[0],
        probability_before=float(first[0, column]),
        places=places,
        predicted=[str(network.classes[number]) for number in after.argmax(axis=1)],
        probability=after[:, column],
    )


def _column(network: PictureClassifier, name: str, example: Example) -> int:
    if name not in network.classes:
        hint = did_you_mean(name, network.classes)
        raise UsageError(f"example {example.name!r}: {network.name} has no class {name!r}{hint}")
    return list(network.classes).index(name)


def _row(tried: Tried) -> dict[str, Any]:
    best = tried.best
    return {
        "example": tried.example.name,
        "network": tried.network.name,
        "before": tried.before,
        "pasted": tried.pasted,
        "intended": tried.example.intended,
        "after_at_best": tried.predicted[best],
        **_place(tried.places[best]),
        "probability_before": tried.probability_before,
        "probability_at_best": float(tried.probability[best]),
        "pictures": len(tried.places),
        **tried.rates(),
    }


def _place(place: Placement | None) -> dict[str, float | None]:
    return dict.fromkeys(("x", "y", "size")) if place is None else {"x": place.x, "y": place.y, "size": place.size}


def _size_rows(tried: Sequence[Tried]) -> Iterator[dict[str, Any]]:
    for each in tried:
        for size in sorted({place.size for place in each.places if place}):
            of = [i for i, place in enumerate(each.places) if place and place.size == size]
            head = {"example": each.example.name, "network": each.network.name, "size": size}
            yield {**head, "pictures": len(of), **each.rates(of)}


def _picture_rows(tried: Sequence[Tried]) -> Iterator[dict[str, Any]]:
    for each in tried:
        for place, predicted, outcome, probability in zip(each.places, each.predicted, each.outcomes, each.probability):
            head = {"example": each.example.name, "network": each.network.name, **_place(place)}
            yield {**head, "predicted": predicted, "outcome": outcome, "probability_of_intended": float(probability)}


def _overall(tried: Sequence[Tried]) -> Mapping[str, float | None]:
    """The rates over all pasted pictures, where a patch was pasted and something was open."""
    outcomes = [outcome for each in tried if each.is_open and each.example.patch for outcome in each.outcomes]
    return {each: outcomes.count(each) / len(outcomes) if outcomes else None for each in OUTCOMES}


def _summary(tried: Sequence[Tried]) -> Iterator[str]:
    pasted = [each for each in tried if each.is_open and each.example.patch is not None]
    if len(pasted) > 1:
        shares = ", ".join(f"{share:.1%} {name}" for name, share in _overall(tried).items())
        yield f"over all {sum(len(each.places) for each in pasted):,} pastes: {shares}"
    for each in tried:
        who = f"{each.example.name}, {each.network.name}"
        if not each.is_open:
            yield f"{who}: the intended class is predicted before any edit, so there is nothing to turn"
            continue
        if each.example.patch is None:
            yield f"{who}: {each.before} before, {each.predicted[0]} after ({each.outcomes[0]})"
            continue
        counts = ", ".join(f"{share:.1%} {name}" for name, share in each.rates().items())
        yield f"{who}: {counts} of {len(each.places)} pictures; before: {each.before}"


def _published(tried: Sequence[Tried]) -> tuple[Published, ...]:
    """The paper's rates, on average over its examples, beside ours over all pasted pictures."""
    ours = _overall(tried)
    data = "ResNet-18 on Places365, 216 pastes of each; here other pictures and classes"
    found = []
    for outcome in ("success", "partial"):
        theirs = [rates[outcome] for rates in PAPER.values()]
        each = ", ".join(f"{100 * rate:.1f}" for rate in theirs)
        what = f"share of pastes with {outcome}; the paper's three examples: {each} %"
        found.append(Published(what, "appendix B", fmean(theirs), ours[outcome], data))
    return tuple(found)
