"""Kills -9: every command that writes, at any instant, itself or one of its processes; then the command once more.

    python tests/kills.py --kills 500 --seed 0

What is finished must be what an undisturbed command writes (but for seconds, and digests over them), every line that
was written must still be there, once, and nothing else may be left: no file beside it or in temporary folders, no
process.  A failure is printed with its number, which repeats it as `--seed N --kills 1`.

Commands are forked from this process, which has imported what they need: so nearly every instant is one of their work.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

sys.path.insert(0, str(Path(__file__).parent / "experiments"))
sys.path.insert(0, str(Path(__file__).parent / "experiments/commands"))

from conftest import NETS, write_broden
from test_nli import write_pairs

from compexact.experiments.cli import main as compexact_main

IMPORTED = [
    *("matplotlib.pyplot", "scipy.stats", "scipy.optimize", "spacy", "torch", "cloudpickle"),
    *(f"compexact.experiments.{name}" for name in ("commands.audit", "commands.train", "report.site")),
    *(f"compexact.experiments.questions.{name}" for name in ("controls", "kinds")),
]
MODULES = {"worker": "compexact.experiments.run.worker", "solver": "compexact.encodings.child"}
MARK = "COMPEXACT_KILLS"
TORCH_CACHE = "torchinductor_"
"""A folder that torch makes and keeps however a process ends."""

AT_MOST = 4
"""How often a command is killed before it may finish."""


@dataclass(frozen=True)
class Case:
    """A command that writes `{out}`.

    targets: which of its processes are killed; a run goes on without the others, and is only finished in another way
    without a solver.  weight: how often it is tried; less where starting its processes takes most of the time.
    is_forced: whether something to replace may lie there.
    """

    words: str
    targets: tuple[str, ...] = ("command",)
    weight: int = 8
    is_forced: bool = False

    @property
    def name(self) -> str:
        return self.words.replace(" -o {out}", "")


SMALL = "--length 2 -o {out}"
CASES = (
    Case(f"explain tiny.npz --engine exact {SMALL}"),
    Case(f"explain tiny.npz --engine exact --jobs 2 {SMALL}", ("command", "worker"), 3),
    Case(f"explain tiny.npz --jobs 2 {SMALL}", ("command", "worker"), 2),
    Case(f"explain few.npz --engine cpsat {SMALL}", ("command", "solver"), 3),
    Case(f"explain few.npz --engine cpsat --jobs 2 {SMALL}", ("command", "worker", "solver"), 3),
    Case(f"audit tiny.npz --beam-size 1,3 {SMALL}"),
    Case(f"audit tiny.npz --jobs 2 {SMALL}", ("command", "worker"), 2),
    Case("probe arrays tiny.npz --force -o {out}", is_forced=True),
    Case(
        "probe vision --dataset broden:broden --model nets:net --layer 1 --image-size 12 --quantile 0.1 --workers 0"
        " --force -o {out}",
        weight=4,
        is_forced=True,
    ),
    Case("experiment length probe --lengths 1,2 --force -o {out}", is_forced=True),
    Case("experiment controls probe --lengths 1,2 --jobs 2 --force -o {out}", ("command", "worker"), 2, is_forced=True),
    Case("report run --force -o {out}", is_forced=True),
    Case(
        "train nli --train train.tsv --dev dev.tsv --embedding 4 --hidden 4 --mlp 4 --epochs 1 --force -o {out}",
        weight=2,
        is_forced=True,
    ),
    Case("evaluate nli --model model --pairs dev.tsv --force -o {out}", weight=2, is_forced=True),
)


class Failed(Exception):
    """What is wrong after a kill."""


class Command:
    """A process that this one has forked."""

    def __init__(self, number: int, errors: Path) -> None:
        self.number, self.errors = number, errors
        self._code: int | None = None

    def poll(self, how: int = os.WNOHANG) -> int | None:
        """Its exit code; None while it runs."""
        if self._code is None:
            number, status = os.waitpid(self.number, how)
            self._code = os.waitstatus_to_exitcode(status) if number else None
        return self._code

    def check_end(self) -> None:
        """Wait for its end, which must be a good one."""
        code = self.poll(0)
        said = self.errors.read_text(errors="replace")
        if code != 0 or "Traceback" in said:
            raise Failed(f"ended with {code}: {said[-3000:]}")


@dataclass
class Bench:
    """A folder with the inputs, and what each case writes undisturbed, and in how many seconds."""

    folder: Path

    def __post_init__(self) -> None:
        self.expected: dict[Case, tuple[Any, float]] = {}
        (self.folder / "temporary").mkdir()
        (self.folder / "out").mkdir()
        rng = np.random.default_rng(0)
        for name, units in (("tiny", 12), ("few", 3)):
            arrays = {"concepts": rng.random((300, 8)) < 0.3, "neurons": rng.random((300, units)) < 0.3}
            np.savez(self.folder / f"{name}.npz", **arrays)
        write_broden(self.folder / "broden")
        (self.folder / "nets.py").write_text(NETS)
        write_pairs(self.folder / "train.tsv", 60, 0, "park")
        write_pairs(self.folder / "dev.tsv", 31, 1, "street")
        self.finish("probe arrays tiny.npz -o probe")
        self.finish("explain probe --length 2 -o run")

    def start(self, words: str) -> Command:
        """A command, forked."""
        errors = self.folder / "errors"
        number = os.fork()
        if number == 0:
            self._become(words.format(out="out/it").split(), errors)
        return Command(number, errors)

    def _become(self, words: list[str], errors: Path) -> NoReturn:
        code = 1
        try:
            os.chdir(self.folder)
            os.environ |= {"TMPDIR": str(self.folder / "temporary"), MARK: str(self.folder)}
            tempfile.tempdir = None
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
            sys.argv = ["compexact", *words]
            compexact_main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def finish(self, words: str) -> float:
        """Run a command to its end; how many seconds it takes."""
        began = time.monotonic()
        self.start(words).check_end()
        return time.monotonic() - began

    def undisturbed(self, case: Case) -> tuple[Any, float]:
        """What the case writes, and in how many seconds; afterwards nothing is there."""
        self.clear()
        if case not in self.expected:
            if "--model model" in case.words and not (self.folder / "model").exists():
                self.finish(next(each.words for each in CASES if "train nli" in each.words).replace("{out}", "model"))
            seconds = self.finish(case.words)
            self.expected[case] = content(self.folder / "out/it"), seconds
            self.clear()
        return self.expected[case]

    def clear(self) -> None:
        """Remove what was written."""
        shutil.rmtree(self.folder / "out")
        (self.folder / "out").mkdir()

    def processes(self) -> dict[int, str]:
        """The command lines of the processes that commands have started."""
        found = {}
        mark = f"{MARK}={self.folder}".encode()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
        return found


def content(place: Path) -> Any:
    """What was written, without seconds and digests; runs by line."""
    if place.is_file():
        return place.read_bytes()
    files = sorted(file for file in place.rglob("*") if file.is_file() and file.name not in ("log.txt", ".lock"))
    return {str(file.relative_to(place)): _content(file) for file in files}


def _content(file: Path) -> Any:
    if file.suffix == ".json":
        return lasting(json.loads(file.read_bytes()))
    if file.suffix == ".jsonl":
        return [lasting(json.loads(line)) for line in file.read_bytes().splitlines()]
    return file.read_bytes()


def lasting(value: Any) -> Any:
    """JSON without what differs from run to run."""
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if not any(word in key for word in ("seconds", "digest"))}
        return {key: lasting(each) for key, each in kept.items()}
    return [lasting(each) for each in value] if isinstance(value, list) else value


def lines(folder: Path) -> list[bytes]:
    """The whole lines of a run."""
    file = folder / "units.jsonl"
    return file.read_bytes().split(b"\n")[:-1] if file.exists() else []


def attempt(bench: Bench, seed: int, count: Callable[[str], None]) -> None:
    """Kill one command up to `AT_MOST` times, finish it, and hold it against the undisturbed one."""
    chance = random.Random(seed)
    case = chance.choices(CASES, [case.weight for case in CASES])[0]
    target = chance.choice(case.targets)
    expected, seconds = bench.undisturbed(case)
    out = bench.folder / "out/it"
    print(f"{seed}: {target} of {case.name}", flush=True)
    if case.is_forced and chance.random() < 0.5:
        bench.finish(case.words)
    if target == "command":
        for _ in range(chance.randint(1, AT_MOST)):
            kept = lines(out)
            if kill_command(bench, case, chance.uniform(0, seconds)):
                count(f"{target} of {case.name}")
            check_kept(kept, lines(out))
    elif kill_child(bench, case, MODULES[target], chance.uniform(0, seconds)):
        count(f"{target} of {case.name}")
    kept = lines(out)
    bench.finish(case.words)
    check_kept(kept, lines(out))
    check_content(content(out), expected, may_lack_proof=target == "solver")
    check_nothing_left(bench)


def kill_command(bench: Bench, case: Case, after: float) -> bool:
    """Whether the command was still at work then."""
    process = bench.start(case.words)
    time.sleep(after)
    is_at_work = process.poll() is None
    if is_at_work:
        os.kill(process.number, signal.SIGKILL)
        is_at_work = process.poll(0) == -signal.SIGKILL
    wait_for_end(bench)
    return is_at_work


def kill_child(bench: Bench, case: Case, module: str, after: float) -> bool:
    """Whether there was such a process; the command must end as if nothing were, or as without that solver."""
    process = bench.start(case.words)
    until, killed = time.monotonic() + after, False
    while process.poll() is None and not killed:
        if time.monotonic() > until:
            children = sorted(number for number, line in bench.processes().items() if module in line)
            for child in children[:1]:
                os.kill(child, signal.SIGKILL)
                killed = True
        time.sleep(0.03)
    process.check_end()
    wait_for_end(bench)
    return killed


def wait_for_end(bench: Bench, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while left := bench.processes():
        if time.monotonic() > until:
            raise Failed(f"still at work: {left}")
        time.sleep(0.02)


def check_kept(before: list[bytes], after: list[bytes]) -> None:
    """Lines stay as they are, in their places, and no unit has two."""
    if after[: len(before)] != before:
        raise Failed(f"{len(before)} lines were written; some are lost or changed")
    units = [json.loads(line)["unit"] for line in after]
    if len(set(units)) < len(units):
        raise Failed("a unit has two lines")


def check_content(found: Any, expected: Any, *, may_lack_proof: bool) -> None:
    if found == expected:
        return
    if not isinstance(found, dict) or set(found) - set(expected):
        raise Failed("another output" if not isinstance(found, dict) else f"left over: {set(found) - set(expected)}")
    wrong = sorted(name for name in expected if found.get(name) != expected[name])
    if not may_lack_proof:
        raise Failed(f"differs in {wrong}")
    pairs = list(zip(found["units.jsonl"], expected["units.jsonl"], strict=True))
    other = [(one, right) for one, right in pairs if one != right]
    for one, right in other:
        if "SIGKILL" not in one.get("error", "") or not one["iou"] <= right["iou"] <= one["bound"]:
            raise Failed(f"without its solver, {one} stands for {right}")
    if len(other) > 1:
        raise Failed(f"one solver was killed, and {len(other)} units differ")


def check_nothing_left(bench: Bench) -> None:
    wait_for_end(bench)
    left = [entry for entry in (bench.folder / "out").iterdir() if entry.name != "it"]
    left += [entry for entry in (bench.folder / "temporary").iterdir() if not entry.name.startswith(TORCH_CACHE)]
    if left:
        raise Failed(f"left over: {[str(entry) for entry in left]}")


def seeds(first: int) -> Iterator[int]:
    while True:
        yield first
        first += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=500, help="at least this many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="number of the first command (default %(default)s)")
    options = parser.parse_args()
    for name in IMPORTED:
        import_module(name)
    counts: Counter[str] = Counter()
    failures = commands = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        bench = Bench(Path(folder))
        for seed in seeds(options.seed):
            if counts.total() >= options.kills:
                break
            commands += 1
            try:
                attempt(bench, seed, lambda what: counts.update([what]))
            except Failed as error:
                failures += 1
                print(f"FAILED {seed}: {error}", flush=True)
                bench.clear()
    for what, count in sorted(counts.items()):
        print(f"{count:6} {what}")
    print(f"{counts.total()} kills of {commands} commands, {failures} failures, {time.monotonic() - began:.0f} s")
    sys.exit(failures > 0)


if __name__ == "__main__":
    main()
