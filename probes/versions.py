"""Which software made a probe or a run."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("compexact", "numpy", "numba", "scipy", "torch", "torchvision", "pillow")


def versions(packages: tuple[str, ...] = PACKAGES) -> dict[str, str]:
    """The version of Python and of each package that is installed."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
