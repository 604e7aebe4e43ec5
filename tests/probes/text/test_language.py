"""Annotating sentences: what makes tokens, tags and the rest, and that nothing is replaced unseen."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest
import spacy

from compexact.probes.text.language import AnalysedSentence, analyse, annotation_sources, open_pipeline
from compexact.probes.text.pairs import Pair, Pairs, Sentence
from compexact.solver.errors import DataError, UsageError

PLAIN = Pair(Sentence("The dogs don't bark."), Sentence("It's  5 o'clock"), None)
TAGGED = Pair(
    Sentence("lamtion x-tidly x", ("lamtion", "x-tidly", "x"), ("T1", "T2", "T3")),
    Sentence("potous", ("potous",), ("T4",)),
    None,
)


def pairs_of(*pairs):
    return Pairs("made up", Path("pairs.tsv"), tuple(pairs), "")


@pytest.fixture
def full_pipeline(tmp_path, invented_tagger):
    """A folder with the trained tagger, an entity ruler, and a parser that has learnt nothing."""
    nlp = spacy.load(invented_tagger[0])
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "New York"}])
    parser = nlp.add_pipe("parser")
    parser.add_label("nsubj")
    parser.model.initialize()
    nlp.to_disk(tmp_path / "full")
    return tmp_path / "full"


def test_without_a_pipeline_text_is_split_by_rule_and_nothing_else_is_made():
    pipeline = open_pipeline(None)
    (found,) = analyse(pairs_of(PLAIN), pipeline)
    assert found.premise == AnalysedSentence(("The", "dogs", "do", "n't", "bark", "."))
    assert found.hypothesis == AnalysedSentence(("It", "'s", "5", "o'clock"))
    assert pipeline.name.startswith("blank English (spaCy ")
    assert any("No lemmas" in note for note in pipeline.notes)
    assert annotation_sources(pairs_of(PLAIN), pipeline) == {
        "tokens": f"spaCy's rules, as in {pipeline.name}",
        "tags": "none",
        "lemmas": "none",
        "entities": "none",
        "dependencies": "none",
    }


def test_the_files_tokens_and_tags_are_taken_where_it_has_them():
    pipeline = open_pipeline(None)
    (found,) = analyse(pairs_of(TAGGED), pipeline)
    assert found.premise == AnalysedSentence(("lamtion", "x-tidly", "x"), ("T1", "T2", "T3"))
    sources = annotation_sources(pairs_of(TAGGED), pipeline)
    assert (sources["tokens"], sources["tags"]) == ("the file", "the file")


def test_tokens_of_the_file_that_look_blank_keep_their_tags():
    odd = Sentence("a \u00a0 b", ("a", "\u00a0", "b"), ("X", "Y", "Z"))
    (found,) = analyse(pairs_of(Pair(odd, odd, None)), open_pipeline(None))
    assert found.premise == AnalysedSentence(("a", "\u00a0", "b"), ("X", "Y", "Z"))


def test_a_trained_pipeline_tags_the_files_tokens_only_when_told_to(invented_tagger):
    pipeline = open_pipeline(str(invented_tagger[0]))
    pairs = pairs_of(TAGGED)
    (from_file,) = analyse(pairs, pipeline)
    assert from_file.premise.tags == ("T1", "T2", "T3")
    assert annotation_sources(pairs, pipeline)["tags"] == "the file"
    (from_pipeline,) = analyse(pairs, pipeline, tags_from="pipeline")
    assert from_pipeline.premise.tokens == ("lamtion", "x-tidly", "x")
    assert from_pipeline.premise.tags[:2] == ("NN", "RB")
    assert from_pipeline.hypothesis.tags == ("JJ",)
    assert annotation_sources(pairs, pipeline, tags_from="pipeline")["tags"] == pipeline.name
    assert "compexact_tagger" in pipeline.name


def test_a_trained_pipeline_tags_text_that_has_no_tags(invented_tagger):
    pipeline = open_pipeline(str(invented_tagger[0]))
    pairs = pairs_of(Pair(Sentence("gabtion  todly."), Sentence("gabtion  todly."), None))
    (found,) = analyse(pairs, pipeline)
    assert found.premise.tokens == ("gabtion", "todly", ".")
    assert found.premise.tags[:2] == ("NN", "RB")
    assert len(found.premise.tags) == 3
    assert annotation_sources(pairs, pipeline)["tags"] == pipeline.name


def test_entities_and_dependencies_come_from_the_parts_that_make_them(full_pipeline):
    pipeline = open_pipeline(str(full_pipeline))
    (found,) = analyse(pairs_of(Pair(Sentence("In New York"), Sentence("x"), None)), pipeline)
    assert found.premise.entities == ("", "GPE", "GPE")
    assert len(found.premise.dependencies) == 3
    assert found.premise.lemmas == ()
    assert set(pipeline.makes) == {"tags", "entities", "dependencies"}


def test_lemmas_need_a_table_and_say_so(tmp_path):
    (tmp_path / "en_lemma_lookup.json").write_text(json.dumps({"dogs": "dog", "n't": "not"}))
    pipeline = open_pipeline(None, lemma_tables=tmp_path)
    (found,) = analyse(pairs_of(PLAIN), pipeline)
    assert found.premise.lemmas == ("The", "dog", "do", "not", "bark", ".")
    assert annotation_sources(pairs_of(PLAIN), pipeline)["lemmas"].startswith("lookup in en_lemma_lookup.json")
    assert not any("No lemmas" in note for note in pipeline.notes)


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("other.json", b"{}", UsageError, r"no folder with en_lemma_lookup\.json"),
        ("en_lemma_lookup.json", b"{", DataError, r"en_lemma_lookup\.json cannot be read"),
        ("en_lemma_lookup.json", b'{"a": 1}', DataError, "no table from word form to lemma"),
        ("en_lemma_lookup.json", b'["a"]', DataError, "no table from word form to lemma"),
        ("en_lemma_lookup.json", b'{"a": "\xe4"}', DataError, "cannot be read"),
        ("en_lemma_lookup.json.gz", gzip.compress(b'{"a": "b"}' * 50, mtime=0)[:-12], DataError, "cannot be read"),
    ],
)
def test_a_wrong_table_of_lemmas_is_refused(tmp_path, name, content, error, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        open_pipeline(None, lemma_tables=tmp_path)


def test_a_pipeline_with_lemmas_takes_no_tables(tmp_path):
    (tmp_path / "en_lemma_lookup.json").write_text('{"a": "b"}')
    open_pipeline(None, lemma_tables=tmp_path).nlp.to_disk(tmp_path / "with_lemmas")
    with pytest.raises(UsageError, match="makes lemmas by itself"):
        open_pipeline(str(tmp_path / "with_lemmas"), lemma_tables=tmp_path)


def test_an_unknown_pipeline_is_a_wrong_argument_that_names_the_installed_ones(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"no spaCy pipeline 'en_core_web_xx'.*installed: (none|\w).*made by rule"):
        open_pipeline("en_core_web_xx")
    for name in ("de_core_news_sm", "en_core_web_sm"):
        distribution = tmp_path / f"{name}-1.0.dist-info"
        distribution.mkdir()
        (tmp_path / f"{name}.py").touch()
        (distribution / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (distribution / "entry_points.txt").write_text(f"[spacy_models]\n{name} = {name}\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))  # of another Python, as spaCy looks for pipelines only once
    code = "from compexact.probes.text.language import open_pipeline; open_pipeline('en_core_web_xx')"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).stderr
    assert "de_core_news_sm, en_core_web_sm" in said
    assert "did you mean 'en_core_web_sm'" in said


@pytest.mark.parametrize("spec", ["numpy", "json", ""])
def test_an_installed_package_that_is_no_pipeline_is_not_imported_as_one(spec):
    with pytest.raises(UsageError, match="no spaCy pipeline"):
        open_pipeline(spec)


@pytest.mark.parametrize("damage", ["empty", "no config", "cut model", "config of something else", "unknown part"])
def test_a_damaged_folder_is_refused_in_one_line(tmp_path, invented_tagger, damage):
    folder = tmp_path / "copy"
    nlp = spacy.load(invented_tagger[0])
    nlp.to_disk(folder)
    config, model = folder / "config.cfg", folder / "tagger" / "model"
    if damage == "empty":
        folder = tmp_path / "empty"
        folder.mkdir()
    elif damage == "no config":
        config.unlink()
    elif damage == "cut model":
        model.write_bytes(model.read_bytes()[:1000])
    elif damage == "config of something else":
        config.write_text("[tool]\nx = 1\n")
    else:
        config.write_text(config.read_text().replace('factory = "tagger"', 'factory = "taggger"'))
    with pytest.raises(DataError, match="not a spaCy pipeline, or a damaged one") as caught:
        open_pipeline(str(folder))
    assert "\n" not in str(caught.value)


def test_tags_from_a_pipeline_without_tagger_and_a_mistyped_source_are_refused():
    pipeline = open_pipeline(None)
    with pytest.raises(UsageError, match="makes no tags; take the file's"):
        analyse(pairs_of(TAGGED), pipeline, tags_from="pipeline")
    with pytest.raises(UsageError, match="tags_from is file or pipeline, not 'fil'"):
        analyse(pairs_of(TAGGED), pipeline, tags_from="fil")


def test_a_pipeline_that_merges_tokens_is_refused(full_pipeline):
    nlp = spacy.load(full_pipeline)
    nlp.add_pipe("merge_entities")
    nlp.to_disk(full_pipeline.parent / "merging")
    pipeline = open_pipeline(str(full_pipeline.parent / "merging"))
    for sentence in (Sentence("In New York"), Sentence("In New York", ("In", "New", "York"), ("A", "B", "C"))):
        with pytest.raises(UsageError, match="tokens of several words, 'New York'; leave out its parts"):
            analyse(pairs_of(Pair(sentence, sentence, None)), pipeline)


def test_a_pipeline_that_splits_the_files_tokens_is_refused():
    pipeline = open_pipeline(None)

    @spacy.language.Language.component("compexact_test_splitting")
    def splitting(doc):
        with doc.retokenize() as retokenizer:
            retokenizer.split(doc[0], ["lam", "tion"], heads=[doc[0], doc[0]])
        return doc

    pipeline.nlp.add_pipe("compexact_test_splitting")
    with pytest.raises(UsageError, match="tokens of several words; leave out its parts that merge or split"):
        analyse(pairs_of(Pair(TAGGED.premise, TAGGED.premise, None)), pipeline)


@pytest.mark.parametrize(("tags_from", "seen_first"), [("file", ["T1", "T2", "T3"]), ("pipeline", ["", "", ""])])
def test_the_parts_of_a_pipeline_see_the_tags_that_are_taken(invented_tagger, tags_from, seen_first):
    pipeline = open_pipeline(str(invented_tagger[0]))
    seen = []

    @spacy.language.Language.component(f"compexact_test_seeing_{tags_from}")
    def seeing(doc):
        seen.append([token.tag_ for token in doc])
        return doc

    pipeline.nlp.add_pipe(f"compexact_test_seeing_{tags_from}", first=True)
    analyse(pairs_of(TAGGED), pipeline, tags_from=tags_from)
    assert seen[0] == seen_first


def test_what_a_part_of_a_pipeline_raises_is_one_line():
    pipeline = open_pipeline(None)

    @spacy.language.Language.component("compexact_test_failing")
    def failing(doc):
        raise ZeroDivisionError("by\nzero")

    pipeline.nlp.add_pipe("compexact_test_failing")
    with pytest.raises(UsageError, match=r"blank English .* fails with ZeroDivisionError: by zero"):
        analyse(pairs_of(PLAIN), pipeline)


def test_equal_sentences_are_analysed_once_and_the_order_is_kept():
    pipeline = open_pipeline(None)
    seen = []

    @spacy.language.Language.component("compexact_test_counting")
    def counting(doc):
        seen.append(doc.text)
        return doc

    pipeline.nlp.add_pipe("compexact_test_counting")
    texts = [("a", "b"), ("a", "c"), ("c", "a"), ("d", "d")]
    steps = []
    pairs = pairs_of(*(Pair(Sentence(p), Sentence(h), None) for p, h in texts))
    found = analyse(pairs, pipeline, lambda *step: steps.append(step))
    assert seen == ["a", "b", "c", "d"]
    assert [(pair.premise.tokens[0], pair.hypothesis.tokens[0]) for pair in found] == texts
    assert steps[-1] == ("analysing sentences", 4, 4)


def test_the_digest_of_a_pipeline_follows_its_files(tmp_path, invented_tagger):
    nlp = spacy.load(invented_tagger[0])
    nlp.to_disk(tmp_path / "a")
    nlp.to_disk(tmp_path / "b")
    digests = [open_pipeline(str(tmp_path / name)).digest for name in "ab"]
    assert digests[0] == digests[1] != ""
    meta = tmp_path / "b" / "meta.json"
    meta.write_text(meta.read_text() + "\n")
    assert open_pipeline(str(tmp_path / "b")).digest != digests[0]
    assert open_pipeline(None).digest == ""
