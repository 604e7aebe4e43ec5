"""`compexact verify --time-limit`: what is not checked in time is neither confirmed nor rejected."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def run(compexact, npz, tmp_path):
    """Two certificates by sets."""
    assert compexact("explain", npz, "--engine", "exact", "--units", "u1,u2", "-o", tmp_path / "run").code == 0
    return tmp_path / "run"


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_what_is_not_checked_in_time_is_exit_code_4(compexact, run):
    ended = compexact("verify", run, "--time-limit", "1e-9")
    assert ended.code == 4
    assert [line["verdict"] for line in lines(ended.out)] == ["unchecked"] * 2
    assert [line["reason"] for line in lines(ended.out)] == ["not checked within 1e-09 s"] * 2
    assert all(line["iou"] is line["bound"] is None for line in lines(ended.out))
    assert "compexact: 2 of 2 units could not be checked; their lines say why" in ended.err
    in_time = compexact("verify", run, "--time-limit", 60)
    assert (in_time.code, in_time.err) == (0, "")
    assert [line["verdict"] for line in lines(in_time.out)] == ["confirmed"] * 2


def test_a_rejected_certificate_among_unchecked_ones_is_exit_code_5(compexact, run):
    file = run / "certificates/0.json"
    file.write_text(file.read_text().replace('"max_length":3', '"max_length":2'))
    ended = compexact("verify", run, "--time-limit", "1e-9")
    assert ended.code == 5
    assert [line["verdict"] for line in lines(ended.out)] == ["rejected", "unchecked"]
    assert "1 of 2 units could not be checked" in ended.err
    assert "1 of 2 units are rejected" in ended.err


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf", "soon"])
def test_a_time_limit_that_is_none_is_refused(compexact, run, limit):
    ended = compexact("verify", run, "--time-limit", limit)
    assert (ended.code, ended.out) == (2, "")
    assert limit in ended.err


def test_a_file_too_large_to_be_a_certificate_is_rejected_without_being_read_in_full(compexact, run):
    with (run / "certificates/0.json").open("r+b") as file:
        file.truncate(1 << 34)
    ended = compexact("verify", run)
    assert ended.code == 5
    assert lines(ended.out)[0]["reason"] == "67,108,865 bytes; at most 67,108,864 are read"
