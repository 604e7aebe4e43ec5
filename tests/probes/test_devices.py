from __future__ import annotations

import pytest
import torch

from compexact.probes.devices import choose_device
from compexact.solver.errors import UsageError


@pytest.fixture(params=[(False, False), (False, True), (True, True)], ids=["cpu", "mps", "cuda and mps"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[bool, bool]:
    """(has CUDA, has MPS)"""
    has_cuda, has_mps = request.param
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: has_mps)
    return has_cuda, has_mps


def test_auto_takes_the_fastest_device_that_is_there(machine: tuple[bool, bool]) -> None:
    expected = {(False, False): "cpu", (False, True): "mps", (True, True): "cuda"}
    assert choose_device("auto").type == expected[machine]


def test_a_device_that_is_absent_is_refused_and_not_replaced(machine: tuple[bool, bool]) -> None:
    for name, present in zip(("cuda", "mps"), machine):
        if present:
            assert choose_device(name).type == name
        else:
            with pytest.raises(UsageError, match=f"'{name}' asked for.*finds only: .*cpu"):
                choose_device(name)


def test_the_cpu_is_always_there(machine: tuple[bool, bool]) -> None:
    assert choose_device("cpu") == torch.device("cpu")


def test_an_unknown_device_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match="known are cpu, cuda, mps, auto; did you mean 'cuda'"):
        choose_device("cude")
