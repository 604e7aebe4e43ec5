"""The words near a word, among those that there are."""

from __future__ import annotations

from collections.abc import Mapping, Set

from .word_forms import word_form


def neighbour_groups(
    near: Mapping[str, tuple[str, ...]], present: Set[str], with_word: bool
) -> dict[str, frozenset[str]]:
    """Of each word those near it that are present; words without any are left out.

    near: of each word the nearest ones, as vectors have them.  with_word: the word itself is one of its group.
    """
    groups = {word: present & frozenset(map(word_form, nearest)) for word, nearest in near.items()}
    return {word: frozenset(group | {word} if with_word else group) for word, group in groups.items() if group}


def by_member(groups: Mapping[str, Set[str]]) -> dict[str, list[str]]:
    """Of each word the groups that it is in, by the word that each is near to.

    >>> by_member({"dog": {"cat", "puppy"}, "lion": {"cat"}})["cat"]
    ['dog', 'lion']
    """
    of_member: dict[str, list[str]] = {}
    for word, group in groups.items():
        for member in group:
            of_member.setdefault(member, []).append(word)
    return of_member
