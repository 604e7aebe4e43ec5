"""Models written to a file: another solver reads them, and its answer is the optimum."""

from __future__ import annotations

import re
from fractions import Fraction

import numpy as np
import pytest
from google.protobuf import text_format
from ortools.sat import cp_model_pb2
from ortools.sat.python import cp_model
from pysat.examples.rc2 import RC2
from pysat.formula import WCNF

from compexact.encodings.export import FORMATS, Question, formula_of
from compexact.solver import Problem, brute_force_search, from_arrays
from compexact.solver.errors import DataError


def small_problem(seed):
    """Four to six concepts on some 20 cells."""
    rng = np.random.default_rng(seed)
    matrix = np.unique(rng.random((24, int(rng.integers(4, 7)))) < 0.4, axis=0)
    weights = rng.integers(1, 9, len(matrix))
    active = rng.binomial(weights, np.where(matrix[:, 0] & ~matrix[:, 1] | matrix[:, 2], 0.7, 0.2))
    return Problem.of(from_arrays(matrix, weights=weights, active=active[:, None]), 0)


def by_rc2(text):
    with RC2(WCNF(from_string=text)) as solver:
        return "v " + " ".join(map(str, solver.compute()))


def by_cpsat(text):
    model = cp_model.CpModel()
    proto = text_format.Parse(re.sub(r"(?m)^#.*\n", "", text), cp_model_pb2.CpModelProto())
    model.proto.parse_text_format(str(proto))
    solver = cp_model.CpSolver()
    assert solver.solve(model) == cp_model.OPTIMAL
    return "v " + "".join(str(value) for value in solver.response_proto.solution)


def by_pseudo_boolean(text):
    """An OPB file line by line."""
    model, variables = cp_model.CpModel(), {}

    def total(words):
        found = 0
        for factor, name in zip(words[::2], words[1::2]):
            plain = name.removeprefix("~")
            variable = variables.setdefault(plain, model.new_bool_var(plain))
            found += int(factor) * ((1 - variable) if name.startswith("~") else variable)
        return found

    for line in text.splitlines():
        if line.startswith("min:"):
            model.minimize(total(line[4:-1].split()))
        elif not line.startswith("*"):
            left, right = line.removesuffix(";").split(">=")
            model.add(total(left.split()) >= int(right))
    solver = cp_model.CpSolver()
    assert solver.solve(model) == cp_model.OPTIMAL
    return "v " + " ".join(name if solver.value(variable) else f"-{name}" for name, variable in variables.items())


def by_highs(text, folder):
    import highspy

    (folder / "model.lp").write_text(text)
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(folder / "model.lp")) == highspy.HighsStatus.kOk
    solver.run()
    names, values = solver.getLp().col_names_, solver.getSolution().col_value
    true = {name for name, value in zip(names, values) if value > 0.5}
    return "v " + " ".join(sorted(true - {"Constant"}))


def answer(question, format, folder):
    text = FORMATS[format](question)
    solved = {"wcnf": by_rc2, "cpsat": by_cpsat, "opb": by_pseudo_boolean}
    return solved[format](text) if format in solved else by_highs(text, folder)


@pytest.mark.parametrize("format", FORMATS)
def test_asked_again_and_again_another_solver_comes_to_the_optimum(format, tmp_path):
    rounds = 0
    for seed in range(8):
        problem, reached = small_problem(seed), Fraction(0)
        optimum = brute_force_search(problem, max_length=3).best.iou
        while True:
            question = Question(problem, 3, reached)
            found = problem.explain(formula_of(question, answer(question, format, tmp_path)))
            rounds += 1
            if found.iou <= reached:
                break
            reached = found.iou
        assert reached == optimum, f"seed {seed}"
    assert rounds > 16  # the first answer is not the optimum, mostly


def test_what_is_no_solution_of_the_model_is_refused():
    question = Question(small_problem(3), 2, Fraction(0))
    every = " ".join(map(str, range(1, question.model.n_variables + 1)))
    for text in ("", "o 5\ns OPTIMUM FOUND\n", "v a b\n", f"v {every}\n", "v -1 -2\n"):
        with pytest.raises(DataError):
            formula_of(question, text)


def test_the_command_writes_a_model_and_reads_the_answer(compexact, tmp_path):
    rng = np.random.default_rng(0)
    concepts = rng.random((300, 8)) < 0.4
    unit = (concepts[:, 0] | concepts[:, 1]) & ~concepts[:, 2]
    np.savez(tmp_path / "mine.npz", concepts=concepts, neurons=unit[:, None])
    asked = ("export", tmp_path / "mine.npz", "--length", "3", "--target", "9/10")
    done = compexact(*asked, "-o", tmp_path / "unit.wcnf")
    assert done.code == 0, done.err
    (tmp_path / "answer").write_text(by_rc2((tmp_path / "unit.wcnf").read_text()))
    done = compexact(*asked, "--solution", tmp_path / "answer")
    assert done.out.split()[0] == "1"
    for wrong, said in (
        (("--target", "2"), "from 0 to 1"),
        (("--target", "x"), "fraction"),
        (("--format", "wncf"), "did you mean 'wcnf'"),
        (("--unit", "7"), "unit"),
        (("--solution", tmp_path / "none"), "none"),
    ):
        done = compexact("export", tmp_path / "mine.npz", *wrong)
        assert done.code in (2, 3)
        assert said in done.err
        assert done.err.count("\n") == 1, done.err
