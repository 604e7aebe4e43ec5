"""The best formula without a threshold, on arrays where it is known."""

import numpy as np
import pytest

from compexact.experiments.questions.answer import read_answer
from compexact.solver.parsing import parse

CONCEPTS = np.array([[1, 1, 0, 0, 0, 0, 0, 1], [0, 0, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 1, 1]], dtype=bool).T


@pytest.fixture
def arrays(tmp_path):
    """Unit `up` is highest where `a OR b` holds but not `c`, `down` is its negative."""
    up = np.array([5.0, 4.0, 4.5, 1.0, -1.0, 1.5, -2.0, 0.0])
    file = tmp_path / "activations.npz"
    np.savez(
        file,
        concepts=CONCEPTS,
        activations=np.stack([up, -up], axis=1).astype(np.float32),
        concept_names=["a", "b", "c"],
        unit_names=["up", "down"],
    )
    return file


def asked(compexact, file, *words, **changes):
    ended = compexact("experiment", "auc", file, *words, "--format", "csv", **changes)
    assert ended.code == 0, ended.err
    head, *rows = [line.split(",") for line in ended.out.splitlines()]
    return {row[0]: dict(zip(head, row)) for row in rows}


def test_the_formula_of_the_highest_auc_is_found(compexact, arrays):
    found = asked(compexact, arrays)
    assert found["up"]["formula"] == "(a OR b) AND NOT c"
    assert [float(found["up"][key]) for key in ("auc", "average_precision", "points_share")] == [1, 1, 3 / 8]
    assert (found["down"]["formula"], float(found["down"]["auc"])) == ("c", 1)


def test_formulas_on_too_few_points_are_left_out(compexact, arrays):
    """`b` has the one point where AUC is highest of single concepts; `a` has three."""
    assert asked(compexact, arrays, "--length", "1")["up"]["formula"] == "b"
    assert asked(compexact, arrays, "--length", "1", "--min-share", "0.25")["up"]["formula"] == "a"


def test_a_share_is_taken_exactly(compexact, tmp_path):
    """0.07 of 100 points are 7; as doubles it is a little more."""
    held = np.arange(100) < 7
    np.savez(
        tmp_path / "a.npz", concepts=np.stack([held, np.arange(100) % 2 == 0], axis=1), activations=held[:, None] * 1.0
    )
    assert float(asked(compexact, tmp_path / "a.npz", "--length", "1", "--min-share", "0.07")["0"]["auc"]) == 1


def test_large_activations_have_all_measures(compexact, tmp_path):
    np.savez(tmp_path / "a.npz", concepts=CONCEPTS, activations=np.linspace(-1e307, 1e307, 8)[:, None])
    row = asked(compexact, tmp_path / "a.npz", "--length", "1")["0"]
    assert abs(float(row["correlation"])) < 1


def test_rows_of_several_points_are_refused(compexact, tmp_path):
    np.savez(tmp_path / "a.npz", concepts=CONCEPTS, activations=np.ones((8, 1)), weights=np.full(8, 2))
    ended = compexact("experiment", "auc", tmp_path / "a.npz")
    assert (ended.code, ended.out) == (3, "")
    assert "leave weights out" in ended.err
    np.savez(tmp_path / "a.npz", concepts=CONCEPTS, activations=np.ones((7, 1)))
    assert "concepts has 8 rows and activations 7" in compexact("experiment", "auc", tmp_path / "a.npz").err


def test_where_a_unit_is_low_is_where_its_negative_is_high(compexact, arrays):
    low, high = asked(compexact, arrays, "--direction", "low"), asked(compexact, arrays)
    for one, other in (("up", "down"), ("down", "up")):
        assert {**low[one], "unit": ""} == {**high[other], "unit": ""}


