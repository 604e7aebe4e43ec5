"""Every kind of bad input gives its exit code and one clear line, and leaves nothing behind.

They are those of docs/bad_input.md; the numbers only tell the cases of one test apart.
"""

import zipfile

import numpy as np
import pytest
from PIL import Image


def refused(ended, code: int, *parts: str) -> None:
    assert ended.code == code, ended.err
    message = ended.err.splitlines()[-1] if code != 2 or "column" not in ended.err else ended.err
    assert message.startswith("compexact: ")
    for part in parts:
        assert part in message
    assert "Traceback" not in ended.err


def vision(broden, nets, tmp_path, net="net", layer="0", *more):
    return (
        "probe", "vision", "--dataset", f"broden:{broden}", "--model", f"{nets}:{net}", "--layer", layer,
        "--image-size", 12, "--workers", 0, "--batch-size", 2, "-o", tmp_path / "probe", *more,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "net", "layer", "more", "code", "parts"),
    [
        (1, "nan", "0", (), 3, ["layer 0, unit 0", "are NaN"]),
        (2, "inf", "0", (), 3, ["layer 0, unit 0", "infinite", "float32"]),
        (6, "net", "o", (), 2, ["no layer 'o'", "nearest names"]),
        (7, "pair", "0", (), 2, ["layer 0 gives tuple of"]),
        (7, "flat", "1", (), 2, ["3 axes"]),
        (9, "turning", "0", (), 3, ["changes shape", "for images 2 to 3"]),
        (14, "net", "0", ("--device", "cuda"), 2, ["device 'cuda' asked for"]),
        (14, "net", "0", ("--device", "tpu"), 2, ["unknown device 'tpu'"]),
        (15, "net", "0", ("--limit", "0"), 2, ["at least 1 image"]),
        (44, "net", "0", ("--image-size", "0"), 2, ["image size"]),
        (57, "net", "0", ("--quantile", "1.5"), 2, ["share between 0 and 1"]),
        (57, "net", "0", ("--quantile", "0,995"), 2, ["0,995"]),
        (48, "net", "0", ("--mean", "1,2"), 2, ["mean"]),
        (48, "net", "0", ("--mask-size", "12"), 2, ["HEIGHTxWIDTH"]),
        (48, "net", "0", ("--categories", "objekt"), 2, ["objekt", "object"]),
        (48, "net", "0", ("--preset", "imagnet"), 2, ["imagnet", "imagenet"]),
    ],
)
def test_probing(row, net, layer, more, code, parts, compexact, broden, nets, tmp_path):
    refused(compexact(*vision(broden, nets, tmp_path, net, layer, *more)), code, *parts)
    assert not [path for path in tmp_path.iterdir() if "probe" in path.name]


@pytest.mark.parametrize(
    ("row", "kind", "code", "parts"),
    [
        (10, "pickle", 3, ["pickle.pt", "refused"]),
        (11, "module", 3, ["state_dict"]),
        (12, "huge", 3, ["huge.pt"]),
        (13, "other", 2, ["missing", "5.weight"]),
        (36, "empty", 3, ["empty.pt"]),
        (13, "absent", 2, ["absent.pt"]),
    ],
)
def test_weights(row, kind, code, parts, compexact, broden, nets, tmp_path, weights):
    refused(compexact(*vision(broden, nets, tmp_path, "net", "0", "--weights", weights(kind))), code, *parts)
    assert not (tmp_path / "canary").exists()


def test_a_model_in_training_mode_is_probed_in_evaluation_mode(compexact, broden, nets, tmp_path):
    """Row 8; the factory gives it in training mode."""
    assert compexact(*vision(broden, nets, tmp_path)).code == 0


