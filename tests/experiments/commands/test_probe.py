import json

import pytest


def probe_command(broden, nets, output, *more):
    return (
        "probe", "vision", "--dataset", f"broden:{broden}", "--model", f"{nets}:net", "--layer", "1",
        "--image-size", 12, "--quantile", 0.1, "--workers", 0, "-o", output, *more,
    )  # fmt: skip


def test_from_images_to_formulas(compexact, broden, nets, tmp_path):
    ended = compexact(*probe_command(broden, nets, tmp_path / "probe"))
    assert ended.code == 0
    assert "144 points" in ended.out
    record = json.loads(compexact("ls", tmp_path / "probe").out)
    assert (record["points"], record["concepts"], record["units"]) == (4 * 36, 3, 4)
    assert (record["model"], record["layer"], record["dataset"]) == (f"{nets}:net", "1", "broden")
    assert record["settings"]["quantile"] == 0.1
    explained = compexact("explain", tmp_path / "probe")
    assert explained.code == 0
    assert len(explained.out.splitlines()) == 4


def test_the_same_command_gives_the_same_bytes(compexact, broden, nets, tmp_path):
    for name in ("one", "two"):
        assert compexact(*probe_command(broden, nets, tmp_path / name)).code == 0
    for file in (tmp_path / "one").rglob("*"):
        if file.is_file():
            assert file.read_bytes() == (tmp_path / "two" / file.relative_to(tmp_path / "one")).read_bytes()


def test_progress_goes_to_stderr_only(compexact, broden, nets, tmp_path):
    ended = compexact(*probe_command(broden, nets, tmp_path / "probe"))
    assert "running the network: 4 to do" in ended.err
    assert len(ended.out.splitlines()) == 1


def test_layers_are_listed_with_their_shapes(compexact, nets):
    rows = [
        json.loads(line)
        for line in compexact("ls", "layers", "--model", f"{nets}:net", "--image-size", 12).out.splitlines()
    ]
    assert rows[0] == {"layer": "0", "kind": "Conv2d", "shape": "4x10x10", "units": 4}


@pytest.mark.parametrize(
    "command", [(), ("probe",), ("explain",), ("score",), ("ls",), ("report",), ("probe", "vision")]
)
def test_every_command_has_help_with_an_example(compexact, command):
    ended = compexact(*command, "--help")
    assert ended.code == 0
    if command not in ((), ("probe",)):
        assert f"  compexact {' '.join(command)}" in ended.out
