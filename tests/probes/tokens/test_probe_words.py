"""The probe against a slow, literal recount: plain text of the file, one sentence at a time through the model."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_transformer import tiny_bert, tiny_tokenizer

from compexact.probes.opening import open_probe
from compexact.probes.store import save_probe
from compexact.probes.tokens.corpora import open_corpora
from compexact.probes.tokens.layer_values import token_values
from compexact.probes.tokens.loading import LoadedTokenModel, load_token_model
from compexact.probes.tokens.probe_words import probe_tokens
from compexact.probes.tokens.token_settings import TokenConceptSettings, TokenSettings
from compexact.solver.errors import DataError, UsageError
from compexact.solver.parsing import parse
from compexact.solver.problem import Problem

LAYER = "encoder.layer.1.intermediate"
DATA = Path(__file__).resolve().parents[4] / "shared/data"
FORMULAS = {
    "upos:NOUN": lambda w: w["upos"] == "NOUN",
    "(upos:DET OR word:in) AND NOT position:first": lambda w: (w["upos"] == "DET" or w["word"] == "in") and w["i"],
    "prev:tag:NN OR suffix:-s": lambda w: w["before"] == "NN" or (w["word"].endswith("s") and len(w["word"]) > 1),
}


def literal_sentences(text):
    """Of each sentence in the file's text: as it is written, and its words, with what `FORMULAS` ask, and spans."""
    for block in text.strip().split("\n\n"):
        written, words, ends_at, glued = "", [], 0, False
        for line in block.split("\n"):
            cells = line.split("\t")
            if line.startswith("#") or "." in cells[0]:
                continue
            if "-" in cells[0]:  # what is written as one, the words of which follow
                ends_at, glued = int(cells[0].split("-")[1]), "SpaceAfter=No" in cells[9]
                continue
            before = words[-1]["tag"] if words else ""
            span = (len(written), len(written) + len(cells[1]))
            words.append(
                {"i": len(words), "word": cells[1].lower(), "upos": cells[3], "tag": cells[4], "before": before,
                 "span": span}
            )  # fmt: skip
            written += cells[1]
            if int(cells[0]) > ends_at:
                glued = "SpaceAfter=No" in cells[9]
            if int(cells[0]) >= ends_at and not glued:
                written += " "
        yield written.rstrip(" "), words


def literal_values(module, tokenizer, text, spans, layer, align="last"):
    """float32 (n_words, n_units): the sentence by itself, each word by those of its sub-words."""
    made = tokenizer(text, return_offsets_mapping=True, return_tensors="pt")
    offsets = made.pop("offset_mapping")[0].tolist()
    seen = []
    handle = module.get_submodule(layer).register_forward_hook(lambda *call: seen.append(call[2]))
    with torch.inference_mode():
        module(**made)
    handle.remove()
    values = seen[-1][0].numpy()
    rows = []
    for start, end in spans:
        own = values[[i for i, (low, high) in enumerate(offsets) if low < end and high > start and low < high]]
        rows.append({"last": own[-1], "first": own[0], "mean": own.mean(axis=0), "max": own.max(axis=0)}[align])
    return np.array(rows)


@pytest.fixture(scope="module")
def model(tiny_folder):
    return load_token_model(f"hf:{tiny_folder}")


@pytest.fixture
def probe_of(model, conllu, tmp_path):
    """probe_of(...): the probe of the small corpus, with these settings."""

    def run(corpus=None, layers=(LAYER,), concepts=None, units_of=None, **settings):
        settings = {"quantile": 0.1, "top_sentences": 3} | settings
        return probe_tokens(
            model,
            open_corpora([f"conllu:{corpus or conllu}"]),
            TokenConceptSettings(concepts, min_points=1),
            TokenSettings(layers=layers, **settings),
            units_of=units_of,
            spill_folder=tmp_path,
        )

    return run


