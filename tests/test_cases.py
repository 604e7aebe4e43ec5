"""Inputs that people really have, which stand beside the project: each folder's script, and what it must print."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from command_server import command_server

CASES = Path(__file__).resolve().parents[1] / "../shared/cases"
pytestmark = [pytest.mark.real_data, pytest.mark.slow]

SAME_WEIGHTS = (
    "plain.pth", "places_like.pth.tar", "numpy_scalar.pth", "compiled.pth", "ddp_compiled.pth", "lightning.ckpt",
    "net_key.pth", "torchvision_reference.pth", "half.pth", "with_none.pth", "old_bn.pth", "legacy.pth",
    "python2.pth.tar", "python2_latin1.pth.tar", "resnet18.safetensors",
)  # fmt: skip
EXPECTED = {
    "01-swin-channels-last": [
        r'"layer": "mix", "kind": "Linear", "shape": "4x64x64", "units": 4, "layout": "nhwc"',
        r"2 concepts, 4 units\) in p\n",
        r'"unit": "0".*"formula": "red".*"iou": 0\.3876',
        r'"unit": "1".*"formula": "blue".*"iou": 0\.2267',
        r'"features\.1\.0", .*"units": 96, "layout": "nhwc"',
        r"384 units\) in p2",
    ],
    "04-layer-twice": [r'"layer": "relu".*"calls": 2', r"[Ll]ayer relu ran 2 times"],
    "05-checkpoint-layouts": [
        *(rf"{name}: LOADED right \(\)" for name in SAME_WEIGHTS),
        r"whole\.pth: DataError .*weights_only=False",
        r"scripted\.pt: DataError .*torch\.jit\.load",
        r"last_linear\.pth: UsageError .*--allow-partial-weights",
        r"backbone_only\.pth: UsageError .*--allow-partial-weights",
    ],
    "08-void-255": [
        r"void: DataError: .*--ignore-label 255",
        r"void_named: .*concepts \('red', 'blue'\) \| 0: red 0\.4151; 1: blue 0\.2412",
        r"voc_palette: .*concepts \('red', 'blue'\) \| 0: red 0\.4151; 1: blue 0\.2412",
        r"train_ids: .*concepts \('red', 'blue'\) \| 0: red 0\.3876; 1: blue 0\.2268",
        r"some_labelled: DataError: .*no label map",
        r"2 concepts, 4 units\) in p\n",
    ],
    "09-hf-json": [
        *(rf"{name}: 5 pairs, labels \['entailment', 'contradiction', 'neutral', 'contradiction', None\]" for name in (
            "hf.jsonl", "hf_names.jsonl", "esnli.csv", "mnli.jsonl", "null_label.jsonl", "glue_mnli_train.tsv")),
        r"mnli_test\.jsonl: 5 pairs, labels \[None, None, None, None, None\]",
        r"glue_rte\.tsv: 5 pairs, labels \['entailment', ('not_entailment',? ?){4}\]",
        r"hans\.txt: 5 pairs, labels \['entailment', ('not_entailment',? ?){4}\]",
        r"anli\.jsonl: 5 pairs, labels \['entailment', 'contradiction', 'neutral', 'contradiction', 'entailment'\]",
        r"scitail\.jsonl: 5 pairs, labels \['entailment', ('neutral',? ?){4}\]",
    ],
    "11-coco": [
        *(rf"{name}: .*0: red 0\.4584; 1: blue 0\.3425"
          for name in ("plain_crowd", "bool_isthing", "float_ids", "folder_in_name", "rgba_png", "one_colour")),
        *(rf"{name}: DataError: " for name in ("id_not_listed", "no_segments", "dup_names", "missing_last_jpg")),
    ],
    "12-broden-files": [
        *(rf"{name}: .*0: red AND hall-s 0\.4241; 1: blue 0\.2500" for name in (
            "crlf_bom", "several_maps", "palette", "grey", "rgba", "float_sizes", "unlisted_scene_col", "big_ids")),
        *(rf"{name}: DataError: .*no such file" for name in ("missing_image", "missing_map")),
    ],
    "13-pictures": [
        *(rf"{name}: .*0: red 0\.3876; 1: blue 0\.2268"
          for name in ("plain", "rgba_opaque", "tiff", "webp", "thumbs_db")),
        r"two_same_stem: DataError: .*two pictures of one label map",
    ],
    "16-vectors": [
        *(rf"{name}: \(6, 5\) words" for name in (
            "blank_first.txt", "blank_number.txt", "blank_tokens.txt", "cp1252.txt", "empty_token.txt",
            "fasttext.vec", "head_of_fasttext.vec", "nan.txt", "ragged.txt", "tabs.txt")),
        r"head_of_fasttext\.vec: .*was it cut",
    ],
    "17-factory-imports-torchvision": [r'"layer": "conv1"(.|\n)*"layer": "conv1"', r"4 units\) in p\n"],
    "21-model-output-no-classes": [
        r"(units\) in p_\w+\n(.|\n)*){3}",
        r"takes pictures of 1 channel",
        r"TorchScript module, whose layers cannot be watched",
        r'"layer": "features\.1"',
    ],
}  # fmt: skip
"""Folder -> patterns, each to be found in what its script prints."""

LONG = {
    "02-model-wrappers": [
        *(rf'=== {name}\n(?:(?!===)(?:.|\n))*"formula": "red".*"iou": 0\.3876(?:(?!===)(?:.|\n))*"blue".*"iou": 0\.2267'
          for name in ("small", "last", "tup", "dic", "dense", "double", "half_inside", "compiled", "parallel")),
        *(rf'=== {name}\n(?:(?!===)(?:.|\n))*"formula": "red"' for name in ("half", "bf16", "bf16_inside")),
        r"=== scripted\n.*\ncompexact: the model is a TorchScript module.*\n\[exit 2\]",
    ],
    "03-vit-tokens": [
        r"zoo:timm_vit(.|\n)*blocks\.1: units 192 predictions \[[0-4]", r"layers\.0: units 96",
        r"vit\.layers\.1: units 16 predictions \[[0-4]", r"encoder\.layers\.encoder_layer_11: units 768",
    ],
    "18-hf-label-names": [
        r'== plain\n(?:(?!==)(?:.|\n))*"correct": 2', r'== upper\n(?:(?!==)(?:.|\n))*"correct": 1',
        *(rf"== {name}\n(?:(?!==)(?:.|\n))*--labels FILE" for name in ("label_n", "short")),
        r'== two\n(?:(?!==)(?:.|\n))*"labelled": 4',
    ],
}  # fmt: skip
"""The same of those that start a command twenty times."""


NEW_PROCESSES = {"PY": sys.executable, "CX": str(Path(sys.executable).with_name("compexact"))}
IN_NEW_PROCESSES = ("17-factory-imports-torchvision",)
"""It is about what a command imports first."""


@pytest.fixture(scope="module")
def forks(tmp_path_factory) -> Iterator[dict[str, str]]:
    """Commands that need not import torch anew."""
    with command_server(tmp_path_factory.mktemp("forks")) as commands:
        yield commands


def printed(name: str, folder: Path, commands: Mapping[str, str]) -> str:
    """What the script of a case prints, run beside a copy."""
    if not (CASES / name).exists():
        pytest.skip(f"{name} is not beside the project")
    for source in (name, "common"):
        shutil.copytree(CASES / source, folder / source, copy_function=shutil.copyfile)
    environment = os.environ | commands | {"TAIL": "12"}
    done = subprocess.run(
        ["bash", "run.sh"],
        cwd=folder / name,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", EXPECTED)
def test_a_case_prints_what_is_right(name: str, tmp_path: Path, forks: dict[str, str]) -> None:
    text = printed(name, tmp_path, NEW_PROCESSES if name in IN_NEW_PROCESSES else forks)
    assert "Traceback" not in text
    assert [pattern for pattern in EXPECTED[name] if not re.search(pattern, text)] == [], text


@pytest.mark.long
@pytest.mark.parametrize("name", LONG)
def test_a_long_case_prints_what_is_right(name: str, tmp_path: Path) -> None:
    text = printed(name, tmp_path, NEW_PROCESSES)
    assert [pattern for pattern in LONG[name] if not re.search(pattern, text)] == [], text
