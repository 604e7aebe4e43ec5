"""From what the user types to a sentence-pair model.

A sentence-pair model is an `nn.Module` with

- `encode(premises, hypotheses)`: sequences of token sequences to a tuple of tensors on the CPU, pairs first;
- `forward(*encoded)`: to scores, float (n, n_classes);
- `class_names`: the name of each score, in their order;
- `default_layer` (optional): the dotted name of the layer to probe where none is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from ...solver.errors import UsageError
from ..factories import is_factory_spec, refuse_image_model
from ..models import load_model
from ..text.labels import read_names
from ..transformers_folder import HUGGING_FACE
from .saving import model_digest, read_model


@dataclass(frozen=True, eq=False)
class LoadedPairModel:
    """A sentence-pair model on the CPU, and what is known of it.

    name: the specification that it was loaded by.  digest: of its weights (and vocabulary).  class_names: in lower
    case, one per score.  layer: the layer to probe where none is named, or None.  notes: whole sentences.
    """

    module: nn.Module
    name: str
    digest: str
    class_names: tuple[str, ...]
    layer: str | None
    notes: tuple[str, ...] = ()


def load_pair_model(spec: str, *, weights: Path | None = None, labels: Path | None = None) -> LoadedPairModel:
    """The model that `spec` names, with the names that the file `labels` gives its classes.  See `_load`."""
    loaded = _load(spec, weights)
    if labels is None:
        return loaded
    names = read_names(labels)
    renamed = tuple(names.get(name) or name for name in loaded.class_names)
    if len(set(renamed)) < len(renamed):
        raise UsageError(f"{labels} gives two classes of model {spec!r} one name: {', '.join(renamed)}")
    return replace(loaded, class_names=renamed)


def _load(spec: str, weights: Path | None) -> LoadedPairModel:
    """The model that `spec` names.  Nothing is ever downloaded.

    spec: a folder that `compexact train nli` made; `package.module:factory`, looked for on `sys.path` and in the
        current folder, and called without arguments; or `hf:FOLDER`, a model of Hugging Face's transformers.
    weights: a state dict in a local file, for a factory's model.

    Raises `UsageError` for a wrong specification and modules without the members above, `DataError` for damaged
    files.
    """
    refuse_image_model(spec, "sentence pairs")
    if not is_factory_spec(spec) or spec.startswith(HUGGING_FACE):
        if weights is not None:
            raise UsageError(f"model {spec!r} has its own weights; a file of weights goes with package.module:factory")
        if spec.startswith(HUGGING_FACE):
            from .hugging_face import load_hugging_face

            return described_model(spec, *load_hugging_face(Path(spec.removeprefix(HUGGING_FACE))))
        if not Path(spec).is_dir():
            raise UsageError(
                f"model {spec!r} is no folder; name a folder that compexact train nli made, "
                "package.module:factory, or hf:FOLDER"
            )
        module, _ = read_model(spec)
        return described_model(spec, module, model_digest(module), ())
    loaded = load_model(spec, weights=weights)
    # Which mode a model runs in is for whoever runs it to choose, and to say.
    notes = tuple(note for note in loaded.notes if "training mode" not in note)
    return described_model(spec, loaded.module, loaded.digest, notes)


def described_model(spec: str, module: nn.Module, digest: str, notes: tuple[str, ...] = ()) -> LoadedPairModel:
    """A module with the members above.  spec: what it is called; digest: of its weights.

    Raises `UsageError` for a member that is missing or wrong.
    """
    if not callable(getattr(module, "encode", None)):
        raise UsageError(
            f"model {spec!r} has no method encode(premises, hypotheses); a sentence-pair model turns tokens into the "
            "tensors that its forward takes"
        )
    names = getattr(module, "class_names", None)
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        raise UsageError(
            f"model {spec!r} has no class_names; give it the name of each score in order, such as "
            "('entailment', 'neutral', 'contradiction')"
        )
    lowered = tuple(name.lower() for name in names)
    if len(set(lowered)) < len(lowered):
        raise UsageError(f"model {spec!r} has two classes of one name: {', '.join(names)}")
    layer = getattr(module, "default_layer", None)
    return LoadedPairModel(module, spec, digest, lowered, layer if isinstance(layer, str) else None, notes)
