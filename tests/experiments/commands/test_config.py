"""`--config`: options from a file, or those of a run again."""

import json

import pytest


@pytest.fixture
def settings_of(tmp_path):
    return lambda name: json.loads((tmp_path / name / "run.json").read_text())["settings"]


def test_options_of_a_file_are_defaults_and_what_is_typed_counts_more(compexact, npz, tmp_path, settings_of):
    config = tmp_path / "mine.toml"
    config.write_text('length = 2\nbeam-size = 4\nengine = "beam"\nunits = ["u0", "u1"]\npenalty = 0.95\n')
    ended = compexact("explain", npz, "--config", config, "--beam-size", 7, "-o", tmp_path / "run")
    assert ended.code == 0, ended.err
    found = settings_of("run")
    assert (found["max_length"], found["beam_size"], found["penalty"]) == (2, 7, "0.95")
    assert json.loads((tmp_path / "run/run.json").read_text())["units"] == ["u0", "u1"]


def test_what_a_run_was_asked_is_asked_again(compexact, npz, tmp_path, settings_of):
    asked = ("--units", "u1", "--length", 2, "--engine", "exact", "--fp-weight", "2", "--seed", 3)
    assert compexact("explain", npz, *asked, "-o", tmp_path / "run").code == 0
    for config in (tmp_path / "run", tmp_path / "run/run.json"):
        ended = compexact("explain", npz, "--config", config, "-o", tmp_path / f"again-{config.name}")
        assert ended.code == 0, ended.err
        assert settings_of(f"again-{config.name}") == settings_of("run")
        assert [json.loads(line)["unit"] for line in ended.out.splitlines()] == ["u1"]


def test_what_an_audit_was_asked_is_asked_again(compexact, npz, tmp_path, settings_of):
    assert compexact("audit", npz, "--lengths", "1-2", "--beam-size", "1,3", "-o", tmp_path / "audit").code == 0
    ended = compexact("audit", npz, "--config", tmp_path / "audit", "-o", tmp_path / "again")
    assert ended.code == 0, ended.err
    assert settings_of("again") == settings_of("audit")
    ended = compexact("explain", npz, "--config", tmp_path / "audit")
    assert ended.code == 2
    assert "is of audit, not of explain" in ended.err


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("lenght = 2", 2, "explain takes no 'lenght'; did you mean 'length'"),
        ("length = ", 3, "is no TOML"),
        ('length = "x"', 2, "'x' is not a whole number"),
        ("length = {a = 1}", 3, "length is a text, a number"),
        ("{}", 3, "neither TOML nor the run.json of a run"),
    ],
)
def test_a_file_that_does_not_fit_is_one_clear_line(compexact, npz, tmp_path, text, code, said):
    config = tmp_path / "mine.toml"
    config.write_text(text)
    ended = compexact("explain", npz, "--config", config)
    assert ended.code == code
    assert said in ended.err
    assert len(ended.err.strip().splitlines()) == 1


def test_a_missing_file_is_told(compexact, npz, tmp_path):
    ended = compexact("explain", npz, "--config", tmp_path / "none.toml")
    assert ended.code == 3
    assert "cannot be read" in ended.err
