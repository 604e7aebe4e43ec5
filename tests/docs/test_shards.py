"""The scripts of the page about shards, run as a cluster runs them: in another order, one process each."""

import json
import os
import random
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command_server import command_server
from PIL import Image

from .conftest import blocks, run

SHARDS = 3
NETS = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer4 = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())

    def forward(self, images):
        return self.layer4(images)


net = Net
"""


def write_images(root: Path) -> None:
    """Broden's folder with five images of two objects."""
    (root / "images").mkdir(parents=True)
    rows = ["image,split,ih,iw,sh,sw,object"]
    for i in range(5):
        rng = np.random.default_rng(i)
        Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8)).save(root / f"images/{i}.png")
        labels = np.zeros((6, 6, 3), dtype=np.uint8)
        labels[..., 0] = rng.integers(0, 3, (6, 6))
        Image.fromarray(labels).save(root / f"images/{i}_object.png")
        rows.append(f"{i}.png,train,12,12,6,6,{i}_object.png")
    (root / "index.csv").write_text("\n".join(rows) + "\n")
    (root / "category.csv").write_text("name,first,last,count,frequency\nobject,1,2,2,8\n")
    (root / "label.csv").write_text(
        "number,name,category,frequency,coverage,syns\n1,sky,object(5),5,1.0,\n2,sea,object(5),5,1.0,\n"
    )


@pytest.fixture
def commands(tmp_path) -> Iterator[str]:
    """The folder of a `compexact` that need not import torch anew; each is still a process of its own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    with command_server(folder):
        yield str(folder)


def submit(script: str, folder: Path, commands: str) -> None:
    """What `sbatch` does with an array script, with fewer shards and batches of one image."""
    assert f"--array=1-{40}" in script
    script = script.replace("40", str(SHARDS)).replace("--workers 3", "--workers 0 --image-size 12 --batch-size 1")
    path = os.pathsep.join([commands, os.environ["PATH"]])
    ids = list(range(1, SHARDS + 1))
    random.Random(1).shuffle(ids)
    assert ids != sorted(ids)
    for number in ids:
        slurm = {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_TASK_COUNT": str(SHARDS)}
        environment = os.environ | {"PATH": path, "PYTHONPATH": str(folder)} | slurm
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def in_one(script: str) -> list[str]:
    """The command of an array script without its shard."""
    command = script[script.index("compexact") :].replace("\\\n", " ")
    command = re.sub(r'--shard "[^"]*" -o "(\w+)/[^"]*"', r"-o \1-whole", command)
    return command.replace("--workers 3", "--workers 0 --image-size 12 --batch-size 1").split()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_array_scripts_of_the_page_make_the_probe_and_the_run_of_one_command(tmp_path, commands):
    write_images(tmp_path / "broden")
    (tmp_path / "nets.py").write_text(NETS)
    probe, merge_probe, explain, merge_run = [text for language, text in blocks("shards.md") if language == "sh"][:4]
    for script, merge, made in ((probe, merge_probe, "probe"), (explain, merge_run, "run")):
        submit(script, tmp_path, commands)
        run(["bash", "-c", merge], tmp_path, "shards.md")
        whole = in_one(script)
        run(whole, tmp_path, "shards.md")
        files = [file for file in Path(tmp_path, whole[-1]).rglob("*") if file.is_file()]
        same = [file for file in files if file.suffix != ".txt" and file.name not in (".lock", "units.jsonl")]
        assert len(same) >= 3
        for file in same:
            merged = tmp_path / made / file.relative_to(tmp_path / whole[-1])
            assert merged.read_bytes() == file.read_bytes(), merged
    lines = [(tmp_path / folder / "units.jsonl").read_text().splitlines() for folder in ("run", "runs-whole")]
    formulas = [[(line["unit"], line["formula"]) for line in map(json.loads, of_run)] for of_run in lines]
    assert formulas[0] == formulas[1]
    assert len(formulas[0]) == 4
