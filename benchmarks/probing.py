"""`probe vision` beside a plain loop of torch over the same pictures, each in a process of its own, in turns.

    python benchmarks/probing.py --images 400

The loop opens every picture, runs the network, and does nothing else; it is given the number of threads that suits it
best.  Ours also keeps the maps, finds thresholds, reads the labels and counts.  Both start anew (imports, the model).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import paper_images

LOOP = """
import sys
from pathlib import Path
import numpy as np
import torch
from PIL import Image
from compexact.probes.torchvision_ops import import_torchvision
import_torchvision()
from paper_scale import resnet18

torch.set_num_threads(int(sys.argv[2]))
model = resnet18().eval()
mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])

class Pictures(torch.utils.data.Dataset):
    def __init__(self, folder):
        self.files = sorted(Path(folder).glob("images/*.jpg"))

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        pixels = torch.from_numpy(np.array(Image.open(self.files[index]).convert("RGB"))).float() / 255
        return ((pixels - mean) / std).permute(2, 0, 1).contiguous()

with torch.inference_mode():
    for images in torch.utils.data.DataLoader(Pictures(sys.argv[1]), batch_size=32, num_workers=1):
        model(images)
"""


def measured(command: list[str]) -> tuple[float, float, float]:
    """Seconds of wall clock and of processors, and peak megabytes."""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    began = time.monotonic()
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": path}, stdout=-3, stderr=-3)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[:4]} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=400)
    n_images = parser.parse_args().images
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "images"
        paper_images.write_dataset(folder, n_images)
        loops = {n: measured([sys.executable, "-c", LOOP, str(folder), str(n)]) for n in (1, os.cpu_count() or 1)}
        threads, loop = min(loops.items(), key=lambda each: each[1][0])
        print(f"plain loop, {threads} threads: {loop[0]:.1f} s wall, {loop[1]:.1f} s CPU, {loop[2]:.0f} MB")
        for memory_format in ("contiguous", "channels_last"):
            probe = [
                sys.executable, "-m", "compexact.experiments", "probe", "vision", "--dataset", f"broden:{folder}",
                "--model", "paper_scale:resnet18", "--layer", "layer4", "--memory-format", memory_format,
                "-o", f"{place}/{memory_format}",
            ]  # fmt: skip
            ours = measured(probe)
            print(
                f"probe vision, {memory_format}: {ours[0]:.1f} s wall, {ours[1]:.1f} s CPU, {ours[2]:.0f} MB; "
                f"ratio of wall times {ours[0] / loop[0]:.2f} (asked: 1.25)"
            )


if __name__ == "__main__":
    main()
