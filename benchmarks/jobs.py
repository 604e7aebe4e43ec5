"""What `--jobs 2` takes beside `--jobs 1`: processor time, and memory of all processes (shared pages count once).

python benchmarks/jobs.py PROBE
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def family(process: int) -> list[int]:
    """The process and all that it has started."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(status.parent.name)] = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return sorted(found)


def shared_out(process: int) -> int:
    """Kilobytes; of a page that n processes share, an n-th each."""
    try:
        found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
    except OSError:
        return 0
    return int(found[1]) if found else 0


def measured(probe: Path, jobs: int, length: int) -> tuple[float, float, float]:
    """Seconds of wall clock and processors, and peak megabytes."""
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", "compexact.experiments", "explain", str(probe), "--length", str(length)]
        began, peak = time.monotonic(), 0
        process = subprocess.Popen([*command, "--jobs", str(jobs), "-o", f"{place}/run"], stdout=-3, stderr=-3)
        ended = 0
        while not ended:
            peak = max(peak, sum(map(shared_out, family(process.pid))))
            time.sleep(0.3)
            ended, _, used = os.wait4(process.pid, os.WNOHANG)
    return time.monotonic() - began, used.ru_utime + used.ru_stime, peak / 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("probe", type=Path)
    parser.add_argument("--length", type=int, default=10)
    asked = parser.parse_args()
    one, two = (measured(asked.probe, jobs, asked.length) for jobs in (1, 2))
    for jobs, (wall, cpu, peak) in ((1, one), (2, two)):
        print(f"--jobs {jobs}: {wall:.1f} s wall, {cpu:.1f} s CPU, {peak:.0f} MB")
    print(f"two beside one: {two[1] / one[1]:.2f} of the CPU (asked: 1.10), {two[2] / one[2]:.2f} of the memory (1.20)")


if __name__ == "__main__":
    main()
