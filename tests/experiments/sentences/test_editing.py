"""Edits of sentence pairs: what they change, that they do as wanted, and which are kept."""

from dataclasses import replace

import numpy as np
import pytest

from compexact.experiments.demo.sentence_pairs import make_pairs, vectors_text
from compexact.experiments.sentences.edit_moves import Lexicon, changed_words, edits_satisfying
from compexact.experiments.sentences.edit_search import smallest_edit
from compexact.experiments.sentences.editing import (
    NOTE,
    PAPER_EDITS,
    Answers,
    Editor,
    EditSettings,
    evaluate_edits,
    propose_edits,
)
from compexact.experiments.sentences.pair_formulas import ConceptReader, truth
from compexact.experiments.sentences.unit_findings import UnitFinding
from compexact.probes.store import Probe
from compexact.probes.text.concepts import PairConceptSettings, pair_concepts
from compexact.probes.text.language import AnalysedPair, AnalysedSentence
from compexact.probes.text.vectors import open_vectors
from compexact.solver.cells import CellBuilder
from compexact.solver.errors import DataError, UsageError
from compexact.solver.parsing import parse

CLASSES = ["entailment", "neutral", "contradiction"]
CONCEPTS = PairConceptSettings(neighbours=5)
UNITS = ("nobody", "shared", "sad")


def analysed_pair(pair) -> AnalysedPair:
    return AnalysedPair(*(AnalysedSentence(*map(tuple, zip(*side))) for side in (pair.premise, pair.hypothesis)))


def tagged(text: str) -> AnalysedSentence:
    tokens, tags = zip(*(word.rsplit("/", 1) for word in text.split()))
    return AnalysedSentence(tokens, tags)


def said(sentence: AnalysedSentence) -> str:
    return " ".join(sentence.tokens)


def ask(premises, hypotheses) -> Answers:
    """A model of three units, which says contradiction for `nobody`, neutral for `sad`, else entailment."""
    rows = []
    for premise, hypothesis in zip(premises, hypotheses):
        first, second = ({word.lower() for word in side} for side in (premise, hypothesis))
        rows.append(["nobody" in second, len(first & second) > 0.75 * len(first | second), "sad" in second])
    active = np.array(rows, dtype=bool)
    logits = np.stack([np.full(len(active), 1.0), 2.0 * active[:, 2], 3.0 * active[:, 0]], axis=1).astype(np.float32)
    return Answers(logits, active)


@pytest.fixture(scope="module")
def editor(tmp_path_factory) -> Editor:
    """The demo's world of 300 pairs, probed with the model above."""
    train, _ = make_pairs(300, 0)
    analysed = [analysed_pair(pair) for pair in train]
    file = tmp_path_factory.mktemp("world") / "vectors.txt"
    file.write_text(vectors_text(0))
    vectors = open_vectors(file)
    concepts = pair_concepts(analysed, CONCEPTS, vectors)
    answers = ask([pair.premise.tokens for pair in analysed], [pair.hypothesis.tokens for pair in analysed])
    builder = CellBuilder(concepts.names, concepts.categories, UNITS)
    ids = builder.add(concepts.rows, np.ones(len(analysed), dtype=np.int64), answers.active.astype(np.int64))
    cells, order = builder.cells()
    names = {"targets": [pair.label for pair in train], "classes": CLASSES}
    probe = Probe(cells, {"kind": "nli"}, names, {"point_cells": order[ids].astype(np.int32)})
    return Editor(probe, analysed, ConceptReader.of(analysed, CONCEPTS, vectors), ask)


def unit(formula: str, name: str = "nobody", argues_for: str | None = "contradiction") -> UnitFinding:
    return UnitFinding(name, formula, 0.5, 10, (0.0, 0.0, 1.0) if argues_for else (), argues_for)


def edited(editor: Editor, formula: str, pair: AnalysedPair, wanted: bool = True) -> AnalysedPair | None:
    return smallest_edit(parse(formula), wanted, pair, editor.reader, Lexicon.of(editor.analysed))


PAIR = AnalysedPair(
    tagged("A/DT man/NN in/IN a/DT red/JJ shirt/NN is/VBZ cooking/VBG in/IN the/DT kitchen/NN ./."),
    tagged("The/DT man/NN is/VBZ cooking/VBG ./."),
)


