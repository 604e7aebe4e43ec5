"""Reading annotated text: what the formats say is what comes out, and what is wrong is said with file and line."""

import gzip
import json

import pytest

from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.sentences import documents_of
from compexact.solver.errors import DataError, UsageError

WORD = "1\tGo\tgo\tVERB\tVB\t_\t0\troot\t_\t_"


def test_conllu_gives_syntactic_words_with_their_place_in_the_text(conllu):
    corpus = open_corpora([f"conllu:{conllu}"])
    first = corpus.sentences[0]
    assert first.text == "The dogs don't sleep."
    assert first.words == ("The", "dogs", "do", "n't", "sleep", ".")
    assert [first.text[start:end] for start, end in first.spans] == ["The", "dogs", "do", "n't", "sleep", "."]
    assert first.columns["lemma"] == ("the", "dog", "do", "not", "sleep", ".")
    assert first.columns["morph"][3] == ""
    assert first.heads == (1, 2, 4, 4, -1, 4)
    assert (first.document, first.key, first.fields) == ("news-1", "a1", {"genre": "news"})
    assert [len(stretch) for stretch in documents_of(corpus.sentences)][:2] == [2, 1]


def test_words_of_a_contraction_that_is_not_them_in_a_row_share_its_span(tmp_path):
    rows = [
        "1-2\tdu\t_\t_\t_\t_\t_\t_\t_\t_",
        "1\tde\tde\tADP\t_\t_\t0\troot\t_\t_",
        "2\tle\tle\tDET\t_\t_\t1\tdet\t_\t_",
    ]
    (tmp_path / "f.conllu").write_text("\n".join(rows))
    sentence = open_corpora([f"conllu:{tmp_path / 'f.conllu'}"]).sentences[0]
    assert (sentence.text, sentence.spans) == ("du", ((0, 2), (0, 2)))


def test_packed_files_and_several_of_them_are_one_corpus(conllu, tmp_path):
    with gzip.open(tmp_path / "other.conllu.gz", "wt") as file:
        file.write("# newdoc\n" + WORD + "\n")
    corpus = open_corpora([f"conllu:{conllu}", f"conllu:{tmp_path / 'other.conllu.gz'}"])
    assert len(corpus.sentences) == 44
    assert corpus.sentences[-1].document == "other.conllu.gz 1"
    assert sorted(corpus.digests) == ["other.conllu.gz", "small.conllu"]
    assert len(open_corpora([f"conllu:{conllu}"], limit=3).sentences) == 3


def test_a_sentence_that_is_read_twice_is_refused(conllu):
    with pytest.raises(DataError, match=r"small.conllu line 3: sentence 'a1' of document 'news-1' was read already"):
        open_corpora([f"conllu:{conllu}", f"conllu:{conllu}"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (WORD.replace("\t_\t_", "\t_", 1), "line 1: 9 cells, not the 10"),
        (WORD.replace("1\t", "2\t", 1), "line 1: word number '2' where 1 follows"),
        (WORD.replace("\t0\t", "\t7\t"), "line 1: head '7' is no word from 1 to 1"),
        (WORD.replace("Go", " "), "line 1: the word's form is empty"),
        ("1-2\tGo\t_\t_\t_\t_\t_\t_\t_\t_\n" + WORD, "line 2: the sentence ends within a multiword token"),
        (WORD + "\n1-2\tGo\t_\t_\t_\t_\t_\t_\t_\t_", "line 2: the multiword token '1-2' does not begin at word 2"),
        ("1.1\tGo\t_\t_\t_\t_\t_\t_\t_\t_\n", "line 1: a sentence without a word"),
        ("# only = comments\n", "there is no sentence"),
    ],
)
def test_what_is_no_conllu_is_said_with_its_line(tmp_path, text, says):
    (tmp_path / "bad.conllu").write_text(text)
    with pytest.raises(DataError, match=says):
        open_corpora([f"conllu:{tmp_path / 'bad.conllu'}"])


def test_a_line_of_tokens_has_columns_of_its_own_and_fields(tmp_path):
    line = {"tokens": ["She", "left"], "head": [2, 0], "mood": ["calm", None], "n": [1, 2], "genre": "novel", "id": 7}
    (tmp_path / "x.jsonl").write_text(json.dumps(line) + "\n\n")
    sentence = open_corpora([f"jsonl:{tmp_path / 'x.jsonl'}"]).sentences[0]
    assert (sentence.text, sentence.heads, sentence.key) == ("She left", (1, -1), "7")
    assert sentence.columns == {"mood": ("calm", ""), "n": ("1", "2")}
    assert sentence.fields == {"genre": "novel"}


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"tokens": ["a", "b"], "upos": ["X"]}', "line 1: 1 values of 'upos' for 2 tokens"),
        ('{"tokens": ["a", ""]}', "line 1: tokens is no list of words, or has an empty one"),
        ('{"tokens": ["a"], "head": [2]}', "line 1: head '2' is no word from 1 to 1"),
        ('{"tokens": ["a"], "x": [[1]]}', "line 1: a value of 'x' is a list"),
        ('{"token": ["a"]}', "line 1: an object with a text or a list of tokens is needed; it has 'token'; did you"),
        ('{"text": " "}', "line 1: the text is empty"),
        ("[1]", "line 1: a list; an object"),
        ("{", "line 1 cannot be read"),
    ],
)
def test_what_is_no_line_of_tokens_is_said_with_its_line(tmp_path, line, says):
    (tmp_path / "bad.jsonl").write_text(line)
    with pytest.raises(DataError, match=says):
        open_corpora([f"jsonl:{tmp_path / 'bad.jsonl'}"])


def test_plain_text_is_split_by_rules_where_no_pipeline_is_named(tmp_path):
    (tmp_path / "t.txt").write_text("One line.\nTwo lines  here!\n\nA new one.\n")
    corpus = open_corpora([f"text:{tmp_path / 't.txt'}"])
    assert [sentence.text for sentence in corpus.sentences] == ["One line.", "Two lines  here!", "A new one."]
    assert [sentence.key for sentence in corpus.sentences] == ["1.1", "1.2", "4.1"]
    for sentence in corpus.sentences:
        assert tuple(sentence.text[start:end] for start, end in sentence.spans) == sentence.words
    assert "upos" not in corpus.sentences[0].columns


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("x.conllu", "does not say its format; write conllu:FILE"),
        ("conll:x", "there is no format 'conll'; known are .*; did you mean 'conllu'"),
        ("conllu:nowhere.conllu", "nowhere.conllu does not exist; a file of CoNLL-U"),
    ],
)
def test_a_corpus_that_there_is_not_is_said(spec, says):
    with pytest.raises(UsageError, match=says):
        open_corpora([spec])


@pytest.mark.real_data
@pytest.mark.slow
def test_a_trained_pipeline_gives_every_column(tmp_path):
    from pathlib import Path

    pipeline = Path(__file__).resolve().parents[4] / "shared/data/en_core_web_sm"
    if not pipeline.is_dir():
        pytest.skip("no ../shared/data/en_core_web_sm")
    (tmp_path / "t.txt").write_text("Apple bought a small company in Paris. Everybody was surprised.")
    corpus = open_corpora([f"text:{tmp_path / 't.txt'}"], spacy=str(pipeline))
    first = corpus.sentences[0]
    assert set(first.columns) == {"lemma", "upos", "xpos", "morph", "dep", "ent"}
    assert first.columns["lemma"][1] == "buy"
    assert first.columns["ent"][6] == "GPE"
    assert first.heads[0] == 1
    assert first.heads[1] == -1
