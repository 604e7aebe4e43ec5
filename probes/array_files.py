"""Arrays as `.npy` files of a folder, each checked against its digest when it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from ..solver.errors import DataError
from .atomic_folder import write_blocks
from .digests import bytes_digest
from .npy import npy_header, view_npy
from .regular_files import check_folder, map_regular

Bytes = TypeVar("Bytes", bytes, memoryview)


def write_array(file: Path, array: np.ndarray) -> str:
    """Write an array; give the digest of the file."""
    return write_rows(file, array.dtype, array.shape, [array])


def write_rows(file: Path, dtype: np.dtype[Any], shape: tuple[int, ...], blocks: Iterable[np.ndarray]) -> str:
    """The same of an array that comes in blocks of rows, each needed only until it is written."""
    digest = hashlib.sha256()
    plain = dtype.newbyteorder("<")

    def contents() -> Iterator[bytes | memoryview]:
        yield npy_header(plain, shape)
        for block in blocks:
            yield np.ascontiguousarray(block, dtype=plain).reshape(-1).view(np.uint8).data

    def digested() -> Iterator[bytes | memoryview]:
        for content in contents():
            digest.update(content)
            yield content

    write_blocks(file, digested())
    return digest.hexdigest()


class StoredArrays(Mapping[str, np.ndarray]):
    """Arrays read, and checked, when they are asked for.  again: what makes others, for messages."""

    def __init__(self, folder: Path, digests: Mapping[str, str], again: str = "probe again") -> None:
        check_folder(folder)
        self.folder, self.digests, self.again = folder, digests, again

    def __getitem__(self, name: str) -> np.ndarray:
        file = self.folder / f"{name}.npy"
        content = checked(file, lambda: map_regular(file), self.digests[name], self.again)
        array = view_npy(content, str(file))
        array.setflags(write=False)
        return array

    def __contains__(self, name: object) -> bool:
        return name in self.digests

    def __iter__(self) -> Iterator[str]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)

    def without(self, names: tuple[str, ...]) -> StoredArrays:
        """All but these."""
        kept = {name: digest for name, digest in self.digests.items() if name not in names}
        return StoredArrays(self.folder, kept, self.again)


def checked(file: Path, content: Callable[[], Bytes], expected: str, again: str = "probe again") -> Bytes:
    """The content of the file; `DataError` where it cannot be read or has another digest."""
    try:
        found = content()
    except OSError as error:
        raise DataError(f"{file} cannot be read: {error.strerror}; {again}") from None
    digest = bytes_digest(found)
    if digest != expected:
        raise DataError(f"{file} is damaged: digest {digest[:12]} instead of {expected[:12]}; {again}")
    return found
