"""Nothing that was changed passes, unless what it says then is true."""

from __future__ import annotations

import json
import random
from collections import Counter
from fractions import Fraction
from functools import lru_cache

import pytest
from asking import sealed, verdict

from compexact.solver import Atom, exact_search
from compexact.solver.checking import PROOFS, CertificateError

KINDS = ["lower", "weaker", "raise iou", "formula", "digest", "length", "space", "proof", "content"]


def tampered(honest, chance):
    """The certificate with one change, and the kind of change."""
    content = json.loads(json.dumps(honest.content))
    n = len(honest.problem.concepts.names)
    p, q = content["bound"]
    kind = chance.choice(KINDS + ["content"] * 4)
    if kind == "lower":
        content["bound"] = [p * 1000 - chance.randint(1, 999), q * 1000]
    elif kind == "weaker":
        # A formula that is there, with its own IoU, and a bound between that and the honest one.
        column = chance.randrange(n)
        iou = honest.problem.explain(Atom(f"c{column}")).iou
        between = iou + (Fraction(p, q) - iou) * chance.randint(0, 999) / 1000
        content |= {"formula": column, "iou": [iou.numerator, iou.denominator]}
        content["bound"] = [between.numerator, between.denominator]
        if between == Fraction(p, q):
            return tampered(honest, chance)
    elif kind == "raise iou":
        content["iou"] = content["bound"] = [p * 100 + chance.randint(1, 99), q * 100]
    elif kind == "formula":
        content["formula"] = _changed(content["formula"], n, chance)
    elif kind == "digest":
        at = chance.randrange(64)
        digit = chance.choice([d for d in "0123456789abcdef" if d != content["digest"][at]])
        content["digest"] = content["digest"][:at] + digit + content["digest"][at + 1 :]
    elif kind == "length":
        content["max_length"] += chance.choice([-1, 1])
    elif kind == "space":
        content["space"] = "chain" if content["space"] == "tree" else "tree"
    elif kind == "proof":
        others = [each for each in PROOFS if each != content["proof"]]
        content |= {"proof": chance.choice(others), "content": chance.choice([None, [], content["content"]])}
    else:
        content["content"] = CHANGES[honest.proof](content["content"], n, len(honest.problem.weights), chance)
    return tampered(honest, chance) if content == honest.content else (content, kind)


def _changed(formula, n, chance):
    """Another concept at a random leaf, or another operator."""
    if isinstance(formula, int):
        return chance.choice([c for c in range(n) if c != formula])
    at = chance.randrange(len(formula))
    if at == 0 and formula[0] != "NOT":
        return ["OR" if formula[0] == "AND" else "AND", *formula[1:]]
    at = max(at, 1)
    return [*formula[:at], _changed(formula[at], n, chance), *formula[at + 1 :]]


def _more(content, n, n_cells, chance):
    return chance.choice([[], {}, 0, [[0, 1, 1]]])


def _rerouted(routes, n, n_cells, chance):
    at = chance.randrange(len(routes))
    route = routes[at]
    kind = chance.choice(["raise", "lower", "from", "to", "drop", "twice", "turn", "add", "negative"])
    if kind == "raise":
        route[2] += chance.choice([1, 10, 10**6, 10**20])
    elif kind == "lower":
        route[2] -= chance.randint(1, route[2])
    elif kind in ("from", "to"):
        route[0 if kind == "from" else 1] = chance.randrange(-1, n_cells + 1)
    elif kind == "drop":
        del routes[at]
    elif kind == "twice":
        routes.append(list(route))
    elif kind == "turn":
        route[:2] = route[1], route[0]
    elif kind == "add":
        routes.append([chance.randrange(n_cells), chance.randrange(n_cells), chance.randint(1, 1000)])
    else:
        route[2] = -route[2]
    return routes


def _replanted(content, n, n_cells, chance):
    trees = [tree for tree in content["trees"] if tree]
    tree = chance.choice(trees)
    at = chance.randrange(len(tree))
    kind = chance.choice(["node", "rule", "value"])
    if kind == "node":
        del tree[at]
    elif kind == "rule":
        tree[at] += chance.choice([-1, 1, 3 * n])
    else:
        content["values"][chance.randrange(len(content["values"]))] -= chance.choice([1, 10, 10**6])
    return content


