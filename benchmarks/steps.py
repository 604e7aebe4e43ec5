"""Commands that wait for one another: a step starts when the folders that its arguments name are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """A `compexact` command, or a script of this folder, and the folder that it makes."""

    output: Path
    arguments: tuple[str, ...]
    program: tuple[str, ...] = ("-m", "compexact.experiments")

    def needs(self, other: Step) -> bool:
        """Whether an argument names the other's folder, or something in it."""
        inside = re.compile(rf"(^|:){re.escape(str(other.output))}(/|$)")
        return any(inside.search(argument) for argument in self.arguments)

    def run(self) -> bool:
        """Whether the output is there, made now or before; its time and last line on stdout."""
        if self.output.exists():
            print(f"        {self.output.name}: there already", flush=True)
            return True
        self.output.parent.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        command = [sys.executable, *self.program, *self.arguments, "-o", str(self.output)]
        # This folder has factories of a model and of datasets in it (squeezenet.py, halves.py).
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        print(f"{seconds:6.0f} s  {shown(self)} -o {self.output.name}", flush=True)
        if done.returncode:
            print(f"          exit {done.returncode}: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        log = self.output.parent / "log"
        log.mkdir(exist_ok=True)
        (log / f"{self.output.name}.txt").write_text(f"{' '.join(command)}\n{done.stderr}")
        return done.returncode == 0


def step(output: Path, *arguments: str | Path) -> Step:
    return Step(output, tuple(map(str, arguments)))


def script(output: Path, name: str, *arguments: str | Path) -> Step:
    return Step(output, tuple(map(str, arguments)), (str(Path(__file__).with_name(name)),))


def shown(each: Step) -> str:
    """The command with short paths."""
    program = "compexact" if each.program[0] == "-m" else Path(each.program[0]).name
    return " ".join([program, *(part.rsplit("/", 1)[-1] for part in each.arguments)])


def run_steps(steps: Sequence[Step], at_once: int) -> list[Step]:
    """Run all, at most `at_once` at a time, each after those it needs; give those that failed or could not start."""
    waiting, failed = list(steps), list[Step]()
    running: dict[Future[bool], Step] = {}
    with ThreadPoolExecutor(at_once) as pool:
        while waiting or running:
            blocked = [*waiting, *running.values()]
            for each in [each for each in waiting if not any(each.needs(other) for other in blocked)]:
                if len(running) < at_once:
                    waiting.remove(each)
                    running[pool.submit(each.run)] = each
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                if not future.result():
                    failed.append(running[future])
                running.pop(future)
            while left_out := [each for each in waiting if any(each.needs(other) for other in failed)]:
                failed += left_out
                waiting = [each for each in waiting if each not in left_out]
    return failed