def break_dataset(root, how):
    index = root / "index.csv"
    if how == "no images":
        index.write_text(index.read_text().splitlines()[0] + "\n")
    elif how == "other size":
        Image.new("RGB", (12, 20)).save(root / "images/1.png")
    elif how == "jpeg mask":
        Image.new("RGB", (6, 6)).save(root / "images/1_object.jpg")
        index.write_text(index.read_text().replace("1_object.png", "1_object.jpg"))
    elif how == "unknown id":
        labels = np.zeros((6, 6, 3), np.uint8)
        labels[2, 2] = (44, 1, 0)
        Image.fromarray(labels).save(root / "images/1_object.png")
    elif how == "truncated":
        content = (root / "images/2.png").read_bytes()
        (root / "images/2.png").write_bytes(content[: len(content) // 2])
    elif how == "escape":
        index.write_text(index.read_text().replace("2.png,train", "../../../etc/passwd,train"))
    elif how == "absolute":
        index.write_text(index.read_text().replace("2.png,train", "/etc/passwd,train"))
    elif how == "link":
        (root / "images/2.png").unlink()
        (root / "images/2.png").symlink_to("/etc/hostname")
    elif how == "twice":
        label = root / "label.csv"
        label.write_text(label.read_text().replace("2,sea", "2,Sky"))
    elif how == "nameless":
        label = root / "label.csv"
        label.write_text(label.read_text().replace("2,sea", "2,"))


@pytest.mark.parametrize(
    ("row", "how", "parts"),
    [
        (15, "no images", ["no image"]),
        (16, "other size", ["1.png"]),
        (17, "jpeg mask", ["1_object.jpg"]),
        (18, "unknown id", ["1_object.png", "300"]),
        (20, "truncated", ["2.png"]),
        (24, "escape", ["../../../etc/passwd"]),
        (24, "absolute", ["/etc/passwd"]),
        (24, "link", ["2.png"]),
        (25, "twice", ["'sky' and 'Sky'"]),
        (26, "nameless", ["label.csv"]),
    ],
)
def test_datasets(row, how, parts, compexact, broden, nets, tmp_path):
    break_dataset(broden, how)
    refused(compexact(*vision(broden, nets, tmp_path)), 3, *parts)
    assert not [path for path in tmp_path.iterdir() if "probe" in path.name]


@pytest.mark.parametrize(
    ("row", "arrays", "parts"),
    [
        (25, {"concept_names": ["a", "A", "b"]}, ["'a' and 'A'"]),
        (26, {"concept_names": ["a", "b\n", "c"]}, ["'b\\n'"]),
        (26, {"concept_names": ["a", "", "c"]}, ["concept 1", "is empty"]),
        (30, {"concepts": np.full((3, 3), 0.5)}, ["float64", "binarise"]),
        (30, {"concepts": np.full((3, 3), 2)}, ["holds 2"]),
        (30, {"concepts": np.full((3, 3), None)}, ["Python objects"]),
        (31, {"neurons": np.ones((4, 1), bool)}, ["3 rows and neurons 4"]),
        (32, {"neurons": np.ones((3, 0), bool)}, ["at least one"]),
        (32, {"concepts": np.ones((0, 3), bool)}, ["at least one"]),
        (26, {"concept_categories": ["a", "b\n", "c"]}, ["category of concept 'c1'", "'\\n'"]),
        (26, {"concept_categories": ["a", "b\ud800", "c"]}, ["category of concept 'c1'", "'\\ud800'"]),
        (48, {"concepts_indptr": [0, 1, 2, 3], "concepts_indices": [0, 1, 2]}, ["not both", "concepts_indptr"]),
    ],
)
def test_arrays(row, arrays, parts, compexact, tmp_path):
    good = {"concepts": np.eye(3, dtype=bool), "neurons": np.ones((3, 1), bool)}
    np.savez(tmp_path / "bad.npz", **(good | arrays))
    for command in (
        ("explain", tmp_path / "bad.npz"),
        ("probe", "arrays", tmp_path / "bad.npz", "-o", tmp_path / "out"),
    ):
        refused(compexact(*command), 3, "bad.npz", *parts)
    assert not (tmp_path / "out").exists()


def test_the_sparse_form_needs_a_concept(compexact, tmp_path):
    """Row 32."""
    names, indices = np.array([], dtype=str), np.array([], dtype=int)
    sparse = {"concept_names": names, "concepts_indptr": [0, 0, 0], "concepts_indices": indices}
    np.savez(tmp_path / "bad.npz", neurons=[[1], [0]], **sparse)
    refused(compexact("explain", tmp_path / "bad.npz"), 3, "concept_names is empty")


@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_that_claims_more_than_it_holds(packed, compexact, tmp_path):
    """Row 35: the array's header and the archive's list agree on a size that is not there."""
    good, bad = tmp_path / "good.npz", tmp_path / "bad.npz"
    (np.savez_compressed if packed else np.savez)(good, concepts=np.ones((9, 9), bool), neurons=np.ones((9, 1), bool))
    header = np.lib.format.magic(1, 0) + (118).to_bytes(2, "little")
    header += b"{'descr': '|b1', 'fortran_order': False, 'shape': (60000, 50000), }".ljust(117) + b"\n"
    with zipfile.ZipFile(bad, "w", zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED) as archive:
        archive.writestr("concepts.npy", header + b"\1" * 81)
        archive.writestr("neurons.npy", zipfile.ZipFile(good).read("neurons.npy"))
    content = bytearray(bad.read_bytes())
    place = content.find(b"PK\x01\x02")
    claimed = (len(header) + 60000 * 50000).to_bytes(4, "little")
    content[place + 24 : place + 28] = claimed
    if not packed:
        content[place + 20 : place + 24] = claimed
    bad.write_bytes(content)
    refused(compexact("explain", bad), 3, "bad.npz is not a readable .npz file: ")
    assert not compexact("explain", bad).err.strip().endswith(":")


@pytest.mark.parametrize(
    ("row", "options", "parts"),
    [
        (44, ("--length", "0"), ["from 1 to 64, not 0"]),
        (44, ("--length", "-1"), ["from 1 to 64, not -1"]),
        (44, ("--length", "99"), ["from 1 to 64, not 99"]),
        (44, ("--length", "3.5"), ["3.5"]),
        (44, ("--length", "1e3"), ["1e3"]),
        (45, ("--beam-size", "0"), ["beam size", "not 0"]),
        (45, ("--beam-size", "-5"), ["beam size", "not -5"]),
        (45, ("--beam-size", "nan"), ["nan"]),
        (45, ("--penalty", "nan"), ["penalty"]),
        (45, ("--penalty", "inf"), ["penalty"]),
        (46, ("--jobs", "-3"), ["--jobs"]),
        (46, ("--jobs", "10000"), ["--jobs", "256"]),
        (45, ("--engine", "brute", "--time-limit", "5"), ["brute takes no --time-limit"]),
        (45, ("--compat", "vision", "--time-limit", "5"), ["--compat takes no --time-limit"]),
        (48, ("--engine", "beem"), ["did you mean 'beam'"]),
        (48, ("--space", "tree"), ["engine beam searches chain"]),
        (48, ("--metric", "dice"), ["no metric is named 'dice'"]),
        (48, ("--compat", "audio"), ["vision or nli"]),
        (48, ("--units", "u9"), ["no unit is named 'u9'"]),
        (48, ("--units", ""), ["no unit is named ''"]),
        (48, ("--format", "yaml"), ["jsonl"]),
        (49, ("--lenght", "3"), ["--lenght"]),
        (52, ("--top-k", "11"), ["1 to 10"]),
    ],
)
def test_explain_options(row, options, parts, compexact, npz):
    ended = compexact("explain", npz, *options)
    refused(ended, 2, *parts)
    assert ended.out == ""


@pytest.mark.parametrize(
    ("row", "formula", "parts"),
    [
        (40, "(c0 OR", ["column 7", "expected a concept"]),
        (40, "c0 c1", ["column 4", "expected AND or OR"]),
        (40, "c0 ANDD c1", ["column 4", "did you mean 'AND'"]),
        (40, "", ["column 1"]),
        (40, "c0 \u2227 c1", ["column 4"]),
        (41, "(" * 50_000 + "c0", ["deeper than 200"]),
        (41, "(" * 100_001, ["100,000 are allowed"]),
        (41, "NOT " * 20_000 + "c0", ["deeper than 200"]),
        (42, "c0 OR c9", ["no concept is named 'c9'", "column 7"]),
        (43, "__import__('os').system('true')", ["column"]),
    ],
)
def test_formulas(row, formula, parts, compexact, npz):
    refused(compexact("score", npz, "--unit", "u0", formula), 2, *parts)


def test_a_repeated_concept_is_allowed_and_counted(compexact, npz):
    """Row 42."""
    ended = compexact("score", npz, "--unit", "u0", "c0 OR c0")
    assert ended.code == 0
    assert '"length": 2' in ended.out


@pytest.mark.parametrize("command", [("explain",), ("ls",), ("report", "-o", "site")])
def test_paths_that_are_not_there(command, compexact, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused(compexact(command[0], "nothing", *command[1:]), 2, "nothing does not exist")


def test_an_output_that_is_taken_is_kept(compexact, npz, tmp_path):
    (tmp_path / "probe").mkdir()
    refused(compexact("probe", "arrays", npz, "-o", tmp_path / "probe"), 2, "exists already", "--force")
    (tmp_path / "file").write_text("mine")
    refused(compexact("explain", npz, "-o", tmp_path / "file"), 2, "is a file")
    assert (tmp_path / "file").read_text() == "mine"
