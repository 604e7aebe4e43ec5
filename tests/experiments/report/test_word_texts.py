"""What the page of a unit of words shows: counted again from the probe, word by word."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_transformer import tiny_bert, tiny_tokenizer

from compexact.experiments.report.activation_chart import activation_chart
from compexact.experiments.report.word_texts import AROUND, WordTexts
from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.loading import LoadedTokenModel
from compexact.probes.tokens.probe_words import probe_tokens
from compexact.probes.tokens.token_settings import TokenConceptSettings, TokenSettings
from compexact.solver.parsing import parse


@pytest.fixture(scope="module")
def probe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("words")
    rng = np.random.default_rng(0)
    lines = [
        json.dumps({"tokens": rng.choice(["dog", "cat", "the", "zoo", "ab"], size).tolist()})
        for size in rng.integers(1, 9, 30)
    ]
    lines.append(json.dumps({"tokens": ["dog", "cat"] * 45}))
    (folder / "c.jsonl").write_text("\n".join(lines))
    model = LoadedTokenModel(tiny_bert(), tiny_tokenizer(), "tiny", "0" * 64, None, 40)
    return probe_tokens(
        model,
        open_corpora([f"jsonl:{folder / 'c.jsonl'}"]),
        TokenConceptSettings("word", min_points=1),
        TokenSettings(layers=("encoder.layer.1.intermediate",), quantile=0.2, top_sentences=4),
        spill_folder=folder,
    )


def report_of(probe, column, text):
    """A unit's report with this formula."""
    concepts = probe.cells.concepts
    formula = parse(text, concepts.position)
    mask = concepts.mask(formula)
    return SimpleNamespace(cells=probe.cells, column=column, best=SimpleNamespace(formula=formula), cell_mask=mask)


def words_of(sentence):
    return [piece for piece in sentence.pieces if piece.is_point]


@pytest.mark.parametrize("text", ["word:dog OR word:cat", "NOT word:the AND NOT word:zoo", "word:ab"])
def test_every_shown_word_is_marked_as_the_probe_has_it(probe, text):
    for column in (0, 7):
        shown = WordTexts.of(probe).unit(report_of(probe, column, text))
        names = text.replace("word:", "").split()
        for sentence in (*shown.top, *shown.misses, *shown.alarms):
            for piece in words_of(sentence):
                assert piece.holds == (piece.text not in names if "NOT" in names else piece.text in names)
            assert sum(piece.is_focus for piece in sentence.pieces) == 1
        assert all(any(p.is_focus and p.is_active and not p.holds for p in s.pieces) for s in shown.misses)
        assert all(any(p.is_focus and p.holds and not p.is_active for p in s.pieces) for s in shown.alarms)


def test_misses_false_alarms_and_those_of_each_clause_are_counted_over_all_words(probe):
    active = probe.inputs.activity.of(3)
    flat = [word for text in probe.names["sentences"] for word in text.split()]
    is_dog, is_cat = (np.array([word == name for word in flat]) for name in ("dog", "cat"))
    shown = WordTexts.of(probe).unit(report_of(probe, 3, "word:dog OR word:cat"))
    assert (shown.n_misses, shown.n_alarms) == (
        (active & ~(is_dog | is_cat)).sum(),
        ((is_dog | is_cat) & ~active).sum(),
    )
    assert [clause.n for clause in shown.clauses] == [(is_dog & ~active).sum(), (is_cat & ~active).sum()]
    assert {clause.kind for clause in shown.clauses} == {"false alarms"}
    shown = WordTexts.of(probe).unit(report_of(probe, 3, "NOT word:dog AND NOT word:cat"))
    assert [clause.n for clause in shown.clauses] == [(is_dog & active).sum(), (is_cat & active).sum()]
    assert WordTexts.of(probe).unit(report_of(probe, 3, "word:dog")).clauses == ()


def test_top_sentences_have_the_value_of_each_word_and_darker_means_higher(probe):
    shown = WordTexts.of(probe).unit(report_of(probe, 5, "word:dog"))
    highest = [sentence.value for sentence in shown.top]
    assert highest == sorted(highest, reverse=True)
    for sentence in shown.top:
        words = sorted(words_of(sentence), key=lambda piece: piece.value)
        assert [piece.shade for piece in words] == sorted(piece.shade for piece in words)
    assert max(piece.shade for piece in words_of(shown.top[0])) == 9


def test_sentences_that_do_not_activate_the_unit_are_shown_only_of_a_unit_that_none_activates(probe):
    texts = WordTexts.of(probe)
    report = report_of(probe, 3, "word:dog")
    keys = [sentence.key for sentence in texts.unit(report).top]
    active = texts.activity.of(3)
    second = texts.stored.points_of(list(dict(texts.stored.top_of(3)))[1])
    inside = np.zeros_like(active)
    inside[second.start : second.stop] = True
    for kept, expected in ((active & inside, keys[1:2]), (np.zeros_like(active), keys)):
        texts.activity = SimpleNamespace(of=lambda _, kept=kept: kept)
        assert [sentence.key for sentence in texts.unit(report).top] == expected


def test_a_long_sentence_is_shown_around_its_word(probe):
    texts = WordTexts.of(probe)
    long = len(probe.names["sentences"]) - 1
    only = texts.stored.points_of(long)
    shown = [
        s for unit in range(24) for s in texts.unit(report_of(probe, unit, "word:the")).misses if s.key.endswith(":31")
    ]
    assert len(only) == 90
    for sentence in shown:
        assert len(words_of(sentence)) <= 2 * AROUND + 1
        assert sentence.is_cut_before or sentence.is_cut_after
    assert shown


def test_the_bars_of_the_chart_are_as_high_as_the_logarithms_of_their_counts():
    chart = activation_chart(np.array([1000, 0, 10, 1]), -1.0, 3.0, 1.0)
    heights = [bar.height for bar in chart.bars]
    assert heights[1] == 0
    assert np.isclose(heights[0] - heights[2], 2 * (heights[2] - heights[3]), atol=0.05)
    assert chart.threshold == chart.bars[2].x
    assert [tick.text for tick in chart.y_ticks] == ["1", "10", "100", "1,000"]
    assert activation_chart(np.array([5]), 2.0, 2.0, 7.0).threshold is None
    ticks = activation_chart(np.array([2_000_000]), 0.0, 1.0, 0.5).y_ticks
    assert [tick.text for tick in ticks] == ["1", "10", "100", "1,000", "10,000", "100k", "1M", "10M"]
