"""A loaded sentence-pair model as edits ask it: scores, and which units of a probe are on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...probes.store import Probe
from .editing import Answers, Ask, Tokens

if TYPE_CHECKING:  # torch is imported by whoever loads the model
    from ...probes.nli.loading import LoadedPairModel


def ask_model(model: LoadedPairModel, probe: Probe, *, device: str = "cpu", batch_size: int = 64) -> Ask:
    """Ask this model.  probe: the one made of it, whose layer and thresholds say what it means that a unit is on."""
    from ...probes.nli.responses import respond

    layer, thresholds = str(probe.about["layer"]), probe.inputs.thresholds

    def ask(premises: Sequence[Tokens], hypotheses: Sequence[Tokens]) -> Answers:
        logits, active = respond(
            model, premises, hypotheses, layer=layer, thresholds=thresholds, device=device, batch_size=batch_size
        )
        return Answers(logits, active)

    return ask
