"""Every question of a probe of words: an answer, or one line that says why there is none."""

import json

import numpy as np
import pytest
from tiny_transformer import made

from compexact.experiments.questions import QUESTIONS
from compexact.experiments.questions.heldout import held_out_iou
from compexact.experiments.questions.shuffles import Documents
from compexact.experiments.questions.splits import by_documents
from compexact.probes.opening import open_probe
from compexact.probes.store import save_probe
from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.loading import LoadedTokenModel
from compexact.probes.tokens.probe_words import probe_tokens
from compexact.probes.tokens.token_settings import TokenConceptSettings, TokenSettings
from compexact.solver.cells import merge
from compexact.solver.errors import UsageError
from compexact.solver.problem import Problem

UNITS = ("--units", "0-5")
NO_CLASS = "the inputs of this probe are words, for which the model predicts no class"
NO_PREDICTION = "the probe is of words, for which no prediction can change"
MODEL = ("--model", "tiny_transformer:made")
ANSWERED = {
    "length": ("earlier", *UNITS, "--lengths", "1-2", "--proven", "1-2"),
    "uniqueness": ("earlier", *UNITS, "--lengths", "1-2"),
    "kinds": ("earlier", *UNITS),
    "layers": ("earlier", "later", "--length", "1"),
    "heldout": ("earlier", *UNITS, "--lengths", "1-2", "--proven", "1"),
    "controls": ("earlier", *UNITS, "--lengths", "1", "--shuffles", "2"),
    "compare": ("run", "proven"),
    "front": ("earlier", *UNITS, "--length", "2"),
    "alternatives": ("earlier", *UNITS, "--length", "2"),
    "sanity": ("earlier", *UNITS),
}
REFUSED = {
    "accuracy": (("earlier",), NO_CLASS),
    "weights": (("earlier",), NO_CLASS),
    "findings": (("run",), "findings need a probe of sentence pairs, not of kind 'tokens'"),
    "edits": (("run", *MODEL), "edits need a probe of sentence pairs, not of kind 'tokens'"),
    "ranges": (("earlier",), "unit '0' is not a range of a unit"),
    "ablate": (("run", *MODEL), NO_PREDICTION),
    "distil": (("run",), NO_CLASS),
    "simulate": (("run", *MODEL), NO_PREDICTION),
}
NOT_OF_PROBES = {"adversarial", "auc"}
"""Asked of a table of pictures, and of arrays."""


def written(folder, n_documents):
    """Sentences of three words as JSON lines, four a document; each document has a word of its own."""
    rows = [
        {
            "tokens": [("the", "a")[place % 2], ("dog", "cat", "park")[(document + place) % 3], f"w{document}"],
            "upos": ["DET", "NOUN", "X"],
            "document": f"d{document}",
        }
        for document in range(n_documents)
        for place in range(4)
    ]
    file = folder / f"{n_documents}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def probed(folder, layer, n_documents=9):
    module, tokenizer = made()
    model = LoadedTokenModel(module, tokenizer, "tiny", "0" * 64, frozenset({"input_ids", "attention_mask"}), 40)
    return probe_tokens(
        model,
        open_corpora([f"jsonl:{written(folder, n_documents)}"]),
        TokenConceptSettings("word,upos,position", min_points=1),
        TokenSettings(layers=(layer,), quantile=0.2),
        spill_folder=folder,
    )


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """By name: two probes, and where their runs shall lie."""
    folder = tmp_path_factory.mktemp("words")
    for number, name in enumerate(("earlier", "later")):
        save_probe(probed(folder, f"encoder.layer.{number}.intermediate"), folder / name)
    return {name: folder / name for name in ("earlier", "later", "run", "proven")}


@pytest.fixture
def runs(places, compexact):
    """The same, with the runs."""
    for name, engine in (("run", "beam"), ("proven", "exact")):
        if not places[name].exists():
            made_run = compexact(
                "explain", places["earlier"], *UNITS, "--length", 2, "--engine", engine, "-o", places[name]
            )
            assert made_run.code == 0, made_run.err
    return places


def test_every_question_is_in_the_table():
    assert {*ANSWERED, *REFUSED, *NOT_OF_PROBES} == {question.name for question in QUESTIONS}


@pytest.mark.parametrize("question", ANSWERED)
def test_a_question_that_makes_sense_of_words_is_answered(runs, compexact, question, tmp_path):
    words = [runs.get(word, word) for word in ANSWERED[question]]
    ended = compexact("experiment", question, *words, "--format", "jsonl", "-o", tmp_path / "answer")
    assert ended.code == 0, ended.err
    assert all(json.loads(line) for line in ended.out.splitlines())
    assert ended.out
    assert "image" not in ended.err
    assert "pixel" not in ended.err


@pytest.mark.parametrize("question", REFUSED)
def test_a_question_that_makes_none_is_refused_in_one_true_line(runs, compexact, question):
    asked, why = REFUSED[question]
    ended = compexact("experiment", question, *[runs.get(word, word) for word in asked])
    assert ended.code == 2
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1
    assert why in ended.err


def test_no_document_is_in_both_halves_and_they_add_up(places):
    probe = open_probe(places["earlier"])
    halves = by_documents(probe, np.random.default_rng(3))
    assert halves.by == "documents"
    whole = merge([halves.explain, halves.score])
    assert whole.n_points == probe.cells.n_points == 9 * 12
    assert np.array_equal(whole.active.totals, probe.cells.active.totals)
    assert abs(halves.explain.n_points - halves.score.n_points) <= 12
    for document in range(9):
        column = probe.cells.concepts.position[f"word:w{document}"]
        assert sorted(side.concept_points[column] for side in (halves.explain, halves.score)) == [0, 4]


def test_one_document_is_split_by_sentences_and_says_so(tmp_path):
    answer = held_out_iou(probed(tmp_path, "encoder.layer.0.intermediate", 1), ["0"], lengths=(1,), proven=())
    assert answer.settings["split_by"] == "sentences"
    assert "one document" in answer.summary[-1]


def test_words_of_one_sentence_cannot_be_split(tmp_path):
    probe = probed(tmp_path, "encoder.layer.0.intermediate", 1)
    probe.arrays["point_sentences"] = np.zeros(12, dtype=np.int32)
    with pytest.raises(UsageError, match="of one sentence"):
        by_documents(probe, np.random.default_rng(0))


def test_a_mask_is_shuffled_within_its_documents(places):
    probe = open_probe(places["earlier"])
    documents, rng = Documents.of(probe), np.random.default_rng(0)
    problem = Problem.of(probe.cells, 4)
    own = [probe.cells.concepts.dense()[:, probe.cells.concepts.position[f"word:w{n}"]] for n in range(9)]
    drawn = [documents.shuffled(problem, 4, rng) for _ in range(200)]
    wanted = np.bincount(documents.document_of[probe.inputs.activity.of(4)], minlength=9)
    document_of = documents.document_of
    for each in drawn:
        assert each.unit_points == each.active.sum() == problem.unit_points
        assert (each.active <= each.weights).all()
        assert all(each.active[mask].sum() <= count for mask, count in zip(own, wanted))
    expected = np.zeros(len(problem.weights))
    for document, count in enumerate(wanted):
        cells = documents.cell_of[document_of == document]
        expected += np.bincount(cells, minlength=len(expected)) * count / len(cells)
    assert np.mean([each.active for each in drawn], axis=0) == pytest.approx(expected, abs=0.5)
    assert len({tuple(each.active) for each in drawn}) > 100
