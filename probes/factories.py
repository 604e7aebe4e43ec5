"""`package.module:factory`: something of the user's own, named on the command line.

This runs the user's code, which is trusted because the user named it.
"""

from __future__ import annotations

import importlib
import os
import re
import sys
from contextlib import suppress
from types import ModuleType

from ..solver.errors import CompexactError, UsageError, did_you_mean

_SPEC = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<attribute>[^\W\d]\w*)")


def is_factory_spec(spec: str) -> bool:
    """Whether `spec` reads as `package.module:factory`.

    >>> is_factory_spec("nets.small:make"), is_factory_spec("nets/small.py:make")
    (True, False)
    """
    return _SPEC.fullmatch(spec) is not None


def find_attribute(spec: str, kind: str) -> object:
    """What `package.module:attribute` names, looked for on `sys.path` and in the current folder.

    kind: what it should be ("model"), for the message.  Raises UsageError if the module cannot be
    imported or has no such attribute.
    """
    match = _SPEC.fullmatch(spec)
    if match is None:
        raise UsageError(f"{kind} {spec!r} is not of the form package.module:factory")
    module = _import(match["module"], f"{kind} {spec!r}")
    attribute = match["attribute"]
    if not hasattr(module, attribute):
        hint = did_you_mean(attribute, vars(module))
        raise UsageError(f"{kind} {spec!r}: module {match['module']} has no {attribute!r}{hint}")
    return getattr(module, attribute)


def call_factory(factory: object, where: str) -> object:
    """What the factory returns, called without arguments; UsageError naming `where` if it fails."""
    if not callable(factory):
        raise UsageError(f"{where} is of type {type(factory).__name__}; a function is needed")
    try:
        return factory()
    except CompexactError:
        raise
    except Exception as error:  # whatever the user's code does
        raise UsageError(f"{where} fails with {brief(error)}") from error


def brief(error: BaseException) -> str:
    """The error on one line: its type and message, without line breaks."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _repair_torchvision() -> None:
    """Import it before the user's module, which may need it and could not (`torchvision_ops`)."""
    from .torchvision_ops import import_torchvision

    with suppress(Exception):  # it is missing, or broken in another way; the user's module may not need it
        import_torchvision()


def _import(name: str, where: str) -> ModuleType:
    if os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())  # last, so that no file there hides an installed module
    _repair_torchvision()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and f"{name}.".startswith(f"{error.name}."):
            raise UsageError(
                f"{where}: there is no module {error.name!r} on sys.path or in the current folder"
            ) from None
        raise UsageError(f"{where}: module {name} needs {error.name}, which is missing") from error
    except Exception as error:  # whatever the user's code does
        raise UsageError(f"{where}: importing {name} fails with {brief(error)}") from error


def refuse_image_model(spec: str, reads: str) -> None:
    """Raise `UsageError` for the name of a model of images where one that reads text is wanted."""
    if spec.startswith(("torchvision:", "timm:")):
        raise UsageError(f"model {spec!r} sees images; {reads} are read by hf:FOLDER or package.module:factory")
