"""A model as a classifier of single pictures, for questions that change pictures and look again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from ..solver.errors import CompexactError, DataError, UsageError
from .preprocess import Preprocessing

if TYPE_CHECKING:
    from PIL.Image import Image

    from .models import LoadedModel

Score = Callable[[Iterable["Image"]], np.ndarray]
"""Pictures -> float32 (n_pictures, n_classes): the class scores, before a softmax."""


@dataclass(frozen=True, eq=False)
class PictureClassifier:
    """A network that names pictures.  classes: a name for each score.  digest: of its weights."""

    name: str
    classes: Sequence[str]
    digest: str
    scores: Score

    def probabilities(self, pictures: Iterable[Image]) -> np.ndarray:
        """float64 (n_pictures, n_classes): the softmax of the scores."""
        scores = self.scores(pictures).astype(np.float64)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-np.inf))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def picture_classifier(
    model: LoadedModel, preprocessing: Preprocessing, *, device: str = "cpu", batch_size: int = 32
) -> PictureClassifier:
    """The model as a classifier; it is run in evaluation mode.

    Classes without names are called `class 0`, `class 1`, ...
    Raises `UsageError` where the model gives no class scores, `DataError` for scores that are not finite.
    """
    if batch_size < 1:
        raise UsageError(f"batch_size must be at least 1, not {batch_size}")

    def scores(pictures: Iterable[Image]) -> np.ndarray:
        found = class_scores(model, pictures, preprocessing, device=device, batch_size=batch_size)
        if not np.isfinite(found).all():
            raise DataError(f"{model.name}: class scores are NaN or infinite")
        return found

    import PIL.Image

    black = PIL.Image.new("RGB", (preprocessing.image_size, preprocessing.image_size))
    n_classes = scores([black]).shape[1]
    names = model.class_names or ()
    if len(names) != n_classes:
        names = tuple(f"class {number}" for number in range(n_classes))
    return PictureClassifier(model.name, names, model.digest, scores)


def class_scores(
    model: LoadedModel,
    pictures: Iterable[Image],
    preprocessing: Preprocessing,
    *,
    device: str = "cpu",
    batch_size: int = 32,
) -> np.ndarray:
    """float32 (n_pictures, n_classes), in evaluation mode.  Raises `UsageError` where the model gives none."""
    import torch

    from .class_scores import scores_in, why_no_scores
    from .devices import choose_device
    from .trial import input_dtype, why_it_fails
    from .watching import evaluating

    place = choose_device(device)
    module, left, found = model.module.to(place), iter(pictures), []
    with evaluating(module):
        while batch := [preprocessing(picture) for picture in islice(left, batch_size)]:
            inputs = torch.stack(batch).to(place, input_dtype(module))
            try:
                output = module(inputs)
            except CompexactError:
                raise
            except Exception as error:  # whatever a model does with pictures that it was not made for
                raise UsageError(f"{model.name}: {why_it_fails(module, inputs, error)}") from None
            answer = scores_in(output, len(batch), model.n_classes)
            if answer is None:
                raise UsageError(f"{model.name} names no pictures.  {why_no_scores(output)}")
            found.append(answer.to("cpu", torch.float32).numpy())
    return np.concatenate(found) if found else np.zeros((0, 0), np.float32)
