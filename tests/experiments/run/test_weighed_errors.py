"""Errors that do not count alike: every engine against brute force, and forged scores and weights noticed."""

import json
from fractions import Fraction

import numpy as np
import pytest

from compexact.experiments.run.engines import ENGINES, SearchSettings, check_settings, explain_unit
from compexact.experiments.run.folder import read_run, run_units
from compexact.experiments.run.recount import Recount
from compexact.experiments.run.schema import ExplainLine, check_form, digest_of
from compexact.experiments.run.units import result_record
from compexact.experiments.run.verify import verify_run
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import DataError, UsageError
from compexact.solver.problem import Problem
from compexact.solver.result import Status

SEARCHES = [
    pytest.param(name, space, marks=pytest.mark.slow if name in ("cpsat", "maxsat") else ())
    for name, engine in ENGINES.items()
    for space in engine.spaces
]
WEIGHTS = [("2", "1"), ("1", "2"), ("0.5", "0.5"), ("1/5", "4/5"), ("7/3", "0.1"), ("1/9", "8")]


def random_cells(seed, concepts=4):
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 9, size=12)
    active = rng.integers(0, weights + 1) * (rng.random(12) < 0.6)
    active[0], active[1], weights[0] = 1, 0, 2
    return from_arrays(rng.random((12, concepts)) < 0.5, weights=weights, active=active[:, None])


