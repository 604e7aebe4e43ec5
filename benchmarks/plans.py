"""What `reproduce.py` runs on each input: steps, the runs of the site, and the answers by question."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from steps import Step, script, step

from compexact.probes.wordnet_nouns import open_nouns
from compexact.solver.errors import UsageError

HERE = Path(__file__).resolve().parent
NOT_ASKED: dict[str, str] = {}
"""Questions that no plan asks, and why."""
WIDE_BEAM = ("--length", "5", "--beam-size", "1000", "--top-k", "1000")
"""All formulas near the best are too many to list at length 5 over thousands of concepts; these are those of a beam."""


@dataclass(frozen=True)
class Plan:
    """steps: in an order in which they can run.  runs: with pages in the site.  answers: folders by question."""

    steps: tuple[Step, ...]
    runs: tuple[Path, ...]
    answers: dict[str, Path]


def question_of(answer: str) -> str:
    """The question by the name of its answer; one is asked in several ways, at other lengths, of a second network."""
    return re.sub("-(by-hand|second|hypernyms|folds|beam|[0-9]+)$", "", answer)


def every(step: int, of: int) -> str:
    """Of units numbered from 0 every so many-th, for `--units`."""
    return ",".join(map(str, range(0, of, step)))


def has_wordnet() -> bool:
    """Whether it is installed; what needs it is left out without."""
    try:
        open_nouns()
    except UsageError:
        return False
    return True


def plan(folder: Path, made: list[Step], runs: list[Path], asked: dict[str, tuple[str | Path, ...]]) -> Plan:
    """made: what the questions rest on.  asked: the arguments of each question, by the answer's name."""
    questions = {
        name: step(folder / "answers" / name, "experiment", question_of(name), *arguments)
        for name, arguments in asked.items()
    }
    answers = {name: each.output for name, each in questions.items()}
    return Plan((*made, *questions.values()), tuple(runs), answers)


def vision(folder: Path, data: Path) -> Plan:
    """SqueezeNet and 1,003 images, and EfficientNet-Lite0 beside it.

    No gold labels: so no `accuracy` (`labelled` has it); too few images a class for `distil`.
    """
    probe, run, proven, audit = (folder / name for name in ("probe", "run", "proven", "audit"))
    earlier, ranged = folder / "probe-earlier", folder / "ranged"
    broden, weights = f"broden:{data / 'broden_mini'}", data / "squeezenet/squeezenet1_0_dc.pth"
    vectors = data / "glove/glove.6B.50d.10k.txt.gz"
    model = ("--model", "torchvision:squeezenet1_0", "--weights", weights)
    seen = ("--image-size", "227", "--channels", "bgr", "--mean", "104,117,123", "--scale", "255")
    shown = (*model, *seen, "--layer")
    traced = ("probe", "vision", "--dataset", broden, *shown)
    even, odd = folder / "probe-even", folder / "probe-odd"
    classes = ("--model", "squeezenet:model", "--weights", weights)
    second, second_audit = folder / "second-probe", folder / "second-audit"
    other_weights = data / "efficientnet_lite0/efficientnet-lite0-57934424.pth"
    other = ("--model", "efficientnet:model", "--weights", other_weights, "--image-size", "224", "--scale", "255")
    other = (*other, "--mean", "127,127,127", "--std", "128,128,128")
    pasted = (HERE / "adversarial.csv", "--dataset", broden)
    made = [
        step(probe, *traced, "features.12", "--folds", "10", "--keep-masks", "--keep-activations"),
        step(ranged, *traced, "features.12", "--quantile", "0.02", "--ranges", "3"),
        step(earlier, *traced, "features.10"),
        step(even, "probe", "vision", "--dataset", "halves:even", *shown, "features.12"),
        step(odd, "probe", "vision", "--dataset", "halves:odd", *shown, "features.12"),
        step(run, "explain", probe, "--length", "3"),
        step(proven, "explain", probe, "--engine", "exact", "--length", "3"),
        step(folder / "length-auto", "explain", probe, "--length", "auto"),
        step(audit, "audit", probe, "--length", "2,3,4", "--beam-size", "1,5,10,50"),
        step(second, "probe", "vision", "--dataset", broden, *other, "--layer", "_bn1"),
        step(second_audit, "audit", second, "--length", "2,3,4", "--beam-size", "1,5,10,50"),
    ]
    asked = {
        "length": (probe, "--proven", "1-5"),
        "length-second": (second, "--proven", "1-4"),
        "controls": (probe, "--lengths", "1,3,5", "--shuffles", "39"),
        "heldout": (even, "--held-out", odd, "--proven", "1-4"),
        "heldout-folds": (probe, "--lengths", "1-10", "--proven", "1-3"),
        "uniqueness": (probe,),
        "kinds": (probe, "--vectors", vectors, "--sample", "128"),
        "weights": (probe,),
        "front": (probe, "--units", "0-9"),
        "alternatives": (probe, "--length", "4"),
        "alternatives-1": (probe, "--length", "1"),
        "alternatives-3": (probe, "--length", "3"),
        "alternatives-5": (probe, "--length", "5", "--units", every(8, 512), "--time-limit", "60"),
        "auc": (probe,),
        "auc-folds": (probe, "--cross-validate", "--units", every(8, 512)),
        "sanity": (probe,),
        "layers": (earlier, probe),
        "ranges": (ranged,),
        "compare": (run, proven),
        "ablate": (proven, *model, "--dataset", broden, "--limit", "150", "--steps", "4", "--repeats", "2"),
        "adversarial": (*pasted, "--preset", "caffe", "--image-size", "227", *classes),
        "adversarial-second": (*pasted, *other),
    }
    if has_wordnet():
        above = folder / "probe-hypernyms"
        meant = ("--hypernyms", "wordnet", "--synsets", HERE / "broden_synsets.tsv")
        made.append(step(above, "probe", "arrays", probe, *meant))
        asked["length-hypernyms"] = (above, "--lengths", "1-5", "--proven", "1-4")
    return plan(folder, made, [proven, audit, second_audit], asked)


