"""A specification becomes a model, with local weights or random ones, and never by a download."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from compexact.probes.layers import evaluating, final_linear
from compexact.probes.models import LoadedModel, load_model, weights_digest
from compexact.solver.errors import DataError, UsageError

SQUEEZENET = Path(__file__).resolve().parents[2] / "../shared/data/squeezenet/squeezenet1_0_dc.pth"


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries to reach it asks a proxy at which nobody listens."""
    for scheme in ("http", "https", "all"):
        monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, whose modules are forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.startswith("mine"):
            del sys.modules[name]


def saved(path: Path, what: object) -> Path:
    torch.save(what, path)
    return path


def resnet18(num_classes: int = 1000) -> nn.Module:
    return load_model("torchvision:resnet18", num_classes=num_classes, seed=1).module


def test_without_a_file_the_weights_are_random_and_a_note_says_so() -> None:
    model = load_model("torchvision:squeezenet1_1")
    assert model.name == "torchvision:squeezenet1_1"
    assert model.notes == ("The weights are random (seed 0): no file was given.",)
    assert not model.module.training
    assert len(model.class_names) == 1000
    assert model.class_names[0] == "tench"


def test_random_weights_are_the_same_every_time_and_leave_the_random_state_alone() -> None:
    state = torch.get_rng_state()
    first, again, other = (load_model("torchvision:squeezenet1_1", seed=seed).digest for seed in (3, 3, 4))
    assert first == again != other
    assert torch.equal(torch.get_rng_state(), state)


def test_a_detection_model_does_not_fetch_its_backbone() -> None:
    model = load_model("torchvision:lraspp_mobilenet_v3_large")
    assert "random" in model.notes[0]


def test_a_places_checkpoint_brings_its_365_classes(tmp_path: Path) -> None:
    places = resnet18(365).state_dict()
    wrapped = {"epoch": 90, "state_dict": {f"module.{name}": tensor for name, tensor in places.items()}}
    model = load_model("torchvision:resnet18", weights=saved(tmp_path / "places.pth", wrapped))
    assert model.notes == ()
    assert model.class_names is None
    assert final_linear(model.module)[1].shape == (365, 512)
    assert torch.equal(model.module.state_dict()["fc.bias"], places["fc.bias"])


def test_an_old_densenet_file_fits(tmp_path: Path) -> None:
    state = load_model("torchvision:densenet121", num_classes=7, seed=1).module.state_dict()
    old = {
        f"module.{name}".replace("norm1.", "norm.1.").replace("norm2.", "norm.2.")
        if "denselayer" in name
        else f"module.{name}": tensor
        for name, tensor in state.items()
    }
    old = {name.replace("conv1.", "conv.1.").replace("conv2.", "conv.2."): old[name] for name in old}
    assert "module.features.denseblock1.denselayer1.conv.1.weight" in old
    model = load_model("torchvision:densenet121", weights=saved(tmp_path / "dense.pth", {"state_dict": old}))
    assert model.notes == ()
    assert model.digest == load_model("torchvision:densenet121", num_classes=7, seed=1).digest


def test_a_number_of_classes_that_the_file_does_not_have_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pth", resnet18(3).state_dict())
    with pytest.raises(UsageError, match=r"fc.weight is \(3, 512\) in the file, \(9, 512\) in the model"):
        load_model("torchvision:resnet18", weights=path, num_classes=9)


