"""Nothing that a file holds moves the cursor, changes colours or turns the direction of what a terminal shows."""

import csv
import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compexact.experiments.printing import csv_cell
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.experiments.terminal import Guarded, visible
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import from_arrays

EVIL = "\x1b]0;owned\x07 \x1b[2J \x9b31m \u202egpj \u2066x \u200f \x7f \x08 caf\xe9 \U0001f600 \u2028end"
UNSAFE = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
FORMATS = ("table", "jsonl", "csv")


def edited(file: Path, change) -> None:
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content, ensure_ascii=False))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> dict[str, Path]:
    """A probe, a run and an answer whose texts, wherever they may hold any, are hostile."""
    place = tmp_path_factory.mktemp("hostile")
    rng = np.random.default_rng(0)
    cells = from_arrays(rng.random((40, 3)) < 0.4, rng.random((40, 2)) < 0.4, unit_names=["u0", "u1"])
    about = dict.fromkeys(("model", "layer", "dataset"), EVIL) | {"settings": {EVIL: EVIL}, "notes": [EVIL, "a\nb"]}
    probe = save_probe(Probe(cells, {"kind": "arrays"} | about, {"images": [EVIL]}), place / "probe")
    run = run_units(probe, ["u0", "u1"], SearchSettings(engine="exact"), place / "run").path
    answer = place / "answer"
    answer.mkdir()
    content = {"format": "compexact answer", "name": EVIL, "question": EVIL, "rows": [{EVIL: EVIL}]}
    content |= {"settings": {EVIL: EVIL}, "summary": [EVIL]}
    (answer / "answer.json").write_text(json.dumps(content, ensure_ascii=False))
    broken = place / "broken"
    shutil.copytree(run, broken)
    edited(broken / "run.json", lambda it: it["settings"].update({"engine": EVIL, EVIL: EVIL}))
    edited(run / "certificates/0.json", lambda it: it.update(unit=EVIL, proof=EVIL))
    return {
        "probe": place / "probe", "run": run, "broken": broken, "answer": answer,
        "certificate": run / "certificates/0.json", "absent": place / f"no{EVIL}thing",
    }  # fmt: skip