def labelled(folder: Path, data: Path) -> Plan:
    """CIFAR-10's test images, which have gold labels, and two networks that know these."""
    images, above = folder / "images", ("--hypernyms", "wordnet") if has_wordnet() else ()
    seen = ("--image-size", "32", "--scale", "1", "--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225")
    probes = {name: folder / name for name in ("resnet20", "resnet56")}
    made = [
        script(images, "cifar.py", "--unpack", data / "cifar10/cifar10_test.zip"),
        *(step(probe, "probe", "vision", "--dataset", f"imagefolder:{images}/test", "--model", f"cifar:{name}",
               "--weights", data / f"cifar10/{name}.th", *seen, "--layer", "layer3", *above)
          for name, probe in probes.items()),
    ]  # fmt: skip
    run = folder / "run"
    made.append(step(run, "explain", probes["resnet56"], "--engine", "exact", "--length", "3"))
    asked: dict[str, tuple[str | Path, ...]] = {
        "accuracy": (probes["resnet20"],),
        "accuracy-second": (probes["resnet56"],),
    }
    return plan(folder, made, [run], asked)


def nli(folder: Path, data: Path) -> Plan:
    """A model of the paper's kind, trained on what there is of SNLI and SICK, and SNLI's dev pairs."""
    model, probe, ranged, run, beam, audit = (
        folder / name for name in ("model", "probe", "ranged", "run", "beam", "audit")
    )
    snli, vectors = data / "snli", data / "glove/glove.6B.50d.10k.txt.gz"
    pairs, train = snli / "snli_dev_tagged.tsv.gz", (snli / "snli_train20k.tsv.gz", data / "sick/sick.tsv.gz")
    dev = ("--dev", snli / "snli_1.0_dev.jsonl.gz", "--vectors", vectors)
    probing = ("probe", "nli", "--model", model, "--pairs", pairs)
    made = [
        step(model, "train", "nli", *(part for file in train for part in ("--train", file)), *dev),
        step(probe, *probing, "--folds", "10", "--keep-activations"),
        step(ranged, *probing, "--ranges", "3"),
        step(run, "explain", probe, "--length", "5"),
        step(folder / "length-auto", "explain", probe, "--length", "auto:5", "--units", "0-127"),
        step(folder / "wide-beam", "explain", probe, *WIDE_BEAM, "--units", "0-63"),
        step(beam, "explain", probe, "--length", "3"),
        step(audit, "audit", probe, "--length", "3"),
    ]
    asked = {
        "length": (probe, "--lengths", "1-5,10,20,30", "--proven", "1-3"),
        "controls": (probe, "--lengths", "1,3,5", "--shuffles", "39"),
        "heldout": (probe, "--lengths", "1,3,5,10", "--proven", "1"),
        "uniqueness": (probe, "--lengths", "1,3,5"),
        "alternatives": (probe, "--length", "3", "--units", "0-127"),
        "alternatives-1": (probe, "--length", "1", "--units", "0-127"),
        "alternatives-5": (probe, "--length", "5", "--units", every(64, 1024), "--time-limit", "120"),
        "front": (probe, "--length", "2", "--units", "0-9"),
        "auc": (probe, "--units", "0-15"),
        "auc-beam": (probe, "--units", "0-31", "--search", "beam", "--cross-validate"),
        "sanity": (probe,),
        "kinds": (probe, "--vectors", vectors, "--sample", "128"),
        "accuracy": (probe, "--lengths", "1-5"),
        "weights": (probe, "--length", "5"),
        "findings": (run,),
        "edits": (run, "--model", model, "--pairs", pairs, "--pairs-per-unit", "10", "--keep", "1"),
        "edits-by-hand": (run, "--model", model, "--by-hand", "paper"),
        "compare": (beam, audit),
        "ranges": (ranged,),
        "ablate": (run, "--model", model),
        "distil": (run,),
    }
    if has_wordnet():
        above = folder / "probe-hypernyms"
        made.append(step(above, "probe", "arrays", probe, "--hypernyms", "wordnet"))
        asked["length-hypernyms"] = (above, "--lengths", "1-3", "--proven", "1")
    return plan(folder, made, [run, audit], asked)