def test_the_answer_is_kept_with_its_figure(compexact, arrays, tmp_path):
    asked(compexact, arrays, "--units", "up", "--length", "1", "-o", tmp_path / "answer")
    answer = read_answer(tmp_path / "answer")
    assert (answer.rows[0]["formula"], answer.settings["direction"]) == ("b", "high")
    assert (tmp_path / "answer/figure.svg").is_file()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--length", "4"), 2, "proven at 1 to 3 concepts, not 4; --search beam takes any length"),
        (("--search", "bean"), 2, "--search is exact or beam, not 'bean'; did you mean"),
        (("--search", "beam", "--beam-size", "0"), 2, "the beam size must be at least 1, not 0"),
        (("--direction", "up"), 2, "--direction is high or low, not 'up'"),
        (("--units", "sideways"), 2, "sideways"),
        (("--min-share", "0.6"), 2, "--min-share is from 0 to 0.5, not 0.6"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(compexact, arrays, words, code, said):
    ended = compexact("experiment", "auc", arrays, *words)
    assert (ended.code, len(ended.err.splitlines())) == (code, 1), ended.err
    assert said in ended.err


@pytest.mark.parametrize(
    ("activations", "said"),
    [
        (None, "activations is missing"),
        (np.zeros(8), "must be numbers of 2 axes"),
        (np.full((8, 1), np.nan), "must be finite; row 0, unit 0 (from 0) has nan"),
        (np.zeros((7, 1)), "they must be the same points"),
        (np.array([["x"]] * 8), "must be numbers of 2 axes"),
    ],
)
def test_bad_arrays_are_refused_in_one_line(compexact, tmp_path, activations, said):
    file = tmp_path / "bad.npz"
    np.savez(file, concepts=CONCEPTS, **({} if activations is None else {"activations": activations}))
    ended = compexact("experiment", "auc", file)
    assert (ended.code, len(ended.err.splitlines())) == (3, 1), ended.err
    assert said in ended.err


def test_activations_beside_masks_disturb_nobody(compexact, tmp_path):
    file = tmp_path / "both.npz"
    np.savez(file, concepts=CONCEPTS, neurons=CONCEPTS[:, :1], activations=CONCEPTS[:, :1].astype(float))
    assert compexact("explain", file, "--length", "1").code == 0
    row = asked(compexact, file, "--length", "1")["0"]
    assert (row["formula"], row["formula_by_iou"], row["same"], float(row["auc_by_iou"])) == ("c0", "c0", "True", 1)


def test_a_beam_finds_the_same_at_any_length_and_proves_nothing(compexact, arrays):
    found = asked(compexact, arrays, "--search", "beam", "--length", "5")
    assert (found["up"]["formula"], found["up"]["proven"]) == ("(a AND NOT c) OR b", "False")  # on the same points
    assert float(found["up"]["auc"]) == 1
    assert asked(compexact, arrays)["up"]["proven"] == "True"


def test_a_probe_that_keeps_activations_gives_the_answer_of_its_file(compexact, arrays, tmp_path):
    """In one process and in two, and after a merge."""
    assert compexact("probe", "arrays", arrays, "--keep-activations", "-o", tmp_path / "probe").code == 0
    for number in (1, 2):
        made = compexact(
            "probe", "arrays", arrays, "--keep-activations", "--shard", f"{number}/2", "-o", tmp_path / f"{number}"
        )
        assert made.code == 0, made.err
    assert compexact("merge", tmp_path / "2", tmp_path / "1", "-o", tmp_path / "merged").code == 0
    wanted = asked(compexact, arrays)
    assert asked(compexact, tmp_path / "probe") == wanted
    assert asked(compexact, tmp_path / "merged", "--jobs", "2") == wanted


def test_a_probe_without_activations_is_refused_in_one_line(compexact, tmp_path):
    np.savez(tmp_path / "a.npz", concepts=CONCEPTS, neurons=CONCEPTS)
    assert compexact("probe", "arrays", tmp_path / "a.npz", "-o", tmp_path / "probe").code == 0
    ended = compexact("experiment", "auc", tmp_path / "probe")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "keeps no activations; make it again with --keep-activations" in ended.err
    ended = compexact("probe", "arrays", tmp_path / "probe", "--keep-activations", "-o", tmp_path / "again")
    assert (ended.code, "is a folder" in ended.err) == (2, True)


def test_a_live_probe_is_asked_from_python(arrays):
    import compexact as cx

    given = dict(np.load(arrays))
    probe = cx.probe_arrays(given["concepts"], activations=given["activations"], concept_names=["a", "b", "c"])
    answer = cx.experiment("auc", probe, length=2, progress=False)
    assert (answer.rows[0]["formula"], answer.rows[0]["length"]) == ("a AND NOT c", 2)


def in_folds(n_copies=1):
    """A probe of 60 inputs of several rows in four folds, and its arrays."""
    import compexact as cx

    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(60), n_copies * rng.integers(1, 4, 60))
    concepts = rng.random((60, 4))[group] < 0.4
    values = concepts[:, :2] + rng.normal(size=(60, 2))[group].round(1)
    probe = cx.probe_arrays(concepts, activations=values, groups=group, folds=4)
    return probe, concepts, values


