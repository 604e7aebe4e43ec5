"""Files of a probe, an archive, a run and an answer, damaged by chance or by hand: each is read, or refused in a line.

No other exception, no waiting, no memory beyond what the files hold.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import resource
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from compexact.experiments.commands.ls_runs import run_summary
from compexact.experiments.questions.answer import read_answer
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.experiments.run.reading import read_run
from compexact.experiments.run.verify import verify_run
from compexact.probes.opening import open_probe
from compexact.probes.store import Probe, save_probe
from compexact.solver import Problem, beam_search, from_arrays
from compexact.solver.errors import DataError, UsageError

from .case import Case, Disagreement, require

SECONDS = 20
MOST_MEMORY = 300 * 1024
"""kB that one input may add to the process's peak."""

RUN_SETTINGS = SearchSettings(engine="exact", max_length=2)
OUTSIDE = b"not of the run"

Bytes = Callable[[bytes, np.random.Generator], bytes]


def damaged_probe(case: Case) -> None:
    """One file of a probe damaged, with its digests as they were or made right."""
    folder = _probe()
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file = files[case.rng.integers(len(files))]
    with _damaged(file, case.rng), _guarded():
        if case.rng.random() < 0.8:
            _sign(folder)
        _use(lambda: _read_probe(folder))


def damaged_archive(case: Case) -> None:
    """An archive of arrays, with some of its bytes damaged."""
    file = _archive(int(case.rng.integers(2)))
    with _damaged(file, case.rng), _guarded():
        _use(lambda: _search(open_probe(file)))


def damaged_answer(case: Case) -> None:
    """An answer whose file is damaged."""
    folder = _answer()
    with _damaged(folder / "answer.json", case.rng), _guarded():
        _use(lambda: read_answer(folder).model_dump_json())


def damaged_run(case: Case) -> None:
    """One file of a run damaged, read by what shows it, checks it, and goes on with it."""
    folder, probe = _run(), open_probe(_probe())
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    _outside().write_bytes(OUTSIDE)
    with _damaged(files[case.rng.integers(len(files))], case.rng), _guarded():
        _use(lambda: json.dumps(run_summary(folder)))
        _use(lambda: json.dumps(list(verify_run(read_run(folder, with_damaged=True), probe))))
        _use(lambda: run_units(probe, probe.cells.unit_names, RUN_SETTINGS, folder))
        require(_outside().read_bytes() == OUTSIDE, "a file outside the run was written to")


DAMAGE_CHECKS = (damaged_probe, damaged_archive, damaged_run, damaged_answer)


def _read_probe(folder: Path) -> None:
    probe = open_probe(folder)
    for array in probe.arrays.values():
        array.sum() if array.dtype.kind in "biuf" else None
    repr(probe)
    _search(probe)


def _search(probe: Probe) -> None:
    beam_search(Problem.of(probe.cells, probe.cells.unit_names[0]), max_length=2)


def _use(read: Callable[[], object]) -> None:
    """Read; what is refused must be refused in a line."""
    try:
        read()
    except (DataError, UsageError) as error:
        text = str(error)
        require("\n" not in text and 0 < len(text) < 2000, f"refused in more than a line: {text[:300]!r}")


@contextlib.contextmanager
def _guarded() -> Iterator[None]:
    """Raises where the body takes too long or too much memory."""

    def late(*_: object) -> None:
        raise Disagreement(f"still reading after {SECONDS} s")

    before, memory = signal.signal(signal.SIGALRM, late), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    require(more < MOST_MEMORY, f"took {more:,} kB more memory")


@contextlib.contextmanager
def _damaged(file: Path, rng: np.random.Generator) -> Iterator[None]:
    """The file damaged in one of the ways; afterwards, its folder is as before."""
    kept = {path: path.read_bytes() for path in _top(file).rglob("*") if path.is_file()}
    replace = THINGS[rng.integers(len(THINGS))] if rng.random() < 0.2 else None
    try:
        if replace is not None:
            file.unlink()
            replace(file)
        else:
            content = kept[file]
            for _ in range(rng.integers(1, 4)):
                content = DAMAGE[rng.integers(len(DAMAGE))](content, rng)
            file.write_bytes(content)
        yield
    finally:
        if file.is_dir() and not file.is_symlink():
            file.rmdir()
        else:
            file.unlink(missing_ok=True)
        for path, content in kept.items():
            path.write_bytes(content)


def _top(file: Path) -> Path:
    return next(parent for parent in file.parents if parent.parent == _place())


THINGS: tuple[Callable[[Path], object], ...] = (
    os.mkfifo,
    os.mkdir,
    lambda path: path.symlink_to("/dev/zero"),
    lambda path: path.symlink_to("/dev/stdin"),
    lambda path: path.symlink_to(path),
    lambda path: path.symlink_to(path.parent),
    lambda path: path.symlink_to("/etc/hostname"),
    lambda path: path.symlink_to(_outside()),
    lambda path: (path.touch(), os.truncate(path, 2**41)),
    lambda path: None,
)


def _flip(content: bytes, rng: np.random.Generator) -> bytes:
    damaged = bytearray(content)
    for place in rng.integers(0, max(len(damaged), 1), rng.integers(1, 9)) if damaged else ():
        damaged[place] ^= 1 << int(rng.integers(8))
    return bytes(damaged)


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: rng.integers(len(content) + 1)]


