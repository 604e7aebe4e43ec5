"""What the model reads at once: every word once, in the window where it has most around it."""

import json

import numpy as np
import pytest
from tiny_transformer import tiny_bert, tiny_tokenizer

from compexact.probes.progress import silent
from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.loading import LoadedTokenModel
from compexact.probes.tokens.token_settings import TokenSettings
from compexact.probes.tokens.windows import plan
from compexact.probes.tokens.words import Words
from compexact.solver.errors import DataError, UsageError


@pytest.fixture
def planned(tmp_path):
    """planned(sentences, ...): (words, windows, points) of the sentences, each a list of words."""
    model = LoadedTokenModel(tiny_bert(), tiny_tokenizer(), "tiny", "0" * 64, None, 40)

    def run(sentences, **settings):
        lines = [json.dumps({"tokens": words, "document": "d"}) for words in sentences]
        (tmp_path / "c.jsonl").write_text("\n".join(lines))
        words = Words.of(open_corpora([f"jsonl:{tmp_path / 'c.jsonl'}"]))
        return (words, *plan(model, words, TokenSettings(layers=("x",), **settings), silent))

    return run


def pieces(window, number):
    """The sub-words of the window's point at this place."""
    ids = window.inputs["input_ids"][window.first[number] : window.last[number]]
    return tiny_tokenizer().convert_ids_to_tokens(ids.tolist())


def spelt(parts):
    return "".join(part.removeprefix("##") for part in parts)


def test_the_sub_words_of_a_word_are_those_with_its_characters(planned):
    _, (window,), points = planned([["The", "bird", "sleeps"]])
    assert [pieces(window, i) for i in range(3)] == [["the"], ["b", "##i", "##r", "##d"], ["sleeps"]]
    assert points.words.tolist() == [0, 1, 2]
    assert points.n_left_out == 0


@pytest.mark.parametrize("overlap", [0, 3, None])
@pytest.mark.parametrize("context", ["sentence", "document"])
def test_in_windows_every_word_counts_once_and_has_all_its_sub_words(planned, overlap, context):
    texts = [["zebra", "dog", "ox"] * 9, ["a"], ["the", "abc"] * 20]
    words, windows, _ = planned(texts, window=20, window_overlap=overlap, context=context)
    assert max(window.n_tokens for window in windows) <= 20
    numbers = np.concatenate([window.points for window in windows])
    assert sorted(numbers.tolist()) == list(range(len(words)))
    flat = [word for text in texts for word in text]
    found = {point: spelt(pieces(window, i)) for window in windows for i, point in enumerate(window.points)}
    cut = [number for number, word in enumerate(flat) if found[number] != word]
    assert not cut if overlap != 0 else len(cut) < 6  # without an overlap a word may lie on the edge
    assert all(flat[number].find(found[number]) >= 0 for number in cut)


def test_a_word_is_read_off_the_window_with_more_around_it(planned):
    _, windows, _ = planned([["dog"] * 30], window=22, window_overlap=10)
    assert [window.points.tolist() for window in windows] == [list(range(15)), list(range(15, 30))]
    assert [int(window.first[0]) for window in windows] == [1, 6]


def test_sub_words_are_points_of_their_own(planned):
    words, (window,), points = planned([["The", "bird"]], points="subwords")
    assert points.words.tolist() == [0, 1, 1, 1, 1]
    assert [pieces(window, i) for i in range(5)] == [["the"], ["b"], ["##i"], ["##r"], ["##d"]]
    text = words.sentences[0].text
    assert [text[start:end] for start, end in zip(points.starts, points.ends)] == ["The", "b", "i", "r", "d"]


def test_words_that_the_tokenizer_drops_are_no_points_and_are_counted(planned):
    _, (window,), points = planned([["dog", "\u200b\u200b", "cat"]])
    assert (points.words.tolist(), points.n_left_out) == ([0, 2], 1)
    assert len(window.points) == 2
    with pytest.raises(DataError, match="no sub-word of any word"):
        planned([["\u200b"]])


def test_windows_that_cannot_be_are_refused(planned):
    with pytest.raises(UsageError, match="--window 41: the model takes 40 tokens at most"):
        planned([["dog"]], window=41)
    with pytest.raises(UsageError, match="leave no room for an overlap of 18"):
        planned([["dog"]], window=20, window_overlap=18)
