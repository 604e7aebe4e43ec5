"""Runs on full disks, with lines and headers that somebody has edited, and with what a crash leaves."""

import json
import resource
import subprocess
import sys
from contextlib import contextmanager

import numpy as np
import pytest

from compexact.experiments.run.schema import sealed


@contextmanager
def disk_with_room_for(size):
    """Files cannot grow beyond `size` bytes, as on a disk that gets full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def without_seconds(out):
    return [{key: value for key, value in json.loads(line).items() if key != "seconds"} for line in out.splitlines()]


@pytest.mark.parametrize("size", [100, 1000, 1500])
def test_a_full_disk_is_one_line_and_the_same_command_goes_on_later(compexact, npz, tmp_path, size):
    expected = compexact("explain", npz)  # compiles what is to be kept outside of the run, too
    with disk_with_room_for(size):
        ended = compexact("explain", npz, "-o", tmp_path / "run")
    assert ended.code == 3
    message = ended.err.splitlines()[-1]
    said = (" cannot be ", "/run.json could not be ")
    assert message.startswith(tuple(f"compexact: {tmp_path}/run{what}" for what in said))
    assert "File too large" in message
    assert "Traceback" not in ended.err
    again = compexact("explain", npz, "-o", tmp_path / "run")
    assert again.code == 0
    assert without_seconds(again.out) == without_seconds(expected.out)


@pytest.mark.parametrize("form", ["jsonl", "table"])
def test_a_full_stdout_is_one_line(npz, form):
    words = [sys.executable, "-m", "compexact.experiments", "ls", str(npz), "--units", "--format", form]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("compexact: ")
    assert "No space left" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


EXPECTED = {
    "certificate": "should be a valid string",
    "iou": "should be a valid number",
    "exact": "is not known",
    "max_length": "is missing",
    "status": "should be 'optimal', 'bounded', 'feasible', 'degenerate' or 'failed'",
    "bound_fraction": "a fraction's denominator is above 0",
}


@pytest.mark.parametrize(
    "change",
    [
        {"certificate": 5},
        {"certificate": "../../../etc/passwd"},
        {"iou": "0.5"},
        {"exact": {}},
        {"max_length": ...},
        {"status": "great"},
        {"bound_fraction": [1, 0]},
        "[" * 100_000,
        '{"unit": "u0", "unit": "u0"}',
        '{"unit": "u0", "iou": NaN}',
        "",
        b'{"unit": "u\xff"}',
    ],
    ids=lambda change: str(change)[:40],
)
@pytest.mark.parametrize("command", ["ls", "verify", "explain", "report"])
def test_a_line_that_no_run_has_is_damaged(compexact, npz, tmp_path, change, command):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "exact", "-o", run)
    first, *others = (run / "units.jsonl").read_bytes().splitlines()
    if isinstance(change, dict):
        changed = {key: value for key, value in (json.loads(first) | change).items() if value is not ...}
        first = json.dumps(sealed(changed))
    else:
        first = change
    first = first.encode() if isinstance(first, str) else first
    (run / "units.jsonl").write_bytes(b"\n".join([first, *others, b""]))
    ended = compexact(*words_of(command, npz, run))
    assert ended.code == 3
    message = ended.err.splitlines()[-1]
    assert message.startswith(f"compexact: {run / 'units.jsonl'}, line 1 is damaged: ")
    assert message.endswith("; delete that line and run again")
    if isinstance(change, dict):
        (field,) = change
        assert f"the field {field!r}" in message
        assert change[field] == "../../../etc/passwd" or EXPECTED[field] in message
    assert not (tmp_path / "site").exists()


def words_of(command, npz, run):
    return {
        "explain": ("explain", npz, "--engine", "exact", "-o", run),
        "report": ("report", run, "-o", run.parent / "site"),
    }.get(command, (command, run))


@pytest.mark.parametrize("what", ["line twice", "unit not asked for"])
@pytest.mark.parametrize("command", ["ls", "verify", "explain", "report"])
def test_a_line_too_many_is_damage(compexact, npz, tmp_path, what, command, edited):
    run, file = tmp_path / "run", tmp_path / "run/units.jsonl"
    compexact("explain", npz, "--engine", "exact", "-o", run)
    if what == "line twice":
        file.write_text(file.read_text() + file.read_text().splitlines()[1] + "\n")
        said = ", line 5 is damaged: unit 'u1' has a line already; "
    else:
        edited(file, "u2", lambda record: record.update(unit="u9"))
        said = ", line 3 is damaged: run.json does not ask for unit 'u9'; "
    ended = compexact(*words_of(command, npz, run))
    assert (ended.code, said in ended.err) == (3, True)


@pytest.mark.parametrize("command", ["ls", "explain", "report"])
@pytest.mark.parametrize("file", ["run.json", "units.jsonl"])
def test_a_flipped_digit_is_noticed_by_whatever_reads(compexact, npz, tmp_path, command, file):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "exact", "-o", run)
    text = (run / file).read_text()
    before, after = {"run.json": ('"seed": 0', '"seed": 1'), "units.jsonl": ('"seconds": 0', '"seconds": 1')}[file]
    assert before in text
    (run / file).write_text(text.replace(before, after))
    ended = compexact(*words_of(command, npz, run))
    assert ended.code == 3
    assert "its digest is not that of its content" in ended.err
    verified = compexact("verify", run)
    assert verified.code == (3 if file == "run.json" else 5)


def test_a_run_of_an_earlier_version_opens_and_is_said_to_have_no_digests(compexact, npz, tmp_path):
    run, words = tmp_path / "run", ("explain", npz, "--engine", "exact", "-o", tmp_path / "run")
    first = compexact(*words)
    for file in (run / "run.json", run / "units.jsonl"):
        texts = [file.read_text()] if file.name == "run.json" else file.read_text().splitlines()
        olds = [{k: v for k, v in json.loads(text).items() if not k.endswith("digest")} for text in texts]
        file.write_text("".join(json.dumps(old) + "\n" for old in olds))
    said = f"compexact: {run} has no digests: an earlier version made it, so damage may pass"
    for command in ("ls", "verify"):
        ended = compexact(command, run)
        assert (ended.code, ended.err.splitlines()) == (0, [said])
    again = compexact(*words)
    assert (again.code, again.out) == (0, first.out)
    assert compexact("report", run, "-o", tmp_path / "site").code == 0


HEADER_CHANGES = [
    ({"settings": {}}, "the field 'settings.engine' is missing"),
    ({"units": [1]}, "the field 'units.0': should be a valid string"),
    ({"units": [["u0"]]}, "the field 'units.0': should be a valid string"),
    ({"units": ["u0", "u0"]}, "the field 'units': a unit is named twice"),
    ({"probe": {"path": 5, "digest": "0" * 64}}, "the field 'probe.path': should be a valid string"),
    ({"probe": {"path": "x", "digest": ""}}, "the field 'probe.digest'"),
    ({"command": None}, "the field 'command': should be explain or audit"),
    ({"command": "audit"}, "the field 'settings.lengths' is missing"),
    ({"more": 1}, "the field 'more' is not known"),
    ({"units": []}, "its digest is not that of its content"),
]


@pytest.mark.parametrize(("change", "why"), HEADER_CHANGES, ids=lambda each: str(each)[:50])
@pytest.mark.parametrize("command", ["ls", "verify", "report", "explain"])
def test_a_header_that_no_run_has_is_refused(compexact, npz, tmp_path, change, why, command):
    run = tmp_path / "run"
    compexact("explain", npz, "--engine", "exact", "-o", run)
    header = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(header | change))
    ended = compexact(*words_of(command, npz, run))
    assert ended.code == 3
    message = ended.err.splitlines()[-1]
    assert message.startswith(f"compexact: {run / 'run.json'} does not describe a run: {why}")
    assert message.endswith("; make the run again elsewhere")


@pytest.mark.parametrize("text", ["[" * 1_000_000, "\xff", '{"format": "compexact run"', "5"])
def test_a_header_that_is_no_json_is_refused(compexact, npz, tmp_path, text):
    run = tmp_path / "run"
    compexact("explain", npz, "-o", run)
    (run / "run.json").write_bytes(text.encode("latin-1"))
    for command in ("ls", "verify", "report", "explain"):
        ended = compexact(*words_of(command, npz, run))
        assert ended.code == 3
        assert f"{run / 'run.json'} does not describe a run" in ended.err.splitlines()[-1]


def test_the_bound_of_verify_is_rounded_up_as_that_of_the_line(compexact, tmp_path):
    np.savez(tmp_path / "tenths.npz", concepts=np.ones((10, 1), bool), neurons=np.arange(10)[:, None] < 3)
    line = json.loads(compexact("explain", tmp_path / "tenths.npz", "--engine", "exact", "-o", tmp_path / "run").out)
    verdict = json.loads(compexact("verify", tmp_path / "run").out)
    assert (line["iou"], line["bound"]) == (0.3, 0.30000000000000004)
    assert (verdict["iou"], verdict["bound"]) == (0.3, 0.30000000000000004)


def test_a_file_in_place_of_a_run_is_said_to_be_none(compexact, npz, tmp_path):
    ended = compexact("report", npz, "-o", tmp_path / "site")
    assert (ended.code, ended.err) == (3, f"compexact: {npz} is not a run: it has no run.json\n")
