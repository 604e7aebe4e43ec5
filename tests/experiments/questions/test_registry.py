"""Every question that is registered: its command, its help and its examples.  A new one is tested by being there."""

import shlex

import pytest
import typer
from typer.testing import CliRunner

from compexact.experiments.cli import app
from compexact.experiments.questions import QUESTIONS

LONGEST = 66
"""Of a line of `compexact experiment --help` at a terminal of 80 columns."""

each = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)


def command(question):
    return typer.main.get_command(app).commands["experiment"].commands[question.name].real


def examples(question):
    lines = command(question).help.replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.startswith("compexact ")]


def test_the_list_of_commands_has_every_question_in_one_line():
    printed = CliRunner().invoke(app, ["experiment", "--help"], terminal_width=80).output
    shown = [line.strip() for line in printed.split("Commands:\n")[1].splitlines()]
    assert [line.split(None, 1) for line in shown] == [[each.name, each.help] for each in QUESTIONS]
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS)


@each
def test_a_question_is_asked_in_one_line_and_its_help_begins_with_it(question):
    assert "?" in question.help
    assert len(question.help) <= LONGEST
    assert "?" in command(question).help.split("\n\n")[0]


@each
def test_the_help_of_a_question_is_printed(question):
    ended = CliRunner().invoke(app, ["experiment", question.name, "--help"])
    assert ended.exit_code == 0
    for option in ("--output", "--force", "--format"):
        assert option in ended.output


@each
def test_the_examples_of_a_question_are_command_lines_of_it(question):
    assert examples(question)
    for words in examples(question):
        assert words[:3] == ["compexact", "experiment", question.name]
        command(question).make_context(question.name, words[3:], resilient_parsing=False)


@each
def test_every_option_of_a_question_has_help_and_the_name_of_its_parameter(question):
    for parameter in command(question).params:
        if parameter.name == "help":
            continue
        assert parameter.help, parameter.name
        names = {name.lstrip("-").replace("-", "_") for name in parameter.opts}
        assert parameter.name in names or (parameter.name, *names) == ("classes", "class")
