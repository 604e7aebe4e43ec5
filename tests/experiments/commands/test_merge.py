"""`--shard` and `merge` on the command line."""

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from compexact.experiments.run.schema import digest_of

ORDER = random.Random(0)
TIMES = {"seconds", "beam_seconds", "exact_seconds", "local_seconds", "trace", "digest"}


def without_times(value):
    if isinstance(value, dict):
        return {key: without_times(inner) for key, inner in value.items() if key not in TIMES}
    return [without_times(inner) for inner in value] if isinstance(value, list) else value


def lines(run: Path):
    return [json.loads(line) for line in (run / "units.jsonl").read_text().splitlines()]


def assert_same_run(run: Path, other: Path):
    assert (run / "run.json").read_bytes() == (other / "run.json").read_bytes()
    assert without_times(lines(run)) == without_times(lines(other))
    assert [list(line) for line in lines(run)] == [list(line) for line in lines(other)]
    certificates = [{file.name: file.read_bytes() for file in (run / "certificates").glob("*")} for run in (run, other)]
    assert certificates[0] == certificates[1]


def shards(compexact, folder, command, *words, n):
    """The folders of all shards, shuffled."""
    folders = [folder / f"{n}-{number}" for number in range(1, n + 1)]
    for number, place in enumerate(folders, start=1):
        assert compexact(*command, *words, "--shard", f"{number}/{n}", "-o", place).code == 0
    ORDER.shuffle(folders)
    return folders


@pytest.mark.parametrize("n", [1, 3, pytest.param(40, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "command", [("explain", "--engine", "exact"), ("explain", "--length", "2"), ("audit", "--lengths", "1-2")]
)
def test_a_run_of_shards_is_that_of_one_command(compexact, npz, tmp_path, command, n):
    name, *options = command
    compexact(name, npz, *options, "-o", tmp_path / "whole")
    folders = shards(compexact, tmp_path / "runs", (name, npz), *options, n=n)
    ended = compexact("merge", *folders, "-o", tmp_path / "merged")
    assert (ended.code, ended.out) == (0, f"4 units in {tmp_path / 'merged'}\n")
    assert_same_run(tmp_path / "merged", tmp_path / "whole")
    assert (tmp_path / "merged" / "audit.svg").exists() == (name == "audit")
    if "exact" in command:
        assert compexact("verify", tmp_path / "merged").code == 0
    assert (
        json.loads(compexact("ls", tmp_path / "merged").out).keys()
        == json.loads(compexact("ls", tmp_path / "whole").out).keys()
    )


def test_a_merged_run_is_gone_on_with_and_reported_as_any_other(compexact, npz, tmp_path):
    folders = shards(compexact, tmp_path / "runs", ("explain", npz), n=3)
    run = tmp_path / "run"
    compexact("merge", *folders, "-o", run)
    before = (run / "units.jsonl").read_bytes()
    assert compexact("explain", npz, "-o", run).code == 0
    assert (run / "units.jsonl").read_bytes() == before
    assert compexact("report", run, "-o", tmp_path / "site").code == 0


def test_a_shard_of_chosen_units_says_which_it_is_and_is_no_other(compexact, npz, tmp_path):
    place = tmp_path / "shard"
    compexact("explain", npz, "--units", "u0,u1,u2", "--shard", "2/2", "-o", place)
    assert [line["unit"] for line in lines(place)] == ["u1", "u2"]
    said = json.loads(compexact("ls", place).out)
    assert (said["shard"], said["units_asked"]) == ("2/2", 2)
    ended = compexact("explain", npz, "--units", "u1,u2", "-o", place)
    assert ended.code == 2
    assert "shard 2/2 there, none now" in ended.err


def test_runs_that_are_not_shards_of_one_are_refused(compexact, npz, tmp_path):
    one, two = sorted(shards(compexact, tmp_path / "runs", ("explain", npz), n=2))
    compexact("explain", npz, "-o", tmp_path / "whole")
    other = tmp_path / "other"
    compexact("explain", npz, "--length", "2", "--shard", "2/2", "-o", other)
    fewer = tmp_path / "fewer"
    compexact("explain", npz, "--units", "u0-u2", "--units", "u2", "--shard", "2/2", "-o", fewer)
    for parts, message in (
        ([one], "1 of 2 shards are there; make the others, too, with --shard: 2/2"),
        ([one, two, two], "shard 2/2 is there twice"),
        ([one, other], "is a shard of another run than .*: max_length 2, not 3"),
        ([one, tmp_path / "whole"], "is a whole run, not a shard of one; --shard makes shards"),
        ([one, npz], "is a run, .* is none; merge one kind"),
        ([one, tmp_path / "nowhere"], "nowhere does not exist"),
    ):
        ended = compexact("merge", *parts, "-o", tmp_path / "merged")
        assert ended.code == 2
        assert re.search(message, ended.err)
        assert ended.err.count("\n") == 1
        assert not (tmp_path / "merged").exists()


def test_a_shard_of_other_units_is_refused(compexact, npz, tmp_path):
    one, _ = sorted(shards(compexact, tmp_path / "runs", ("explain", npz), n=2))
    compexact("explain", npz, "--units", "u1,u2,u3", "--shard", "2/2", "-o", tmp_path / "other")
    ended = compexact("merge", one, tmp_path / "other", "-o", tmp_path / "merged")
    assert ended.code == 2
    assert "units, by digest" in ended.err


def test_damaged_and_unfinished_runs_are_refused(compexact, npz, tmp_path, edited):
    folders = sorted(shards(compexact, tmp_path / "runs", ("explain", npz, "--engine", "exact"), n=2))
    saved = tmp_path / "saved"
    shutil.copytree(folders[1], saved)
    edited(folders[1] / "units.jsonl", "u2", lambda line: line.update(length=2), seal=False)
    ended = compexact("merge", *folders, "-o", tmp_path / "merged")
    assert (ended.code, "line 1 is damaged: its digest" in ended.err) == (3, True)
    (saved / "certificates" / "0.json").write_text("{}")
    ended = compexact("merge", folders[0], saved, "-o", tmp_path / "merged")
    assert (ended.code, "is not the file that was kept with it" in ended.err) == (3, True)
    (saved / "units.jsonl").write_text("")
    ended = compexact("merge", folders[0], saved, "-o", tmp_path / "merged")
    assert (ended.code, "has 0 of 2 units; the command that made it goes on with it" in ended.err) == (2, True)
    assert not (tmp_path / "merged").exists()


def test_a_merge_does_not_replace_one_of_its_shards(compexact, npz, tmp_path):
    folders = shards(compexact, tmp_path / "runs", ("explain", npz), n=2)
    ended = compexact("merge", *folders, "-o", folders[0], "--force")
    assert ended.code == 2
    assert digest_of(json.loads((folders[0] / "run.json").read_text()))
    parts = shards(compexact, tmp_path / "shards", ("probe", "arrays", npz), n=2)
    assert compexact("merge", *parts, "-o", parts[0], "--force").code == 2
    assert compexact("merge", *parts, "-o", tmp_path / "probe").code == 0


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("0/40", "0/40 is no shard: the shards of 40 are from 1/40 to 40/40"),
        ("41/40", "41/40 is no shard: the shards of 40 are from 1/40 to 40/40"),
        ("1/0", "1/0 is no shard: the shards of 0 are such as 1/2"),
        ("3", "'3' is not K/N, such as 3/40: the third of forty"),
        ("-1/4", "'-1/4' is not K/N"),
    ],
)
def test_what_is_no_shard_is_answered_with_what_is_right(compexact, npz, typed, message):
    ended = compexact("explain", npz, "--shard", typed)
    assert ended.code == 2
    assert message in ended.err


