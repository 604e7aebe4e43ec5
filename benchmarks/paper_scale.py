"""The paper's own size: 22,210 images, 1,105 concepts, the 512 units of a ResNet-18's layer4, from pictures to proofs.

    python benchmarks/paper_scale.py                    all of it: half an hour, 3 GB of disk under build/paper_scale
    python benchmarks/paper_scale.py --images 40        the same, smaller; `make bench` runs this

Each step is a command as one types it; wall time, processor time and peak memory are printed beside what is asked of
it at full size, or published of others.  A step whose output is there is not run again, and its figures are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import paper_images
from inputs import ROOT


@dataclass(frozen=True)
class Step:
    """A command, the folder it makes ("" for none), and what its figures stand beside."""

    name: str
    output: str
    arguments: tuple[str, ...]
    beside: str


STEPS = (
    Step(
        "probe",
        "probe",
        ("probe", "vision", "--dataset", "broden:images", "--model", "paper_scale:resnet18", "--layer", "layer4"),
        "asked: 15 min, 1.5 GB",
    ),
    Step("open the probe", "", ("ls", "probe"), "asked: 1.5 s, 300 MB"),
    Step("beam of 10, length 3", "beam3", ("explain", "probe", "--length", "3", "--jobs", "2"), "asked: 15 s"),
    Step("beam of 10, length 10", "beam10", ("explain", "probe", "--length", "10", "--jobs", "2"), ""),
    Step(
        "exact, length 3",
        "exact3",
        ("explain", "probe", "--engine", "exact", "--length", "3", "--jobs", "2"),
        "asked: 10 min; published (La Rosa et al. 2023): 5,768 s for one unit, on a GPU",
    ),
    Step("verify", "", ("verify", "exact3"), "asked: 10 min"),
)


def resnet18() -> object:
    """torchvision's, with weights from a seed."""
    import torch
    from torchvision.models import resnet18 as architecture

    torch.manual_seed(0)
    return architecture()


@dataclass(frozen=True)
class Cost:
    """wall, cpu: seconds.  peak: bytes of the largest process.  code: the command's exit code."""

    wall: float
    cpu: float
    peak: int
    code: int


def run(step: Step, folder: Path) -> Cost:
    output = ("-o", step.output) if step.output else ()
    command = [sys.executable, "-m", "compexact.experiments", *step.arguments, *output]
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    began = time.monotonic()
    with open(folder / f"{step.name.partition(',')[0].replace(' ', '_')}.log", "w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | {"PYTHONPATH": path}, stdout=log, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - began
    return Cost(wall, used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss, os.waitstatus_to_exitcode(status))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=paper_images.IMAGES)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    folder = asked.folder or ROOT / f"build/paper_scale/{asked.images}"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "images/index.csv").exists():
        began = time.monotonic()
        paper_images.write_dataset(folder / "images", asked.images)
        print(f"{asked.images:,} images made in {time.monotonic() - began:.0f} s", flush=True)
    kept = folder / "costs.json"
    costs = json.loads(kept.read_text()) if kept.exists() else {}
    for step in STEPS:
        if step.name not in costs:
            costs[step.name] = asdict(run(step, folder))
            kept.write_text(json.dumps(costs, indent=1))
        cost = Cost(**costs[step.name])
        print(
            f"{step.name:24s} {cost.wall:8.1f} s wall {cost.cpu:8.1f} s CPU {cost.peak / 1e6:7.0f} MB"
            f"  exit {cost.code}  {step.beside}",
            flush=True,
        )
    size = sum(file.stat().st_size for file in (folder / "probe").rglob("*"))
    print(f"the probe on disk: {size / 1e6:.0f} MB; asked: 150 MB")


if __name__ == "__main__":
    main()
