"""`compexact experiment edits`: from the options typed to the edits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...probes.nli.loading import load_pair_model
from ...probes.text.language import analyse, open_pipeline
from ...probes.text.readers import open_pairs
from ...probes.text.vectors import open_vectors
from ...solver.errors import UsageError
from ..questions.edits import edited_pairs, edits_of
from ..text.edits import PAPER_EDITS, EditSettings
from ..units import choose_units
from .experiment import ask, run_and_probe


def edits(
    run: Path,
    probe: Path | None,
    model: str,
    pairs: Path | None,
    by_hand: Path | None,
    units: Sequence[str] | None,
    vectors: Path | None,
    spacy: str | None,
    settings: dict[str, Any],
    **how: Any,
) -> None:
    """Edit the probe's pairs, or put pairs edited by hand to the model."""
    opened, made_of = run_and_probe(run, probe)
    loaded = load_pair_model(model)
    if by_hand is not None:
        file = PAPER_EDITS if str(by_hand) == "paper" and not by_hand.exists() else by_hand
        ask(edited_pairs, file, made_of, loaded, **how)
        return
    if pairs is None:
        raise UsageError("name the file that was probed with --pairs, or pairs edited by hand with --by-hand")
    read = open_pairs(pairs)
    if read.digest != made_of.about["inputs"]["pairs"]:
        raise UsageError(f"{pairs} is not the file that was probed: the digests differ")
    limit = made_of.about["settings"].get("limit")
    read = replace(read, pairs=read.pairs[:limit])
    ask(
        edits_of,
        opened,
        made_of,
        loaded,
        analyse(read, open_pipeline(spacy)),
        units=None if units is None else choose_units(made_of.cells, units),
        vectors=None if vectors is None else open_vectors(vectors),
        settings=EditSettings(**settings),
        **how,
    )