def test_ls_says_what_a_shard_of_a_probe_is(compexact, npz, tmp_path):
    one, _ = sorted(shards(compexact, tmp_path / "shards", ("probe", "arrays", npz), n=2))
    said = json.loads(compexact("ls", one).out)
    assert (said["shard"], said["kind"], said["inputs"], said["inputs_of_all"]) == ("1/2", "arrays", 100, 200)
    ended = compexact("ls", one, "--units")
    assert (ended.code, "--concepts and --units list what is in a probe" in ended.err) == (2, True)


def test_training_mode_is_refused_before_anything_is_read(compexact, tmp_path):
    words = ("probe", "nli", "--model", "none", "--pairs", "none", "--mode", "train", "--shard", "1/2")
    ended = compexact(*words, "-o", tmp_path / "shard")
    assert (ended.code, "--mode train cannot be split by --shard" in ended.err) == (2, True)


def test_a_vision_probe_of_shards_is_that_of_one_command(compexact, broden, nets, tmp_path):
    command = ("probe", "vision", "--dataset", f"broden:{broden}", "--model", f"{nets}:net", "--layer", "1")
    options = ("--image-size", "12", "--quantile", "0.1", "--batch-size", "1", "--workers", "0")
    compexact(*command, *options, "-o", tmp_path / "whole")
    folders = shards(compexact, tmp_path / "shards", command, *options, n=3)
    assert compexact("merge", *folders, "-o", tmp_path / "probe").code == 0
    for file in (file for file in (tmp_path / "whole").rglob("*") if file.is_file()):
        assert (tmp_path / "probe" / file.relative_to(tmp_path / "whole")).read_bytes() == file.read_bytes(), file
