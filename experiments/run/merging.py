"""One run of the shards of its units, however they are ordered: that of one command but for seconds, and digests of
these."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ...probes.atomic_folder import check_output, new_folder, write_bytes
from ...probes.shard import Shard, in_order
from ...solver.errors import CompexactError, UsageError
from .folder import header_text, keep_certificate, line_text, log
from .proofs import check_proofs, read_certificate
from .reading import Record, Run, read_header, read_run
from .schema import sealed
from .units import names_digest

SEALS = ("certificate", "certificate_digest", "digest")


def merge_runs(folders: Sequence[Path], output: Path, *, force: bool = False) -> Run:
    """Write the run of which these are all shards.

    force: replace a run that is no shard.  Raises `UsageError` where a shard is missing, there twice, unfinished, or of
    another run; `DataError` where one is damaged.
    """
    check_output(output, force=force, is_ours=_is_whole_run)
    runs = in_order((run.path, _shard(run), run) for run in map(read_run, folders))
    for run in runs:
        _check_same(runs[0], run)
        if not run.is_finished:
            done = f"{len(run.records)} of {len(run.header['units'])} units"
            raise UsageError(f"{run.path} has {done}; the command that made it goes on with it")
        check_proofs(run.path, run.records)
    header = _header(runs, output)
    with new_folder(output, force=force, is_ours=_is_whole_run) as folder:
        lines = [line_text(_kept(run, line, folder, place)) for place, (run, line) in enumerate(_lines(runs))]
        write_bytes(folder / "units.jsonl", b"".join(lines))
        write_bytes(folder / "run.json", header_text(header))
        log(folder, f"merged from {len(runs)} shards")
    return read_run(output)


def _lines(runs: Sequence[Run]) -> list[tuple[Run, Record]]:
    return [(run, line) for run in runs for line in run.records.values()]


def _kept(run: Run, line: Record, folder: Path, place: int) -> Record:
    """The line as that of the run's unit number `place`, with its certificate under that number."""
    certificate = read_certificate(run.path / line["certificate"]).decode() if "certificate" in line else None
    found = {key: value for key, value in line.items() if key not in SEALS}
    return sealed(found | keep_certificate(folder, place, certificate))


def _shard(run: Run) -> Shard:
    said = run.header.get("shard")
    if said is None:
        raise UsageError(f"{run.path} is a whole run, not a shard of one; --shard makes shards")
    return Shard(said["number"], said["of"])


def _check_same(first: Run, other: Run) -> None:
    """Refuse a shard of another run; `UsageError` that says how it differs."""
    one, two = (_compared(run) for run in (first, other))
    changed = [
        f"{name} {two.get(name)!r}, not {one.get(name)!r}" for name in one | two if one.get(name) != two.get(name)
    ]
    if changed:
        raise UsageError(f"{other.path} is a shard of another run than {first.path}: {changed[0][:200]}")


def _compared(run: Run) -> Record:
    header = run.header
    return {
        "command": header["command"],
        **header["settings"],
        "version of": header.get("versions"),
        "probe": header["probe"]["digest"],
        "units, by digest": header["shard"]["of_all"],
    }


def _header(runs: Sequence[Run], output: Path) -> Record:
    """run.json of the whole."""
    first = runs[0]
    header = {key: value for key, value in first.header.items() if key not in ("shard", "digest")}
    header["units"] = [name for run in runs for name in run.header["units"]]
    if names_digest(header["units"]) != first.header["shard"]["of_all"]:
        raise UsageError(f"the units of all shards are not those that {first.path} is a portion of")
    path = os.path.relpath(first.probe_path, output.resolve())
    return sealed(header | {"probe": header["probe"] | {"path": path}})


def _is_whole_run(folder: Path) -> bool:
    try:
        return read_header(folder).get("shard") is None
    except CompexactError:
        return False
