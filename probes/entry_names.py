"""The entries of a state dict under the names that a model expects."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import torch

from ..solver.errors import DataError

_DENSE_LAYER = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(?=\d)")


class StateDict(dict[str, torch.Tensor]):
    """Tensors by name.  versions: of the modules that they are of, as `torch` keeps them (`_metadata`)."""

    versions: dict[str, dict[str, Any]] = {}  # noqa: RUF012, replaced and never changed


def fit_names(state: Mapping[str, torch.Tensor], expected: Iterable[str], source: str) -> StateDict:
    """The state dict under the names that a model expects; unknown names stay as they are.

    Three habits are undone: prefixes before all names, in any chain, which wrappers put there (`module._orig_mod.`,
    `model.`); `module.` within a name, where DataParallel wraps a part; and `norm.1` for `norm1` (also `conv.1`), as
    old checkpoints name the layers of a DenseNet.
    """
    known = set(expected)
    prefix = _prefix(state, known)
    fitted = StateDict()
    for key, tensor in state.items():
        name = key.removeprefix(prefix)
        name = _respelled(name) if name not in known and _respelled(name) in known else name
        if name in fitted:
            raise DataError(f"{source}: two entries for {name}, one of them written {key!r}")
        fitted[name] = tensor
    versions = state.versions if isinstance(state, StateDict) else {}
    fitted.versions = {_of_module(name, prefix): said for name, said in versions.items()}
    return fitted


def _prefix(state: Iterable[str], known: set[str]) -> str:
    """What stands before the most names that are known without it; "" where as many are known as they are."""
    counts: Counter[str] = Counter()
    for key in state:
        place = 0
        while place >= 0:
            if key[place:] in known or _of_densenet(key[place:]) in known:
                counts[key[:place]] += 1
            place = key.find(".", place) + 1 or -1
    return max(counts, key=lambda prefix: (counts[prefix], -len(prefix)), default="")


def _of_module(name: str, prefix: str) -> str:
    """The name of a module of the file as the model has it.

    >>> _of_module("module.layer1", "module."), _of_module("module", "module.")
    ('layer1', '')
    """
    return f"{name}.".removeprefix(prefix).removesuffix(".")


def _respelled(key: str) -> str:
    return _of_densenet(".".join(part for part in key.split(".") if part != "module"))


def _of_densenet(key: str) -> str:
    return _DENSE_LAYER.sub(r"\1", key)
