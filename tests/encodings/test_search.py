"""The engines cpsat and maxsat: right answers, kept promises, and solvers that misbehave."""

import os
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest

from compexact.encodings import child as solver_child
from compexact.encodings import process as solver_process
from compexact.encodings import search as solver_engines
from compexact.encodings.channel import Round
from compexact.encodings.process import End, end_waiting_children, run_solver
from compexact.encodings.sample import draw
from compexact.encodings.search import outside_search
from compexact.encodings.shape import Shape
from compexact.encodings.solvers import SOLVERS
from compexact.encodings.target import Frontier
from compexact.solver import Atom, Problem, Status, beam_search, brute_force_search, ceiling, from_arrays, is_chain
from compexact.solver.errors import DisagreementError, UsageError
from compexact.solver.parsing import parse
from compexact.solver.stopping import Stopping


def ask(engine: str, problem: Problem, *, time_limit=None, should_stop=None, **settings):
    """The engine's answer, where the clock begins now."""
    return outside_search(engine, problem, Stopping.after(time_limit, should_stop), **settings)


ENGINES = [pytest.param(partial(ask, name), id=name) for name in SOLVERS]


def random_problem(seed: int) -> Problem:
    """Of many kinds: weights of one or of millions, planted formulas, copies, complements, empty and full concepts."""
    rng = np.random.default_rng(seed)
    rows, concepts = int(rng.integers(1, 16)), int(rng.integers(1, 6))
    matrix = rng.random((rows, concepts)) < rng.choice([0.1, 0.3, 0.5, 0.8])
    if seed % 4 == 0 and concepts > 2:
        matrix[:, 1], matrix[:, 2] = matrix[:, 0], ~matrix[:, 0]
    if seed % 5 == 0:
        matrix[:, -1] = bool(seed % 2)
    weights = rng.integers(1, rng.choice([2, 10, 10**7]), size=rows)
    active = (rng.random((rows, 1)) * (weights[:, None] + 1)).astype(np.int64) * (rng.random((rows, 1)) < 0.7)
    if seed % 3 == 0:
        planted = matrix[:, 0] & ~matrix[:, -1] | (rng.random(rows) < 0.2)
        active = np.where(planted, weights, weights // 20)[:, None]
    return Problem.of(from_arrays(matrix, weights=weights, active=active), 0)


def grid_problem(seed: int, rows: int = 200, concepts: int = 20, planted: bool = True) -> Problem:
    rng = np.random.default_rng(seed)
    matrix = rng.random((rows, concepts)) < 0.3
    a, b, c = rng.choice(concepts, 3, replace=False)
    neuron = (matrix[:, a] | matrix[:, b]) & ~matrix[:, c] if planted else rng.random(rows) < 0.3
    return Problem.of(from_arrays(matrix, (neuron ^ (rng.random(rows) < 0.1))[:, None]), 0)


def assert_equals_brute_force(problem: Problem, search, space: str, length: int) -> None:
    found = search(problem, space=space, max_length=length)
    best = brute_force_search(problem, max_length=length, space=space)
    assert found.error is None
    assert (found.best.iou if found.best else 0) == best.best.iou
    if found.status is not Status.DEGENERATE:
        assert found.status is Status.BOUNDED
        assert found.bound == best.best.iou
        assert found.best == problem.explain(found.best.formula)
        assert found.best.formula.length == best.best.formula.length
        assert space == "tree" or is_chain(found.best.formula)
        assert [f.iou for f in found.by_length] == sorted(f.iou for f in found.by_length)
    else:
        assert problem.is_degenerate


@pytest.mark.parametrize("search", ENGINES)
@pytest.mark.parametrize("space", ["chain", "tree"])
@pytest.mark.parametrize("seed", [7, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (10, 17))])
def test_every_solver_equals_brute_force(search, space, seed):
    assert_equals_brute_force(random_problem(seed), search, space, 1 + seed % 4)


