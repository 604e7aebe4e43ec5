"""Train the sentence-pair model, and keep it as it was in its best epoch."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from ...solver.errors import DataError, UsageError
from ..devices import choose_device
from ..progress import Progress, silent
from ..text.vectors import WordVectors
from .examples import Examples
from .model import SentencePairModel
from .nli_settings import ModelSettings, TrainingSettings
from .predicting import by_length
from .seeding import seeded
from .vocabulary import build_vocabulary

EVALUATION_BATCH = 256
POOL = 50
"""How many batches are sorted by length together."""


@dataclass(frozen=True)
class Epoch:
    """One pass over the training pairs.  loss: the mean cross-entropy of its pairs (with dropout, while learning)."""

    number: int
    loss: float
    dev_loss: float
    dev_accuracy: float
    seconds: float


@dataclass(frozen=True, eq=False)
class Trained:
    """A model on the CPU, as it was after its best epoch.

    stopped: `epochs` (all were done), `patience`, `time limit` or `asked`.  known_vectors: how many words of the
    vocabulary began with a vector of the file.
    """

    module: SentencePairModel
    epochs: tuple[Epoch, ...]
    best_epoch: int
    stopped: str
    known_vectors: int = 0


@dataclass(eq=False)
class _Run:
    """What changes while training goes on."""

    module: SentencePairModel
    best: dict[str, torch.Tensor] = field(default_factory=dict)
    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0
    stopped: str = "epochs"


def train_nli(
    train: Examples,
    dev: Examples,
    model: ModelSettings,
    settings: TrainingSettings,
    *,
    vectors: WordVectors | None = None,
    stop: Callable[[], bool] = lambda: False,
    on_epoch: Callable[[Epoch], None] = lambda epoch: None,
    on_progress: Progress = silent,
) -> Trained:
    """Train on `train`; choose the epoch by the accuracy on `dev`, of two equal ones the earlier.

    vectors: what the embeddings of their words begin as; their words are known, whether they occur or not.  They
    have `model.embedding` numbers each (`UsageError` otherwise).
    stop: asked after every batch; where it is true, training ends with what is best so far.
    The same seed gives the same weights on the same machine and number of threads.  The global random state is
    left alone.  Raises `DataError` where there is nothing to learn from, or the loss is no longer a number.
    """
    for name, examples in (("training", train), ("development", dev)):
        if not len(examples):
            raise DataError(f"there is no {name} pair with a label; at least one is needed")
    device = choose_device(settings.device)
    with seeded(settings.seed):
        module, known = _initial(train, model, settings, vectors)
        run = _Run(module.to(device))
        _train(run, train, dev, settings, stop, on_epoch, on_progress)
    module.load_state_dict(run.best)
    return Trained(module.cpu().eval(), tuple(run.epochs), run.best_epoch, run.stopped, known)


def _initial(
    train: Examples, model: ModelSettings, settings: TrainingSettings, vectors: WordVectors | None
) -> tuple[SentencePairModel, int]:
    """The untrained model, and how many of its words have a vector."""
    words = vectors.words if vectors else ()
    vocabulary = build_vocabulary((*train.premises, *train.hypotheses), extra=words, min_count=settings.min_count)
    module = SentencePairModel(vocabulary, model)
    if vectors is None:
        return module, 0
    size = vectors.vectors.shape[1]
    if size != model.embedding:
        raise UsageError(f"the vectors of {vectors.name} have {size} numbers, but the embedding is {model.embedding}")
    rows = vectors.position
    known = [(number, rows[word]) for word, number in vocabulary.position.items() if word in rows]
    with torch.no_grad():
        places = torch.tensor([number for number, _ in known])
        module.embedding.weight[places] = torch.from_numpy(vectors.vectors[[row for _, row in known]])
    module.embedding.weight.requires_grad_(settings.vectors == "tuned")
    return module, len(known)


def _train(
    run: _Run,
    train: Examples,
    dev: Examples,
    settings: TrainingSettings,
    stop: Callable[[], bool],
    on_epoch: Callable[[Epoch], None],
    on_progress: Progress,
) -> None:
    began = time.monotonic()
    limit = float("inf") if settings.time_limit is None else settings.time_limit
    optimizer = torch.optim.Adam(
        [weight for weight in run.module.parameters() if weight.requires_grad], lr=settings.learning_rate
    )
    rng = np.random.default_rng(settings.seed)
    # By the premises alone: each has hypotheses of every label, but long hypotheses tend to be neutral, and from
    # batches of one label BatchNorm would learn what does not hold for pairs at large.
    lengths = np.array([len(tokens) for tokens in train.premises])

    def reason() -> str:
        return "asked" if stop() else "time limit" if time.monotonic() - began > limit else ""

    for number in range(1, settings.epochs + 1):
        started = time.monotonic()
        batches = bucketed(lengths, settings.batch_size, rng)
        loss, ended = _one_epoch(run.module, optimizer, train, batches, settings.clip, reason, number, on_progress)
        if not np.isfinite(loss):
            raise DataError(f"the loss is {loss} in epoch {number}; try a smaller learning rate")
        dev_loss, accuracy = _on_dev(run.module, dev)
        epoch = Epoch(number, loss, dev_loss, accuracy, time.monotonic() - started)
        if not run.best or accuracy > run.epochs[run.best_epoch - 1].dev_accuracy:
            run.best, run.best_epoch = copy.deepcopy(run.module.state_dict()), number
        run.epochs.append(epoch)
        on_epoch(epoch)
        if ended or number - run.best_epoch >= settings.patience:
            run.stopped = ended or "patience"
            return


def _one_epoch(
    module: SentencePairModel,
    optimizer: torch.optim.Optimizer,
    train: Examples,
    batches: Sequence[np.ndarray],
    clip: float,
    reason: Callable[[], str],
    number: int,
    on_progress: Progress,
) -> tuple[float, str]:
    """The mean loss, and why the epoch ended early, if it did."""
    module.train()
    total, done, ended = 0.0, 0, ""
    for batch in batches:
        optimizer.zero_grad()
        loss = _loss(module, train, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(module.parameters(), clip)
        optimizer.step()
        total, done = total + float(loss.detach()) * len(batch), done + len(batch)
        on_progress(f"training, epoch {number}", done, len(train))
        if ended := reason():
            break
    return total / done, ended


def _loss(module: SentencePairModel, examples: Examples, batch: np.ndarray) -> torch.Tensor:
    device = module.output.weight.device
    encoded = module.encode([examples.premises[i] for i in batch], [examples.hypotheses[i] for i in batch])
    logits = module(*(tensor.to(device) for tensor in encoded))
    return nn.functional.cross_entropy(logits, torch.from_numpy(examples.labels[batch]).to(device))


def _on_dev(module: SentencePairModel, dev: Examples) -> tuple[float, float]:
    """The mean loss and the accuracy, without dropout."""
    module.eval()
    device = module.output.weight.device
    loss, right = 0.0, 0
    with torch.inference_mode():
        for batch in by_length(dev.premises, dev.hypotheses, EVALUATION_BATCH):
            encoded = module.encode([dev.premises[i] for i in batch], [dev.hypotheses[i] for i in batch])
            logits = module(*(tensor.to(device) for tensor in encoded)).cpu()
            labels = torch.from_numpy(dev.labels[batch])
            loss += float(nn.functional.cross_entropy(logits, labels, reduction="sum"))
            right += int((logits.argmax(dim=1) == labels).sum())
    return loss / len(dev), right / len(dev)


def bucketed(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Every index once, in batches of similar length, in random order.

    The indices are shuffled, sorted by length within pools of `POOL` batches, and the batches shuffled again: little
    padding, and other company for each in each epoch.
    """
    order = rng.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), POOL * batch_size):
        pool = order[start : start + POOL * batch_size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[first : first + batch_size] for first in range(0, len(pool), batch_size)]
    return [batches[place] for place in rng.permutation(len(batches))]