@pytest.mark.parametrize("overlap", ["paper", "code"])
def test_concepts_counted_from_tokens_are_those_of_the_probe_for_every_pair(editor, overlap):
    settings = replace(CONCEPTS, overlap=overlap, neighbours_with_word=overlap == "code")
    concepts = pair_concepts(editor.analysed, settings, editor.reader.vectors)
    reader = ConceptReader.of(editor.analysed, settings, editor.reader.vectors)
    assert any(name.startswith("NEIGHBORS(") for name in concepts.names)
    for pair, row in list(zip(editor.analysed, concepts.rows))[:60]:
        assert [n for n, name in enumerate(concepts.names) if reader.holds(name, pair)] == list(row)


def test_the_fixtures_cells_are_those_of_its_pairs(editor):
    formula = parse("hyp:nobody OR overlap>75%")
    holds = editor.probe.cells.concepts.mask(formula)[editor.probe.arrays["point_cells"]]
    assert holds.tolist() == [editor.reader.formula_holds(formula, pair) for pair in editor.analysed]


@pytest.mark.parametrize(
    ("formula", "hypothesis", "cost"),
    [
        ("hyp:nobody", "Nobody is cooking .", 2),
        ("hyp:sad", "The sad man is cooking .", 1),
        ("hyp:sleeping", "The man is sleeping .", 1),
        ("hyp:outdoors", "The man is cooking outdoors .", 1),
        ("hyp:for", "The man is cooking for .", 1),
        ("hyp:two", "Two man is cooking .", 1),
        ("hyp:woman", "The woman is cooking .", 1),
        ("hyp:woman AND hyp:sad", "The sad woman is cooking .", 2),
        ("hyp:man AND NOT hyp:the", "Man is cooking .", 1),
        ("hyp:nobody OR hyp:sad", "The sad man is cooking .", 1),
    ],
)
def test_words_are_put_where_they_make_sense_and_as_few_change_as_can(editor, formula, hypothesis, cost):
    after = edited(editor, formula, PAIR)
    assert said(after.hypothesis) == hypothesis
    assert after.premise == PAIR.premise
    assert changed_words(PAIR, after) == cost
    assert len(after.hypothesis.tags) == len(after.hypothesis.tokens)


def test_a_pronoun_takes_the_place_of_the_subjects_noun_and_leaves_what_follows(editor):
    long = replace(PAIR, hypothesis=tagged("The/DT old/JJ ice/NN man/NN in/IN a/DT shirt/NN is/VBZ cooking/VBG ./."))
    assert said(edited(editor, "hyp:nobody", long).hypothesis) == "Nobody in a shirt is cooking ."
    verbless = replace(PAIR, hypothesis=tagged("A/DT man/NN in/IN the/DT park/NN"))
    assert said(edited(editor, "hyp:nobody", verbless).hypothesis) == "A man in the park nobody"


def test_a_concept_of_the_premise_changes_the_premise_alone(editor):
    after = edited(editor, "pre:sleeping", PAIR)
    assert said(after.premise) == "A man in a red shirt is sleeping in the kitchen ."
    assert after.hypothesis == PAIR.hypothesis


def test_a_tag_comes_with_a_word_that_has_it_in_the_data(editor):
    after = edited(editor, "hyp:tag:RB", PAIR)
    new = set(after.hypothesis.tokens) - set(PAIR.hypothesis.tokens)
    assert len(new) == 1
    lexicon = Lexicon.of(editor.analysed)
    assert new <= set(lexicon.of_tag["RB"])
    assert edited(editor, "hyp:tag:XX", PAIR) is None


def test_neighbours_come_with_one_of_the_neighbours(editor):
    after = edited(editor, '"NEIGHBORS(hyp:couch)"', PAIR)
    new = set(after.hypothesis.tokens) - set(PAIR.hypothesis.tokens)
    assert len(new) == 1
    assert new <= {"sofa", "bed", "armchair", "futon", "recliner"}
    assert said(edited(editor, '"NEIGHBORS(hyp:couch)"', after, wanted=False).hypothesis).count("sofa") == 0