def assert_every_message_is_true(problem: Problem, solve: Round, space: str, length: int, *, poor_start: bool) -> None:
    """The rounds in this process: at every moment formulas <= optimum <= bounds, and at the end all are equal."""
    optimum = brute_force_search(problem, max_length=length, space=space).best
    if problem.is_degenerate:
        return
    beam = beam_search(problem, max_length=length).best
    start = beam.formula if beam and not poor_start else Atom(problem.concepts.names[0])
    told = []
    channel = solver_child.Channel(told.append, lambda: None)
    shape = Shape(space, length)
    best = solver_child.search(problem, shape, start, solve, channel, 0)
    frontier = Frontier(problem, ceiling(problem))
    bound = ceiling(problem)
    for message in told:
        if "formula" in message:
            formula = parse(message["formula"])
            assert problem.explain(formula).iou <= optimum.iou
            assert formula.length <= length
            assert space == "tree" or is_chain(formula)
        else:
            bound = min(bound, frontier.iou_bound(Fraction(*message["target"]), message["bound"]))
            assert bound >= optimum.iou
    assert problem.explain(best).iou == bound == optimum.iou
    assert best.length == optimum.formula.length


@pytest.mark.parametrize("engine", SOLVERS)
@pytest.mark.parametrize("space", ["chain", "tree"])
@pytest.mark.parametrize("inputs", [120, pytest.param(500, marks=pytest.mark.long)])
def test_every_message_is_true_and_the_end_equals_brute_force(engine, space, inputs):
    """From the beam's answer and from a poor one; MaxSAT with and without its linear search."""
    solve = SOLVERS[engine].solve_round()
    slowly = partial(solve, linear_search_bits=0) if engine == "maxsat" else solve
    for seed in range(100, 100 + inputs):
        poor = seed // 4 % 2 == 0
        solver = slowly if poor else solve
        assert_every_message_is_true(random_problem(seed), solver, space, 1 + seed % 4, poor_start=poor)


@pytest.mark.slow
@pytest.mark.parametrize("engine", SOLVERS)
def test_a_round_that_ran_out_of_time_proves_nothing(engine):
    problem = grid_problem(1, planted=False)
    told = []
    start = beam_search(problem, max_length=4).best
    before = time.monotonic()
    channel = solver_child.Channel(told.append, lambda: 0.5 - (time.monotonic() - before))
    solver_child.search(problem, Shape("tree", 4), start.formula, SOLVERS[engine].solve_round(), channel, 0)
    frontier = Frontier(problem, ceiling(problem))
    bounds = [frontier.iou_bound(Fraction(*m["target"]), m["bound"]) for m in told if "bound" in m]
    ious = [problem.explain(parse(m["formula"])).iou for m in told if "formula" in m]
    assert min(bounds, default=Fraction(1)) > max(ious, default=start.iou)


@pytest.mark.slow
@pytest.mark.parametrize("search", ENGINES)
def test_200_rows_and_20_concepts_at_length_3_are_proven_in_seconds(search):
    started = time.monotonic()
    assert_equals_brute_force(grid_problem(0), search, "chain", 3)
    assert time.monotonic() - started < 60  # 6 to 8 s on a quiet machine


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("engine", SOLVERS)
def test_200_rows_and_20_concepts_at_length_3_equal_brute_force_on_500_inputs(engine):
    solve = SOLVERS[engine].solve_round()
    for seed in range(500):
        assert_every_message_is_true(grid_problem(seed, planted=seed % 10 != 0), solve, "chain", 3, poor_start=False)


@pytest.mark.parametrize("search", ENGINES)
def test_a_unit_that_no_concept_meets_is_explained_by_a_negation_in_trees(search):
    """The beam has no answer here to start from."""
    problem = Problem.of(from_arrays([[1, 0], [0, 1], [0, 0]], [[0], [0], [1]]), 0)
    assert beam_search(problem).best is None
    found = search(problem, space="tree", max_length=2)
    assert (found.best.iou, found.bound, str(found.best.formula)) == (1, 1, "NOT c0 AND NOT c1")
    assert search(problem, space="chain", max_length=2).bound == 0


