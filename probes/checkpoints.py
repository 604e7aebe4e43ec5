"""Read weights from a file that may be damaged or made to do harm, and put them into a model.

A PyTorch checkpoint is a pickle, which can run any code when it is read.  Here it is read by
`torch.load(weights_only=True)` alone, which builds tensors and plain containers and refuses the rest.
A refusal is final: there is no second try by other means.

What a file may claim is bounded by what it holds: its entries are stored, not compressed, and a tensor
has no more elements than the file has room for.  (By repeating one element, a file of 1.5 kB can
declare 10^11 of them.)
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import nn

from ..solver.errors import DataError, UsageError, did_you_mean
from .factories import brief

StateDict = dict[str, torch.Tensor]

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_ZIP_MAGIC = b"PK\x03\x04"
_REFUSED_GLOBAL = re.compile(r"GLOBAL (\S+)")
_CAUSE = "WeightsUnpickler error:"
_DENSE_LAYER = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.(?=\d)")


def read_state_dict(path: Path) -> StateDict:
    """The tensors of a file written by `torch.save`, by name, on the CPU.

    The file holds a state dict, or a dict with one under `state_dict`, `model_state_dict` or `model`.
    Raises UsageError if there is no such file, DataError if it holds anything but weights or is damaged.
    """
    if not path.is_file():
        near = did_you_mean(path.name, (entry.name for entry in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise UsageError(f"weights {path}: there is no such file{near}")
    _check_archive(path)
    loaded = _unpickle(path)
    if not isinstance(loaded, dict):
        raise DataError(f"{path}: holds a {type(loaded).__name__}; a state dict is needed (model.state_dict())")
    inner = next((loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), dict)), loaded)
    size = path.stat().st_size
    for name, tensor in inner.items():
        _check_tensor(name, tensor, size, path)
    if not inner:
        raise DataError(f"{path}: the state dict is empty")
    return dict(inner)


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
        # As an open file: for a path, torch goes by its suffix and may hand it to another library.
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle can end in any of them
        named = _REFUSED_GLOBAL.search(str(error))
        if named is not None:
            raise _refusal(path, f"pickle that names {named[1].rstrip('.')}, which is more than weights") from None
        raise DataError(f"{path}: not a file of torch.save, or damaged ({_reason(error)})") from error


def _refusal(path: Path, what: str) -> DataError:
    return DataError(
        f"{path}: refused: {what}. Nothing of it was run. Save model.state_dict() alone, or name the code "
        "that builds the model as package.module:factory"
    )


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


def fit_names(state: Mapping[str, torch.Tensor], expected: Iterable[str], source: str) -> StateDict:
    """The state dict under the names that a model expects; unknown names stay as they are.

    Two old habits are undone: `module.`, which DataParallel puts in front of what it wraps, and
    `norm.1` for `norm1` (also `conv.1`), as old checkpoints name the layers of a DenseNet.
    """
    known = set(expected)
    fitted: StateDict = {}
    for key, tensor in state.items():
        name = _respelled(key) if key not in known and _respelled(key) in known else key
        if name in fitted:
            raise DataError(f"{source}: two entries for {name}, one of them written {key!r}")
        fitted[name] = tensor
    return fitted


def _respelled(key: str) -> str:
    plain = ".".join(part for part in key.split(".") if part != "module")
    return _DENSE_LAYER.sub(r"\1", plain)


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
    matching = {name: tensor for name, tensor in fitted.items() if name not in other_shape}
    # A plain dict, without the version notes of `state_dict()`: modules then take old files, too, such
    # as those from before BatchNorm had `num_batches_tracked`.
    outcome = module.load_state_dict(matching, strict=False)
    missing = [name for name in outcome.missing_keys if name not in other_shape]
    differences = [
        f"{len(names)} {what} ({_first(names)})"
        for what, names in (
            ("missing in the file", missing),
            ("unknown to the model", outcome.unexpected_keys),
            ("of another shape", list(other_shape.values())),
        )
        if names
    ]
    if not differences:
        return ()
    found = f"{source}: of {len(own)} entries in the model and {len(state)} in the file, {', '.join(differences)}"
    n_loaded = len(matching) - len(outcome.unexpected_keys)
    if strict or not n_loaded:
        way_out = "strict=False loads the rest" if n_loaded else "nothing fits: is it the right model?"
        raise UsageError(f"{found}; {way_out}")
    return (f"{found}; the other {n_loaded} were loaded",)


def _first(names: list[str], n: int = 5) -> str:
    # The names of a file are anybody's text: kept short, and escaped if they would break the line.
    shown = [name[:120] if name.isprintable() else ascii(name[:80]) for name in names[:n]]
    return ", ".join(shown) + (", ..." if len(names) > n else "")