def words(folder: Path, data: Path) -> Plan:
    """All six MLPs of MiniLM on English EWT's dev text, and the latents of an autoencoder of one layer."""
    model = ("--model", f"hf:{data / 'minilm'}")
    text = ("--corpus", f"conllu:{data / 'ud_ewt/en_ewt-ud-dev.conllu.gz'}")
    folded = (*text, "--folds", "10")
    mlps = [folder / f"mlp{number}" for number in range(6)]
    sae, latents, proven = (folder / name for name in ("sae", "latents", "proven"))
    probes = [
        *(step(each, "probe", "tokens", *model, "--layer", f"encoder.layer.{number}.intermediate", *folded,
               *(("--keep-activations",) if number == 2 else ()))
          for number, each in enumerate(mlps)),
        step(latents, "probe", "tokens", *model, "--layer", "encoder.layer.2", "--sae", sae, *text),
    ]  # fmt: skip
    runs = {each: folder / f"{each.name}-run" for each in (*mlps, latents)}
    audits = {each: folder / f"{each.name}-audit" for each in runs}
    made = [
        script(sae, "sae.py", "--epochs", "5"),
        *probes,
        *(step(run, "explain", each, "--length", "3") for each, run in runs.items()),
        *(step(audit, "audit", each, "--units", "0-127", "--length", "3") for each, audit in audits.items()),
        step(proven, "explain", mlps[2], "--units", "0-127", "--engine", "exact", "--length", "3"),
        step(folder / "length-auto", "explain", mlps[2], "--length", "auto:5", "--units", "0-127"),
        step(folder / "wide-beam", "explain", mlps[2], *WIDE_BEAM, "--units", every(64, 1536)),
    ]
    asked: dict[str, tuple[str | Path, ...]] = {
        "length": (mlps[2], "--units", "0-255", "--lengths", "1-5,10", "--proven", "1-2"),
        "controls": (mlps[2], "--units", every(24, 1536), "--lengths", "1,3,5", "--shuffles", "39"),
        "heldout": (mlps[2], "--units", "0-127", "--lengths", "1-3,5,10", "--proven", "1-2"),
        "uniqueness": (mlps[2], "--units", "0-255", "--lengths", "1,3"),
        "alternatives": (mlps[2], "--units", every(24, 1536), "--length", "3"),
        "alternatives-1": (mlps[2], "--length", "1"),
        "front": (mlps[2], "--length", "2", "--units", "0-9"),
        "auc": (mlps[2], "--units", "0-31"),
        "auc-beam": (mlps[2], "--units", "0-15", "--search", "beam", "--cross-validate"),
        "sanity": (mlps[2], "--units", "0-127"),
        "layers": (mlps[1], mlps[2]),
        "compare": (runs[mlps[2]], proven),
    }
    if has_wordnet():
        above = folder / "mlp2-hypernyms"
        made.append(step(above, "probe", "arrays", mlps[2], "--hypernyms", "wordnet"))
        asked["length-hypernyms"] = (above, "--units", "0-127", "--lengths", "1-3", "--proven", "1")
    return plan(folder, made, [*runs.values(), *audits.values()], asked)


def demo_vision(folder: Path, data: Path) -> Plan:
    """The drawn world: gold labels, five units whose formula is known, and a second network for copy and paste."""
    world, other = folder / "vision", folder / "vision-other-seed"
    probe, proven, beam, earlier, ranged = (
        world / "probe", world / "run", folder / "beam", folder / "probe-earlier", folder / "ranged"
    )  # fmt: skip
    factory, images = ("--model", "compexact.probes.demo_model:demo_model"), f"broden:{world / 'world'}"
    model, both = (*factory, "--weights", world / "model.pt"), (*factory, "--weights", other / "model.pt")
    traced = ("probe", "vision", "--dataset", images, *model, "--image-size", "112", "--scale", "1", "--threshold")
    made = [
        step(world, "demo", "vision"),
        step(other, "demo", "vision", "--seed", "1"),
        step(beam, "explain", probe, "--length", "3"),
        step(earlier, *traced, "positive", "--layer", "features.trained.5"),
        step(ranged, *traced, "positive", "--layer", "features", "--ranges", "3"),
    ]
    asked = {
        "length": (probe, "--proven", "1-5"),
        "controls": (probe, "--lengths", "1,3", "--shuffles", "19"),
        "heldout": (probe, "--lengths", "1-5,10"),
        "uniqueness": (probe,),
        "kinds": (probe, "--vectors", data / "glove/glove.6B.50d.10k.txt.gz") if data.exists() else (probe,),
        "accuracy": (probe,),
        "weights": (probe,),
        "front": (probe,),
        "alternatives": (probe,),
        "sanity": (probe,),
        "layers": (earlier, probe),
        "compare": (beam, proven),
        "ranges": (ranged,),
        "ablate": (proven, *model, "--dataset", images),
        "distil": (proven,),
        "simulate": (proven, *model),
        "adversarial": (
            HERE / "adversarial_demo.csv",
            "--dataset",
            images,
            *model,
            *both,
            "--image-size",
            "112",
            "--scale",
            "1",
        ),
    }
    return plan(folder, made, [proven], asked)


def demo_nli(folder: Path, data: Path) -> Plan:
    """Sentences from a grammar, with nine shortcuts planted."""
    world = folder / "nli"
    probe, run, beam, model, pairs = (
        world / "probe",
        world / "run",
        folder / "beam",
        world / "model",
        world / "world/dev.tsv",
    )
    made = [step(world, "demo", "nli"), step(beam, "explain", probe, "--length", "3")]
    asked = {
        "length": (probe, "--lengths", "1-5,10", "--proven", "1-3"),
        "controls": (probe, "--lengths", "1,3", "--shuffles", "19"),
        "heldout": (probe, "--lengths", "1-5,10", "--proven", "1-2"),
        "uniqueness": (probe, "--lengths", "1,3,5"),
        "accuracy": (probe, "--lengths", "1-5"),
        "weights": (probe,),
        "findings": (run,),
        "edits": (run, "--model", model, "--pairs", pairs, "--vectors", world / "world/vectors.txt"),
        "compare": (beam, run),
        "ablate": (run, "--model", model),
        "distil": (run,),
    }
    return plan(folder, made, [run], asked)


PLANS: dict[str, Callable[[Path, Path], Plan]] = {
    "vision": vision,
    "nli": nli,
    "labelled": labelled,
    "words": words,
    "demo-vision": demo_vision,
    "demo-nli": demo_nli,
}