def best_score(problem, space, length, fp, fn):
    """The highest Tversky score of the space's formulas, from their masks alone."""
    columns = {tuple(column) for column in problem.concepts.dense().T}
    negated = {tuple(not held for held in column) for column in columns} if space == "tree" else set()
    levels = [columns | negated]
    for n in range(2, length + 1):
        made = set()
        for left in range(1, n // 2 + 1) if space == "tree" else [1]:
            for one in levels[left - 1]:
                for two in levels[n - left - 1]:
                    a, b = np.array(one), np.array(two)
                    made |= {tuple(a | b), tuple(a & b)} | ({tuple(b & ~a)} if space == "chain" else set())
        levels.append(made)

    def score(mask):
        mask = np.array(mask)
        hits = int(problem.active[mask].sum())
        errors = fp * int((problem.weights - problem.active)[mask].sum()) + fn * int(problem.active[~mask].sum())
        return hits / (hits + errors) if hits else Fraction(0)

    return max(score(mask) for level in levels for mask in level)


@pytest.mark.parametrize(("name", "space"), SEARCHES)
def test_every_engine_counts_right_and_those_that_prove_prove_the_best_score(name, space):
    is_quick = name not in ("cpsat", "maxsat")
    for seed in range(24 if is_quick else 2):
        cells = random_cells(seed, concepts=3 if space == "tree" else 4)
        problem = Problem.of(cells, 0)
        fp, fn = WEIGHTS[seed % len(WEIGHTS)]
        length = 1 + seed % (3 if space == "tree" else 4) if is_quick else 3
        optimum = best_score(problem, space, length, Fraction(fp), Fraction(fn))
        settings = SearchSettings(engine=name, space=space, max_length=length, fp_weight=fp, fn_weight=fn)
        result = explain_unit(cells, 0, settings)
        assert result.error is None
        assert all(found == problem.explain(found.formula) for found in (result.best, *result.by_length, *result.top))
        assert result.score <= optimum <= result.ceiling
        if ENGINES[name].proves:
            assert (result.status, result.score, result.bound) == (Status.OPTIMAL, optimum, optimum)
            assert result.proven == (True,) * length or not is_quick
        line, header = (
            json.loads(json.dumps(result_record(result))),
            {"command": "explain", "settings": settings.record()},
        )
        assert check_form(ExplainLine, line) == line
        assert Recount(cells, header).validate_line(line) is None


def test_a_weight_changes_which_formula_is_best():
    cells = random_cells(7)
    formulas = {
        weights: str(explain_unit(cells, 0, SearchSettings(engine="exact", fp_weight=weights)).best.formula)
        for weights in ("1/9", "1", "9")
    }
    assert len(set(formulas.values())) > 1


def test_equal_weights_have_the_formulas_of_iou_and_another_score():
    for seed in range(5):
        plain = explain_unit(random_cells(seed), 0, SearchSettings(engine="exact"))
        f1 = explain_unit(random_cells(seed), 0, SearchSettings(engine="exact", fp_weight="0.5", fn_weight="0.5"))
        assert (f1.best, f1.by_length) == (plain.best, plain.by_length)
        assert f1.score == plain.best.score("f1") == f1.bound
        assert f1.record()["iou"] == plain.record()["iou"]


def test_a_run_without_weights_is_as_it_was():
    record, settings = explain_unit(random_cells(0), 0, SearchSettings()).record(), SearchSettings().record()
    assert not {"metric", "score", "score_fraction", "fp_weight", "fn_weight"} & set(record)
    assert not {"fp_weight", "fn_weight"} & set(settings)
    assert SearchSettings(fp_weight="1.0", fn_weight="1/1").record() == settings


@pytest.mark.parametrize(
    ("other", "option"),
    [
        ({"compat": "vision"}, "--compat"),
        ({"metric": "precision"}, "--metric"),
        ({"penalty": "0.9"}, "--penalty"),
        ({"engine": "cpsat", "sample": 50}, "--sample"),
    ],
)
def test_what_scores_otherwise_does_not_go_with_weights(other, option):
    with pytest.raises(UsageError, match=f"{option} does not go with --fp-weight and --fn-weight"):
        check_settings(SearchSettings(fp_weight="2", **other))


def answered(**settings):
    asked = SearchSettings(engine="exact", max_length=2, fp_weight="2", fn_weight="1/2", **settings)
    line = json.loads(json.dumps(result_record(explain_unit(random_cells(3), 0, asked))))
    return line, {"command": "explain", "settings": asked.record()}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"score": 0.5}, "the score is not that of the counts"),
        ({"score_fraction": [9, 10]}, "the score is not that of the counts"),
        ({"score_fraction": [9, 10], "score": 0.9}, "the score is not that of the counts"),
        ({"metric": "iou"}, "its metric is not tversky"),
        ({"metric": "f1"}, "its metric is not tversky"),
        ({"fp_weight": "1"}, "its weights of errors are not those of the run"),
        ({"fn_weight": "2"}, "its weights of errors are not those of the run"),
        ({"ceiling": 0.99}, "the ceiling is not that of the unit"),
        ({"gap": 0.1}, "bound, gap and status"),
        ({"bound_fraction": [99, 100]}, "bound, gap and status"),
        ({"iou": 0.9}, "the counts are not those of"),
    ],
)
def test_an_edited_field_is_noticed(change, why):
    line, header = answered()
    assert why in Recount(random_cells(3), header).validate_line(line | change)


@pytest.mark.parametrize("field", ["score", "score_fraction", "metric", "fp_weight", "fn_weight"])
def test_a_field_that_is_missing_is_noticed(field):
    line, header = answered()
    del line[field]
    assert Recount(random_cells(3), header).validate_line(line)


@pytest.mark.parametrize("part", ["by_length", "top"])
def test_the_scores_of_the_lists_are_counted_again(part):
    line, header = answered()
    for score in ({"score": 0.5}, {"score_fraction": [1, 2]}):
        changed = [found | score for found in line[part]]
        assert "the score is not that" in Recount(random_cells(3), header).validate_line(line | {part: changed})


def test_a_line_of_weighed_errors_is_none_of_a_run_that_weighs_none():
    line, _ = answered()
    plain = {"command": "explain", "settings": SearchSettings(engine="exact", max_length=2).record()}
    weighed = {"score", "score_fraction", "metric", "fp_weight", "fn_weight"}
    assert Recount(random_cells(3), plain).validate_line(line)
    for kept in weighed:
        mixed = {key: value for key, value in line.items() if key == kept or key not in weighed}
        assert Recount(random_cells(3), plain).validate_line(mixed)


