"""Training a tagger: that it learns what can be learnt, honestly measured, and the same every time."""

import json

import pytest
import spacy

from compexact.probes.text import tagger
from compexact.probes.text.pairs import Pair, Pairs, Sentence
from compexact.probes.text.tagger import train_tagger
from compexact.solver.errors import DataError, UsageError


def sentences(pairs):
    return [sentence for pair in pairs.pairs for sentence in (pair.premise, pair.hypothesis)]


def test_a_tagger_learns_what_a_table_of_words_cannot(invented_tagger, invented_pairs):
    folder, report = invented_tagger
    assert report.accuracy > 0.95
    assert report.baseline < 0.5
    assert (report.train_sentences, report.held_out_sentences) == (240, 60)
    assert report.train_tokens + report.held_out_tokens == sum(len(s.tokens) for s in sentences(invented_pairs))
    assert report.tags == ("JJ", "NN", "RB", "VB")
    nlp = spacy.load(folder)
    assert [token.tag_ for token in nlp("Kalmtion spodly trinate")] == ["NN", "RB", "VB"]
    assert json.loads((folder / "meta.json").read_text())["performance"]["tag_acc"] == report.accuracy


def test_the_reported_accuracy_is_that_of_the_stored_tagger_on_the_held_out_sentences(invented_tagger, invented_pairs):
    folder, report = invented_tagger
    unique = list({s.tokens: s.tags for s in sentences(invented_pairs)}.items())
    _, held_out = tagger._split(unique, 0.2, 1)
    nlp = spacy.load(folder)
    right = total = 0
    for tokens, tags in held_out:
        doc = nlp(spacy.tokens.Doc(nlp.vocab, words=list(tokens)))
        right += sum(token.tag_ == tag for token, tag in zip(doc, tags, strict=True))
        total += len(tags)
    assert report.accuracy == right / total


def test_the_same_seed_gives_the_same_tagger_and_another_another(invented_pairs, tmp_path):
    few = Pairs("few", invented_pairs.path, invented_pairs.pairs[:10], "")
    reports = [train_tagger(few, tmp_path / name, seed=seed, epochs=1) for name, seed in (("a", 3), ("b", 3), ("c", 4))]
    model = [(tmp_path / name / "tagger" / "model").read_bytes() for name in "abc"]
    assert model[0] == model[1] != model[2]
    assert (reports[0].accuracy, reports[0].baseline) == (reports[1].accuracy, reports[1].baseline)


def test_equal_sentences_never_stand_in_both_parts(invented_pairs, tmp_path):
    pair = invented_pairs.pairs[0]
    repeated = Pairs(
        "r", invented_pairs.path, tuple(Pair(pair.premise, p.premise, None) for p in invented_pairs.pairs[:9]), ""
    )
    report = train_tagger(repeated, tmp_path / "out", epochs=1, held_out=0.3)
    assert report.train_sentences + report.held_out_sentences == 9


def test_the_baseline_is_the_most_frequent_tag_of_each_word():
    train = [(("a", "b", "a"), ("X", "Y", "X")), (("a", "b"), ("Z", "Y"))]
    test = [(("a", "b", "new", "new"), ("X", "X", "X", "Y"))]
    # a is X, b is Y; X and Y are equally frequent (2), and X came first: right are a and one of the new words.
    assert tagger._baseline(train, test) == 2


def test_training_stops_when_nothing_gets_better_and_keeps_the_best(invented_pairs, tmp_path):
    """The few tokens held out can be right only so often, so that something better does not come for ever."""
    few = Pairs("few", invented_pairs.path, invented_pairs.pairs[:4], "")
    report = train_tagger(few, tmp_path / "out", epochs=50)
    assert report.epochs == report.epoch + tagger.PATIENCE < 50
    shorter = train_tagger(few, tmp_path / "shorter", epochs=report.epoch)
    stopped, best = ((tmp_path / name / "tagger" / "model").read_bytes() for name in ("out", "shorter"))
    assert stopped == best
    assert report.accuracy == shorter.accuracy


def test_progress_ends_with_all_sentences(invented_pairs, tmp_path):
    seen = []
    few = Pairs("few", invented_pairs.path, invented_pairs.pairs[:4], "")
    train_tagger(few, tmp_path / "out", epochs=1, on_progress=lambda *step: seen.append(step))
    assert seen[-1] == ("training the tagger, epoch 1", 7, 7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be at least 1"),
        ({"held_out": 0.0}, "between 0 and 1"),
        ({"held_out": 1.0}, "between 0 and 1"),
        ({"held_out": float("nan")}, "between 0 and 1"),
        ({"seed": -1}, "the seed is a whole number from 0"),
        ({"seed": 2**32}, "the seed is a whole number from 0"),
    ],
)
def test_numbers_out_of_range_are_refused(invented_pairs, tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        train_tagger(invented_pairs, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_pairs_without_tags_and_too_few_sentences_are_refused(invented_pairs, tmp_path):
    plain = Pairs("plain", invented_pairs.path, (Pair(Sentence("A man."), Sentence("A boy."), None),), "")
    with pytest.raises(DataError, match="plain has no tags; a table with premise_tokens"):
        train_tagger(plain, tmp_path / "out")
    sentence = invented_pairs.pairs[0].premise
    with pytest.raises(DataError, match="1 different sentences are too few"):
        train_tagger(Pairs("one", plain.path, (Pair(sentence, sentence, None),), ""), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_replaced_only_by_force_and_only_if_it_is_a_tagger(invented_pairs, tmp_path):
    few = Pairs("few", invented_pairs.path, invented_pairs.pairs[:4], "")
    train_tagger(few, tmp_path / "out", epochs=1)
    with pytest.raises(UsageError, match="exists already"):
        train_tagger(few, tmp_path / "out", epochs=1)
    train_tagger(few, tmp_path / "out", epochs=1, force=True)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "meta.json").write_text("{}")
    with pytest.raises(UsageError, match="holds something else"):
        train_tagger(few, tmp_path / "other", epochs=1, force=True)
