"""A model on disk: the same when it comes back, and refused when it is damaged."""

import hashlib
import io
import json
from pathlib import Path

import pytest
import torch

from compexact.probes.nli.loading import load_pair_model
from compexact.probes.nli.saving import is_model, read_model, save_model
from compexact.solver.errors import CompexactError, DataError, UsageError

PREMISES, HYPOTHESES = [["a", "man", "sleeps"], ["two"]], [["nobody"], ["a", "woman", "runs"]]


@pytest.fixture
def folder(tmp_path, make_module) -> Path:
    save_model(make_module("paper"), {"seed": 7}, tmp_path / "model")
    return tmp_path / "model"


def reconfigure(folder: Path, change) -> None:
    """Change config.json, and its digest with it: damage that only a look at the content shows."""
    config = json.loads((folder / "config.json").read_text())
    change(config)
    del config["digest"]
    config["digest"] = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()
    (folder / "config.json").write_text(json.dumps(config))


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Change another file in the same way."""
    (folder / name).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    reconfigure(folder, lambda config: config["digests"].update({name: digest}))


def weights(**tensors) -> bytes:
    buffer = io.BytesIO()
    torch.save(tensors, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("variant", ["code", "paper", "minimal"])
def test_what_is_saved_comes_back(tmp_path, make_module, variant):
    module = make_module(variant)
    save_model(module, {"seed": 7}, tmp_path / "model")
    again, training = read_model(tmp_path / "model")
    assert training == {"seed": 7}
    assert again.settings == module.settings
    assert again.vocabulary == module.vocabulary
    assert not again.training
    with torch.inference_mode():
        assert torch.equal(again(*again.encode(PREMISES, HYPOTHESES)), module(*module.encode(PREMISES, HYPOTHESES)))


def test_a_folder_is_a_model_with_its_layer_and_a_digest_of_weights_and_words(folder, tmp_path, make_module):
    loaded = load_pair_model(str(folder))
    assert (loaded.class_names, loaded.layer) == (("entailment", "neutral", "contradiction"), "hidden")
    save_model(make_module("paper"), {"seed": 8}, tmp_path / "same")
    save_model(make_module("paper", seed=1), {"seed": 7}, tmp_path / "other")
    assert load_pair_model(str(tmp_path / "same")).digest == loaded.digest
    assert load_pair_model(str(tmp_path / "other")).digest != loaded.digest
    words = json.loads((folder / "vocabulary.json").read_text())
    rewrite(folder, "vocabulary.json", json.dumps([*words[:2], *words[:1:-1]]).encode())
    assert load_pair_model(str(folder)).digest != loaded.digest


def test_the_same_model_is_the_same_bytes(folder, tmp_path, make_module):
    save_model(make_module("paper"), {"seed": 7}, tmp_path / "again")
    for file in folder.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes()


def test_a_model_is_replaced_only_with_force_and_nothing_else_ever(folder, tmp_path, make_module):
    with pytest.raises(UsageError, match="exists already"):
        save_model(make_module(), {}, folder)
    save_model(make_module("code"), {}, folder, force=True)
    assert read_model(folder)[0].settings.variant == "code"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("kept")
    with pytest.raises(UsageError, match="holds something else"):
        save_model(make_module(), {}, tmp_path / "mine", force=True)
    assert is_model(folder)
    assert not is_model(tmp_path / "mine")


@pytest.mark.parametrize("name", ["config.json", "vocabulary.json", "weights.pt", "training.json"])
@pytest.mark.parametrize("harm", ["flip", "cut", "delete", "empty"])
def test_damage_to_any_file_is_one_line(folder, name, harm):
    file = folder / name
    content = bytearray(file.read_bytes())
    if harm == "flip":
        content[len(content) // 2] ^= 1
    file.write_bytes({"cut": content[: len(content) // 2], "empty": b""}.get(harm, content))
    if harm == "delete":
        file.unlink()
    with pytest.raises(CompexactError) as failed:
        read_model(folder)
    assert "\n" not in str(failed.value)
    assert name in str(failed.value)


def test_a_config_that_claims_more_than_the_weights_have_costs_no_memory(folder):
    reconfigure(folder, lambda config: config["settings"].update({"hidden": 65536, "mlp": 65536}))
    with pytest.raises(DataError, match=r"encoder.forwards.weight_ih_l0 is torch.float32 \(20, 6\); config.json"):
        read_model(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "a cake"}, "does not describe a compexact nli model"),
        ({"version": 99}, "format version 99; this compexact reads 1"),
        ({"settings": None}, "the field 'settings': should be a valid dictionary"),
        ({"settings": {"variant": "bow"}}, "settings are wrong: the variant is"),
        ({"settings": {"depth": 3}}, "settings are wrong"),
        ({"settings": {"hidden": "5"}}, "settings are wrong: hidden is a whole number"),
        ({"digests": []}, "the field 'digests': should be a valid dictionary"),
    ],
)
def test_a_config_of_something_else_is_refused(folder, change, message):
    reconfigure(folder, lambda config: config.update(change))
    with pytest.raises(DataError, match=message):
        read_model(folder)


def test_files_that_do_not_fit_each_other_are_refused(folder):
    good = (folder / "weights.pt").read_bytes()
    state = dict(torch.load(folder / "weights.pt", weights_only=True))
    for changed, message in (
        ({name: tensor for name, tensor in state.items() if name != "output.bias"}, "lacks entry 'output.bias'"),
        (state | {"extra": torch.zeros(1)}, "has the unknown entry 'extra'"),
        (state | {"output.bias": torch.zeros(3, dtype=torch.float64)}, "output.bias is torch.float64"),
        (state | {"output.bias": torch.full((3,), float("nan"))}, "output.bias has values that are NaN"),
    ):
        rewrite(folder, "weights.pt", weights(**changed))
        with pytest.raises(DataError, match=message):
            read_model(folder)
    rewrite(folder, "weights.pt", good)
    words = json.loads((folder / "vocabulary.json").read_text())
    for content, message in (
        (words[:-1], "embedding.weight is"),
        ([*words[:-1], words[2]], "stands there twice"),
        ({"a": 1}, "not a list of words"),
        ([*words[:-1], 3], "not a list of words"),
    ):
        rewrite(folder, "vocabulary.json", json.dumps(content).encode())
        with pytest.raises(DataError, match=message):
            read_model(folder)


def test_weights_that_are_a_program_are_refused_and_not_run(folder, tmp_path):
    class Canary:
        def __reduce__(self):
            return (Path(tmp_path / "canary").touch, ())

    rewrite(folder, "weights.pt", weights(canary=Canary()))
    with pytest.raises(DataError, match="refused"):
        read_model(folder)
    assert not (tmp_path / "canary").exists()
