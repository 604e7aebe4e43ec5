"""Options of what deals with models of sentence pairs.  Nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import WeightsOption

if TYPE_CHECKING:
    from ...probes.nli.loading import LoadedPairModel

PAIRS_HELP = "A file of sentence pairs: SNLI, MultiNLI, SICK, Hugging Face's or a plain table, packed or not."
LabelsOption = Annotated[
    Path | None,
    typer.Option(
        "--labels", help="What labels and a model's classes mean: a file of lines such as LABEL_0 entailment."
    ),
]


@dataclass(frozen=True)
class PairModel:
    """A model of sentence pairs."""

    model: Annotated[
        str, typer.Option(help="A folder that compexact train nli made, package.module:factory, or hf:FOLDER.")
    ]
    weights: WeightsOption = None
    labels: LabelsOption = None

    def load(self) -> LoadedPairModel:
        """Reads it."""
        from ...probes.nli.loading import load_pair_model

        return load_pair_model(self.model, weights=self.weights, labels=self.labels)
