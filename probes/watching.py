"""The modules of a model by their names, and what they give while it runs."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import torch
from torch import nn

from ..solver.errors import UsageError

WRAPPERS = ("module.", "_orig_mod.")
"""What `DataParallel` and `torch.compile` put before the names of what they wrap."""


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Within this, every submodule is in evaluation mode and no gradients are kept.

    Dropout is off, and BatchNorm uses its stored statistics and does not change them.  Afterwards each
    submodule has its own mode back.  The modes are set one by one, not by `model.eval()`: that is free
    to do something else (frozen backbones override it), and a partly frozen model has no single mode.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in modes:
            module.training = False
        with torch.inference_mode():
            yield
    finally:
        for module, training in modes:
            module.training = training


@contextmanager
def capture(
    model: nn.Module, layers: Sequence[str], calls: Mapping[str, int] | None = None
) -> Iterator[dict[str, object]]:
    """Within this, each call of the model leaves the outputs of the named layers in the dict.

    >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(inplace=True))
    >>> with evaluating(model), capture(model, ["0"]) as outputs:
    ...     predictions = model(torch.zeros(2, 3, 5, 5))
    ...     outputs["0"].shape
    torch.Size([2, 8, 3, 3])

    The dict is emptied when the next call begins.  calls: of a module that runs several times in one call (a ReLU
    that a block uses twice), which of its outputs is left, from 1; without it the last.  Raises UsageError for an
    unknown name, and in the model's call when a layer did not run in it, or not so often.
    """
    outputs: dict[str, object] = {}
    counts: Counter[str] = Counter()
    wanted = dict(calls or {})
    modules = {name: resolve_layer(model, name) for name in layers}

    def begin(*_: object) -> None:
        outputs.clear()
        counts.clear()

    def keep(name: str, module: nn.Module, inputs: object, output: object) -> None:
        counts[name] += 1
        if wanted.get(name, counts[name]) == counts[name]:
            outputs[name] = _copied(output)

    handles = [model.register_forward_pre_hook(begin)]
    try:
        for name, module in modules.items():
            handles.append(module.register_forward_hook(partial(keep, name)))
        handles.append(model.register_forward_hook(partial(_check_all_ran, outputs, counts, tuple(layers))))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def _copied(output: object) -> object:
    """The output with copies of the tensors in it, where it is one, or a sequence or a dict of some."""
    # What follows may work in place (`ReLU(inplace=True)`, `x += identity`) and would change the
    # tensor that the layer returned before anybody has read it.
    if isinstance(output, torch.Tensor):
        return output.clone()
    if type(output) is tuple or type(output) is list:
        return type(output)(map(_copied, output))
    return {key: _copied(part) for key, part in output.items()} if isinstance(output, dict) else output


def _check_all_ran(outputs: dict[str, object], counts: Counter[str], layers: tuple[str, ...], *_: object) -> None:
    for name in layers:
        if name not in outputs:
            often = f"only {counts[name]} times" if counts[name] else "not"
            raise UsageError(f"layer {name!r} does {often} run when the model is called; choose another")


def resolve_layer(model: nn.Module, dotted: str) -> nn.Module:
    """The submodule with this dotted name, with or without what wrappers put before it.

    Raises UsageError with the five nearest names if there is none, and where it is within a TorchScript module.
    """
    modules: dict[str, nn.Module] = dict(model.named_modules(remove_duplicate=False))
    check_watchable(dotted, modules)
    del modules[""]  # the model itself
    name = dotted
    while name not in modules and name.startswith(WRAPPERS):
        name = name.partition(".")[2]
    if name in modules:
        return modules[name]
    if not modules:
        raise UsageError(f"no layer {dotted!r}: {type(model).__name__} has no submodules")
    nearest = difflib.get_close_matches(dotted, modules, n=5, cutoff=0.0)
    raise UsageError(f"no layer {dotted!r} in {type(model).__name__}; nearest names: {', '.join(nearest)}")


def check_watchable(dotted: str, modules: Mapping[str, nn.Module]) -> None:
    """Raises `UsageError` where a module above this one is of TorchScript.  modules: all of the model, by name."""
    parts = dotted.split(".")
    above = ["", *(".".join(parts[:n]) for n in range(1, len(parts)))]
    for name in above:
        if isinstance(modules.get(name), torch.jit.ScriptModule):
            what = f"its module {name}" if name else "the model"
            raise UsageError(
                f"{what} is a TorchScript module, whose layers cannot be watched; give the nn.Module it was made of"
            )
