import pytest
import torch
from tiny_transformer import WHOLE, tiny_bert, tiny_tokenizer
from torch import nn

import compexact as cx

LAYER = "encoder.layer.1.intermediate"
SENTENCES = [
    {"tokens": ["the", "dog", "sleeps", "in", "a", "park"], "upos": ["DET", "NOUN", "VERB", "ADP", "DET", "NOUN"]},
    {"tokens": ["a", "cat", "sleeps"], "upos": ["DET", "NOUN", "VERB"]},
    {"tokens": ["the", "dogs", "sleep"], "upos": ["DET", "NOUN", "VERB"]},
] * 4
PAIRS = [
    ("A man sleeps.", "Nobody sleeps.", "contradiction"),
    ("A dog runs in the park.", "An animal runs.", "entailment"),
    ("A woman sings.", "A woman sings a song.", "neutral"),
    {"premise": "A dog sleeps.", "hypothesis": "A cat sleeps.", "label": "contradiction"},
] * 3


@pytest.fixture(scope="module")
def words():
    return cx.probe(
        tiny_bert(), tokenizer=tiny_tokenizer(), corpus=numbered(SENTENCES), layer=LAYER, min_points=2, quantile=0.2
    )


def numbered(sentences):
    return [{**sentence, "id": str(number)} for number, sentence in enumerate(sentences)]


class PairNet(nn.Module):
    """Counts letters of both sentences."""

    class_names = ("entailment", "neutral", "contradiction")
    default_layer = "hidden"

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.hidden, self.scores = nn.Sequential(nn.Linear(4, 8), nn.ReLU()), nn.Linear(8, 3)

    def encode(self, premises, hypotheses):
        rows = [
            [len(a), len(b), len(set(a) & set(b)), sum(map(len, a))] for a, b in zip(premises, hypotheses, strict=True)
        ]
        return (torch.tensor(rows, dtype=torch.float32),)

    def forward(self, features):
        return self.scores(self.hidden(features))


def test_words_of_a_live_transformer_are_explained_and_shown(words, capsys):
    assert words.cells.n_points == sum(len(sentence["tokens"]) for sentence in SENTENCES)
    assert "upos:NOUN" in words.cells.concepts.names
    run = cx.explain(words, length=2, progress=False)
    assert len(run) == 24
    run[3].show()
    assert "*" in capsys.readouterr().out, "words that the unit is active on are marked"
    html = run[3]._repr_html_()
    assert "<mark>" in html
    assert len(html) < 20_000


def test_a_transformer_in_half_precision_stays_so(words):
    model = tiny_bert().half().train()
    cx.probe(model, tokenizer=tiny_tokenizer(), corpus=numbered(SENTENCES), layer=LAYER, min_points=2)
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float16}
    assert model.training


def test_a_corpus_is_files_texts_or_dicts(tmp_path, words):
    lines = [
        "\n".join(
            f"{place}\t{word}\t{word}\t{tag}\t_\t_\t_\t_\t_\t_"
            for place, (word, tag) in enumerate(zip(each["tokens"], each["upos"]), start=1)
        )
        for each in SENTENCES
    ]
    file = tmp_path / "dev.conllu"
    file.write_text("".join(f"# sent_id = {number}\n{text}\n\n" for number, text in enumerate(lines)))
    probes = [
        cx.probe(tiny_bert(), tokenizer=tiny_tokenizer(), corpus=corpus, layer=LAYER, min_points=2, concepts="upos")
        for corpus in (f"conllu:{file}", str(file), [file], numbered(SENTENCES))
    ]
    assert len({probe.digest for probe in probes}) == 1
    text = ["the dog sleeps in a park.", "a cat sleeps."] * 5
    of_texts = cx.probe(tiny_bert(), tokenizer=tiny_tokenizer(), corpus=text, layer=LAYER, min_points=2)
    assert {f"word:{word}" for word in ("sleeps", "dog")} <= set(of_texts.cells.concepts.names)
    assert "park" in WHOLE


def test_pairs_of_a_live_model_are_explained_and_shown(capsys, tmp_path):
    model = PairNet().train()
    probe = cx.probe(model, pairs=PAIRS, min_active=0)
    assert model.training
    assert probe.cells.n_points == len(PAIRS)
    assert probe.about["layer"] == "hidden"
    run = cx.explain(probe, length=2, progress=False)
    active = run.to_pandas().sort_values("iou")["unit"].iloc[-1]
    run[active].show()
    assert " / " in capsys.readouterr().out
    assert cx.report(run, tmp_path / "site").is_file()


def test_a_list_of_pairs_is_what_a_file_of_them_is(tmp_path):
    rows = [row if isinstance(row, tuple) else tuple(row.values()) for row in PAIRS]
    file = tmp_path / "pairs.tsv"
    file.write_text("gold_label\tsentence1\tsentence2\n" + "".join(f"{c}\t{a}\t{b}\n" for a, b, c in rows))
    assert cx.probe(PairNet(), pairs=str(file)).digest == cx.probe(PairNet(), pairs=rows).digest
