"""Read weights from a file that may be damaged or made to do harm, and put them into a model.

A PyTorch checkpoint is a pickle, which can run any code when it is read.  Here it is read by
`torch.load(weights_only=True)` alone, which builds tensors and plain containers and refuses the rest.
A refusal is final: there is no second try by other means.

What a file may claim is bounded by what it holds: its entries are stored, not compressed, and a tensor
has no more elements than the file has room for.  (By repeating one element, a file of 1.5 kB can
declare 10^11 of them.)
"""

from __future__ import annotations

import argparse
import re
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ..solver.errors import DataError, UsageError, did_you_mean
from .entry_names import StateDict, fit_names
from .factories import brief
from .safetensors_file import is_safetensors, read_safetensors

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_ZIP_MAGIC = b"PK\x03\x04"
_REFUSED_GLOBAL = re.compile(r"GLOBAL (\S+)")
_CAUSE = "WeightsUnpickler error:"


def read_state_dict(path: Path) -> StateDict:
    """The tensors of a file written by `torch.save` or safetensors, by name, on the CPU.

    The file holds a state dict, or a dict with one under `state_dict`, `model_state_dict`, `model`, or where it has but
    one, under any key.  A state dict's versions (`_metadata`) are kept.
    Raises UsageError if there is no such file, DataError if it holds anything but weights or is damaged.
    """
    if not path.is_file():
        near = did_you_mean(path.name, (entry.name for entry in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise UsageError(f"--weights {path}: there is no such file{near}")
    if is_safetensors(path):
        loaded: object = read_safetensors(path)
    else:
        _check_archive(path)
        loaded = _unpickle(path)
    if not isinstance(loaded, dict):
        raise DataError(f"{path}: holds a {type(loaded).__name__}; a state dict is needed (model.state_dict())")
    inner = _weights_in(loaded, path)
    size = path.stat().st_size
    for name, tensor in inner.items():
        _check_tensor(name, tensor, size, path)
    if not inner:
        raise DataError(f"{path}: the state dict is empty")
    state = StateDict(inner)
    versions = getattr(inner, "_metadata", None)
    state.versions = _versions(versions)
    return state


def _weights_in(loaded: dict[Any, Any], path: Path) -> dict[Any, Any]:
    """The state dict among what a training kept."""
    inner = next((loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), dict)), None)
    if inner is not None:
        return inner if _is_weights(inner) else _weights_in(inner, path)
    found = {key: value for key, value in loaded.items() if isinstance(value, dict) and _is_weights(value)}
    if len(found) > 1 and not _is_weights(loaded):
        names = ", ".join(repr(str(key)[:40]) for key in list(found)[:5])
        raise DataError(f"{path}: holds {len(found)} state dicts, {names}; save one of them alone")
    return next(iter(found.values())) if found else loaded


def _is_weights(value: dict[Any, Any]) -> bool:
    return bool(value) and all(isinstance(tensor, torch.Tensor) for tensor in value.values())


def _versions(metadata: object) -> dict[str, dict[str, Any]]:
    """Of each module, by its name; none where the file's are no such thing."""
    if not isinstance(metadata, dict):
        return {}
    return {name: said for name, said in metadata.items() if isinstance(name, str) and isinstance(said, dict)}


def _check_archive(path: Path) -> None:
    """That a zip archive (the format since torch 1.6) is whole and no larger unpacked than packed."""
    with path.open("rb") as file:
        if file.read(len(_ZIP_MAGIC)) != _ZIP_MAGIC:
            return
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if entry.file_size]
            if any(entry.filename.endswith("/constants.pkl") for entry in entries):
                raise _refusal(path, "a TorchScript archive, which is a program")
            unpacked = sum(entry.file_size for entry in entries)
            if unpacked > path.stat().st_size:
                raise DataError(
                    f"{path}: unpacks to {unpacked} bytes, more than the file has; torch.save does not compress"
                )
            wrong = [entry.filename for entry in entries if not _has_its_checksum(archive, entry)]
    except DataError:
        raise
    except Exception as error:  # a damaged archive can end in any of them
        raise DataError(f"{path}: damaged ({brief(error)}); fetch or save it again") from error
    # torch.save can be told to write no checksums; then none is right.
    if wrong and len(wrong) < len(entries):
        raise DataError(f"{path}: damaged (checksum of {wrong[0]} is wrong); fetch or save it again")


