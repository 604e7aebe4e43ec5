"""Options of what deals with models of sentence pairs.  Nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from .options import WeightsOption

if TYPE_CHECKING:
    from ...probes.nli.loading import LoadedPairModel

PAIRS_HELP = "A file of sentence pairs: SNLI, MultiNLI, SICK or a plain table, packed or not."


@dataclass(frozen=True)
class PairModel:
    """A model of sentence pairs."""

    model: Annotated[
        str, typer.Option(help="A folder that compexact train nli made, package.module:factory, or hf:FOLDER.")
    ]
    weights: WeightsOption = None

    def load(self) -> LoadedPairModel:
        """Reads it."""
        from ...probes.nli.loading import load_pair_model

        return load_pair_model(self.model, weights=self.weights)
