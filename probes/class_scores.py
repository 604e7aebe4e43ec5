"""The class scores in whatever a model gives."""

from __future__ import annotations

from collections.abc import Mapping

import torch

from .layouts import describe

SCORES = "(images, classes)"
_NAMES = ("logits", "out", "scores")


def scores_in(output: object, n_images: int, n_classes: int | None = None) -> torch.Tensor | None:
    """The matrix (images, classes) in what a model gives; None where there is none, or several of which none is named.

    That is the output, its `.logits`, its entry `logits`, `out` or `scores`, or its only matrix.
    n_classes: how many there are, where that is known; it tells one of several matrices.
    """
    if isinstance(output, torch.Tensor):
        return output if _is_matrix(output, n_images) else None
    named = _named(output)
    for name in _NAMES:
        if _is_matrix(named.get(name), n_images):
            return named[name]  # type: ignore[return-value]
    found = [part for part in named.values() if isinstance(part, torch.Tensor) and _is_matrix(part, n_images)]
    if len(found) > 1:
        found = [part for part in found if part.shape[1] == n_classes]
    return found[0] if len(found) == 1 else None


def why_no_scores(output: object) -> str:
    """A whole sentence for a model without class scores."""
    return f"No predictions: the model gives {describe(output)}, in which no class scores {SCORES} can be told."


def _named(output: object) -> dict[str, object]:
    if isinstance(output, Mapping):
        return {str(name): part for name, part in output.items()}
    if isinstance(output, (tuple, list)):
        fields = getattr(output, "_fields", range(len(output)))
        return {str(name): part for name, part in zip(fields, output)}
    return {name: part for name in _NAMES if (part := getattr(output, name, None)) is not None}


def _is_matrix(part: object, n_images: int) -> bool:
    return isinstance(part, torch.Tensor) and part.ndim == 2 and len(part) == n_images and part.is_floating_point()
