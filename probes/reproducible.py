"""Training that gives the same network again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Within this, torch computes the same each time, however many threads it may use; its random state is left alone.

    One thread it is: sums depend on how they are divided, and for small batches a second thread brings little on an
    idle machine and, by waiting for its turn, makes a busy one many times slower.
    """
    enabled = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    threads = torch.get_num_threads()
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
