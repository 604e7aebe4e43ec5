"""Errors that do not count alike, on the command line: explained, audited, verified, shown, and refused in one line."""

import json
import re

import numpy as np
import pytest

from compexact.experiments.report.text import ratio

WEIGHTS = ("--fp-weight", "2", "--fn-weight", "0.5")


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def run(compexact, npz, tmp_path):
    assert compexact("explain", npz, "--engine", "exact", *WEIGHTS, "-o", tmp_path / "run").code == 0
    return tmp_path / "run"


def test_a_line_says_what_its_bound_is_of(compexact, npz):
    printed = lines(compexact("explain", npz, "--engine", "exact", *WEIGHTS, "--units", "u1").out)[0]
    formula_only = printed["union"] - unit_points(npz, 1)
    missed = unit_points(npz, 1) - printed["intersection"]
    errors = 2 * formula_only + missed / 2
    assert printed["score"] == pytest.approx(printed["intersection"] / (printed["intersection"] + errors))
    assert printed["bound"] >= printed["score"] != printed["iou"]
    assert (printed["metric"], printed["fp_weight"], printed["fn_weight"]) == ("tversky", "2", "1/2")
    table = compexact("explain", npz, *WEIGHTS, "--format", "table").out.splitlines()[0].split()
    assert table[:3] == ["unit", "score", "iou"]


def unit_points(npz, column):
    return int(np.load(npz)["neurons"][:, column].sum())


def test_a_run_and_its_certificates_are_verified_by_the_weights_of_the_run(compexact, npz, run):
    verified = compexact("verify", run)
    assert verified.code == 0, verified.err
    assert [line["verdict"] for line in lines(verified.out)] == ["confirmed"] * 4
    certificate = run / "certificates/1.json"
    alone = compexact("verify", certificate, "--probe", npz, *WEIGHTS)
    assert alone.code == 0
    assert lines(alone.out)[0]["score"] == lines(verified.out)[1]["score"]
    assert compexact("verify", certificate, "--probe", npz).code == 5
    assert compexact("verify", certificate, "--probe", npz, "--fp-weight", "3").code == 5
    said = compexact("verify", run, "--fp-weight", "2")
    assert (said.code, "says its weights itself" in said.err) == (2, True)


def test_a_beam_s_answers_are_recounted_with_their_scores(compexact, npz, tmp_path):
    kept = lines(compexact("explain", npz, *WEIGHTS, "-o", tmp_path / "run").out)
    ended = compexact("verify", tmp_path / "run")
    assert (ended.code, "has no certificate" in ended.err) == (2, True)
    assert [(line["verdict"], line["score"]) for line in lines(ended.out)] == [
        ("recounted", line["score"]) for line in kept
    ]


def test_the_same_command_goes_on_and_another_is_refused(compexact, npz, run):
    again = compexact("explain", npz, "--engine", "exact", "--fp-weight", "2.0", "--fn-weight", "1/2", "-o", run)
    assert again.code == 0
    for other in ((), ("--fp-weight", "2")):
        ended = compexact("explain", npz, "--engine", "exact", *other, "-o", run)
        assert ended.code == 2
        assert "fn_weight '1/2' there, '1' now" in ended.err


def test_an_audit_is_of_the_score(compexact, npz, tmp_path):
    ended = compexact("audit", npz, *WEIGHTS, "--lengths", "1-2", "--beam-size", "1,3", "-o", tmp_path / "audit")
    assert ended.code == 0, ended.err
    for line in lines(ended.out):
        if line["exact"]["status"] == "degenerate":
            continue
        assert line["beam_gap"] == pytest.approx(line["exact"]["bound"] - line["beam"]["score"], abs=1e-12)
        assert {"beam_score", "exact_score", "local_score"} < set(line["grid"][0])
    assert "mean beam score" in ended.err
    assert compexact("verify", tmp_path / "audit").code == 0
    assert compexact("report", tmp_path / "audit", "-o", tmp_path / "site").code == 0
    assert "Mean Tversky score, beam" in (tmp_path / "site/audit.html").read_text()


def test_the_pages_name_the_score_and_what_errors_count(compexact, run, tmp_path):
    assert compexact("report", run, "-o", tmp_path / "site").code == 0
    index = (tmp_path / "site/index.html").read_text()
    page = (tmp_path / "site/units/1.html").read_text()
    told = "Tversky score, false positives count 2, false negatives count 1/2"
    assert told in index
    assert told in page
    assert "mean Tversky score" in index
    line = lines((run / "units.jsonl").read_text())[1]
    shown = re.sub(r"<abbr[^>]*>|</abbr>", "", page)
    assert f"<dt>Tversky score</dt><dd>{ratio(line['score'])}</dd>" in shown
    assert f"<dt>IoU</dt><dd>{ratio(line['iou'])}</dd>" in shown
    assert "has a higher IoU" not in index + page
    assert "would be rejected" not in page


def test_what_lies_there_is_summed_up_with_its_score(compexact, run):
    said = lines(compexact("ls", run).out)[0]
    assert said["settings"]["fp_weight"] == "2"
    assert said["mean_score"] != said["mean_iou"]


def test_a_formula_is_scored_by_hand(compexact, npz):
    (plain,) = lines(compexact("score", npz, "--unit", "u1", "c0").out)
    (weighed,) = lines(compexact("score", npz, "--unit", "u1", "c0", "--fp-weight", "0.5", "--fn-weight", "0.5").out)
    assert "tversky" not in plain
    assert weighed == plain | {"tversky": plain["f1"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "--fp-weight", "0"), "--fp-weight takes a number above 0, such as 2, 0.5 or 1/3, not '0'"),
        (("explain", "--fn-weight", "half"), "--fn-weight takes a number above 0"),
        (("explain", "--fp-weight", "2", "--metric", "f1"), "--metric does not go with --fp-weight and --fn-weight"),
        (("explain", "--fp-weight", "2", "--penalty", "0.9"), "--penalty does not go with"),
        (("explain", "--fp-weight", "2", "--compat", "vision"), "--compat"),
        (("explain", "--fp-weight", "2", "--engine", "cpsat", "--sample", "20"), "--sample does not go with"),
        (("audit", "--fp-weight", "2", "--engine", "cpsat", "--sample", "20"), "--sample does not go with"),
        (
            ("explain", "--fp-weight", "1/99999999999999999", "--jobs", "2"),
            "are too fine for 200 points: counts are exact",
        ),
        (("audit", "--fp-weight", "1/99999999999999999"), "are too fine for 200 points: counts are exact"),
        (("score", "c0", "--fp-weight", "-1"), "--fp-weight takes a number above 0"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(compexact, npz, words, said):
    ended = compexact(words[0], npz, *words[1:])
    assert ended.code == 2
    assert said in ended.err
    assert len(ended.err.strip().splitlines()) == 1