def _has_its_checksum(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    try:
        with archive.open(entry) as stream:
            while stream.read(1 << 20):
                pass
    except zipfile.BadZipFile as error:
        if "CRC" not in str(error):
            raise
        return False
    return True


def _unpickle(path: Path) -> object:
    try:
        return _load(path, "utf-8")
    except UnicodeDecodeError:  # a file of Python 2 with a text that is not ASCII
        return _load(path, "latin1")


def _load(path: Path, encoding: str) -> object:
    try:
        # As an open file: for a path, torch goes by its suffix and may hand it to another library.
        with path.open("rb") as file, warnings.catch_warnings(), torch.serialization.safe_globals(_plain_values()):
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True, encoding=encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8":
            raise
        raise DataError(f"{path}: not a file of torch.save, or damaged ({_reason(error)})") from error
    except Exception as error:  # a damaged pickle can end in any of them
        named = _REFUSED_GLOBAL.search(str(error))
        if named is not None:
            raise _refusal(path, f"pickle that names {named[1].rstrip('.')}, which is more than weights") from None
        raise DataError(f"{path}: not a file of torch.save, or damaged ({_reason(error)})") from error


def _plain_values() -> list[Any]:
    """What stands beside weights and holds but numbers and texts: numpy's scalars, the options of a training."""
    dtypes = [np.dtype, *(type(np.dtype(code)) for code in "?bhilqBHILQefd")]
    scalar = np.float64(0).__reduce__()[0]
    return [scalar, (scalar, "numpy.core.multiarray.scalar"), argparse.Namespace, *dtypes]


def _refusal(path: Path, what: str) -> DataError:
    return DataError(
        f"{path}: refused: {what}. Nothing of it was run. Save model.state_dict() alone, or name the code that builds "
        f"the model as package.module:factory. If you trust the file, convert it: {_conversion(path)}"
    )


def _conversion(path: Path) -> str:
    """Three lines of Python that keep the weights of what only a pickle can read."""
    name = repr(path.name if path.name.isprintable() else "FILE")
    load = f"torch.jit.load({name})" if _is_torchscript(path) else f"torch.load({name}, 'cpu', weights_only=False)"
    return (
        f"import torch; found = {load}; torch.save(found.state_dict() if hasattr(found, 'state_dict') else "
        "found['state_dict'], 'weights.pth')"
    )


def _is_torchscript(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(entry.filename.endswith("/constants.pkl") for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile):
        return False


def _reason(error: Exception) -> str:
    """The cause in torch's message, which can be a page long and advises to read the file unsafely."""
    text = str(error)
    cause = text.partition(_CAUSE)[2] if _CAUSE in text else text
    return f"{type(error).__name__}: {(cause.strip().splitlines() or ['no reason given'])[0][:120]}"


def _check_tensor(name: object, tensor: object, file_size: int, path: Path) -> None:
    """That this entry is a named, ordinary tensor, and that the file can hold what it declares."""
    where = f"{path}: entry {str(name)[:80]!r}"
    if not isinstance(name, str) or not isinstance(tensor, torch.Tensor):
        raise DataError(f"{where} is of type {type(tensor).__name__}; a state dict holds tensors by name")
    if tensor.device.type != "cpu" or tensor.layout != torch.strided or tensor.is_nested or tensor.is_quantized:
        raise DataError(f"{where} is not an ordinary dense tensor; save it as one (dequantize(), to_dense())")
    declared = tensor.numel() * tensor.element_size()
    if declared > min(tensor.untyped_storage().nbytes(), file_size):
        raise DataError(
            f"{where} declares {tensor.numel()} elements ({declared} bytes) but the file has {file_size} bytes"
        )


def load_into(module: nn.Module, state: StateDict, *, strict: bool, source: str) -> tuple[str, ...]:
    """Copy the tensors into the module, by name, and say what was left over.

    Raises UsageError if names or shapes differ; with `strict=False` only if nothing fits at all.
    """
    own = module.state_dict()
    fitted = fit_names(state, own, source)
    other_shape = {
        name: f"{name} is {tuple(tensor.shape)} in the file, {tuple(own[name].shape)} in the model"
        for name, tensor in fitted.items()
        if isinstance(own.get(name), torch.Tensor) and own[name].shape != tensor.shape
    }
    matching = OrderedDict((name, tensor) for name, tensor in fitted.items() if name not in other_shape)
    missing, unexpected = _copy(module, matching, fitted.versions, source)
    # Of files from before BatchNorm had it; it counts only in training.
    missing = [name for name in missing if name not in other_shape and not name.endswith(".num_batches_tracked")]
    differences = [
        f"{len(names)} {what} ({_first(names)})"
        for what, names in (
            ("missing in the file", missing),
            ("unknown to the model", unexpected),
            ("of another shape", list(other_shape.values())),
        )
        if names
    ]
    if not differences:
        return ()
    found = f"{source}: of {len(own)} entries in the model and {len(state)} in the file, {', '.join(differences)}"
    n_loaded = len(matching) - len(unexpected)
    if strict or not n_loaded:
        way_out = "--allow-partial-weights loads the rest" if n_loaded else "nothing fits: is it the right model?"
        raise UsageError(f"{found}; {way_out}")
    return (f"{found}; the other {n_loaded} were loaded",)


def _copy(
    module: nn.Module, state: OrderedDict[str, torch.Tensor], versions: dict[str, dict[str, Any]], source: str
) -> tuple[list[str], list[str]]:
    """Load them; the names that are missing, and those that the module does not have.

    versions: of the file's modules, by which modules take older files; where that fails, the module's own.
    """
    own = getattr(module.state_dict(), "_metadata", {})
    for said in (versions, own):
        state._metadata = said  # type: ignore[attr-defined]
        try:
            outcome = module.load_state_dict(state, strict=False)
            return list(outcome.missing_keys), list(outcome.unexpected_keys)
        except Exception as error:  # whatever a module does with an entry of another version
            problem = error
    raise UsageError(f"{source}: the model cannot take them: {brief(problem)[:300]}") from None


def _first(names: list[str], n: int = 5) -> str:
    # The names of a file are anybody's text: kept short, and escaped if they would break the line.
    shown = [name[:120] if name.isprintable() else ascii(name[:80]) for name in names[:n]]
    return ", ".join(shown) + (", ..." if len(names) > n else "")
