"""A trained sentence-pair model on disk: a folder that can be moved and copied.

    config.json        the architecture, and the digest of every other file
    vocabulary.json    the words, in the order of their numbers
    weights.pt         the state dict; read with `weights_only=True`
    training.json      how it was trained: settings, seeds, data, curve

It is written whole or not at all.  Nothing in it is ever executed.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from ...solver.errors import DataError, UsageError
from ..atomic_folder import new_folder, write_bytes
from ..checkpoints import read_state_dict
from ..entry_names import StateDict
from ..json_text import parse_json
from ..models import weights_digest
from ..regular_files import read_regular, starts_with
from ..schema import ModelConfig, ModelFile, digest_of, read_form
from .model import SentencePairModel
from .nli_settings import ModelSettings
from .vocabulary import Vocabulary

FORMAT = "compexact nli model"
VERSION = 1


def is_model(folder: Path) -> bool:
    """Whether a model of this kind lies in the folder, whole or damaged."""
    return starts_with(folder / "config.json", FORMAT)


def model_digest(module: SentencePairModel) -> str:
    """sha256, hex, over weights and vocabulary."""
    words = json.dumps(module.vocabulary.words, ensure_ascii=False)
    return hashlib.sha256(f"{weights_digest(module)}\n{words}".encode()).hexdigest()


def save_model(
    module: SentencePairModel, training: Mapping[str, Any], path: str | Path, *, force: bool = False
) -> None:
    """Write the folder.  training: plain JSON; whatever one should know of how the model was made.

    force: replace the model that lies there.  Errors as in `folders.new_folder`.
    """
    weights = io.BytesIO()
    torch.save({name: tensor.detach().cpu() for name, tensor in module.state_dict().items()}, weights)
    contents = {
        "vocabulary.json": json.dumps(module.vocabulary.words, ensure_ascii=False, indent=0).encode(),
        "weights.pt": weights.getvalue(),
        "training.json": _json(training),
    }
    config = {"format": FORMAT, "version": VERSION, "settings": asdict(module.settings)}
    config |= {"classes": list(module.class_names)}
    config |= {"digests": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}}
    config |= {"digest": digest_of(config)}
    with new_folder(Path(path), force=force, is_ours=is_model) as folder:
        for name, content in contents.items():
            write_bytes(folder / name, content)
        write_bytes(folder / "config.json", _json(config))


def read_model(path: str | Path) -> tuple[SentencePairModel, dict[str, Any]]:
    """The model, in evaluation mode and on the CPU, and what `training.json` says.

    Raises `UsageError` where there is no such model, `DataError` where it is damaged or its files do not fit.
    """
    path = Path(path)
    config = _read_config(path)
    vocabulary = Vocabulary(tuple(_words(path / "vocabulary.json", _checked(path, "vocabulary.json", config))))
    training = _read_json(path / "training.json", _checked(path, "training.json", config))
    _checked(path, "weights.pt", config)
    state = read_state_dict(path / "weights.pt")
    try:
        settings = ModelSettings(**config.settings)
    except (TypeError, UsageError) as error:
        raise DataError(f"{path / 'config.json'}: its settings are wrong: {error}") from None
    # Without memory of its own first: a file may claim any size, and only the weights show whether it is true.
    with torch.device("meta"):
        module = SentencePairModel(vocabulary, settings)
    _check_fit(module, state, path / "weights.pt")
    module.load_state_dict(state, assign=True)
    return module.eval(), training


def _read_config(path: Path) -> ModelConfig:
    try:
        return read_form(path / "config.json", ModelConfig, "nli model", "train again")
    except FileNotFoundError:
        raise UsageError(f"{path} is not a model: it has no config.json; compexact train nli makes one") from None


def _checked(path: Path, name: ModelFile, config: ModelConfig) -> bytes:
    """A file's bytes, once their digest is right."""
    content = _bytes(path / name)
    found, expected = hashlib.sha256(content).hexdigest(), config.digests.get(name, "none")
    if found != expected:
        raise DataError(f"{path / name} is damaged: digest {found[:12]} instead of {expected[:12]}; train again")
    return content


def _bytes(file: Path) -> bytes:
    try:
        return read_regular(file)
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}; train again") from None


def _read_json(file: Path, content: bytes) -> dict[str, Any]:
    value = parse_json(content, str(file))
    if not isinstance(value, dict):
        raise DataError(f"{file} holds a {type(value).__name__}, not an object")
    return value


def _words(file: Path, content: bytes) -> list[str]:
    words = parse_json(content, str(file))
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise DataError(f"{file} is not a list of words")
    return words


def _check_fit(module: SentencePairModel, state: StateDict, file: Path) -> None:
    """That the file has the module's tensors, no others, of the same shapes and types, and finite."""
    expected = module.state_dict()
    for what, names in (("lacks", expected.keys() - state.keys()), ("has the unknown", state.keys() - expected.keys())):
        if names:
            raise DataError(f"{file} {what} entry {min(names)!r}: it does not fit config.json")
    for name, tensor in state.items():
        wanted = expected[name]
        if tensor.shape != wanted.shape or tensor.dtype != wanted.dtype:
            raise DataError(
                f"{file}: {name} is {tensor.dtype} {tuple(tensor.shape)}; config.json and vocabulary.json ask for "
                f"{wanted.dtype} {tuple(wanted.shape)}"
            )
        if not bool(torch.isfinite(tensor).all()):
            raise DataError(f"{file}: {name} has values that are NaN or infinite")


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False).encode()
