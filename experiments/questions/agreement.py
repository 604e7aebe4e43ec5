"""How far two people, or a person and a rule, agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence

from ...solver.errors import UsageError


def cohen_kappa(left: Sequence[Hashable], right: Sequence[Hashable]) -> float | None:
    """Cohen's kappa (1960): agreement beyond what the two sides' label frequencies alone give.

    None where it is not defined: no item, or both sides always say the same one label.

    >>> cohen_kappa("aabb", "aabb"), cohen_kappa("aabb", "abab"), cohen_kappa("aabb", "bbaa")
    (1.0, 0.0, -1.0)
    """
    if len(left) != len(right):
        raise UsageError(f"agreement needs two labels per item; there are {len(left)} and {len(right)}")
    n = len(left)
    counts = Counter(left), Counter(right)
    by_chance = sum(counts[0][label] * counts[1][label] for label in counts[0])
    if n * n == by_chance:
        return None
    agreed = sum(one == other for one, other in zip(left, right))
    return (n * agreed - by_chance) / (n * n - by_chance)
