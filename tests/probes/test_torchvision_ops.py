from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from compexact.probes import torchvision_ops

IMPORT = """
import torch
from compexact.probes.torchvision_ops import import_torchvision
try:
    print(import_torchvision().__file__)
except RuntimeError as error:
    print(error)
print("declared" if hasattr(torch.ops.torchvision, "nms") else "not declared")
"""


def test_models_and_transforms_can_be_used() -> None:
    torchvision = torchvision_ops.import_torchvision()
    assert "resnet18" in torchvision.models.list_models()
    assert torchvision.transforms.ToTensor


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("", "torchvision/__init__.py"),
        ("raise RuntimeError('CUDA major versions differ')", "CUDA major versions differ"),
    ],
)
def test_where_the_operators_load_or_something_else_fails_nothing_is_declared_or_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, shown: str
) -> None:
    """With a torchvision of one line before the real one on the path."""
    (tmp_path / "torchvision").mkdir()
    (tmp_path / "torchvision/__init__.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    done = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    first, last = done.stdout.splitlines()
    assert first.endswith(shown)
    assert last == "not declared"
