import importlib.metadata
import json
import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pandas
import pytest
import scipy.sparse
import torch

import compexact as cx
from compexact.experiments.run.reading import read_run
from compexact.solver.arrays import from_arrays

NAMES = ["water", "river", "blue", "sky", "dog", "cat"]


def random_arrays(seed=0, rows=400):
    """bool (rows, 6) concepts, and (rows, 3) units: two with a formula, one of chance."""
    rng = np.random.default_rng(seed)
    concepts = rng.random((rows, len(NAMES))) < 0.4
    units = [concepts[:, 0] | (concepts[:, 1] & ~concepts[:, 2]), concepts[:, 3], rng.random(rows) < 0.3]
    return concepts, np.stack(units, axis=1)


CONCEPTS, UNITS = random_arrays()


@pytest.fixture(scope="module")
def probe():
    return cx.probe(CONCEPTS, UNITS, concept_names=NAMES)


@pytest.fixture(scope="module")
def run(probe):
    return cx.explain(probe, length=3, progress=False)


@pytest.fixture(scope="module")
def proof(probe):
    return cx.explain(probe, engine="exact", length=3, progress=False)


KINDS = {
    "numpy": lambda array: array,
    "integers": lambda array: array.astype(np.uint8),
    "lists": lambda array: array.tolist(),
    "csr": scipy.sparse.csr_array,
    "csc": scipy.sparse.csc_array,
    "coo matrix": lambda array: scipy.sparse.coo_matrix(array.astype(int)),
    "torch": torch.tensor,
    "torch, sparse": lambda array: torch.tensor(array).to_sparse(),
    "torch, csr": lambda array: torch.tensor(array).to_sparse_csr(),
    "pandas": pandas.DataFrame,
    "pandas, nullable": lambda array: pandas.DataFrame(array).astype("boolean"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_array_gives_the_cells_of_the_arrays_themselves(kind):
    made = cx.probe(KINDS[kind](CONCEPTS), KINDS[kind](UNITS), concept_names=NAMES)
    expected = from_arrays(CONCEPTS, UNITS, concept_names=NAMES)
    assert made.digest == cx.Probe(expected, {}).digest
    assert made.cells.n_points == len(CONCEPTS)


@pytest.mark.parametrize("kind", ["numpy", "csr", "torch", "pandas"])
def test_counted_rows_are_the_rows_themselves(kind):
    rows, row_of = np.unique(CONCEPTS, axis=0, return_inverse=True)
    active = np.zeros((len(rows), UNITS.shape[1]), dtype=np.int64)
    np.add.at(active, row_of.ravel(), UNITS)
    wrap = KINDS[kind]
    made = cx.probe(wrap(rows), weights=np.bincount(row_of.ravel()), active=wrap(active), concept_names=NAMES)
    assert made.digest == cx.probe(CONCEPTS, UNITS, concept_names=NAMES).digest


def test_columns_of_a_frame_are_the_names_of_concepts_and_units():
    units = pandas.DataFrame(UNITS, columns=["u_a", "u_b", "u_c"])
    made = cx.probe(pandas.DataFrame(CONCEPTS, columns=NAMES), units)
    assert made.cells.concepts.names == tuple(NAMES)
    assert made.cells.unit_names == ("u_a", "u_b", "u_c")
    run = cx.explain(made, length=1, progress=False)
    assert run["u_b"].formula == run[1].formula, "a number is the unit's place where names are no numbers"


def test_one_unit_may_be_a_series_or_a_list_of_its_points():
    assert cx.probe(CONCEPTS, pandas.Series(UNITS[:, 1], name="sky unit")).cells.unit_names == ("sky unit",)
    assert cx.probe(CONCEPTS, UNITS[:, 1]).digest == cx.probe(CONCEPTS, UNITS[:, [1]]).digest


def test_a_file_of_arrays_and_a_probe_on_disk_are_opened_by_their_paths(tmp_path, probe):
    np.savez(tmp_path / "a.npz", concepts=CONCEPTS, neurons=UNITS, concept_names=NAMES)
    assert cx.probe(str(tmp_path / "a.npz")).digest == probe.digest
    kept = probe.save(str(tmp_path / "probe"))
    assert kept.path is not None
    assert cx.open_probe(str(tmp_path / "probe")).digest == probe.digest
    run = cx.explain(str(tmp_path / "probe"), units="0", length=1, progress=False)
    assert run.units == ["0"]


def test_a_run_answers_by_name_number_and_iteration(run):
    assert run["0"].formula == run[0].formula
    assert str(run[1].formula) == "sky"
    assert run[1].iou == Fraction(1)
    assert [answer.unit for answer in run] == run.units == ["0", "1", "2"]
    with pytest.raises(cx.UsageError, match="there are 3, from '0' to '2'"):
        run[3]


def test_a_subset_of_units_is_named_in_many_ways(probe):
    for units in ([0, 2], range(0, 3, 2), "0,2", ["0", 2], np.array([0, 2]), (np.int64(0), "2")):
        assert cx.explain(probe, units=units, length=1, progress=False).units == ["0", "2"]
    assert cx.explain(probe, units=1, length=1, progress=False).units == ["1"]


def test_a_number_never_means_another_unit_where_names_are_numbers():
    made = cx.probe(CONCEPTS, UNITS, unit_names=["5", "7", "0"])
    run = cx.explain(made, units=[0], length=1, progress=False)
    assert run.units == ["0"], "the unit named 0, not the first"
    with pytest.raises(cx.UsageError, match="there is no unit 1"):
        cx.explain(made, units=[1], progress=False)


def test_the_frame_has_a_row_for_each_unit(run):
    frame = run.to_pandas().sort_values("iou")
    assert list(frame["unit"])[-1] == "1"
    assert {"unit", "iou", "bound", "gap", "ceiling", "formula"} <= set(frame.columns)


def test_without_pandas_to_pandas_says_how_to_get_it():
    code = (
        "import sys; sys.modules['pandas'] = None\n"
        "import compexact as cx\n"
        "run = cx.explain(cx.probe([[1, 0], [0, 1]], [[1], [0]]), length=1, progress=False)\n"
        "try: run.to_pandas()\n"
        "except cx.UsageError as error: print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "to_pandas needs pandas, which is not installed: pip install pandas"


def test_a_proof_in_memory_is_verified_and_drawn(proof):
    verdicts = proof.verify()
    assert verdicts.all_confirmed
    assert verdicts.counts == {"confirmed": 3}
    assert proof.plot_gap()._repr_png_().startswith(b"\x89PNG")


def test_verify_refuses_an_answer_in_memory_that_is_not_so(probe, proof):
    wrong = {**proof.records["2"], "formula": "dog", "length": 1}
    told = type(proof)(probe, proof.header, {**proof.records, "2": wrong}, proof.certificates)
    with pytest.raises((cx.DisagreementError, cx.DataError), match="2"):
        told.verify()


def test_a_saved_run_is_one_that_the_command_line_reads_verifies_and_goes_on_with(tmp_path, proof, compexact):
    kept = proof.save(tmp_path / "proof")
    assert {name: row["formula"] for name, row in kept.records.items()} == {
        name: row["formula"] for name, row in proof.records.items()
    }
    assert compexact("verify", tmp_path / "proof").code == 0
    assert compexact("report", tmp_path / "proof", "-o", tmp_path / "site").code == 0
    again = compexact("explain", tmp_path / "proof/probe", "--engine", "exact", "-o", tmp_path / "proof")
    assert again.code == 0, again.err
    assert [json.loads(line)["unit"] for line in again.out.splitlines()] == ["0", "1", "2"]
    assert cx.open_run(str(tmp_path / "proof")).verify().all_confirmed
    with pytest.raises(cx.UsageError, match="exists already"):
        proof.save(tmp_path / "proof")
    assert proof.save(tmp_path / "proof", force=True).is_finished


def test_a_run_that_is_moved_takes_its_probe_along(tmp_path, run):
    run.save(tmp_path / "here")
    os.rename(tmp_path / "here", tmp_path / "there")
    assert cx.open_run(tmp_path / "there")["1"].iou == 1


def test_python_and_the_command_line_give_the_same_run(tmp_path, probe, compexact):
    probe.save(tmp_path / "probe")
    compexact("explain", tmp_path / "probe", "--length", 2, "--beam-size", 5, "-o", tmp_path / "cli")
    mine = cx.explain(tmp_path / "probe", length=2, beam_size=5, output=tmp_path / "py", progress=False)
    theirs = read_run(tmp_path / "cli")
    assert mine.path == tmp_path / "py"
    for name, row in mine.records.items():
        left_out = ("seconds", "digest")
        assert {k: v for k, v in row.items() if k not in left_out} == {
            k: v for k, v in theirs.records[name].items() if k not in left_out
        }


def test_an_audit_tells_how_often_the_beam_misses(probe, tmp_path):
    audit = cx.audit(probe, length=[2, 3], beam_size=[1, 10], progress=False)
    assert [(row["max_length"], row["beam_size"]) for row in audit.summary()] == [(2, 1), (2, 10), (3, 1), (3, 10)]
    assert "misses the optimum on 1 of 3 units" in repr(audit)
    assert audit.plot()._repr_png_().startswith(b"\x89PNG")
    assert str(audit[0].formula) == "(river AND NOT blue) OR water"
    kept = audit.save(tmp_path / "audit")
    assert kept.summary() == audit.summary()


def test_one_site_shows_runs_in_memory_and_on_disk(tmp_path, run, proof):
    index = cx.report([run, proof.save(tmp_path / "proof"), str(tmp_path / "proof")], str(tmp_path / "site"))
    assert index == tmp_path / "site/index.html"
    assert sorted(place.name for place in (tmp_path / "site/runs").iterdir()) == ["1", "2", "3"]


def test_a_formula_is_scored_on_every_unit(probe):
    scores = cx.score(probe, "water OR river")
    assert [row["unit"] for row in scores] == ["0", "1", "2"]
    assert scores.to_pandas()["iou"].iloc[0] == pytest.approx(
        np.logical_and(UNITS[:, 0], CONCEPTS[:, :2].any(1)).sum()
        / np.logical_or(UNITS[:, 0], CONCEPTS[:, :2].any(1)).sum()
    )


def test_two_processes_find_what_one_finds(probe, run):
    both = cx.explain(probe, length=3, jobs=2, progress=False)
    assert both.to_pandas()["formula"].tolist() == run.to_pandas()["formula"].tolist()


def test_what_notebooks_show_is_short_and_escaped(probe, run, proof):
    made = cx.probe(CONCEPTS, np.repeat(UNITS, 100, axis=1), concept_names=["<b>", *NAMES[1:]])
    many = cx.explain(made, length=1, progress=False)
    audit = cx.audit(probe, length=2, progress=False)
    for shown in (probe, probe.cells, run, run[0], proof.verify(), audit, many, cx.score(made, "river"), many[0]):
        html = shown._repr_html_()
        assert html.count("<tr>") < 20
        assert len(html) < 20_000
        assert "<b>" not in html
    assert "&lt;b&gt;" in many._repr_html_() + many[0]._repr_html_()
    assert "and 288 more" in many._repr_html_()


def test_show_prints_formula_and_iou_by_length(run, capsys):
    run[0].show()
    printed = capsys.readouterr().out
    assert "unit 0: water OR river   IoU 0.8" in printed
    assert "length  iou     formula" in printed


def test_a_shard_of_the_units_is_done_alone(probe):
    assert cx.explain(probe, length=1, shard="2/3", progress=False).units == ["1"]
    assert cx.explain(probe, length=1, shard=(3, 3), progress=False).units == ["2"]


def test_a_question_is_asked_of_a_probe_or_of_runs(probe, run, tmp_path):
    answer = cx.experiment(
        "length", probe, lengths="1-2", proven=(), local=False, units=[0, 2], output=tmp_path / "answer", progress=False
    )
    assert [row["max_length"] for row in answer.rows] == [1, 2]
    assert answer.rows[0]["units"] == 2
    assert (tmp_path / "answer/answer.json").is_file()
    assert answer._repr_html_().count("<tr>") < 20
    assert cx.experiment("uniqueness", run, progress=False).rows, "a run stands for its probe, too"
    other = cx.explain(probe, length=1, progress=False)
    compared = cx.experiment("compare", run, other, progress=False)
    assert {row["unit"] for row in compared.rows} == set(run.units)
    with pytest.raises(cx.UsageError, match="is a run, not a Probe"):
        cx.experiment("compare", run, probe, progress=False)
    with pytest.raises(cx.UsageError, match="no question is named 'lenght'; did you mean 'length'"):
        cx.experiment("lenght", probe)
    with pytest.raises(cx.UsageError, match="takes no 'beam'"):
        cx.experiment("length", probe, beam=3)


def test_the_version_is_that_of_the_package():
    assert cx.__version__ == importlib.metadata.version("compexact")
    assert "experiment" in dir(cx)
    with pytest.raises(AttributeError):
        _ = cx.explane


def test_the_command_says_its_version(compexact):
    assert compexact("--version").out == f"compexact {cx.__version__}\n"


def test_a_trace_is_written_as_the_command_line_writes_it(tmp_path):
    probe = cx.probe(np.eye(4, dtype=int), np.array([[1, 1, 0, 0]]).T)
    cx.explain(probe, engine="exact", length=2, trace=str(tmp_path / "trace.jsonl"), progress=False)
    lines = [json.loads(line) for line in (tmp_path / "trace.jsonl").read_text().splitlines()]
    assert [lines[0]["status"], lines[-1]["status"], lines[-1]["iou"]] == ["searching", "optimal", 1.0]
    with pytest.raises(cx.UsageError, match="exists already"):
        cx.explain(probe, trace=tmp_path / "trace.jsonl", progress=False)


def test_where_errors_are_weighed_nothing_sets_a_bound_of_the_score_beside_the_iou_alone():
    concepts, neurons = random_arrays()
    probe = cx.probe(concepts, neurons, concept_names=NAMES)
    run = cx.explain(probe, engine="exact", length=2, fp_weight="2", progress=False)
    shown = [run, run[2], run.verify(), cx.score(probe, "water", fp_weight="2")]
    assert all("score" in repr(each) or "tversky" in repr(each) for each in shown)
    assert "no formula of this space and length has a higher Tversky score" in repr(run[2])
    assert run.plot_gap().axes[0].get_ylabel() == "Tversky score"
    assert float(run[2].bound) == pytest.approx(run.records["2"]["score"])
    counted = cx.score(probe, run[2].formula, units=2, fp_weight="2").rows[0]
    assert counted["tversky"] == run.records["2"]["score"]
    audit = cx.audit(probe, length=2, fp_weight="2", progress=False)
    assert "exact score" in repr(audit)
    assert "exact_score" in audit.rows()[0]
    with pytest.raises(cx.UsageError, match="fp_wait"):
        cx.score(probe, "water", fp_wait="2")


def test_rows_of_one_group_are_in_one_fold_and_folds_need_groups():
    rng = np.random.default_rng(0)
    concepts, neurons = rng.random((60, 3)) < 0.5, rng.random((60, 2)) < 0.5
    groups = np.repeat(np.arange(15), 4)
    probe = cx.probe_arrays(concepts, neurons, groups=groups, folds=3)
    assert [int(probe.inputs.folds.weights(fold).sum()) % 4 for fold in range(3)] == [0, 0, 0]
    assert probe.about["settings"]["folds"] == 3
    run = cx.explain(probe, length="auto:2", progress=False)
    assert run.settings["length_choice"]["chosen"] == run.settings["max_length"]
    with pytest.raises(cx.UsageError, match="groups go with folds"):
        cx.probe_arrays(concepts, neurons, groups=groups)
    with pytest.raises(cx.UsageError, match="which rows are of one input"):
        cx.probe_arrays(concepts, neurons, folds=3)