def recounted(probe, sentences, values, share):
    """Compare thresholds, masks and formulas of the probe with those of literal values, float32 (n, n_units)."""
    thresholds = np.quantile(values.astype(np.float64), 1 - share, axis=0)
    assert np.allclose(probe.inputs.thresholds, thresholds, atol=1e-5)
    active = probe.inputs.activity.of_all()
    near = np.abs(values - thresholds) < 3e-6
    assert near.mean() < 0.05
    assert np.array_equal(active[~near], (values > thresholds)[~near])
    words = [word for _, of_sentence in sentences for word in of_sentence]
    for text, holds in FORMULAS.items():
        where = np.array([bool(holds(word)) for word in words])
        for unit in range(values.shape[1]):
            found = Problem.of(probe.cells, unit).explain(parse(text, probe.cells.concepts.position))
            assert found.formula_points == where.sum(), text
            assert found.intersection == (where & active[:, unit]).sum(), (text, unit)


@pytest.mark.parametrize("align", ["last", "first", "mean", "max"])
def test_counts_are_those_of_a_literal_recount(probe_of, model, conllu, align):
    sentences = list(literal_sentences(conllu.read_text()))
    probe = probe_of(align=align, batch_size=4)
    values = np.concatenate(
        [literal_values(model.module, model.tokenizer, text, [w["span"] for w in words], LAYER, align)
         for text, words in sentences]
    )  # fmt: skip
    assert [text for text, _ in sentences] == probe.names["sentences"]
    recounted(probe, sentences, values, 0.1)


def test_thresholds_are_the_quantile_of_all_values_whatever_the_batches(probe_of):
    small, large = probe_of(batch_size=1), probe_of(batch_size=64)
    assert np.allclose(small.inputs.thresholds, large.inputs.thresholds, atol=1e-5)
    assert np.array_equal(small.arrays["point_cells"], large.arrays["point_cells"])
    assert small.cells.concepts.names == large.cells.concepts.names
    shares = small.inputs.activity.of_all().mean(axis=0)
    assert (np.abs(shares - 0.1) < 0.01).all()


def test_positive_means_above_zero_and_layers_are_named(probe_of):
    probe = probe_of(layers=("encoder.layer.0", "encoder.layer.2.intermediate"), threshold="positive")
    assert (probe.inputs.thresholds == 0).all()
    assert probe.cells.unit_names[0] == "encoder.layer.0:0"
    assert probe.cells.unit_names[-1] == "encoder.layer.2.intermediate:23"
    assert len(probe.cells.unit_names) == 16 + 24


def test_units_can_be_made_of_a_layers_values(probe_of):
    plain = probe_of()
    twice = probe_of(units_of={LAYER: lambda values: np.concatenate([values, -values], axis=1)})
    assert len(twice.cells.unit_names) == 48
    assert np.array_equal(twice.inputs.activity.of_all()[:, :24], plain.inputs.activity.of_all())


def test_units_whose_ties_leave_few_words_above_the_threshold_are_counted_in_a_note(probe_of):
    def but_once(values):
        """A unit that is 0 everywhere but on the last word of each batch, and one that is not."""
        rare = np.zeros(len(values), dtype=np.float32)
        rare[-1] = 1
        return np.stack([rare, values[:, 0]], axis=1)

    probe = probe_of(units_of={LAYER: but_once}, batch_size=64)
    assert 0 < probe.cells.active.totals[0] < 0.05 * probe.cells.n_points
    assert [note for note in probe.about["notes"] if note.startswith("1 of 2 units have one value")]
    assert not [note for note in probe_of().about["notes"] if "have one value" in note]


def test_in_a_document_the_values_are_of_the_whole_text(probe_of, model):
    probe = probe_of(context="document")
    first, second = probe.names["sentences"][:2]
    text = f"{first} {second}"
    values = literal_values(model.module, model.tokenizer, text, [(0, 3)], LAYER)
    kept = probe.inputs.sentences
    for unit in range(24):
        for sentence, of_words in kept.top_of(unit):
            if sentence == 0:
                assert np.isclose(of_words[0], values[0, unit], atol=1e-5)
    assert not np.allclose(probe.inputs.thresholds, probe_of().inputs.thresholds, atol=1e-4)


