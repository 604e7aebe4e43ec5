"""Every experiment of the paper, on the real inputs beside the project and on the demo worlds; and one site about all.

    python benchmarks/reproduce.py [-o build/reproduce] [--data FOLDER] [--only vision,labelled,demo-vision]

Each step is a command that a user could type; it is printed, timed, and left out where its output is there already,
so an interrupted run goes on.  Two steps run at once, each on one thread.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path

import plans
from inputs import REAL
from steps import Step, run_steps, step

from compexact.experiments.questions import QUESTIONS

AT_ONCE = 2
BUILD = Path(__file__).resolve().parents[1] / "build/reproduce"


def site(out: Path, chosen: list[plans.Plan]) -> Step:
    """The report of all runs, with the answers in the order of the questions."""
    order = [question.name for question in QUESTIONS]
    asked = {name for plan in chosen for name in plan.answers}
    names = sorted(asked, key=lambda name: (order.index(plans.question_of(name)), name))
    answers = [plan.answers[name] for name in names for plan in chosen if name in plan.answers]
    runs = [run for plan in chosen for run in plan.runs]
    return step(out / "site", "report", *runs, *(part for answer in answers for part in ("--answers", answer)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, default=BUILD)
    parser.add_argument("--data", type=Path, default=REAL, help="where the real inputs lie")
    parser.add_argument(
        "--only", default=",".join(plans.PLANS), help="which, with commas between (default %(default)s)"
    )
    options = parser.parse_args()
    out, data, names = options.output.resolve(), options.data.resolve(), options.only.split(",")
    if unknown := set(names) - set(plans.PLANS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(plans.PLANS)}")
    if not data.exists() and {"vision", "nli", "labelled", "words"} & set(names):
        parser.error(
            f"the real inputs are not at {data}; name their folder with --data, or take --only demo-vision,demo-nli"
        )
    if not plans.has_wordnet():
        print("WordNet is not installed (Debian's wordnet-base), so no hypernyms are asked for")
    os.environ["COMPEXACT_DATA"] = str(data)  # for halves.py, squeezenet.py and sae.py, which the steps load
    started = time.perf_counter()
    chosen = {name: make(out / name, data) for name, make in plans.PLANS.items() if name in names}
    last = site(out, list(chosen.values()))
    shutil.rmtree(last.output, ignore_errors=True)
    # Sentence pairs first: they have the longest chain of steps that wait for one another.
    order = sorted(chosen, key=lambda name: name != "nli")
    failed = run_steps([*(each for name in order for each in chosen[name].steps), last], AT_ONCE)
    print(f"{(time.perf_counter() - started) / 60:.1f} minutes; {len(failed)} steps failed or were left out")
    for each in failed:
        print(f"failed: {each.output}")
    print(f"all pages: {last.output / 'index.html'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