@pytest.mark.parametrize("search", ENGINES)
def test_of_equal_scores_the_shortest_formula_is_the_answer(search):
    matrix = np.random.default_rng(0).random((30, 5)) < 0.5
    problem = Problem.of(from_arrays(matrix, ~matrix[:, 3:4] & matrix[:, 2:3]), 0)
    found = search(problem, space="tree", max_length=4)
    assert (found.best.iou, found.best.formula.length) == (1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("search", ENGINES)
def test_the_shortest_is_found_also_where_the_start_is_longer(search):
    """A beam of one begins with c, the best concept alone, and so ends with three where a OR b would do."""
    a, b, c = [0, 1, 2], [3, 4, 5], [1, 2, 3, 4]
    concepts = np.array([[cell in held for held in (a, b, c)] for cell in range(7)])
    problem = Problem.of(from_arrays(concepts, (concepts[:, 0] | concepts[:, 1])[:, None]), 0)
    start = beam_search(problem, max_length=4, beam_size=1).best
    assert (start.iou, start.formula.length) == (1, 3)
    found = search(problem, max_length=4, beam_size=1)
    assert (found.best.iou, found.best.formula.length) == (1, 2)


@pytest.mark.slow
@pytest.mark.parametrize("search", ENGINES)
def test_the_answer_is_the_same_every_time(search):
    problem = grid_problem(3, rows=40, concepts=8, planted=False)
    records = []
    for hash_seed in ("0", "1"):
        os.environ["PYTHONHASHSEED"] = hash_seed
        try:
            records.append(search(problem, space="tree", max_length=3).record() | {"seconds": 0})
        finally:
            del os.environ["PYTHONHASHSEED"]
    assert records[0] == records[1]


@pytest.mark.parametrize("search", ENGINES)
@pytest.mark.parametrize(("length", "limit"), [(10, 1.0), (5, 3.0)])
def test_the_time_limit_holds_and_leaves_a_bound_and_at_least_the_beam(search, length, limit):
    problem = grid_problem(1, rows=2000, concepts=60, planted=False)
    started = time.monotonic()
    found = search(problem, max_length=length, time_limit=limit)
    assert time.monotonic() - started < 1.1 * limit + 1
    assert found.best.iou >= beam_search(problem, max_length=length).best.iou
    assert found.best.iou <= found.bound <= found.ceiling
    assert found.status is Status.BOUNDED


@pytest.mark.slow
@pytest.mark.parametrize("search", ENGINES)
@pytest.mark.parametrize("space", ["chain", "tree"])
def test_a_sampled_answer_is_counted_on_all_points_and_its_bound_holds_for_them(search, space):
    differs = 0
    for seed in range(60, 66):
        problem = random_problem(seed)
        if problem.is_degenerate:
            continue
        size = max(1, min(problem.n_points // 3, 3000))
        found = search(problem, space=space, max_length=3, sample=size, seed=seed)
        best = brute_force_search(problem, max_length=3, space=space).best.iou
        assert problem.explain(found.best.formula) == found.best
        assert found.best.iou <= best <= found.bound
        sampled = draw(problem, size, seed)
        report = found.sample
        assert report.points == sampled.n_points == min(size, problem.n_points)
        if not sampled.is_degenerate:
            proven = brute_force_search(sampled, max_length=3, space=space).best
            assert report.bound == report.best.iou == proven.iou
            assert sampled.explain(report.best.formula) == report.best
            differs += report.bound != best
        assert found.record()["sample"]["points"] == report.points
    assert differs


@pytest.mark.slow
@pytest.mark.parametrize("search", ENGINES)
def test_what_the_solver_finds_on_the_sample_counts_on_the_whole(search):
    """A beam of one misses the formula, on the sample as on the whole; the solver finds it on the sample."""
    rows = [[1, 1, 0], [1, 0, 1], [0, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
    problem = Problem.of(
        from_arrays(rows, weights=[200, 100, 100, 200, 200, 200], active=[[200], [0], [0], [0], [0], [200]]), 0
    )
    found = search(problem, sample=900, beam_size=1)
    assert found.best.iou == brute_force_search(problem).best.iou > beam_search(problem, beam_size=1).best.iou


def test_a_bound_of_the_sample_is_not_passed_off_as_one_of_the_whole():
    """On the sample, drawn from the first cells only, everything is clear; on the whole something else is better."""
    problem = Problem.of(
        from_arrays([[1, 0], [0, 1], [0, 0]], weights=[1000, 1000, 1000], active=[[400], [500], [0]]), 0
    )
    for seed in range(6):
        found = ask("cpsat", problem, max_length=1, sample=6, seed=seed)
        assert found.bound >= Fraction(500, 1400)


@pytest.mark.parametrize("search", ENGINES)
def test_a_sample_of_all_points_is_the_whole_problem(search):
    problem = random_problem(3)
    found = search(problem, sample=problem.n_points)
    assert found.bound == found.best.iou == brute_force_search(problem).best.iou


def children(monkeypatch) -> list[subprocess.Popen]:
    """The child processes that get started from now on."""
    end_waiting_children()
    started = []
    real = subprocess.Popen

    def remember(*arguments, **options):
        started.append(real(*arguments, **options))
        return started[-1]

    monkeypatch.setattr(solver_process.subprocess, "Popen", remember)
    return started


def after_start(started: list, seconds: float, act) -> list[float]:
    """Act so long after the child was started; the list gets the time of it."""
    at: list[float] = []

    def wait():
        while not started:
            time.sleep(0.01)
        time.sleep(seconds)
        at.append(time.monotonic())
        act()

    threading.Thread(target=wait, daemon=True).start()
    return at


@pytest.mark.parametrize("search", ENGINES)
def test_a_model_that_does_not_fit_into_the_memory_is_not_begun_and_the_beam_is_the_answer(search, monkeypatch):
    problem = grid_problem(1)
    monkeypatch.setattr(solver_engines, "MOST_BYTES", 10**6)
    started = children(monkeypatch)
    found = search(problem, max_length=3)
    assert not started
    assert "take --sample" in found.error
    assert found.best == beam_search(problem, max_length=3).best
    assert (found.status, found.bound) == (Status.BOUNDED, ceiling(problem))
    assert search(problem, max_length=3, sample=20).bound is not None
    assert len(started) == 1


@pytest.mark.parametrize("search", ENGINES)
def test_a_model_that_could_not_be_made_in_the_time_left_is_not_begun(search, monkeypatch):
    problem = grid_problem(1, rows=5000, concepts=60, planted=False)
    started = children(monkeypatch)
    found = search(problem, max_length=5, time_limit=0.3)
    assert not started
    assert found.error is None
    assert (found.status, found.bound) == (Status.BOUNDED, ceiling(problem))


@pytest.mark.slow
@pytest.mark.parametrize("search", ENGINES)
def test_a_killed_child_takes_neither_answer_nor_bound_along(search, monkeypatch):
    problem = grid_problem(1, rows=2000, concepts=60, planted=False)
    started = children(monkeypatch)
    at = after_start(started, 2.0, lambda: started[0].kill())
    found = search(problem, max_length=5, time_limit=60)
    assert time.monotonic() - at[0] < 5
    assert "SIGKILL" in found.error
    assert found.best.iou >= beam_search(problem, max_length=5).best.iou
    assert found.status is Status.BOUNDED
    assert found.bound is not None


INTERRUPTED = """
import faulthandler, os, signal, subprocess, sys, threading, time
import numpy as np
from compexact.encodings import process
from compexact.encodings.search import SearchInterrupted, outside_search
from compexact.solver import Problem, beam_search, ceiling, from_arrays
from compexact.solver.stopping import Stopping

faulthandler.enable()
started, at = [], []

def remember(*arguments, real=subprocess.Popen, **options):
    started.append(real(*arguments, **options))
    return started[-1]

def interrupt():
    while not started:
        time.sleep(0.01)
    time.sleep(2)
    at.append(time.monotonic())
    os.kill(os.getpid(), signal.SIGINT)

process.subprocess.Popen = remember
signal.signal(signal.SIGINT, signal.default_int_handler)
rng = np.random.default_rng(1)
problem = Problem.of(from_arrays(rng.random((2000, 60)) < 0.3, rng.random((2000, 1)) < 0.3), 0)
threading.Thread(target=interrupt, daemon=True).start()
try:
    outside_search(sys.argv[1], problem, Stopping.after(None), max_length=5)
except SearchInterrupted as caught:
    assert time.monotonic() - at[0] < 5
    assert caught.result.best.iou >= beam_search(problem, max_length=5).best.iou
    assert caught.result.bound <= ceiling(problem)
    assert started[0].returncode is not None
    print("as promised")
"""
"""A process of its own: a Ctrl-C that comes at a bad moment must not end the process of the tests."""


@pytest.mark.slow
@pytest.mark.parametrize("engine", SOLVERS)
def test_ctrl_c_gives_the_result_so_far_at_once(engine):
    child = subprocess.run([sys.executable, "-c", INTERRUPTED, engine], capture_output=True, text=True)
    assert (child.returncode, child.stdout) == (0, "as promised\n"), child.stderr


@pytest.mark.parametrize("search", ENGINES)
def test_a_search_that_is_asked_to_stop_gives_what_it_has(search):
    problem = grid_problem(1, rows=2000, concepts=60, planted=False)
    before = time.monotonic()
    found = search(problem, max_length=5, should_stop=lambda: time.monotonic() > before + 2)
    assert time.monotonic() - before < 5
    assert found.best.iou >= beam_search(problem, max_length=5).best.iou
    assert found.error is None
    assert found.status is Status.BOUNDED


@pytest.mark.parametrize("engine", SOLVERS)
def test_one_process_answers_many_questions_as_fresh_ones_would(engine, monkeypatch):
    problems = [grid_problem(seed, rows=40, concepts=6) for seed in range(3)]
    started = children(monkeypatch)
    together = [ask(engine, problem) for problem in problems]
    assert len(started) == 1
    for problem, found in zip(problems, together):
        end_waiting_children()
        alone = ask(engine, problem)
        assert (found.best, found.bound, found.error) == (alone.best, alone.bound, None)
    assert len(started) == 4


def test_a_process_that_died_while_it_waited_is_missed_by_nobody(monkeypatch):
    problem = grid_problem(0, rows=40, concepts=6)
    started = children(monkeypatch)
    before = ask("cpsat", problem)
    monkeypatch.setattr(solver_process._Child, "is_there", lambda child: True)  # it dies after the look
    started[0].kill()
    after = ask("cpsat", problem)
    assert (after.best, after.bound, after.error) == (before.best, before.bound, None)
    assert len(started) == 2


def test_a_copy_of_this_process_leaves_its_children_alone(monkeypatch):
    problem = grid_problem(0, rows=40, concepts=6)
    started = children(monkeypatch)
    ask("cpsat", problem)
    monkeypatch.setattr(solver_process._waiting[0], "owner", -1)
    ask("cpsat", problem)
    assert len(started) == 2
    assert started[0].poll() is None


def test_a_process_that_was_told_to_stop_or_needed_much_is_not_asked_again(monkeypatch):
    problem = grid_problem(0, rows=40, concepts=6)
    started = children(monkeypatch)
    ask("cpsat", grid_problem(1, rows=2000, concepts=60, planted=False), max_length=5, time_limit=1)
    ask("cpsat", problem)
    assert len(started) == 2
    monkeypatch.setattr(solver_engines, "MOST_TO_GO_ON", 0)
    ask("cpsat", problem)
    assert (len(started), started[1].poll() is None) == (2, False)
    ask("cpsat", problem)
    assert len(started) == 3


def test_a_process_does_not_wait_for_ever():
    code = "from compexact.encodings import child; child.SECONDS_OF_WAITING = 0.1; child.main()"
    waiting = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    assert waiting.wait(timeout=60) == 0


def planted_child(tmp_path, monkeypatch, body: str) -> None:
    """A package that stands before the real one on the path of every Python that is started from now on."""
    end_waiting_children()
    package = tmp_path / "compexact/encodings"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").touch()
    (package / "child.py").write_text(
        "import json, sys, time, os\njob = json.loads(sys.stdin.readline())\n"
        "def tell(**message): print(json.dumps(message), flush=True)\n" + textwrap.dedent(body)
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))


def heard(seconds: float = 5.0):
    messages = []
    before = time.monotonic()
    ended = run_solver({}, messages.append, Stopping.after(seconds))
    return ended, messages, time.monotonic() - before


def test_a_child_that_hangs_is_killed_and_what_it_told_is_kept(tmp_path, monkeypatch):
    planted_child(tmp_path, monkeypatch, "tell(formula='c0')\nwhile True: time.sleep(1)")
    ended, messages, seconds = heard(1.0)
    assert (ended.end, messages) == (End.TIME, [{"formula": "c0"}])
    assert seconds < 2.0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("tell(formula='c0')\nsys.exit('no licence')", "left with code 1: no licence"),
        ("tell(formula='c0')\nos.abort()", "SIGABRT: it may have run out of memory"),
        ("tell(formula='c0')\nprint('Solving...')", "no message"),
        ("tell(formula='c0')\nprint('[' * 2000000)", "no message"),
        ("tell(formula='c0')\nprint('{\"bound\"', end='')", "no message"),
        ("tell(formula='c0')\ntell(error='the solver ran out of memory')", "ran out of memory"),
    ],
)
def test_whatever_a_child_does_the_message_before_is_kept_and_the_reason_is_one_line(
    tmp_path, monkeypatch, body, reason
):
    planted_child(tmp_path, monkeypatch, body)
    ended, messages, _ = heard()
    assert messages == [{"formula": "c0"}]
    assert ended.end is End.FAILED
    assert reason in ended.reason
    assert "\n" not in ended.reason


def test_a_child_whose_bound_is_below_a_known_answer_is_a_disagreement(tmp_path, monkeypatch):
    problem = grid_problem(0, rows=40, concepts=6)
    planted_child(tmp_path, monkeypatch, "tell(target=[1, 1000], bound=0)\ntell(done=True)")
    with pytest.raises(DisagreementError):
        ask("cpsat", problem)


def test_a_child_whose_formula_is_too_long_is_a_disagreement(tmp_path, monkeypatch):
    planted_child(tmp_path, monkeypatch, "tell(formula='c0 OR c0 OR c0 OR c0')\ntell(done=True)")
    with pytest.raises(DisagreementError, match="not what was asked for"):
        ask("cpsat", grid_problem(0, rows=40, concepts=6))


@pytest.mark.parametrize("engine", SOLVERS)
def test_a_missing_package_is_named_with_the_line_that_installs_it(engine, monkeypatch):
    monkeypatch.setitem(SOLVERS, engine, replace(SOLVERS[engine], module="not_installed_at_all"))
    with pytest.raises(UsageError, match=f"pip install {SOLVERS[engine].package}"):
        ask(engine, random_problem(3))


@pytest.mark.parametrize(
    "settings",
    [
        {"sample": 0},
        {"max_length": 0},
        {"space": "all"},
        {"beam_size": 0},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(UsageError):
        ask("cpsat", random_problem(3), **settings)


@pytest.mark.parametrize("search", ENGINES)
def test_units_that_are_active_nowhere_or_everywhere_are_degenerate(search):
    for active in ([[0], [0]], [[3], [4]]):
        problem = Problem.of(from_arrays([[1, 0], [0, 1]], weights=[3, 4], active=active), 0)
        found = search(problem)
        assert found.status is Status.DEGENERATE
        assert (found.best is None) == (problem.unit_points == 0)


def test_importing_the_engines_loads_no_solver():
    code = (
        "import sys, compexact.encodings.search, compexact.encodings.cpsat, compexact.encodings.maxsat\n"
        "print([m for m in ('ortools', 'pysat', 'torch') if m in sys.modules])"
    )
    printed = subprocess.run([os.sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