def test_overlap_is_raised_by_copying_words_of_the_premise(editor):
    far = replace(PAIR, hypothesis=tagged("The/DT girl/NN is/VBZ sleeping/VBG on/IN a/DT sofa/NN ./."))
    after = edited(editor, "overlap>50%", far)
    assert editor.reader.holds("overlap>50%", after)
    assert set(map(str.lower, after.hypothesis.tokens)) - {"girl", "sleeping", "on", "sofa"} <= {
        token.lower() for token in far.premise.tokens
    }
    assert "cooking" in after.hypothesis.tokens
    lower = edited(editor, "overlap>25%", PAIR, wanted=False)
    assert not editor.reader.holds("overlap>25%", lower)
    assert lower.premise == PAIR.premise


@pytest.mark.parametrize(
    ("formula", "before", "after"),
    [
        ("hyp:nobody", "Nobody/NN is/VBZ cooking/VBG ./.", "is cooking ."),
        ("hyp:sad", "The/DT sad/JJ man/NN is/VBZ cooking/VBG ./.", "The man is cooking ."),
    ],
)
def test_a_formula_is_made_false_in_the_same_way(editor, formula, before, after):
    found = edited(editor, formula, replace(PAIR, hypothesis=tagged(before)), wanted=False)
    assert formula.removeprefix("hyp:") not in said(found.hypothesis).lower()
    assert changed_words(replace(PAIR, hypothesis=tagged(before)), found) == 1
    if formula == "hyp:sad":
        assert said(found.hypothesis) == after


def test_an_edit_that_changes_another_concept_by_the_way_is_not_taken(editor):
    """Replacing the noun would break `hyp:man`; so the word goes elsewhere."""
    after = edited(editor, "hyp:woman AND hyp:man", PAIR)
    assert {"woman", "man"} <= set(after.hypothesis.tokens)


@pytest.mark.parametrize("wanted", [True, False])
@pytest.mark.parametrize(
    "formula",
    [
        "hyp:nobody AND NOT pre:red",
        "(hyp:sleeping OR hyp:tall) AND NOT pre:tag:CD",
        "overlap>50% AND NOT hyp:sad",
        '"NEIGHBORS(hyp:couch)" OR hyp:tag:RB',
        "(pre:woman AND NOT hyp:woman) OR hyp:for",
    ],
)
def test_every_edit_makes_the_formula_do_as_wanted(editor, formula, wanted):
    parsed, lexicon = parse(formula), Lexicon.of(editor.analysed)
    found = 0
    for pair in editor.analysed[:40]:
        after = smallest_edit(parsed, wanted, pair, editor.reader, lexicon)
        if after is not None:
            found += 1
            assert editor.reader.formula_holds(parsed, after) == wanted
            assert (changed_words(pair, after) == 0) == (editor.reader.formula_holds(parsed, pair) == wanted)
    assert found >= 30


def test_edits_whose_predicted_label_changes_are_kept_with_before_and_after(editor):
    edits = propose_edits(editor, [unit("hyp:nobody")], EditSettings(pairs_per_unit=20, keep=20))
    on, off = ({(t.unit, t.goal): t for t in edits.tried}[("nobody", goal)] for goal in ("on", "off"))
    assert on.tried == on.switched == on.flipped == on.as_argued == 20
    assert off.tried == off.switched == off.flipped == off.as_argued > 0
    for edit in edits.kept:
        assert edit.prediction_before != edit.prediction_after
        assert (edit.formula_before, edit.formula_after) == (edit.goal == "off", edit.goal == "on")
        assert (edit.unit_before, edit.unit_after) == (edit.goal == "off", edit.goal == "on")
        assert ("nobody" in edit.hypothesis_after.lower()) == (edit.goal == "on")
        assert edit.premise_before == said(editor.analysed[edit.pair].premise) == edit.premise_after
        assert edit.hypothesis_before == said(editor.analysed[edit.pair].hypothesis)
        assert edit.gold == editor.probe.names["targets"][edit.pair]
        assert sum(edit.probabilities_after) == pytest.approx(1)
        assert CLASSES[int(np.argmax(edit.probabilities_after))] == edit.prediction_after
    assert edits.note == NOTE
    assert "for people to say" in edits.note


def test_a_formula_that_is_not_what_the_unit_does_is_found_out(editor):
    """The unit `nobody` stays off where its alleged formula is made true, and no label changes."""
    edits = propose_edits(editor, [unit("hyp:outdoors")], EditSettings(goals=("on",)))
    (tried,) = edits.tried
    assert tried.tried > 10
    assert tried.switched == tried.flipped == 0
    assert edits.kept == ()


