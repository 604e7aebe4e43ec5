"""How what is typed is read, and how defaults are written in the help."""

import re
from collections import defaultdict

import pytest
import typer

from compexact.experiments.cli import app
from compexact.experiments.commands.listed import LISTED
from compexact.experiments.commands.options import as_ranges, numbers, size, whole_numbers, with_commas
from compexact.experiments.questions import QUESTIONS
from compexact.experiments.run.engines import ENGINES, Engine
from compexact.probes.datasets import DATASETS
from compexact.probes.preprocess import PRESETS
from compexact.solver.metrics import METRICS, Metric
from compexact.solver.reference_forms import FORMS


def test_numbers_and_ranges_are_read_in_any_order_each_once():
    assert whole_numbers("10,2-4,3") == [2, 3, 4, 10]
    assert whole_numbers("") == []


@pytest.mark.parametrize("values", [[1], [1, 2], [1, 3, 5, 10], [1, 2, 3, 4, 5, 6, 8, 10], []])
def test_whole_numbers_are_written_as_they_are_read(values):
    assert whole_numbers(as_ranges(values)) == values


def test_numbers_are_written_as_they_are_read():
    assert numbers(with_commas((-150.0, 0.33, 1))) == (-150.0, 0.33, 1.0)


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (whole_numbers, "1-x", "'1-x' is not whole numbers"),
        (whole_numbers, "-3", "'-3' is not whole numbers"),
        (whole_numbers, "1,5-2", "'5-2' runs backwards"),
        (whole_numbers, "1-99999999999", "has more than 1,000 numbers"),
        (numbers, "1,b", "'1,b' is not numbers"),
        (size, "112", "HEIGHTxWIDTH"),
    ],
)
def test_what_cannot_be_read_is_shown(read, text, said):
    with pytest.raises(typer.BadParameter, match=said):
        read(text)


def in_one_line(text):
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("words", "registry"),
    [
        (("explain",), METRICS),
        (("explain",), ENGINES),
        (("explain",), FORMS),
        (("audit",), ENGINES),
        (("experiment", "uniqueness"), ENGINES),
        (("probe", "vision"), DATASETS),
        (("probe", "vision"), PRESETS),
        (("experiment",), {question.name: question for question in QUESTIONS}),
    ],
)
def test_the_help_names_every_entry_of_the_registry(compexact, words, registry):
    shown = in_one_line(compexact(*words, "--help").out)
    assert [name for name in registry if not re.search(rf"\b{name}\b", shown)] == []


def test_the_help_has_the_sentence_of_a_new_entry(compexact, monkeypatch):
    monkeypatch.setitem(METRICS, "hits", Metric("hits", lambda tp, fp, fn, tn: (tp, tp + fp + fn + tn), "TP / all"))
    monkeypatch.setitem(ENGINES, "luck", Engine("whatever comes first", ENGINES["beam"].search, ("chain",)))
    shown = in_one_line(compexact("explain", "--help").out)
    assert "hits: TP / all." in shown
    assert "luck: whatever comes first." in shown


def test_every_option_that_is_listed_is_one_of_a_command():
    options = {
        name for command in commands(typer.main.get_command(app)) for each in command.params for name in each.opts
    }
    assert set(LISTED) <= options


MEANS_SEVERAL_THINGS = {
    *("--output", "--pairs", "--model", "--min-active", "--time-limit", "--sample", "--probe", "--vectors", "--top"),
    *("--dataset", "--weights", "--spacy", "--held-out", "--layer", "--batch-size", "--concepts", "--splits"),
    "--threshold",  # what it is by default depends on --sae where there is one
    "--length",  # one, or another name of --lengths
    "--format",  # of tables; of models for outside solvers
}


def commands(command):
    command = getattr(command, "real", command)
    inner = getattr(command, "commands", {})
    return [found for each in inner.values() for found in commands(each)] if inner else [command]


def test_an_option_of_several_commands_has_one_help_and_the_same_other_names():
    said = defaultdict(set)
    for command in commands(typer.main.get_command(app)):
        for parameter in command.params:
            if parameter.param_type_name == "option" and not (command.name == "ls" and parameter.name == "units"):
                said[parameter.opts[-1]].add((parameter.help, *parameter.opts))
    assert {name for name, forms in said.items() if len(forms) > 1} <= MEANS_SEVERAL_THINGS
    assert len(said["--unit"]) == len(said["--force"]) == len(said["--seed"]) == 1


@pytest.mark.parametrize(
    "words",
    [
        ("score", "--unit", "u0", "c0"),
        ("score", "--units", "u0", "c0"),
        ("audit", "--unit", "u0", "--length", "1,2", "--beam-size", "1,2"),
        ("audit", "--units", "u0", "--lengths", "1-2", "--beam-size", "1-2"),
        ("experiment", "uniqueness", "--units", "u0", "--length", "1"),
        ("experiment", "uniqueness", "--units", "u0", "--lengths", "1"),
    ],
)
def test_the_spellings_of_before_are_taken_as_those_of_now(compexact, npz, words):
    place = 2 if words[0] == "experiment" else 1
    ended = compexact(*words[:place], npz, *words[place:])
    assert ended.code == 0, ended.err
    assert len(ended.out.splitlines()) == 1


def test_a_formula_is_counted_for_every_unit_that_is_named(compexact, npz):
    assert compexact("score", npz, "--units", "u0-2,u3", "c0").code == 2
    printed = compexact("score", npz, "--units", "u0,u3", "c0", "--format", "csv").out.splitlines()
    assert [line.split(",")[0] for line in printed] == ["unit", "u0", "u3"]
    assert len(compexact("score", npz, "c0").out.splitlines()) == 4