def test_the_top_sentences_have_the_highest_values_and_the_value_of_each_word(probe_of, model, conllu):
    probe = probe_of()
    texts = list(literal_sentences(conllu.read_text()))
    values = [
        literal_values(model.module, model.tokenizer, text, [w["span"] for w in words], LAYER) for text, words in texts
    ]
    for unit in range(24):
        best = np.array([each[:, unit].max() for each in values])
        top = probe.inputs.sentences.top_of(unit)
        assert np.allclose([best[sentence] for sentence, _ in top], np.sort(best)[::-1][:3], atol=1e-5)
        for sentence, of_words in top:
            assert np.allclose(of_words, values[sentence][:, unit], atol=1e-5)
    assert (probe.arrays["histogram"].sum(axis=1) == probe.cells.n_points).all()


def test_a_saved_probe_says_where_each_word_stands(probe_of, tmp_path):
    save_probe(probe_of(), tmp_path / "p")
    probe = open_probe(tmp_path / "p")
    assert probe.about["kind"] == "tokens"
    assert probe.inputs.are_words
    assert not probe.inputs.are_pairs
    assert probe.inputs.keys[0] == ("news-1", "a1", "1")
    assert probe.inputs.keys[6] == ("news-1", "a2", "1")
    kept = probe.inputs.sentences
    text = kept.sentences[0]
    assert [text[kept.point_starts[i] : kept.point_ends[i]] for i in kept.points_of(0)][:4] == [
        "The",
        "dogs",
        "do",
        "n't",
    ]


def test_sub_words_as_points_have_the_concepts_of_their_words(probe_of):
    words, pieces = probe_of(), probe_of(points="subwords")
    assert pieces.cells.n_points > words.cells.n_points
    column = pieces.cells.concepts.position["word:."]
    assert words.cells.concept_points[words.cells.concepts.position["word:."]] == pieces.cells.concept_points[column]


class Box:
    def __init__(self, values):
        self.loss, self.values = None, values


@pytest.mark.parametrize(
    "wrap", [lambda x: x, lambda x: (x, None), lambda x: [None, x], lambda x: {"a": x[:, 0], "b": x}, Box]
)
def test_a_vector_for_each_token_is_found_in_whatever_it_is_wrapped(wrap):
    values = torch.rand(2, 5, 7)
    assert torch.equal(token_values(wrap(values), (2, 5), "layer x"), values)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (torch.rand(2, 7), r"shape \(2, 7\) \(one vector per text\?\) for 2 texts of 5 tokens"),
        (torch.rand(2, 3, 5, 5), r"\(attention, by head\?\)"),
        ((torch.rand(5, 2, 7),), r"tuple of \(5, 2, 7\)"),
        (torch.ones(2, 5, 7, dtype=torch.int64), "a vector for each token"),
        (None, "NoneType"),
    ],
)
def test_what_is_no_vector_for_each_token_is_refused(output, says):
    with pytest.raises(UsageError, match=says):
        token_values(output, (2, 5), "layer x")


def test_a_model_of_the_users_comes_with_its_tokenizer(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2]))
    loaded = load_token_model("tiny_transformer:made")
    assert loaded.longest == 40
    assert "input_ids" in loaded.takes
    with pytest.raises(UsageError, match=r"gives a .*; a pair \(torch.nn.Module, tokenizer\) is needed"):
        load_token_model("tiny_transformer:tiny_tokenizer")


def test_half_precision_weights_are_computed_in_single_precision_unless_asked(tiny_folder):
    assert next(load_token_model(f"hf:{tiny_folder}").module.parameters()).dtype == torch.float32
    other = load_token_model(f"hf:{tiny_folder}", dtype="bfloat16")
    assert next(other.module.parameters()).dtype == torch.bfloat16
    assert other.digest == load_token_model(f"hf:{tiny_folder}").digest


def test_values_that_are_no_numbers_are_refused(model, conllu, tmp_path):
    broken = tiny_bert()
    broken.encoder.layer[1].intermediate.dense.bias.data[3] = float("nan")
    loaded = type(model)(broken, tiny_tokenizer(), "broken", "0" * 64, model.takes, 40)
    with pytest.raises(DataError, match=r"layer .*, unit 3, point .* are NaN"):
        probe_tokens(
            loaded,
            open_corpora([f"conllu:{conllu}"]),
            TokenConceptSettings(min_points=1),
            TokenSettings(layers=(LAYER,)),
            spill_folder=tmp_path,
        )