def _recharged(content, n, n_cells, chance):
    """One change somewhere in the patterns: a charge, a step, or a whole part."""
    patterns = [content]
    for pattern in patterns:
        patterns += [below for _, below in pattern["next"]]
    pattern = chance.choice(patterns)
    charges = [step for step in [*pattern["own"], pattern["deeper"], pattern["shorter"]] if isinstance(step, dict)]
    kind = chance.choice(["amount", "amount", "place", "drop", "unit", "step", "part", "next", "circle"])
    names = ("taken", "spared", "inner", "apart")
    lists = [(each, name) for each in charges for name in names if each.get(name, [[]])[0]]
    if kind in ("amount", "place", "drop") and lists:
        each, name = chance.choice(lists)
        at = chance.randrange(len(each[name][0]))
        if kind == "amount":
            each[name][-1][at] = chance.choice([0, -1, 10**30, 2 * each[name][-1][at], each[name][-1][at] // 2, 1.5])
        elif kind == "place":
            each[name][chance.randrange(len(each[name]) - 1)][at] = chance.choice([-1, 0, n, n_cells, 10**20])
        else:
            for column in each[name]:
                del column[at]
    elif kind == "unit" and charges:
        chance.choice(charges)["unit"] += chance.choice([-1, 1, 70])
    elif kind == "circle" and charges:
        each = chance.choice(charges)
        roles = [chance.randrange(2 * n + 1) // 2 for _ in range(5)]
        circles, amounts = each.setdefault("circles", [[], []])
        if circles and chance.random() < 0.5:
            at = chance.randrange(len(circles))
            amounts[at] = chance.choice([0, -1, 10**30, 2 * amounts[at], amounts[at] // 2])
            chance.choice(circles[at])[chance.randrange(5)] = chance.choice([-1, 0, 1, n])
        else:
            circles.append([[0, *roles[1:3], 0, roles[4]], [0, roles[4], roles[3], 0, roles[1]]])
            amounts.append(chance.choice([1, 1000, 10**12]))
    elif kind == "step":
        del pattern["own"][chance.randrange(len(pattern["own"]))]
    elif kind == "part":
        pattern[chance.choice(["own", "deeper", "shorter", "next"])] = chance.choice([None, [], {}, [None]])
    elif pattern["next"]:
        del pattern["next"][chance.randrange(len(pattern["next"]))]
    return content


CHANGES = {"ceiling": _more, "sets": _more, "transport": _rerouted, "prefixes": _replanted, "roles": _recharged}


@lru_cache(maxsize=64)
def optimum(problem, space, length):
    """By sets, which brute force confirms elsewhere; beyond length 5 the optimum of five is a lower limit."""
    return exact_search(problem, space=space, max_length=min(length, 5)).bound


def assert_all_rejected(proven, count, seed):
    chance, refused, passed = random.Random(seed), Counter(), Counter()
    for _ in range(count):
        honest = chance.choice(proven)
        content, kind = tampered(honest, chance)
        with pytest.raises(CertificateError):
            verdict(honest.problem, json.dumps(content))
        try:
            found = verdict(honest.problem, sealed(content))
        except CertificateError:
            refused[honest.proof, kind] += 1
            continue
        # With a new seal a certificate of another true claim may arise.
        passed[honest.proof, kind] += 1
        known = optimum(honest.problem, found.space, found.max_length)
        assert max(found.iou, known) <= found.bound, (kind, content)
        assert found.iou <= known or found.max_length > 5, (kind, content)
        assert kind not in ("digest", "raise iou"), (kind, content)
        assert kind != "lower" or found.proof == "transport", (kind, content)
    return refused, passed


def test_changed_certificates_are_rejected(proven):
    refused, passed = assert_all_rejected(proven, 600, 1)
    assert all(refused[each.proof, kind] for each in proven for kind in ("lower", "weaker", "content", "digest"))
    assert sum(passed.values()) < 150


@pytest.mark.long
def test_ten_thousand_changed_certificates_are_rejected(proven):
    refused, _ = assert_all_rejected(proven, 10_000, 2)
    assert all(refused[each.proof, kind] for each in proven for kind in KINDS if kind not in ("length", "space"))


def test_dropping_any_single_prefix_is_noticed(proven):
    for each in proven:
        if each.proof != "prefixes":
            continue
        for which, tree in enumerate(each.content["content"]["trees"]):
            for at in range(len(tree)):
                less = json.loads(json.dumps(each.content))
                del less["content"]["trees"][which][at]
                with pytest.raises(CertificateError):
                    verdict(each.problem, sealed(less))


def test_a_prefix_costs_few_bytes(proven):
    for each in proven:
        if each.proof == "prefixes":
            trees = each.content["content"]["trees"]
            assert len(json.dumps(trees, separators=(",", ":"))) <= 50 * sum(map(len, trees))
