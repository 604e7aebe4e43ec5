"""Arrays as numpy's `.npy` files hold them, read once what the header claims has been held against what is there."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any

import numpy as np

from ..solver.errors import DataError

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npy(opened: Callable[[], IO[bytes]], size: int, where: str) -> np.ndarray:
    """The array of a file of `size` bytes.

    opened: opens it from the start; called twice.  where: the file, and the array's name, for messages.
    Raises `DataError` for Python objects, a header that is none or claims another size, and more bytes than `size`.
    """
    with opened() as stream:
        _header(stream, size, where)
    with opened() as stream:
        array = np.lib.format.read_array(stream, allow_pickle=False)
        if stream.read(1):
            raise DataError(f"{where} holds more than the {size:,} bytes that it claims")
    return array


def view_npy(content: memoryview, where: str) -> np.ndarray:
    """The array of a file's bytes, which it shares.  Errors as above."""
    start = io.BytesIO(content[:_MOST_HEADER])
    shape, in_columns, dtype = _header(start, len(content), where)
    if 0 in shape:
        return np.empty(shape, dtype)
    flat = np.frombuffer(content, dtype, offset=start.tell())
    return flat.reshape(shape, order="F" if in_columns else "C")


def npy_header(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What stands before the values of an array in a file, which are stored by rows."""
    stream = io.BytesIO()
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


_MOST_HEADER = 2**16 + 10
"""Version 1.0 has less, and numpy refuses to read more than 10,000 of version 2.0."""


def _header(stream: IO[bytes], size: int, where: str) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether it is stored by columns, and type; the stream stands at the first value then."""
    try:
        version = np.lib.format.read_magic(stream)
        if version not in _HEADERS:
            raise ValueError(f"its .npy version is {version[0]}.{version[1]}; 1.0 and 2.0 are read")
        shape, in_columns, dtype = _HEADERS[version](stream)
    except Exception as error:  # numpy reads it as Python text, and a damaged one can end in any of them
        why = " ".join(str(error).split())[:200] or "its header is no header"
        raise DataError(f"{where} is not an array: {why}") from None
    if dtype.hasobject:
        raise DataError(f"{where} holds Python objects, which are never loaded; save text as dtype str")
    expected = int(np.prod([int(n) for n in shape], dtype=object)) * dtype.itemsize
    present = size - stream.tell()
    if expected != present or min(shape, default=0) < 0:
        raise DataError(f"{where} claims shape {shape}, {expected:,} bytes, but {present:,} are there")
    return shape, in_columns, dtype