@pytest.mark.real_data
@pytest.mark.slow
def test_two_hundred_units_of_a_real_model_are_counted_as_a_literal_recount_counts_them(tmp_path):
    if not (DATA / "minilm").is_dir():
        pytest.skip("no ../shared/data/minilm")
    import gzip

    with gzip.open(DATA / "ud_ewt/en_ewt-ud-dev.conllu.gz", "rt", encoding="utf-8") as file:
        text = "\n\n".join(file.read().split("\n\n")[:150]) + "\n\n"
    (tmp_path / "part.conllu").write_text(text, encoding="utf-8")
    layer = "encoder.layer.2.intermediate"
    model = load_token_model(f"hf:{DATA / 'minilm'}")
    probe = probe_tokens(
        model,
        open_corpora([f"conllu:{tmp_path / 'part.conllu'}"]),
        TokenConceptSettings(min_points=1),
        TokenSettings(layers=(layer,), quantile=0.02),
        units_of={layer: lambda values: values[:, :200]},
        spill_folder=tmp_path,
    )
    sentences = list(literal_sentences(text))
    assert [written for written, _ in sentences] == probe.names["sentences"]
    values = np.concatenate(
        [literal_values(model.module, model.tokenizer, written, [w["span"] for w in words], layer)
         for written, words in sentences]
    )[:, :200]  # fmt: skip
    recounted(probe, sentences, values, 0.02)


def tiny_gpt2():
    """A causal model whose tokenizer splits bytes, counts the blank to the word after it, and knows no padding."""
    from tokenizers import ByteLevelBPETokenizer
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    made = ByteLevelBPETokenizer()
    made.train_from_iterator(["The dogs don't sleep. A cat sleeps in the park."], vocab_size=290)
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=made.get_vocab_size(), n_positions=64, n_embd=16, n_layer=2, n_head=2, initializer_range=0.3
    )
    return GPT2Model(config).eval(), PreTrainedTokenizerFast(tokenizer_object=made._tokenizer, model_max_length=64)


def test_a_causal_model_without_padding_is_read_the_same_in_batches_as_by_itself(conllu, tmp_path):
    module, tokenizer = tiny_gpt2()
    loaded = LoadedTokenModel(module, tokenizer, "gpt", "0" * 64, frozenset({"input_ids", "attention_mask"}), 64)
    probe = probe_tokens(
        loaded,
        open_corpora([f"conllu:{conllu}"]),
        TokenConceptSettings(min_points=1),
        TokenSettings(layers=("h.0.mlp.act",), quantile=0.1, batch_size=8),
        spill_folder=tmp_path,
    )
    sentences = list(literal_sentences(conllu.read_text()))
    values = np.concatenate(
        [
            literal_values(module, tokenizer, text, [w["span"] for w in words], "h.0.mlp.act")
            for text, words in sentences
        ]
    )
    recounted(probe, sentences, values, 0.1)


def test_kept_activations_are_the_values_that_were_counted_and_shown(tiny_folder, conllu, tmp_path):
    settings = TokenSettings((LAYER,), quantile=0.2, top_sentences=3, keep_activations=True, folds=3)
    model, corpus = load_token_model(f"hf:{tiny_folder}"), open_corpora([f"conllu:{conllu}"])
    probe = save_probe(probe_tokens(model, corpus, TokenConceptSettings(min_points=2), settings), tmp_path / "probe")
    kept, stored = probe.inputs.activations, probe.arrays
    sentences, ends = stored["point_sentences"], stored["top_indptr"]
    for unit in range(len(probe.cells.unit_names)):
        values = kept.of(unit)
        assert np.array_equal(values > stored["thresholds"][unit], probe.inputs.activity.of(unit))
        for rank, sentence in enumerate(stored["top_sentences"][unit]):
            place = unit * 3 + rank
            assert np.array_equal(stored["top_values"][ends[place] : ends[place + 1]], values[sentences == sentence])
    assert np.array_equal(kept.cell_of, stored["point_cells"])
    for fold in range(3):
        counted = np.bincount(kept.cell_of[kept.fold_of == fold], minlength=len(probe.cells))
        assert np.array_equal(counted, probe.inputs.folds.weights(fold))