def _swap(content: bytes, rng: np.random.Generator) -> bytes:
    a, b, c = sorted(rng.integers(0, len(content) + 1, 3))
    return content[:a] + content[b:c] + content[a:b] + content[c:]


def _repeat(content: bytes, rng: np.random.Generator) -> bytes:
    a, b = sorted(rng.integers(0, len(content) + 1, 2))
    return content[:b] + content[a:b] + content[b:]


def _number(content: bytes, rng: np.random.Generator) -> bytes:
    """Some run of 1 to 8 bytes as an extreme number: sizes and counts of archives and headers."""
    width = int(rng.choice([1, 2, 4, 8]))
    place = int(rng.integers(len(content) + 1))
    value = (b"\xff" * width, b"\x00" * width, b"\xff" * (width - 1) + b"\x7f", b"\x01" + b"\0" * (width - 1))
    return content[:place] + value[rng.integers(4)] + content[place + width :]


def _digits(content: bytes, rng: np.random.Generator) -> bytes:
    """A digit of a text as a long number."""
    places = [i for i, byte in enumerate(content[:5000]) if chr(byte).isdigit()]
    if not places:
        return content
    place = int(rng.choice(places))
    new = (b"9" * 30, b"-1", b"0", b"1e999", b"9" * 5000, b"NaN", b"4611686018427387904")[rng.integers(7)]
    return content[:place] + new + content[place + 1 :]


def _deep(content: bytes, rng: np.random.Generator) -> bytes:
    depth = int(rng.choice([50, 150, 900, 5000, 300_000]))
    return (b"[" * depth, b"[" * depth + b"]" * depth, b'{"a":' * depth + b"0" + b"}" * depth)[rng.integers(3)]


def _edited(content: bytes, rng: np.random.Generator) -> bytes:
    """JSON with one of its values replaced by another."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return content
    spots: list[tuple[Any, Any]] = []
    level = [value]
    while level:
        whole = level.pop()
        keys = list(whole) if isinstance(whole, dict) else range(len(whole)) if isinstance(whole, list) else ()
        spots += [(whole, key) for key in keys]
        level += [whole[key] for key in keys]
    if not spots:
        return content
    whole, key = spots[rng.integers(len(spots))]
    if isinstance(whole, dict) and rng.random() < 0.3:
        whole["../../etc/passwd"] = whole.pop(key)
    else:
        whole[key] = VALUES[rng.integers(len(VALUES))]
    return json.dumps(value).encode()


VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**63, 10**400 % 10**300, 0.5, "", "\x1b[2J", "\ud800", "x" * 5000, [], {}, [[]], [None],
    {"": 0},
)  # fmt: skip
DAMAGE: tuple[Bytes, ...] = (
    _flip,
    _flip,
    _cut,
    _swap,
    _repeat,
    _number,
    _number,
    _digits,
    _digits,
    _deep,
    _edited,
    _edited,
)


def _sign(folder: Path) -> None:
    """Make the digests right, as somebody would who sends such a probe; where the manifest still is one."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        manifest = json.loads(_small(folder / "manifest.json"))
        manifest["digests"]["names"] = hashlib.sha256(_small(folder / "names.json")).hexdigest()
        for name in manifest["digests"]["arrays"]:
            content = _small(folder / "arrays" / f"{name}.npy")
            manifest["digests"]["arrays"][name] = hashlib.sha256(content).hexdigest()
        manifest.pop("digest", None)
        text = json.dumps(manifest, sort_keys=True, ensure_ascii=False, allow_nan=False)
        manifest["digest"] = hashlib.sha256(text.encode()).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest))


def _small(file: Path) -> bytes:
    if not stat.S_ISREG(file.lstat().st_mode) or file.stat().st_size > 2**24:
        raise ValueError(file)
    return file.read_bytes()


@cache
def _keeper() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="damaged")


def _place() -> Path:
    return Path(_keeper().name)


def _outside() -> Path:
    return _place() / "outside"


def _arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {"concepts": rng.random((30, 4)) < 0.4, "neurons": rng.random((30, 2)) < 0.3}


@cache
def _probe() -> Path:
    cells = from_arrays(**_arrays(), unit_names=["u", "v"])
    about = {"kind": "arrays", "model": "m", "settings": {"a": 1.5}, "notes": ["a note"]}
    save_probe(Probe(cells, about, {"images": ["x", "y"]}, {"extra": np.arange(6.0)}), _place() / "probe")
    return _place() / "probe"


@cache
def _archive(packed: int) -> Path:
    folder = _place() / f"archive{packed}"
    folder.mkdir()
    stream = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(stream, **_arrays(), unit_names=["u", "v"])
    (folder / "arrays.npz").write_bytes(stream.getvalue())
    return folder / "arrays.npz"


@cache
def _run() -> Path:
    probe = open_probe(_probe())
    run_units(probe, probe.cells.unit_names, RUN_SETTINGS, _place() / "run")
    return _place() / "run"


@cache
def _answer() -> Path:
    folder = _place() / "answer"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    content = {"format": "compexact answer", "version": 1, "name": "length", "question": "?", "settings": {"a": [1]}}
    content |= {"rows": [{"a": 1, "b": None}], "summary": ["so"], "published": [], "inputs": []}
    (folder / "answer.json").write_text(json.dumps(content))
    return folder
