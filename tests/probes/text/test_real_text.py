"""The published numbers of SNLI and SICK, read by our readers."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from compexact.probes.text.concepts import PairConceptSettings, pair_concepts
from compexact.probes.text.language import analyse, open_pipeline
from compexact.probes.text.readers import open_pairs
from compexact.probes.text.tagger import train_tagger
from compexact.probes.text.vectors import open_vectors

DATA = Path(__file__).resolve().parents[3] / "../shared/data"

pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the real inputs do not stand beside the project"),
]


@pytest.fixture(scope="module")
def dev():
    return open_pairs(DATA / "snli/snli_1.0_dev.jsonl.gz")


@pytest.fixture(scope="module")
def tagged():
    return open_pairs(DATA / "snli/snli_dev_tagged.tsv.gz")


@pytest.fixture(scope="module")
def analysed(tagged):
    return analyse(tagged, open_pipeline(None))


def shares(found):
    """Name of each overlap concept -> the share of the pairs that it holds for."""
    counts = Counter(column for row in found.rows for column in row)
    return {
        found.names[column]: counts[column] / len(found.rows)
        for column, category in enumerate(found.categories)
        if category == "overlap"
    }


def test_the_snli_validation_pairs(dev, tagged):
    assert len(dev) == len(tagged) == 10_000
    labels = [pair.label for pair in dev.pairs]
    assert Counter(labels) == {"entailment": 3329, "contradiction": 3278, "neutral": 3235, None: 158}
    assert [pair.label for pair in tagged.pairs] == labels
    assert Counter(len(pair.annotators) for pair in dev.pairs) == {5: 9986, 4: 14}
    assert len({pair.key for pair in dev.pairs}) == 10_000
    for pair in dev.pairs:  # the gold label is what at least three of the five chose
        label, n = Counter(pair.annotators).most_common(1)[0]
        assert pair.label == (label if n >= 3 else None)


def test_the_other_real_files():
    train = open_pairs(DATA / "snli/snli_train20k.tsv.gz")
    assert (len(train), train.notes) == (19_999, ())
    sick = open_pairs(DATA / "sick/sick.tsv.gz")
    assert Counter(pair.label for pair in sick.pairs) == {"neutral": 5595, "entailment": 2821, "contradiction": 1424}
    assert sick.pairs[0].key == "1"


def test_overlap_shares_are_the_published_ones(dev):
    analysed = analyse(dev, open_pipeline(None))
    paper = shares(pair_concepts(analysed, PairConceptSettings(words=0)))
    code = shares(pair_concepts(analysed, PairConceptSettings(words=0, overlap="code")))
    for found, published in ((paper, (0.394, 0.069, 0.019)), (code, (0.542, 0.221, 0.121))):
        for percent, share in zip((25, 50, 75), published, strict=True):
            assert found[f"overlap>{percent}%"] == pytest.approx(share, abs=0.0007)


def test_the_tagged_pairs_have_the_papers_concepts(analysed):
    found = pair_concepts(analysed, PairConceptSettings())
    assert Counter(found.categories) == {
        "premise word": 2000,
        "hypothesis word": 2000,
        "premise tag": 42,
        "hypothesis tag": 42,
        "overlap": 4,
    }
    assert found.notes == ()
    assert shares(found)["overlap>25%"] == pytest.approx(0.397, abs=0.0005)
    assert found.names[:3] == ("pre:in", "pre:is", "pre:man")
    assert {"hyp:tag:NN", "pre:sleeping", "hyp:nobody"} <= set(found.names)
    assert len(set(found.rows)) > 9_900


def test_neighbours_by_glove(analysed):
    vectors = open_vectors(DATA / "glove/glove.6B.50d.10k.txt.gz")
    assert (vectors.vectors.shape, vectors.notes) == ((10_362, 50), ())
    assert vectors.nearest("bicycle", 5)[:2] == ("bike", "motorcycle")
    found = pair_concepts(analysed, PairConceptSettings(neighbours=5), vectors)
    assert {"NEIGHBORS(pre:guitar)", "NEIGHBORS(hyp:bicycle)"} <= set(found.names)
    column = found.names.index("NEIGHBORS(hyp:bicycle)")
    near = set(vectors.nearest("bicycle", 5))
    for pair, row in zip(analysed, found.rows, strict=True):
        assert (column in row) == bool(near & {token.lower() for token in pair.hypothesis.tokens})


def test_lemmas_by_the_real_table(dev):
    pipeline = open_pipeline(None, lemma_tables=DATA / "lemma_tables")
    first = analyse(dev, pipeline)[0].hypothesis
    assert first.lemmas[:5] == ("The", "sister", "be", "hug", "goodbye")


@pytest.mark.slow
def test_a_tagger_learns_real_tags(tagged, tmp_path):
    report = train_tagger(replace(tagged, pairs=tagged.pairs[:3000]), tmp_path / "tagger", epochs=4)
    assert report.train_sentences + report.held_out_sentences == 3971
    assert report.accuracy > report.baseline + 0.02
    assert report.accuracy > 0.96
