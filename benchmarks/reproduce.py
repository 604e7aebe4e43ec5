"""Every experiment of the paper, on the real inputs beside the project and on the demo worlds; and pages about all.

    python benchmarks/reproduce.py [-o build/reproduce] [--data FOLDER] [--only vision,nli,demo]

Each step is a command that a user could type; it is printed, timed, and left out where its output is there already,
so an interrupted run goes on.  Two steps run at once, each on one thread.  The end is a page that links the sites.
"""

from __future__ import annotations

import argparse
import html
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
AT_ONCE = 2


@dataclass(frozen=True)
class Step:
    """A command and the folder that it makes."""

    output: Path
    arguments: tuple[str, ...]

    def run(self) -> bool:
        """Whether the output is there, made now or before; its time and last line on stdout."""
        if self.output.exists():
            print(f"        {self.output.name}: there already", flush=True)
            return True
        started = time.perf_counter()
        command = [sys.executable, "-m", "compexact.experiments", *self.arguments, "-o", str(self.output)]
        # This folder has a factory of a model in it (squeezenet.py).
        environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parent)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        print(f"{seconds:6.0f} s  {shown(self.arguments)} -o {self.output.name}", flush=True)
        if done.returncode:
            print(f"          exit {done.returncode}: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        log = self.output.parent / "log"
        log.mkdir(exist_ok=True)
        (log / f"{self.output.name}.txt").write_text(f"{' '.join(command)}\n{done.stderr}")
        return done.returncode == 0


def shown(arguments: Sequence[str]) -> str:
    """The command with short paths."""
    return " ".join(["compexact", *(Path(part).name if "/" in part else part for part in arguments)])


def step(output: Path, *arguments: str | Path) -> Step:
    return Step(output, tuple(map(str, arguments)))


def ask(folder: Path, name: str, *arguments: str | Path, output: str | None = None) -> Step:
    """One question; its answer lies in `answers/`."""
    return step(folder / "answers" / (output or name), "experiment", name, *arguments)


def demos(out: Path) -> list[list[Step]]:
    folder = out / "demo"
    vision, nli = folder / "vision", folder / "nli"
    model = ("--model", "compexact.probes.demo_model:demo_model", "--weights", vision / "model.pt")
    return [
        [step(vision, "demo", "vision"), step(nli, "demo", "nli")],
        [
            ask(folder, "accuracy", vision / "probe", output="accuracy-vision"),
            ask(folder, "weights", vision / "probe", output="weights-vision"),
            ask(folder, "distil", vision / "run", output="distil-vision"),
            ask(folder, "distil", nli / "run", output="distil-nli"),
            ask(folder, "length", vision / "probe", "--lengths", "1-5", "--proven", "1-5", output="length-vision"),
            ask(folder, "findings", nli / "run", output="findings-nli"),
            ask(folder, "simulate", vision / "run", *model, output="simulate-vision"),
            ask(
                folder,
                "ablate",
                vision / "run",
                *model,
                "--dataset",
                f"broden:{vision / 'world'}",
                output="ablate-vision",
            ),
        ],
        [
            step(
                folder / "site-vision",
                "report",
                vision / "run",
                *answers(
                    folder,
                    "accuracy-vision",
                    "weights-vision",
                    "distil-vision",
                    "length-vision",
                    "simulate-vision",
                    "ablate-vision",
                ),
            ),
            step(folder / "site-nli", "report", nli / "run", *answers(folder, "distil-nli", "findings-nli")),
        ],
    ]


def vision(out: Path, data: Path) -> list[list[Step]]:
    folder = out / "vision"
    probe, run, proven = folder / "probe", folder / "run", folder / "proven"
    vectors = data / "glove/glove.6B.50d.10k.txt.gz"
    broden, weights = f"broden:{data / 'broden_mini'}", data / "squeezenet/squeezenet1_0_dc.pth"
    model = ("--model", "torchvision:squeezenet1_0", "--weights", weights)
    shown_as = ("--image-size", "227", "--channels", "bgr", "--mean", "104,117,123", "--scale", "255")
    network = ("--dataset", broden, *model, *shown_as)
    traced, earlier = (*network, "--layer", "features.12"), folder / "probe-features.10"
    looser, stricter = folder / "probe-top-2-percent", folder / "probe-top-0.1-percent"
    questions = [
        ask(folder, "ranges", looser, probe, stricter),
        ask(folder, "length", probe, "--proven", "1-5"),
        ask(folder, "uniqueness", probe),
        ask(folder, "weights", probe),
        ask(folder, "layers", earlier, probe),
        ask(folder, "kinds", probe, "--vectors", vectors, "--sample", "128"),
        ask(folder, "controls", probe, "--lengths", "1,3", "--shuffles", "19"),
        ask(folder, "heldout", probe, "--proven", "1-4"),
        ask(folder, "compare", run, proven),
        ask(
            folder,
            "adversarial",
            ROOT / "benchmarks/adversarial.csv",
            "--dataset",
            broden,
            "--preset",
            "caffe",
            "--image-size",
            "227",
            "--model",
            "squeezenet:model",
            "--weights",
            weights,
        ),
    ]
    return [
        [
            step(probe, "probe", "vision", *traced),
            step(looser, "probe", "vision", *traced, "--quantile", "0.02"),
            step(stricter, "probe", "vision", *traced, "--quantile", "0.001"),
            step(earlier, "probe", "vision", *network, "--layer", "features.10"),
        ],
        [
            step(run, "explain", probe, "--length", "3"),
            step(proven, "explain", probe, "--engine", "exact", "--length", "3"),
            step(folder / "audit", "audit", probe, "--length", "2,3,4", "--beam-size", "1,5,10,50"),
        ],
        questions,
        [
            step(
                folder / "site",
                "report",
                proven,
                *answers(folder, *(each.output.name for each in questions)),
            ),
            step(folder / "site-audit", "report", folder / "audit"),
        ],
    ]


def nli(out: Path, data: Path) -> list[list[Step]]:
    folder = out / "nli"
    model, probe, ranged, run, proven = (folder / name for name in ("model", "probe", "ranged", "run", "audit"))
    snli, vectors = data / "snli", data / "glove/glove.6B.50d.10k.txt.gz"
    pairs = snli / "snli_dev_tagged.tsv.gz"
    questions = [
        ask(folder, "length", probe, "--lengths", "1-5,10,20,30", "--proven", "1-3"),
        ask(folder, "uniqueness", probe, "--lengths", "1,3,5"),
        ask(folder, "accuracy", probe, "--lengths", "1-5"),
        ask(folder, "weights", probe, "--length", "5"),
        ask(folder, "kinds", probe, "--vectors", vectors, "--sample", "128"),
        ask(folder, "controls", probe, "--lengths", "1,3", "--shuffles", "9"),
        ask(folder, "heldout", probe, "--lengths", "1-5,10", "--proven", "1-2"),
        ask(folder, "findings", run),
        ask(folder, "edits", run, "--model", model, "--pairs", pairs, "--pairs-per-unit", "10", "--keep", "1"),
        ask(folder, "edits", run, "--model", model, "--by-hand", "paper", output="edits-by-hand"),
        ask(folder, "distil", run),
        ask(folder, "ablate", run, "--model", model),
        ask(folder, "ranges", ranged),
    ]
    return [
        [
            step(
                model,
                "train",
                "nli",
                "--train",
                snli / "snli_train20k.tsv.gz",
                "--train",
                data / "sick/sick.tsv.gz",
                "--dev",
                snli / "snli_1.0_dev.jsonl.gz",
                "--vectors",
                vectors,
            )
        ],
        [
            step(probe, "probe", "nli", "--model", model, "--pairs", pairs),
            step(ranged, "probe", "nli", "--model", model, "--pairs", pairs, "--ranges", "3", "--limit", "4000"),
        ],
        [step(run, "explain", probe, "--length", "5"), step(proven, "audit", probe, "--length", "3")],
        questions,
        [step(folder / "site", "report", run, *answers(folder, *(each.output.name for each in questions)))],
    ]


def answers(folder: Path, *names: str) -> list[str]:
    """`--answers` for each."""
    return [part for name in names for part in ("--answers", str(folder / "answers" / name))]


def write_index(out: Path) -> Path:
    """A page that links every site that was made."""
    sites = sorted(out.glob("*/site*/index.html"))
    items = "".join(
        f'<li><a href="{html.escape(str(site.relative_to(out)))}">{html.escape(str(site.parent.relative_to(out)))}</a>'
        for site in sites
    )
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>compexact: all experiments</title><h1>All experiments</h1><ul>{items}</ul></html>"
    )
    (out / "index.html").write_text(page)
    return out / "index.html"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "build/reproduce")
    parser.add_argument("--data", type=Path, default=ROOT / "../shared/data", help="where the real inputs lie")
    parser.add_argument("--only", default="demo,vision,nli", help="which, with commas between (default %(default)s)")
    options = parser.parse_args()
    out, data, chosen = options.output.resolve(), options.data.resolve(), options.only.split(",")
    if not data.exists() and {"vision", "nli"} & set(chosen):
        parser.error(f"the real inputs are not at {data}; name their folder with --data, or take --only demo")
    plans = {"demo": lambda: demos(out), "vision": lambda: vision(out, data), "nli": lambda: nli(out, data)}
    if unknown := set(chosen) - set(plans):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(plans)}")
    started, failed = time.perf_counter(), 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for name in chosen:
            for stage in plans[name]():
                for each in stage:
                    each.output.parent.mkdir(parents=True, exist_ok=True)
                failed += sum(not made for made in pool.map(Step.run, stage))
    print(f"{(time.perf_counter() - started) / 60:.1f} minutes; {failed} steps failed")
    print(f"all pages: {write_index(out)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
