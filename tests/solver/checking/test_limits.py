"""A check can be left: it looks at the clock often, Ctrl-C comes through, and neither changes what it says."""

from __future__ import annotations

import _thread
import json
import threading
import time
from fractions import Fraction

import pytest
from asking import by_prefixes, by_roles, forget_rows, sealed, verdict
from problems import dense, hard, rare_unit

from compexact.solver import exact_search
from compexact.solver.ceilings import ceiling
from compexact.solver.certificate import Certificate
from compexact.solver.certify import check_text
from compexact.solver.checking import PROOFS, CertificateError, Undecided, cell_counts, pairs
from compexact.solver.checking import sets as by_sets
from compexact.solver.transport import transport_bound

TAKING_TIME = [proof for proof in PROOFS if proof != "ceiling"]


@pytest.fixture
def between_polls(monkeypatch):
    """between_polls(steps=1): so many may pass between two looks at the clock."""
    modules = {"steps": by_sets, "concepts": by_sets, "entries": cell_counts}

    def use(**numbers):
        for what, number in numbers.items():
            monkeypatch.setattr(modules[what], f"{what.upper()}_BETWEEN_POLLS", number)

    return use


@pytest.fixture(scope="module")
def honest():
    """A certificate of each kind that takes more than a moment."""
    problem = hard(1)
    by_set, by_prefix = exact_search(problem, max_length=4), by_prefixes(problem, max_length=4)
    routes = transport_bound(problem, 2, "tree", Fraction(0), ceiling(problem))
    by_role = by_roles(problem, max_length=3)
    assert (by_set.certificate.proof, by_prefix.certificate.proof) == ("sets", "prefixes")
    return {
        "sets": (problem, by_set.certificate.to_json(problem, by_set.best)),
        "prefixes": (problem, by_prefix.certificate.to_json(problem, by_prefix.best)),
        "roles": (problem, by_role.certificate.to_json(problem, by_role.best)),
        "transport": (problem, routes.to_json(problem, exact_search(problem, max_length=1).best)),
    }


def endless():
    """A claim by sets that takes far longer than anybody waits for, and is not seen to be false soon."""
    problem = dense(5, cells=1000, concepts=150)
    low, top = exact_search(problem, max_length=2).bound, ceiling(problem)
    bound = (low + (top - low) / 2).limit_denominator(10**6)
    return problem, Certificate("tree", 5, bound, "sets").to_json(problem, exact_search(problem, max_length=1).best)


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("proof", TAKING_TIME)
def test_every_kind_of_check_looks_at_the_clock_until_it_ends(honest, ticking, between_polls, proof, fast):
    between_polls(steps=200)
    problem, text = honest[proof]
    free = verdict(problem, text, fast=fast)
    before = next(ticking)
    assert verdict(problem, text, fast=fast, time_limit=10.0**9) == free
    looks = next(ticking) - before - 2
    assert looks > 5
    for seconds in (0.5, 2.5, looks - 1.5):
        with pytest.raises(Undecided, match=f"^not checked within {seconds:g} s$"):
            verdict(problem, text, fast=fast, time_limit=seconds)
    assert verdict(problem, text, fast=fast, time_limit=looks + 0.5) == free


@pytest.mark.parametrize("steps", [1, 7, 1000])
def test_how_often_the_walk_pauses_changes_nothing(honest, between_polls, steps):
    problem, text = honest["sets"]
    content = json.loads(text)
    p, q = content["bound"]
    poor = exact_search(problem, max_length=1).best
    false = Certificate("chain", 4, Fraction(p * 10**4 - 1, q * 10**4), "sets").to_json(problem, poor)
    whole = verdict(problem, text)
    between_polls(steps=steps)
    assert verdict(problem, text) == whole
    with pytest.raises(CertificateError, match="exceeds the bound"):
        verdict(problem, false)


def test_concepts_are_measured_in_parts_as_at_once(honest, between_polls):
    problem, text = honest["sets"]
    whole = verdict(problem, text)
    for count in (1, 5):
        between_polls(concepts=count)
        assert verdict(problem, text) == whole


@pytest.fixture
def looked(ticking):
    """The verdict on a text, and how often the check looked at the clock."""

    def look(problem, text):
        forget_rows()
        before = next(ticking)
        said = verdict(problem, text, time_limit=10.0**9)
        return said, next(ticking) - before - 1

    return look


def test_the_clock_is_seen_while_concepts_are_measured(looked, between_polls, monkeypatch):
    monkeypatch.setattr(pairs, "MAX_TABLE", 0)  # all sets at once
    problem = rare_unit(3, most_concepts=6)
    best = exact_search(problem, max_length=1).best
    text = Certificate("chain", 4, ceiling(problem), "sets").to_json(problem, best)
    looks = []
    for count in (1000, 1):
        between_polls(concepts=count)
        looks.append(looked(problem, text)[1])
    assert looks[1] - looks[0] == len(problem.concepts.names) - 1


@pytest.mark.parametrize("proof", TAKING_TIME)
def test_the_clock_is_seen_while_entries_are_sorted_and_added_up_which_changes_nothing(
    honest, looked, between_polls, proof
):
    problem, text = honest[proof]
    at_once, few = looked(problem, text)
    between_polls(entries=1)
    in_parts, many = looked(problem, text)
    assert in_parts == at_once
    assert many > few + 5


def test_a_time_limit_is_kept_by_the_compiled_walk():
    problem, text = endless()
    with pytest.raises(Undecided):
        check_text(problem, text, max_steps=1)
    started = time.perf_counter()
    with pytest.raises(Undecided, match="not checked within"):
        check_text(problem, text, time_limit=0.3)
    assert time.perf_counter() - started < 1.3


def test_ctrl_c_comes_through_the_compiled_walk():
    problem, text = endless()
    with pytest.raises(Undecided):
        check_text(problem, text, max_steps=1)
    threading.Timer(0.5, _thread.interrupt_main).start()
    started = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        check_text(problem, text, time_limit=20.0)
    assert time.perf_counter() - started < 1.5


def test_a_tree_that_opens_the_same_prefix_again_and_again_is_left_in_time(honest):
    """Nothing in it is false, so the checker goes on for as long as the text is."""
    problem, text = honest["prefixes"]
    content = json.loads(text)
    tree = content["content"]["trees"][-1]
    content["content"]["trees"][-1] = tree[:1] * 20_000 + tree
    started = time.perf_counter()
    with pytest.raises(Undecided, match="not checked within"):
        verdict(problem, sealed(content), time_limit=0.2)
    assert time.perf_counter() - started < 1.2
