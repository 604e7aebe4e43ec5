"""Weights are read as data, never as a program, and put under the names the model expects."""

from __future__ import annotations

import argparse
import os
import random
import resource
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from compexact.probes.checkpoints import load_into, read_state_dict
from compexact.probes.entry_names import fit_names
from compexact.solver.errors import DataError, UsageError


class Payload:
    """Runs a command when it is unpickled by a reader that allows it."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.canary),)


def saved(path: Path, what: object, **options: object) -> Path:
    torch.save(what, path, **options)
    return path


def net() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, 5))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_state_dict_comes_back_as_it_was_saved(tmp_path: Path, zipped: bool) -> None:
    state = net().state_dict()
    path = saved(tmp_path / "w.pt", state, _use_new_zipfile_serialization=zipped)
    read = read_state_dict(path)
    assert list(read) == list(state)
    assert all(torch.equal(read[name], state[name]) for name in state)


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model"])
def test_a_training_checkpoint_is_unwrapped(tmp_path: Path, wrapper: str) -> None:
    path = saved(tmp_path / "w.pt", {"epoch": 90, "arch": "resnet18", wrapper: {"a": torch.ones(2)}})
    assert read_state_dict(path)["a"].tolist() == [1, 1]


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_a_pickle_payload_is_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    canary = tmp_path / "canary"
    path = saved(
        tmp_path / "w.pt",
        {"a": torch.ones(2), "b": Payload(canary)},
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(DataError, match=r"refused: pickle .*mkdir.*state_dict\(\)") as caught:
        read_state_dict(path)
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    assert not canary.exists()


def test_a_whole_module_is_refused_with_the_two_ways_out(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pt", net())
    with pytest.raises(DataError, match=r"state_dict\(\).*package\.module:factory"):
        read_state_dict(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_torchscript_archive_is_refused_with_the_two_ways_out(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    torch.jit.save(torch.jit.trace(nn.Linear(2, 2), torch.ones(1, 2)), path)
    with pytest.raises(DataError, match=r"TorchScript.*torch.jit.load"):
        read_state_dict(path)


def test_a_tiny_file_cannot_declare_a_huge_tensor(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pt", {"a": torch.zeros(1).expand(10**11)})
    assert path.stat().st_size < 2000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(DataError, match="declares 100000000000 elements"):
        read_state_dict(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_tensor_without_data_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pt", {"a": torch.empty(10**9, 100, device="meta")})
    with pytest.raises(DataError, match="not an ordinary dense tensor"):
        read_state_dict(path)


def test_a_compressed_archive_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    plain, bomb = saved(tmp_path / "plain.pt", {"a": torch.zeros(10**6)}), tmp_path / "bomb.pt"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    assert bomb.stat().st_size < 10_000
    assert torch.load(bomb, weights_only=True)["a"].shape == (10**6,)  # torch itself would unpack it
    with pytest.raises(DataError, match="unpacks to"):
        read_state_dict(bomb)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a file of torch.save"),
        (b"hello world" * 10, "not a file of torch.save"),
        (b"PK\x03\x04 but no archive", "damaged"),
    ],
)
def test_a_file_that_is_no_checkpoint_is_bad_data(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_state_dict(path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_no_damage_ends_in_anything_but_one_line_of_bad_data(tmp_path: Path, zipped: bool) -> None:
    path = saved(tmp_path / "w.pt", net().state_dict(), _use_new_zipfile_serialization=zipped)
    whole, choose = path.read_bytes(), random.Random(0)
    for round_ in range(300):
        damaged = bytearray(whole[: choose.randrange(len(whole))] if round_ % 3 == 0 else whole)
        for _ in range(round_ % 3):
            damaged[choose.randrange(len(damaged))] ^= 1 << choose.randrange(8)
        path.write_bytes(damaged)
        outcome = str(path)
        try:
            read_state_dict(path)
        except DataError as error:
            outcome = str(error)
        assert str(path) in outcome
        assert "\n" not in outcome


def test_one_flipped_bit_in_the_weights_is_noticed(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pt", {"a": torch.ones(1000)})
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(torch.ones(8).numpy().tobytes()) + 40] ^= 1
    path.write_bytes(damaged)
    assert torch.load(path, weights_only=True)["a"].shape == (1000,)  # torch itself does not look
    with pytest.raises(DataError, match=r"checksum of .*data/0 is wrong"):
        read_state_dict(path)


def test_a_file_saved_without_checksums_is_read(tmp_path: Path) -> None:
    from torch.utils.serialization import config

    with config.patch({"save.compute_crc32": False}):
        path = saved(tmp_path / "w.pt", {"a": torch.ones(1000)})
    assert zipfile.ZipFile(path).testzip() is not None
    assert read_state_dict(path)["a"].sum() == 1000


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ([torch.ones(2)], "holds a list"),
        ({}, "empty"),
        ({"a": torch.ones(2), "b": 7}, "entry 'b' is of type int"),
        ({3: torch.ones(2)}, "entry '3'"),
        ({"a": torch.eye(3).to_sparse()}, "entry 'a' is not an ordinary dense tensor"),
        ({"a": np.ones(2)}, "refused: pickle"),
    ],
    ids=["list", "empty", "number", "number as name", "sparse", "numpy"],
)
def test_a_file_of_something_else_is_bad_data(tmp_path: Path, what: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_state_dict(saved(tmp_path / "w.pt", what))


def test_a_missing_file_is_a_wrong_argument_and_near_names_are_given(tmp_path: Path) -> None:
    saved(tmp_path / "resnet18.pth", {"a": torch.ones(2)})
    with pytest.raises(UsageError, match=r"did you mean 'resnet18\.pth'"):
        read_state_dict(tmp_path / "resnet-18.pth")
    with pytest.raises(UsageError, match="no such file"):
        read_state_dict(tmp_path)


def test_a_pickle_of_an_unknown_kind_is_refused_without_warnings_or_unsafe_advice(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    path = tmp_path / "w.pt"
    torch.save({"a": torch.ones(2)}, path, pickle_protocol=4)
    with pytest.raises(DataError, match="Unsupported operand") as caught:
        read_state_dict(path)
    assert "weights_only" not in str(caught.value)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("in_file", "in_model"),
    [
        ("fc.weight", "fc.weight"),
        ("module.fc.weight", "fc.weight"),
        ("features.module.0.weight", "features.0.weight"),
        ("module.d.denselayer12.norm.1.weight", "d.denselayer12.norm1.weight"),
        ("d.denselayer2.conv.2.weight", "d.denselayer2.conv2.weight"),
        ("module.0.weight", "module.0.weight"),  # a model with a part called `module`
    ],
)
def test_old_spellings_are_fitted_to_the_model(in_file: str, in_model: str) -> None:
    assert list(fit_names({in_file: torch.ones(1)}, [in_model], "w.pt")) == [in_model]


def test_a_name_that_fits_nothing_stays_as_the_file_has_it() -> None:
    assert list(fit_names({"module.other": torch.ones(1)}, ["fc"], "w.pt")) == ["module.other"]


def test_a_name_that_fits_is_not_respelled() -> None:
    both = {"module.a": torch.zeros(1), "a": torch.ones(1)}
    assert fit_names(both, ["a", "module.a"], "w.pt") == both


def test_two_entries_for_one_name_are_bad_data() -> None:
    with pytest.raises(DataError, match="two entries for a"):
        fit_names({"a": torch.ones(1), "module.a": torch.ones(1)}, ["a"], "w.pt")


def test_weights_are_copied_into_the_module() -> None:
    source, target = net(), net()
    assert load_into(target, source.state_dict(), strict=True, source="w.pt") == ()
    assert all(torch.equal(a, b) for a, b in zip(source.state_dict().values(), target.state_dict().values()))


def test_files_from_before_batch_counts_fit() -> None:
    state = {name: tensor for name, tensor in net().state_dict().items() if "num_batches" not in name}
    assert load_into(net(), state, strict=True, source="w.pt") == ()


def seven_off() -> tuple[nn.Module, dict[str, torch.Tensor]]:
    """A model and a state dict that lacks 7 of its names and has 1 more."""
    module = nn.Sequential(*(nn.Linear(2, 2) for _ in range(5)))
    state = {name: tensor + 1 for i, (name, tensor) in enumerate(module.state_dict().items()) if i < 3}
    return module, {**state, "extra": torch.ones(1)}


def test_missing_and_unknown_names_are_counted_and_the_first_five_named() -> None:
    module, state = seven_off()
    with pytest.raises(UsageError) as caught:
        load_into(module, state, strict=True, source="w.pt")
    assert "7 missing in the file (1.bias, 2.weight, 2.bias, 3.weight, 3.bias, ...)" in str(caught.value)
    assert "1 unknown to the model (extra)" in str(caught.value)
    assert caught.value.exit_code == 2


def test_names_from_a_file_cannot_break_the_line() -> None:
    module, state = seven_off()
    state["evil\nname"] = torch.ones(1)
    with pytest.raises(UsageError) as caught:
        load_into(module, state, strict=True, source="w.pt")
    assert "\n" not in str(caught.value)


def test_without_strict_the_rest_is_loaded_and_a_note_says_what_is_not() -> None:
    module, state = seven_off()
    (note,) = load_into(module, state, strict=False, source="w.pt")
    assert "7 missing" in note
    assert "the other 3 were loaded" in note
    assert torch.equal(module.state_dict()["1.weight"], state["1.weight"])


def test_another_shape_is_named_with_both_shapes() -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 3))
    state = {**module.state_dict(), "1.weight": torch.zeros(4, 2)}
    words = r"1.weight is \(4, 2\) in the file, \(3, 2\) in the model"
    with pytest.raises(UsageError, match=words):
        load_into(module, state, strict=True, source="w.pt")
    (note,) = load_into(module, state, strict=False, source="w.pt")
    assert "1 of another shape" in note
    assert "missing" not in note


def test_a_file_of_which_nothing_fits_is_refused_even_without_strict() -> None:
    with pytest.raises(UsageError, match="right model"):
        load_into(net(), {"x": torch.ones(1)}, strict=False, source="w.pt")


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module._orig_mod.", "model.", "net.backbone."])
def test_what_wrappers_put_before_all_names_is_taken_off(prefix: str) -> None:
    state = {f"{prefix}{name}": tensor for name, tensor in net().state_dict().items()}
    other = net()
    assert load_into(other, fit_names(state, other.state_dict(), "w"), strict=True, source="w") == ()
    assert torch.equal(other[0].weight, state[f"{prefix}0.weight"])


def test_a_prefix_is_taken_off_only_where_more_names_are_known_without_it() -> None:
    assert list(fit_names({"a.a.w": torch.ones(1), "a.b": torch.ones(1)}, ["a.a.w", "a.b", "b"], "w")) == [
        "a.a.w",
        "a.b",
    ]


@pytest.mark.parametrize("key", ["net", "params", "ema"])
def test_the_only_dict_of_tensors_is_taken_whatever_its_key(tmp_path: Path, key: str) -> None:
    path = saved(tmp_path / "w.pt", {"epoch": 3, "optimizer": {"state": {}}, key: {"a": torch.ones(2)}})
    assert read_state_dict(path)["a"].tolist() == [1, 1]


def test_of_several_dicts_of_tensors_none_is_taken(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.pt", {"net": {"a": torch.ones(2)}, "ema": {"a": torch.ones(2)}})
    with pytest.raises(DataError, match="holds 2 state dicts, 'net', 'ema'"):
        read_state_dict(path)


def test_numbers_of_numpy_and_options_beside_the_weights_are_read(tmp_path: Path) -> None:
    beside = {"best": np.float64(54.1), "steps": np.int64(7), "args": argparse.Namespace(lr=0.1)}
    assert list(read_state_dict(saved(tmp_path / "w.pt", {"state_dict": {"a": torch.ones(2)}, **beside}))) == ["a"]


def test_an_object_among_the_options_is_refused_as_any_other(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = saved(tmp_path / "w.pt", {"model": {"a": torch.ones(2)}, "args": argparse.Namespace(x=Payload(canary))})
    with pytest.raises(DataError, match=r"mkdir.*weights_only=False\); torch.save"):
        read_state_dict(path)
    assert not canary.exists()


class Versioned(nn.Linear):
    """Takes weights of its own version alone, as MNASNet does."""

    _version = 2

    def _load_from_state_dict(self, state, prefix, metadata, *rest: object) -> None:
        if metadata.get("version") not in (1, 2):
            raise ValueError("which version?")
        self.seen = metadata["version"]
        super()._load_from_state_dict(state, prefix, metadata, *rest)


def test_the_versions_that_a_state_dict_has_reach_the_modules_under_any_prefix(tmp_path: Path) -> None:
    state = nn.Sequential(Versioned(2, 2)).state_dict()
    wrapped = type(state)((f"module.{name}", tensor) for name, tensor in state.items())
    wrapped._metadata = {"": {"version": 1}, "module": {"version": 1}, "module.0": {"version": 1}}
    model = nn.Sequential(Versioned(2, 2))
    path = saved(tmp_path / "w.pt", wrapped)
    assert load_into(model, read_state_dict(path), strict=True, source="w") == ()
    assert model[0].seen == 1
    without = saved(tmp_path / "plain.pt", dict(state))
    assert load_into(model, read_state_dict(without), strict=True, source="w") == ()
    assert model[0].seen == 2


def test_safetensors_are_read_and_damage_is_bad_data(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    path, state = tmp_path / "w.bin", net().state_dict()
    safetensors.save_file(state, path)
    read = read_state_dict(path)
    assert all(torch.equal(read[name], state[name]) for name in state)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(DataError, match="damaged safetensors file"):
        read_state_dict(path)