def test_a_formula_is_scored_on_the_folds_that_it_was_not_found_on():
    """Against AUC by all pairs of points of each fold, for formulas found on arrays without the fold's rows."""
    import compexact as cx

    probe, concepts, values = in_folds()
    fold_of = probe.inputs.activations.fold_of
    answer = cx.experiment("auc", probe, length=2, cross_validate=True, progress=False)
    for unit in range(2):
        above = pairs = 0.0
        for fold in range(4):
            inside = fold_of == fold
            rest = cx.probe_arrays(concepts[~inside], activations=values[~inside])
            formula = cx.experiment("auc", rest, units=[str(unit)], length=2, progress=False).rows[0]["formula"]
            held = cx.probe_arrays(concepts[inside], activations=values[inside])
            rows = held.cells.concepts
            mask = rows.mask(parse(formula, rows.names))[held.inputs.activations.cell_of]
            high, low = values[inside, unit][mask], values[inside, unit][~mask]
            above += (high[:, None] > low).sum() + (high[:, None] == low).sum() / 2
            pairs += len(high) * len(low)
        row = answer.rows[unit]
        assert row["held_out_auc"] == pytest.approx(above / pairs)
        assert 0 < row["held_out_low"] < row["held_out_auc"] < row["held_out_high"] < 1
    assert "on folds that formulas were not found on, the median AUC of 2 units is" in " ".join(answer.summary)


def test_copies_of_points_change_no_held_out_auc():
    import compexact as cx

    once, copied = (
        cx.experiment("auc", in_folds(n)[0], length=1, min_share=0, cross_validate=True, progress=False).rows
        for n in (1, 5)
    )
    for one, other in zip(once, copied):
        for name in ("held_out_auc", "held_out_low", "held_out_high"):
            assert one[name] == pytest.approx(other[name])


def test_noise_is_held_out_at_one_half(compexact, tmp_path):
    """Where found a formula has a high AUC by chance; on other inputs it has none.  And the options are those typed."""
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "noise.npz",
        concepts=rng.random((600, 60)) < 0.1,
        activations=rng.normal(size=(600, 8)),
        groups=np.arange(600),
    )
    made = compexact(
        "probe", "arrays", tmp_path / "noise.npz", "--folds", "5", "--keep-activations", "-o", tmp_path / "probe"
    )
    assert made.code == 0, made.err
    words = ("--cross-validate", "--search", "beam", "--min-share", "0.05", "--jobs", "2")
    found = asked(compexact, tmp_path / "probe", *words).values()
    assert np.mean([float(row["auc"]) for row in found]) > 0.6
    assert abs(np.mean([float(row["held_out_auc"]) for row in found]) - 0.5) < 0.06


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cross-validate",), "keeps no counts by fold of its inputs; make it again with --folds 10"),
        (("--on", "dask"), "--on"),
        (("--time-limit", "5"), "--time-limit"),
    ],
)
def test_what_auc_does_not_do_is_refused(compexact, arrays, words, said):
    ended = compexact("experiment", "auc", arrays, *words)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended.err
    assert said in ended.err


def test_a_probe_that_lacks_the_folds_of_its_activations_is_refused():
    from dataclasses import replace

    import compexact as cx
    from compexact.solver.errors import UsageError

    probe, concepts, values = in_folds()
    arrays = {name: array for name, array in probe.arrays.items() if name != "activation_folds"}
    with pytest.raises(UsageError, match="does not keep the fold of each activation, as it is an older one"):
        cx.experiment("auc", replace(probe, arrays=arrays), cross_validate=True, progress=False)
    one = cx.probe_arrays(concepts, activations=values, groups=np.zeros(len(values), dtype=int), folds=4)
    with pytest.raises(UsageError, match="all activations of the probe are of one fold"):
        cx.experiment("auc", one, cross_validate=True, progress=False)
