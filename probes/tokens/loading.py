"""From what the user types to a transformer and its tokenizer.

A model of the user's, `package.module:factory`, gives the pair of both: an `nn.Module` that is called with the
tokenizer's tensors by name (`input_ids`, ...), those that its `forward` takes; and a tokenizer as transformers has
them, fast, since it has to say which characters each sub-word is.
"""

from __future__ import annotations

import inspect
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ...solver.errors import UsageError
from ..factories import call_factory, find_attribute, is_factory_spec, refuse_image_model
from ..models import weights_digest
from ..torchvision_ops import import_torchvision
from ..transformers_folder import HUGGING_FACE, load_folder

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
LENGTHS = ("max_position_embeddings", "n_positions", "n_ctx")
"""How the configs of transformers call the most positions that a model has."""
NO_LIMIT = 10**6
"""Tokenizers that know no greatest length give a number above this."""


@dataclass(frozen=True, eq=False)
class LoadedTokenModel:
    """A transformer on the CPU in evaluation mode, and what is known of it.

    name: the specification that it was loaded by.  digest: of its weights in float32.  takes: the names of the inputs
    that it can be called with; None for any.  longest: the most tokens it can read at once; None where it does not say.
    notes: whole sentences.
    """

    module: nn.Module
    tokenizer: Any
    name: str
    digest: str
    takes: frozenset[str] | None
    longest: int | None
    notes: tuple[str, ...] = ()


def load_token_model(spec: str, *, dtype: str = "float32") -> LoadedTokenModel:
    """The model that `spec` names: `hf:FOLDER`, or `package.module:factory`.  Nothing is ever downloaded.

    dtype: what it computes in, whatever its weights are stored in.
    Raises `UsageError` for a wrong specification and for what is no such pair, `DataError` for damaged files.
    """
    refuse_image_model(spec, "words")
    notes: tuple[str, ...] = ()
    if spec.startswith(HUGGING_FACE):
        module, tokenizer, notes = load_folder(
            Path(spec.removeprefix(HUGGING_FACE)), "AutoModel", may_lack=("pooler.",)
        )
    elif is_factory_spec(spec):
        module, tokenizer = _made(spec)
    else:
        raise UsageError(f"unknown model {spec!r}; write hf:FOLDER or package.module:factory")
    return token_model(module, tokenizer, spec, dtype=dtype, notes=notes)


def token_model(
    module: nn.Module, tokenizer: Any, name: str, *, dtype: str = "float32", notes: tuple[str, ...] = ()
) -> LoadedTokenModel:
    """A module and its tokenizer.  name: what they are called in results.  dtype: as above.

    Where the module's weights are of another dtype, a copy computes: the module itself stays as it is.
    Raises `UsageError` for a tokenizer that does not say which characters a sub-word is.
    """
    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(
            f"model {name!r}: its tokenizer, {type(tokenizer).__name__}, does not say which characters a sub-word is; "
            "a fast tokenizer is needed (a folder with tokenizer.json)"
        )
    floats = {each.dtype for each in (*module.parameters(), *module.buffers()) if each.is_floating_point()}
    if floats - {torch.float32} or dtype != "float32":
        module = deepcopy(module).to(torch.float32)
    digest = weights_digest(module)
    module = module.to(DTYPES[dtype])
    return LoadedTokenModel(module, tokenizer, name, digest, _takes(module), _longest(module, tokenizer), notes)


def _made(spec: str) -> tuple[nn.Module, Any]:
    with suppress(ImportError):  # the module of the user's may import transformers, and with it torchvision
        import_torchvision()
    made = call_factory(find_attribute(spec, "model"), f"model {spec!r}")
    if not isinstance(made, tuple | list) or len(made) != 2 or not isinstance(made[0], nn.Module):
        found = f"a {type(made).__name__}" + (f" of {len(made)}" if isinstance(made, tuple | list) else "")
        raise UsageError(f"model {spec!r} gives {found}; a pair (torch.nn.Module, tokenizer) is needed")
    return made[0], made[1]


def _takes(module: nn.Module) -> frozenset[str] | None:
    """Models of transformers name all that they take, and hand on what else they are given."""
    parameters = inspect.signature(module.forward).parameters
    takes_any = any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values())
    return None if takes_any and "input_ids" not in parameters else frozenset(parameters)


def _longest(module: nn.Module, tokenizer: Any) -> int | None:
    config = getattr(module, "config", None)
    known = [getattr(config, name, None) for name in LENGTHS] + [getattr(tokenizer, "model_max_length", None)]
    numbers = [number for number in known if isinstance(number, int) and 0 < number < NO_LIMIT]
    return min(numbers, default=None)
