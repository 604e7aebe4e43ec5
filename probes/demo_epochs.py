"""How the networks of the demos are trained: Adam, one cycle of learning rates, shuffled batches."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn


def train_epochs(
    model: nn.Module,
    n: int,
    loss_of: Callable[[torch.Tensor], torch.Tensor],
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    on_epoch: Callable[[str], None],
) -> None:
    """Train on n examples.  loss_of: the mean loss of the examples with these numbers, int64 (n_batch,).

    Draws from torch's global random state.
    """
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, learning_rate, total_steps=epochs * -(-n // batch_size))
    model.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for batch in torch.randperm(n).split(batch_size):
            loss = loss_of(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(batch)
        on_epoch(f"epoch {epoch} of {epochs}: loss {total / n:.3f}")