def test_a_label_that_moves_elsewhere_than_the_unit_argues_is_told_apart(editor):
    edits = propose_edits(editor, [unit("hyp:sad", "sad", "entailment")], EditSettings(goals=("on",)))
    assert edits.tried[0].flipped > 0
    assert edits.tried[0].as_argued == 0
    assert {edit.prediction_after for edit in edits.kept} == {"neutral"}
    without = propose_edits(editor, [unit("hyp:sad", "sad", None)], EditSettings(goals=("on",)))
    assert without.tried[0].as_argued is None
    assert without.kept[0].as_argued is None


def test_edits_that_need_too_many_words_are_dropped(editor):
    formula = unit("hyp:nobody AND hyp:sad")
    few = propose_edits(editor, [formula], EditSettings(most_words=1, goals=("on",)))
    many = propose_edits(editor, [formula], EditSettings(most_words=4, goals=("on",)))
    assert few.tried[0].tried < many.tried[0].tried
    assert len(many.kept) == EditSettings().keep


def test_a_model_whose_units_are_not_known_is_asked_all_the_same(editor):
    silent = replace(editor, ask=lambda premises, hypotheses: Answers(ask(premises, hypotheses).logits))
    edits = propose_edits(silent, [unit("hyp:nobody")])
    assert edits.tried[0].switched is None
    assert edits.kept[0].unit_after is None


def test_an_editor_with_other_pairs_than_the_probes_is_refused(editor):
    with pytest.raises(DataError, match="299 pairs, but the probe was made of 300"):
        replace(editor, analysed=editor.analysed[1:])


@pytest.mark.parametrize(
    "wrong", [{"pairs_per_unit": 0}, {"keep": 0}, {"most_words": 0}, {"goals": ("up",)}, {"goals": ()}]
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(UsageError):
        EditSettings(**wrong)


def test_concepts_of_other_kinds_and_neighbours_without_vectors_are_refused(editor):
    with pytest.raises(UsageError, match="'sky'"):
        editor.reader.holds("sky", PAIR)
    with pytest.raises(UsageError, match="word vectors"):
        ConceptReader.of(editor.analysed, CONCEPTS).holds("NEIGHBORS(hyp:couch)", PAIR)
    assert truth(parse("a AND NOT b"), {"a": True, "b": False})


def test_the_seven_pairs_that_come_along_are_evaluated(editor):
    rows = evaluate_edits(PAPER_EDITS, ask, CLASSES)
    assert len(rows) == 7
    assert all(row["source"].startswith("after Fig. ") for row in rows)
    assert {row["label"] for row in rows} | {row["edited_label"] for row in rows} <= set(CLASSES)
    first = rows[0]
    assert (first["prediction"], first["edited_prediction"], first["flipped"]) == ("entailment", "contradiction", True)
    assert (first["right"], first["edited_right"]) == (True, False)
    assert [row["flipped"] for row in rows[1:]] == [False] * 6
    assert all(row["premise"] != row["edited_premise"] or row["hypothesis"] != row["edited_hypothesis"] for row in rows)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no column 'source'"),
        ("premise\thypothesis\n", "no column 'source'"),
        ("HEADER\n", "holds no pair"),
        ("HEADER\na\tb\tc\td\te\tf\n", "line 2"),
        ("HEADER\na\tb\tc\td\te\tf\tg\na\tb\t \td\te\tf\tg\n", "line 3"),
    ],
)
def test_a_file_of_edits_that_is_wrong_is_refused_with_its_line(tmp_path, content, message):
    file = tmp_path / "edits.tsv"
    header = PAPER_EDITS.read_text().splitlines()[0]
    file.write_text(content.replace("HEADER", header))
    with pytest.raises(DataError, match=message):
        evaluate_edits(file, ask, CLASSES)
    with pytest.raises(UsageError, match="does not exist"):
        evaluate_edits(tmp_path / "none.tsv", ask, CLASSES)


def test_probabilities_are_exact_for_large_scores():
    shares = Answers(np.array([[1000.0, 0.0], [0.0, 0.0]], dtype=np.float32)).probabilities
    assert shares.tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_words_that_a_lexicon_does_not_know_are_put_before_the_full_stop(editor):
    results = list(edits_satisfying("hyp:zebra", PAIR, editor.reader, Lexicon.of(editor.analysed)))
    assert [said(pair.hypothesis) for pair in results] == ["The man is cooking zebra ."]
