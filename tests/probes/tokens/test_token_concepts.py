"""Which concepts words have: each family against a literal reading of the corpus."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from compexact.probes.text.vectors import WordVectors
from compexact.probes.tokens.concepts import token_concepts
from compexact.probes.tokens.corpora import CORPORA, open_corpora
from compexact.probes.tokens.families import FAMILIES, families_of
from compexact.probes.tokens.token_settings import TokenConceptSettings
from compexact.probes.tokens.words import Words
from compexact.solver.errors import DataError, UsageError


@pytest.fixture
def words(conllu):
    return Words.of(open_corpora([f"conllu:{conllu}"]))


def made(words, asked=None, min_points=1, vectors=None, **settings):
    settings = TokenConceptSettings(concepts=asked, min_points=min_points, **settings)
    return token_concepts(words, families_of(words, asked), settings, np.ones(len(words), np.int64), vectors)


def held(concepts, name):
    """The words on which the concept holds, as a set of numbers."""
    number = concepts.names.index(name)
    rows = np.repeat(np.arange(len(concepts.indptr) - 1), np.diff(concepts.indptr))
    return set(rows[concepts.indices == number].tolist())


def literal(words, holds):
    """The numbers of the words for which holds(sentence, place) is true."""
    flat = [(sentence, place) for sentence in words.sentences for place in range(len(sentence.words))]
    return {number for number, (sentence, place) in enumerate(flat) if holds(sentence, place)}


LITERAL = {
    "word:the": lambda s, i: s.words[i].lower() == "the",
    "lemma:dog": lambda s, i: s.columns["lemma"][i] == "dog",
    "upos:NOUN": lambda s, i: s.columns["upos"][i] == "NOUN",
    "dep:nsubj": lambda s, i: s.columns["dep"][i] == "nsubj",
    "head:sleep": lambda s, i: s.heads[i] >= 0 and s.columns["lemma"][s.heads[i]] == "sleep",
    "head:tag:NN": lambda s, i: s.heads[i] >= 0 and s.columns["xpos"][s.heads[i]] == "NN",
    "morph:Definite=Def": lambda s, i: "Definite=Def" in s.columns["morph"][i].split("|"),
    "position:second": lambda s, i: i == 1,
    "position:last": lambda s, i: i == len(s.words) - 1,
    "position:early": lambda s, i: 3 * i < len(s.words),
    "position:document-first": lambda s, i: s.key in ("a1", "b1") or (s.key[0] == "m" and int(s.key[1:]) % 5 == 0),
    "shape:capital": lambda s, i: s.words[i][0].isupper(),
    "shape:punctuation": lambda s, i: s.words[i] in ".!",
    "suffix:-ing": lambda s, i: s.words[i].endswith("ing"),
    "suffix:-g": lambda s, i: s.words[i].endswith("g"),
    "prefix:sl-": lambda s, i: s.words[i].startswith("sl"),
    "prev:the": lambda s, i: i >= 1 and s.words[i - 1].lower() == "the",
    "prev2:the": lambda s, i: i >= 2 and s.words[i - 2].lower() == "the",
    "next:.": lambda s, i: i + 1 < len(s.words) and s.words[i + 1] == ".",
    "next2:tag:.": lambda s, i: i + 2 < len(s.words) and s.columns["xpos"][i + 2] == ".",
    "doc:genre=mail": lambda s, i: s.document.startswith("mail"),
}


def test_every_family_says_what_the_corpus_says(words):
    concepts = made(words)
    for name, holds in LITERAL.items():
        assert held(concepts, name) == literal(words, holds), name
    assert len(set(concepts.names)) == len(concepts.names)
    for row in np.split(concepts.indices, concepts.indptr[1:-1]):
        assert (np.diff(row) > 0).all()


def test_concepts_of_chosen_words_are_those_of_these_words_in_their_order(words):
    concepts, chosen = made(words), np.array([5, 0, 5, 3])
    indptr, indices = concepts.of(chosen)
    rows = [concepts.indices[concepts.indptr[word] : concepts.indptr[word + 1]].tolist() for word in chosen]
    assert [row.tolist() for row in np.split(indices, indptr[1:-1])] == rows


def test_a_family_gives_at_most_the_number_asked_for_and_of_those_on_enough_points_the_most_frequent(words):
    few = made(words, "word:3,upos", min_points=2)
    assert len([name for name in few.names if name.startswith("word:")]) == 3
    sizes = {name: len(held(few, name)) for name in few.names}
    every = made(words, "word")
    most = sorted((-len(held(every, name)), name) for name in every.names)[:3]
    assert [(-n, name) for n, name in most] == [(sizes[name], name) for name in few.names[:3]]
    assert min(sizes.values()) >= 2
    assert "hold on fewer than 2 points" in few.notes[0]


def test_points_that_a_word_is_decide_which_concepts_are_frequent(words):
    points = np.zeros(len(words), np.int64)
    points[:3] = 5
    concepts = token_concepts(words, families_of(words, "word"), TokenConceptSettings(min_points=5), points)
    assert sorted(concepts.names) == ["word:do", "word:dogs", "word:the"]


def test_patterns_of_a_file_become_concepts(words, tmp_path):
    (tmp_path / "p.txt").write_text("# mine\ndouble = (.)\\1\n\nends in s = s$\n")
    concepts = made(words, f"regex:{tmp_path / 'p.txt'}")
    assert held(concepts, "regex:double") == literal(words, lambda s, i: any(a == b for a, b in pairwise(s.words[i])))
    assert held(concepts, "regex:ends in s") == literal(words, lambda s, i: s.words[i].endswith("s"))


@pytest.mark.parametrize(
    ("line", "says"),
    [("a = (", "line 1: .* no regular expression"), ("only", "line 1: 'only' is not `name = pattern`")],
)
def test_a_pattern_that_is_none_is_said_with_its_line(words, tmp_path, line, says):
    (tmp_path / "p.txt").write_text(line)
    with pytest.raises(DataError, match=says):
        made(words, f"regex:{tmp_path / 'p.txt'}")


def test_a_family_of_the_users_own_comes_from_a_factory(words, tmp_path, monkeypatch):
    (tmp_path / "mine_tokens.py").write_text(
        "def make():\n"
        "    def concepts(words):\n"
        "        forms = [words.form.values[code] for code in words.form.codes]\n"
        "        return {'odd': [len(form) % 2 == 1 for form in forms],\n"
        "                'first': [form[0] if form[0] in 'dp' else None for form in forms]}\n"
        "    return concepts\n"
    )
    monkeypatch.chdir(tmp_path)
    concepts = made(words, "mine_tokens:make")
    assert held(concepts, "mine:odd") == literal(words, lambda s, i: len(s.words[i]) % 2 == 1)
    assert held(concepts, "mine:first=d") == literal(words, lambda s, i: s.words[i][0] == "d")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("words", "no family of concepts 'words'; this corpus has word, .*did you mean 'word'"),
        ("ent", "nothing for the family 'ent'; its columns are: lemma"),
        ("word:x", "'x' is no number of concepts, such as word:500"),
        ("upos,upos", "names 'upos' twice"),
        (",", "names no family"),
    ],
)
def test_a_family_that_there_is_not_is_said(words, asked, says):
    with pytest.raises(UsageError, match=says):
        made(words, asked)


def test_no_concept_on_enough_points_is_said(words):
    with pytest.raises(DataError, match="no concept holds on 1000 points or more; lower --min-points"):
        made(words, "word", min_points=1000)


def test_neighbours_hold_on_the_words_near_a_word(words):
    vectors = WordVectors(("dog", "cat", "park", "zebra"), np.eye(4, 3, dtype=np.float32) + 0.1, "v", "0" * 64)
    near = {word: set(vectors.nearest(word, 1)) for word in ("dog", "cat", "park")}
    concepts = made(words, "word", vectors=vectors, neighbours=1)
    for word, group in near.items():
        if group != {"zebra"}:
            expected = literal(words, lambda s, i, group=group: s.words[i].lower() in group)
            assert held(concepts, f"NEIGHBORS(word:{word})") == expected
    with pytest.raises(UsageError, match="need word vectors"):
        made(words, "word", neighbours=1)


def test_the_documentation_names_every_family_and_format():
    page = (Path(__file__).resolve().parents[3] / "docs/tokens.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in page for name in FAMILIES)
    assert all(f"`{name}:FILE`" in page for name in CORPORA)
