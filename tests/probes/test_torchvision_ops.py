from __future__ import annotations

import importlib
import sys
from types import ModuleType

import pytest

from compexact.probes import torchvision_ops


def test_models_and_transforms_can_be_used() -> None:
    torchvision = torchvision_ops.import_torchvision()
    assert "resnet18" in torchvision.models.list_models()
    assert torchvision.transforms.ToTensor


def test_where_the_operators_load_nothing_is_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ModuleType("torchvision")
    monkeypatch.setitem(sys.modules, "torchvision", whole)
    monkeypatch.setattr(torchvision_ops, "_declare_operators", lambda: pytest.fail("declared"))
    assert torchvision_ops.import_torchvision() is whole


def test_another_failure_of_torchvision_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> ModuleType:
        raise RuntimeError("CUDA major versions differ")

    monkeypatch.setattr(importlib, "import_module", fail)
    monkeypatch.setattr(torchvision_ops, "_declare_operators", lambda: pytest.fail("declared"))
    with pytest.raises(RuntimeError, match="CUDA major versions differ"):
        torchvision_ops.import_torchvision()