def test_a_file_that_declares_billions_of_classes_builds_nothing(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pth", {**resnet18(3).state_dict(), "fc.weight": torch.empty(10**12, 0)})
    with pytest.raises(UsageError, match="of another shape"):
        load_model("torchvision:resnet18", weights=path)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pth", load_model("torchvision:squeezenet1_1").module.state_dict())
    for strict in (True, False):
        with pytest.raises(UsageError, match=r"102 missing in the file .*52 unknown to the model"):
            load_model("torchvision:resnet18", weights=path, strict=strict)


def test_without_strict_a_note_says_what_stayed_random(tmp_path: Path) -> None:
    state = {name: tensor for name, tensor in resnet18().state_dict().items() if "fc" not in name}
    path = saved(tmp_path / "w.pth", state)
    (note,) = load_model("torchvision:resnet18", weights=path, strict=False).notes
    assert "2 missing in the file (fc.weight, fc.bias)" in note


def test_ported_models_say_that_they_expect_another_input(tmp_path: Path) -> None:
    state = load_model("torchvision:googlenet", num_classes=2).module.state_dict()
    path = saved(tmp_path / "w.pth", state)
    (note,) = load_model("torchvision:googlenet", weights=path, num_classes=2).notes
    assert "transform_input" in note


def test_a_damaged_file_is_found_before_anything_is_built(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(b"no weights")
    with pytest.raises(DataError, match=r"not a file of torch\.save"):
        load_model("torchvision:vgg19", weights=path)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("torchvision:resnet81", "did you mean 'torchvision:resnet18'"),
        ("resnet18", "did you mean 'torchvision:resnet18'"),
        ("torchvision:", "unknown model"),
        ("", "unknown model"),
        ("nets/small.py:make", "package.module:factory"),
        ("no_such_package.nets:make", "there is no module 'no_such_package'"),
    ],
)
def test_a_wrong_specification_is_named_with_the_nearest(spec: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load_model(spec)


@pytest.mark.parametrize("count", [0, -1])
def test_a_model_has_at_least_one_class(count: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        load_model("torchvision:resnet18", num_classes=count)


def test_a_model_without_classes_takes_no_number_of_them() -> None:
    with pytest.raises(UsageError, match="raft_small"):
        load_model("torchvision:raft_small", num_classes=3)


SMALL = """
from torch import nn
class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 3), nn.Dropout())
        self.class_names = ["a", "b", "c", "d"]
def make():
    return Net()
ready = nn.Sequential(nn.Linear(2, 2)).eval()
def lazy():
    return nn.LazyLinear(3)
def wrong():
    return 7
def broken():
    raise ValueError("no\\nsuch weights")
def misnamed():
    net = Net()
    net.class_names = "abcd"
    return net
"""


def test_a_factory_in_the_current_folder_is_called(here: Path) -> None:
    (here / "mine.py").write_text(SMALL)
    model = load_model("mine:make")
    assert isinstance(model, LoadedModel)
    assert model.class_names == ("a", "b", "c", "d")
    assert model.notes == ("The model came in training mode; it is probed in evaluation mode.",)
    assert load_model("mine:Net").digest == model.digest


def test_a_module_that_is_ready_is_taken_as_it_is(here: Path) -> None:
    (here / "mine_too.py").write_text(SMALL)
    model = load_model("mine_too:ready")
    assert model.class_names is None
    assert model.notes == ()


def test_a_factory_takes_weights_from_a_file(here: Path) -> None:
    (here / "mine.py").write_text(SMALL)
    state = {"0.weight": torch.ones(4, 3, 3, 3), "0.bias": torch.ones(4)}
    model = load_model("mine:make", weights=saved(here / "w.pt", state))
    assert model.module[0].weight.sum() == 4 * 27
    with pytest.raises(UsageError, match="num_classes"):
        load_model("mine:make", num_classes=4)


@pytest.mark.parametrize(
    ("attribute", "words"),
    [
        ("mak", "has no 'mak'; did you mean 'make'"),
        ("wrong", "gives int; a torch.nn.Module is needed"),
        ("broken", r"fails with ValueError: no such weights"),
        ("lazy", "lazy parameters"),
        ("misnamed", "class_names must be a list"),
        ("SMALL", "has no 'SMALL'"),
        ("__name__", "a function is needed"),
    ],
)
def test_a_factory_that_gives_no_model_is_explained(here: Path, attribute: str, words: str) -> None:
    (here / "mine.py").write_text(SMALL)
    with pytest.raises(UsageError, match=words) as caught:
        load_model(f"mine:{attribute}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("import no_such_thing", "needs no_such_thing, which is missing"),
        ("1/0", "importing mine fails with ZeroDivisionError"),
        ("def (", "importing mine fails with SyntaxError"),
    ],
)
def test_a_module_that_cannot_be_imported_is_explained(here: Path, source: str, words: str) -> None:
    (here / "mine.py").write_text(source)
    with pytest.raises(UsageError, match=words):
        load_model("mine:make")


def test_a_file_in_the_current_folder_does_not_hide_an_installed_module(here: Path) -> None:
    (here / "mine.py").write_text(SMALL)
    (here / "wave.py").write_text("hidden = True")
    load_model("mine:make")
    import wave

    assert not hasattr(wave, "hidden")


def test_the_digest_follows_names_shapes_types_and_values() -> None:
    base = nn.Linear(2, 3, bias=False)
    with torch.no_grad():
        base.weight.copy_(torch.arange(6.0).reshape(3, 2))
    changed = nn.Linear(2, 3, bias=False)
    changed.load_state_dict(base.state_dict())
    assert weights_digest(changed) == weights_digest(base)
    with torch.no_grad():
        changed.weight[2, 1] = 5.0000005
    turned = nn.Linear(3, 2, bias=False)
    turned.weight = nn.Parameter(base.weight.detach().reshape(2, 3))
    variants = [base, changed, turned, nn.Sequential(base), nn.Linear(2, 3, bias=False).double()]
    variants[-1].weight = nn.Parameter(base.weight.detach().double())
    for dtype in (torch.int32, torch.float32):
        variants.append(nn.Module())
        variants[-1].register_buffer("zeros", torch.zeros(2, dtype=dtype))
    assert len({weights_digest(module) for module in variants}) == len(variants)


def test_the_digest_takes_every_type_and_layout_of_memory() -> None:
    plain = nn.Module()
    plain.register_buffer("a", torch.arange(6.0).reshape(2, 3).t())
    plain.register_buffer("b", torch.ones(2, dtype=torch.bfloat16))
    plain.register_buffer("c", torch.tensor(3))
    plain.register_buffer("d", torch.arange(6.0)[::2])
    packed = nn.Module()
    for name in "dcba":
        packed.register_buffer(name, getattr(plain, name).contiguous())
    assert weights_digest(plain) == weights_digest(packed)


@pytest.mark.real_data
@pytest.mark.skipif(not SQUEEZENET.exists(), reason="squeezenet1_0_dc.pth is not beside the project")
def test_a_published_squeezenet_loads_and_runs() -> None:
    model = load_model("torchvision:squeezenet1_0", weights=SQUEEZENET)
    assert model.notes == ()
    assert model.class_names[:2] == ("tench", "goldfish")
    assert final_linear(model.module)[1].shape == (1000, 512)
    with evaluating(model.module):
        assert model.module(torch.zeros(1, 3, 227, 227)).shape == (1, 1000)
