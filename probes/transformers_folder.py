"""Models of Hugging Face's transformers, from local folders: nothing is downloaded, no code of a folder is run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..solver.errors import DataError, UsageError
from .factories import brief
from .torchvision_ops import import_torchvision

HUGGING_FACE = "hf:"
_ONLY_HERE = {"local_files_only": True, "trust_remote_code": False}


def load_folder(folder: Path, kind: str, may_lack: Sequence[str] = ()) -> tuple[Any, Any, tuple[str, ...]]:
    """The network in the folder (`config.json`, `model.safetensors`, the tokenizer's files), its tokenizer, and notes.

    kind, may_lack: as in `load_network`, which says what it raises.
    """
    network, notes = load_network(folder, kind, may_lack)
    try:
        tokenizer = _import().AutoTokenizer.from_pretrained(str(folder), **_ONLY_HERE)
    except Exception as error:  # transformers meets damaged folders in many ways
        raise DataError(f"model {HUGGING_FACE}{folder} cannot be loaded: {brief(error)[:300]}") from None
    return network, tokenizer, notes


def load_network(folder: Path, kind: str, may_lack: Sequence[str] = ()) -> tuple[Any, tuple[str, ...]]:
    """The network in the folder (`config.json`, `model.safetensors`), and notes.

    kind: the class of transformers that chooses the network, such as `AutoModel`.  may_lack: how the names of weights
    begin that may be missing from the file; those are random.
    Weights are read from safetensors only.
    Raises `UsageError` without transformers or without such a folder, `DataError` where its files do not fit.
    """
    transformers = _import()
    spec = f"model {HUGGING_FACE}{folder}"
    if not (folder / "config.json").is_file():
        raise UsageError(f"{spec}: no folder with a config.json; models are read from local folders only")
    try:
        network, found = getattr(transformers, kind).from_pretrained(
            str(folder), use_safetensors=True, output_loading_info=True, **_ONLY_HERE
        )
    except Exception as error:  # transformers meets damaged folders in many ways
        raise DataError(f"{spec} cannot be loaded: {brief(error)[:300]}") from None
    missing = sorted(map(str, found.get("missing_keys", ())))
    needed = [name for name in missing if not name.startswith(tuple(may_lack))]
    if needed:
        raise DataError(f"{spec}: the weights lack {len(needed)} entries, such as {needed[0]}")
    notes = (f"The weights lack {', '.join(missing)}, which are random.",) if missing else ()
    return network.eval(), notes


def _import() -> Any:
    import_torchvision()  # transformers imports it, and it may need help
    try:
        import transformers
    except ImportError:
        raise UsageError("hf: models need the package transformers: pip install 'compexact[hf]'") from None
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers
