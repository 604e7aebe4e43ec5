"""`compexact demo tokens`: the whole path on generated sentences, with units whose formula is known.

    world/       sentences of a small grammar as CoNLL-U, to train on and held out
    model/       a tiny transformer that is trained to tag their words, with planted units in one layer
    tagger.py    `tagger:tagger`, which gives it to --model
    probe/       that layer, counted against the annotation of the held-out sentences
    beam/, run/  the best formulas that a beam finds; and the best that there are, proven, and verified
    report/      the pages of both

Each step is what its command does, on the files of the step before.  The same seed gives the same answers on the same
machine.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

from ...probes.atomic_folder import new_folder
from ...probes.progress import Progress
from ...probes.store import Probe, save_probe
from ...solver.errors import DisagreementError, UsageError
from ..printing import Printer, chosen_format
from ..progress import progress
from ..run.engines import SearchSettings
from ..run.folder import Run, run_units
from ..run.verify import CONFIRMED, verify_run
from .recovery import COLUMNS, Recovery, recovery, say
from .word_grammar import conllu_lines

MAX_LENGTH = 3
LEAST_SENTENCES, MOST_SENTENCES = 500, 50_000
"""Fewer have too few words of a kind for what is planted."""
CONCEPTS = "word,lemma,upos,xpos,dep,morph,position,shape,prev,next,doc"
MODEL = "tagger:tagger"
FACTORY = '''"""The trained model of this folder: compexact probe tokens --model tagger:tagger ..."""

from pathlib import Path

from compexact.probes.tokens.demo_tagger import load_demo_tagger


def tagger():
    """The network and its tokenizer."""
    return load_demo_tagger(Path(__file__).with_name("model"))
'''
TRY = """try next:
  cd {folder}
  compexact score probe --units {unit} "{planted}"
  compexact audit probe --lengths 1-3
  compexact experiment heldout probe
  compexact probe tokens --model tagger:tagger --layer blocks.0.units --corpus conllu:world/dev.conllu \\
      --threshold positive -o first-block"""


def demo_tokens(folder: Path, *, n_sentences: int, seed: int, force: bool, format_name: str | None) -> None:
    """Write, train, probe, explain, prove, verify and report; print what became of the planted units."""
    if seed < 0:
        raise UsageError(f"the seed must be 0 or more, not {seed}")
    if not LEAST_SENTENCES <= n_sentences <= MOST_SENTENCES:
        raise UsageError(
            f"the number of sentences must be {LEAST_SENTENCES} to {MOST_SENTENCES:,}, not {n_sentences:,}"
        )
    printer = Printer(chosen_format(format_name), COLUMNS)
    with new_folder(folder, force=force, is_ours=is_demo) as partial:
        recoveries, verified = _make(partial, n_sentences, seed)
    for found in recoveries:
        printer(vars(found))
    printer.finish()
    say(recoveries)
    print(verified, file=sys.stderr)
    print(f"report: {folder / 'report' / 'index.html'}", file=sys.stderr)
    missed = min(recoveries, key=lambda found: found.beam_iou - found.best_iou)
    print(TRY.format(folder=folder, unit=missed.unit, planted=missed.planted), file=sys.stderr)


def is_demo(folder: Path) -> bool:
    """Whether a demo lies in the folder."""
    return all((folder / name).exists() for name in ("world", "model", "tagger.py", "probe"))


def _make(folder: Path, n_sentences: int, seed: int) -> tuple[list[Recovery], str]:
    """The planted units, and what verifying all units said."""
    from ..report.site import write_site

    (folder / "world").mkdir()
    for number, name in enumerate(("train", "dev")):
        lines = conllu_lines(name, n_sentences, seed=[seed, number])
        (folder / "world" / f"{name}.conllu").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    with progress() as update:
        probe = _train_and_probe(folder, seed, update)
        runs = []
        for name, engine in (("beam", "beam"), ("run", "exact")):
            settings = SearchSettings(engine=engine, max_length=MAX_LENGTH)
            runs.append(run_units(probe, probe.cells.unit_names, settings, folder / name))
        beam, proven = runs
        verified = _verified(proven, probe)
        write_site([(proven, probe), (beam, probe)], folder / "report", on_progress=update)
    return _recoveries(probe, beam, proven), verified


def _train_and_probe(folder: Path, seed: int, update: Progress) -> Probe:
    from ...probes.tokens.corpora import open_corpora
    from ...probes.tokens.demo_tagger import LAYER, load_demo_tagger, save_demo_tagger
    from ...probes.tokens.demo_training import train_demo_tagger
    from ...probes.tokens.loading import token_model
    from ...probes.tokens.probe_words import probe_tokens
    from ...probes.tokens.token_settings import TokenConceptSettings, TokenSettings
    from ...probes.tokens.word_subject import Made

    train, dev = (open_corpora([f"conllu:{folder / 'world' / name}.conllu"]) for name in ("train", "dev"))
    trained = train_demo_tagger(train, dev, seed=seed, on_epoch=lambda line: print(line, file=sys.stderr))
    print(f"held-out accuracy {trained.accuracy:.3f}", file=sys.stderr)
    save_demo_tagger(trained.model, trained.vocabulary, trained.tags, folder / "model")
    (folder / "tagger.py").write_text(FACTORY, encoding="utf-8")
    probe = probe_tokens(
        token_model(*load_demo_tagger(folder / "model"), MODEL),
        dev,
        TokenConceptSettings(CONCEPTS),
        TokenSettings(layers=(LAYER,), threshold="positive"),
        made=Made({"limit": None, "sae": []}),
        spill_folder=folder,
        on_progress=update,
    )
    return save_probe(probe, folder / "probe")


def _verified(run: Run, probe: Probe) -> str:
    """How many proofs hold; `DisagreementError` where one does not."""
    verdicts = Counter(line["verdict"] for line in verify_run(run, probe))
    if verdicts[CONFIRMED] < verdicts.total():
        raise DisagreementError(
            f"{verdicts.total() - verdicts[CONFIRMED]} of {verdicts.total()} units are not verified"
        )
    return f"verified: all {verdicts.total()} proofs, by code that shares nothing with the search"


def _recoveries(probe: Probe, beam: Run, proven: Run) -> list[Recovery]:
    from ...probes.tokens.demo_planted import PLANTED

    units = probe.cells.unit_names[-len(PLANTED) :]
    return [recovery(probe, text, beam.records[unit], proven.records[unit]) for unit, text in zip(units, PLANTED)]
