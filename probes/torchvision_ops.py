"""Import torchvision, even where its compiled operators cannot be loaded.

The torchvision wheel of the package index is built for CUDA.  Beside a CPU build of torch its library
of compiled operators does not load, and `import torchvision` then ends with "operator torchvision::nms
does not exist", because torchvision describes two detection operators that nobody has declared.
Classifiers and transforms use neither.  So the two are declared, without an implementation, and the
import is tried again.  Where the library loads, nothing is declared.

All of `probes` imports torchvision through here.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType

import torch

_DESCRIBED_ON_IMPORT = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def import_torchvision() -> ModuleType:
    """The torchvision package, imported.

    Without its compiled operators, models for detection still build but fail when they run.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    _declare_operators()
    return importlib.import_module("torchvision")


@functools.cache  # a declaration lasts as long as its Library, so the cache has to keep it
def _declare_operators() -> torch.library.Library:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _DESCRIBED_ON_IMPORT:
        library.define(schema)
    return library