def test_weights_that_no_probe_could_be_counted_with_are_refused():
    settings = SearchSettings(engine="exact").record() | {"fp_weight": "1" + "0" * 17}
    with pytest.raises(DataError, match="too many points to be counted"):
        Recount(random_cells(0), {"command": "explain", "settings": settings})


@pytest.fixture
def kept(tmp_path):
    """A run of weighed errors with its probe, both on disk."""
    probe = Probe(random_cells(3), {})
    save_probe(probe, tmp_path / "probe")
    settings = SearchSettings(engine="exact", fp_weight="2", fn_weight="1/2")
    from compexact.probes.opening import open_probe

    run_units(open_probe(tmp_path / "probe"), ["0"], settings, tmp_path / "run")
    return tmp_path / "run"


def verdict(folder):
    run = read_run(folder, with_damaged=True)
    (line,) = verify_run(run, run.open_probe())
    return line


def rewrite(folder, change, line_change=lambda line: None):
    """Edit run.json's settings and the line, with digests that fit, as who knows the format would."""
    header = json.loads((folder / "run.json").read_text())
    change(header["settings"])
    (folder / "run.json").write_text(json.dumps(header | {"digest": digest_of(header)}))
    line = json.loads((folder / "units.jsonl").read_text())
    line_change(line)
    (folder / "units.jsonl").write_text(json.dumps(line | {"digest": digest_of(line)}) + "\n")


def test_what_is_true_is_confirmed_by_the_certificate_of_the_weighed_cells(kept):
    said = verdict(kept)
    line = read_run(kept).records["0"]
    assert (said["verdict"], said["score"], said["bound"]) == ("confirmed", line["score"], line["bound"])
    assert said["iou"] == line["iou"] != line["score"]


@pytest.mark.parametrize(
    "weights", [{"fp_weight": "1"}, {"fp_weight": "4", "fn_weight": "1"}, {"fn_weight": "1"}, None]
)
def test_who_edits_the_weights_of_a_run_is_found_out(kept, weights):
    """Also where every digest fits, and the line's scores and bounds are those of the other weights."""

    def change(settings):
        for name in ("fp_weight", "fn_weight"):
            settings.pop(name)
        settings.update(weights or {})

    rewrite(kept, change)
    assert verdict(kept)["verdict"] == "rejected"
    fp, fn = ((weights or {}).get(name, "1") for name in ("fp_weight", "fn_weight"))
    other = SearchSettings(engine="exact", fp_weight=fp, fn_weight=fn)
    forged = result_record(explain_unit(random_cells(3), 0, other))

    def change_line(line):
        names = {name: line[name] for name in ("certificate", "certificate_digest")}
        line.clear()
        line.update(forged | names)

    rewrite(kept, lambda settings: None, change_line)
    said = verdict(kept)
    same_ratio = Fraction(fp) / Fraction(fn) == 4
    assert said["verdict"] == ("confirmed" if same_ratio else "rejected")  # the same certificate proves that, too


@pytest.mark.parametrize("text", ["0", "-1", "x", "1e9", "0.5", "1/0", 2, None])
def test_weights_of_another_form_are_damage(kept, text):
    rewrite(kept, lambda settings: settings.update(fp_weight=text))
    with pytest.raises(DataError, match=r"run\.json does not describe a run: .*fp_weight"):
        read_run(kept)


def test_other_weights_are_another_run(kept):
    run = read_run(kept)
    for settings in (SearchSettings(engine="exact"), SearchSettings(engine="exact", fp_weight="2")):
        with pytest.raises(UsageError, match="holds another run"):
            run_units(run.open_probe(), ["0"], settings, kept)
    same = SearchSettings(engine="exact", fp_weight="2.0", fn_weight="0.5")
    assert run_units(run.open_probe(), ["0"], same, kept).records == run.records