COMMANDS = {
    "ls probe": ("ls", "{probe}"),
    "ls concepts": ("ls", "{probe}", "--concepts"),
    "ls units": ("ls", "{probe}", "--units"),
    "ls run": ("ls", "{run}"),
    "ls edited run": ("ls", "{broken}"),
    "ls answer": ("ls", "{answer}"),
    "ls absent": ("ls", "{absent}"),
    "explain": ("explain", "{probe}", "--units", "u0"),
    "explain absent": ("explain", "{absent}"),
    "go on with an edited run": ("explain", "{probe}", "--engine", "exact", "-o", "{broken}"),
    "verify": ("verify", "{run}"),
    "verify an edited run": ("verify", "{broken}"),
    "verify a certificate": ("verify", "{certificate}", "--probe", "{probe}"),
    "score": ("score", "{probe}", "--unit", "u0", "c0"),
    "score of no formula": ("score", "{probe}", "--unit", "u0", f"c0 AND ({EVIL}"),
    "score of no unit": ("score", "{probe}", "--unit", EVIL, "c0"),
    "experiment": ("experiment", "uniqueness", "{probe}"),
    "experiment absent": ("experiment", EVIL, "{probe}"),
    "unknown option": ("ls", "{probe}", f"--{EVIL}"),
    "report": ("report", "{broken}", "-o", "{absent}", "--answers", "{answer}"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_hostile_texts_reach_no_terminal(name, hostile, compexact):
    words = [word.format(**hostile) if word.startswith("{") else word for word in COMMANDS[name]]
    for format_name in FORMATS if words[0] != "report" else (None,):
        ended = compexact(*words, *(["--format", format_name] if format_name else []))
        assert "Traceback" not in ended.err
        for text in (ended.out, ended.err):
            assert not UNSAFE.search(text), (format_name, UNSAFE.search(text), text)
        if format_name == "jsonl":
            for line in ended.out.splitlines():
                json.loads(line)
        elif format_name == "csv":
            assert len({len(row) for row in csv.reader(io.StringIO(ended.out))}) <= 1


def test_json_lines_hold_the_same_text_and_ordinary_letters_stay_as_they_are(hostile, compexact):
    printed = compexact("ls", hostile["probe"], "--format", "jsonl").out
    assert json.loads(printed)["model"] == EVIL
    assert "café 😀" in printed
    assert "\\u001b]0;owned\\u0007" in printed


def test_a_table_shows_the_escape_and_keeps_a_line_per_row(hostile, compexact):
    lines = compexact("ls", hostile["probe"], "--format", "table").out.splitlines()
    assert sum("\\u001b[2J" in line for line in lines) == 5
    assert any("a\\nb" in line for line in lines)


def test_a_file_name_cannot_forge_a_second_line_of_an_error(tmp_path, compexact):
    ended = compexact("ls", tmp_path / "x\ncompexact: all is well")
    assert len(ended.err.splitlines()) == 1


def test_a_narrow_stdout_still_gets_json(tmp_path, hostile):
    code = "from compexact.experiments.cli import main; main()"
    printed = subprocess.run(
        [sys.executable, "-c", code, "ls", hostile["probe"], "--format", "jsonl"],
        env=os.environ | {"PYTHONIOENCODING": "ascii"}, capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert json.loads(printed.decode("ascii"))["model"] == EVIL


def test_what_the_door_lets_through_has_no_way_around_it():
    written = io.StringIO()
    stream = Guarded(written)
    stream.writelines(["a\x1b", "b\r"])
    assert written.getvalue() == "a\\u001bb\\u000d"
    assert not hasattr(Guarded(io.TextIOWrapper(io.BytesIO())), "buffer")
    assert visible("tab\tline\nnew") == "tab\tline\nnew"
    assert visible("\r\x1b") == "\\u000d\\u001b"


@pytest.mark.parametrize("start", list("=+-@|\t\r"))
def test_a_spreadsheet_runs_no_cell(start):
    assert csv_cell(start + "cmd") == "'" + start + "cmd"


def in_terminal(command, stdout=None) -> str:
    """What a terminal gets; of stderr alone where stdout goes elsewhere."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command, stdout=stdout or theirs, stderr=theirs, stdin=subprocess.DEVNULL)
    os.close(theirs)
    got = b""
    try:
        while part := os.read(ours, 65536):
            got += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    child.wait()
    return got.decode("utf-8", "replace")


def test_lines_go_to_a_file_while_bars_are_on_the_terminal(tmp_path, npz):
    """Rich takes stdout for its own while a bar is shown."""
    command = [sys.executable, "-m", "compexact.experiments", "explain", npz, "--format", "jsonl"]
    with (tmp_path / "out.jsonl").open("w") as file:
        shown = in_terminal(command, stdout=file)
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 4
    assert "formula" not in shown
    assert "\x1b[" in shown  # the bar moves


def test_what_is_printed_above_a_bar_goes_through_the_door_too():
    code = (
        "from compexact.experiments.terminal import guard_streams; guard_streams()\n"
        "from compexact.experiments.progress import progress\n"
        "with progress() as update:\n"
        "    update('\\x1b]0;owned\\x07', 0, 1)\n"
        "    print('\\x1b]0;owned\\x07 \\x9b31m')\n"
    )
    shown = in_terminal([sys.executable, "-c", code])
    assert "\x1b]0;" not in shown
    assert "\x9b" not in shown
    assert "owned" in shown


def test_arrays_of_a_hostile_name_are_refused_escaped(tmp_path, compexact):
    np.savez(tmp_path / "bad.npz", concepts=np.ones((2, 1), bool), neurons=np.ones((2, 1), bool), unit_names=[EVIL])
    ended = compexact("ls", tmp_path / "bad.npz")
    assert ended.code == 3
    assert not UNSAFE.search(ended.err)
    assert len(ended.err.splitlines()) == 1
