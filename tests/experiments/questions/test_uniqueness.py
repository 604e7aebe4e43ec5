"""Units that share their formula, planted."""

from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.questions import uniqueness
from compexact.experiments.questions.answer import read_answer, save_answer
from compexact.experiments.questions.explanations import Explained
from compexact.experiments.questions.uniqueness import shared_formulas
from compexact.probes.store import Probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import UsageError
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem
from compexact.solver.result import SearchResult, Status

NAMES = ["a", "b", "c", "copy-of-a"]


def probe_of(neurons, n_points=64, names=NAMES):
    rng = np.random.default_rng(0)
    concepts = rng.random((n_points, 4)) < 0.5
    concepts[:, 3] = concepts[:, 0]
    cells = from_arrays(concepts, neurons(concepts), concept_names=names, concept_categories=["x", "x", "y", "z"])
    return Probe(cells, {"kind": "arrays"})


def planted(concepts):
    a, b, c = concepts[:, 0], concepts[:, 1], concepts[:, 2]
    dead = np.zeros_like(a)
    return np.stack([a | b, a | b, (a | b) & ~c, c, a | b, dead], axis=1)


@pytest.fixture
def given(monkeypatch):
    """given({"unit": "formula"}): the search finds these."""

    def use(formulas):
        def explain(probe, units, lengths, settings, **options):
            return [Explained(unit, {n: _result(probe, unit, formulas.get(unit)) for n in lengths}) for unit in units]

        monkeypatch.setattr(uniqueness, "explain_at", explain)

    return use


def _result(probe, unit, text):
    if text is None:
        return SearchResult(unit, "beam", "chain", 3, None, Fraction(1), Status.DEGENERATE)
    formula = parse(text)
    best = Problem.of(probe.cells, unit).explain(formula)
    return SearchResult(unit, "beam", "chain", 3, best, Fraction(1), Status.FEASIBLE)


def test_units_that_share_a_planted_formula_are_counted_and_dead_ones_are_not():
    probe = probe_of(planted)
    answer = shared_formulas(probe, probe.cells.unit_names, lengths=(2, 3))
    row = answer.rows[1]
    assert (row["units"], row["explained"]) == (6, 5)
    assert (row["distinct"], row["sharing"], row["largest_group"]) == (3, 3, 3)
    assert (row["concepts"], row["categories"]) == (3, 2)
    shared = [row for row in answer.more["groups"] if row["max_length"] == 3]
    assert [group["units"] for group in shared] == [["0", "1", "4"]]
    used = {row["concept"]: row["n_units"] for row in answer.more["concepts"] if row["max_length"] == 3}
    assert used == {"a": 4, "b": 4, "c": 2}
    assert "3 of 5 units share" in answer.summary[1]


def test_formulas_that_only_these_data_make_alike_are_told_from_equivalent_ones(given):
    probe = probe_of(planted)
    given({
        "0": "(a OR b) AND NOT c",
        "1": "(b AND NOT c) OR (a AND NOT c)",
        "2": '("copy-of-a" OR b) AND NOT c',
        "3": "c",
    })  # fmt: skip
    row = shared_formulas(probe, ["0", "1", "2", "3"], lengths=(3,)).rows[0]
    assert (row["distinct_on_data"], row["sharing_on_data"]) == (2, 3)
    assert (row["distinct"], row["sharing"]) == (3, 2)
    assert row["undecided_pairs"] == 0


def test_pairs_with_too_many_concepts_are_said_to_be_undecided(given):
    names = [f"c{i}" for i in range(24)]
    concepts = np.zeros((4, 24), dtype=bool)
    concepts[:2] = True
    probe = Probe(from_arrays(concepts, concepts[:, :2], concept_names=names), {"kind": "arrays"})
    given({"0": " OR ".join(names[:12]), "1": " OR ".join(names[12:])})
    answer = shared_formulas(probe, ["0", "1"], lengths=(12,))
    assert (answer.rows[0]["sharing_on_data"], answer.rows[0]["sharing"]) == (2, 0)
    assert answer.rows[0]["undecided_pairs"] == 1
    assert "1 pairs have too many concepts to decide" in answer.summary[0]


def test_equal_formulas_are_equivalent_however_many_concepts_they_have(given):
    names = [f"c{i}" for i in range(24)]
    concepts = np.eye(24, dtype=bool)
    probe = Probe(from_arrays(concepts, concepts[:, :2], concept_names=names), {"kind": "arrays"})
    given({"0": " OR ".join(names), "1": " OR ".join(reversed(names))})
    assert shared_formulas(probe, ["0", "1"], lengths=(24,)).rows[0]["sharing"] == 2


def test_units_without_any_formula_are_refused():
    probe = probe_of(planted)
    with pytest.raises(UsageError, match="no unit has a formula"):
        shared_formulas(probe, ["5"], lengths=(1,))


def test_the_answer_is_kept_with_its_tables_and_figure(tmp_path):
    probe = probe_of(planted)
    folder = save_answer(shared_formulas(probe, probe.cells.unit_names, lengths=(1, 3)), tmp_path / "answer")
    assert read_answer(folder).rows[1]["distinct"] == 3
    assert {file.name for file in folder.iterdir()} == {
        "answer.json", "table.csv", "groups.csv", "concepts.csv", "figure.svg", "figure.png"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["uniqueness", "kinds"])
def test_the_commands_take_plain_arrays(compexact, npz, tmp_path, name):
    ended = compexact("experiment", name, npz, "--engine", "exact", "-o", tmp_path / name, "--format", "csv")
    assert ended.code == 0, ended.err
    assert len(ended.out.splitlines()) == len((tmp_path / name / "table.csv").read_text().splitlines()) > 1


@pytest.mark.parametrize(
    ("words", "lacks"),
    [
        (["accuracy"], "no predictions"),
        (["weights"], "does not name the model's classes"),
        (["layers"], "same units of the same probe"),
        (["layers", "--earlier", "conv1"], "no layer 'conv1'"),
        (["kinds", "--vectors", "none.txt"], "none.txt"),
        (["uniqueness", "--engine", "bean"], "no engine is named 'bean'; did you mean 'beam'"),
        (["kinds", "--length", "0"], "length"),
        (["uniqueness", "--lengths", "0,3"], "length"),
        (["uniqueness", "--lengths", ""], "no maximum length"),
        (["kinds", "--beam-size", "0"], "beam"),
    ],
)
def test_commands_say_in_one_line_what_plain_arrays_lack(compexact, npz, words, lacks):
    ended = compexact("experiment", words[0], npz, *words[1:])
    assert ended.code == 2
    (line,) = [line for line in ended.err.splitlines() if line.startswith("compexact: ")]
    assert lacks in line
