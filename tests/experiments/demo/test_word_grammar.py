"""The sentences of `compexact demo tokens`: well-formed, annotated truly, the same for the same seed."""

from collections import Counter, defaultdict

import pytest

from compexact.experiments.demo.word_grammar import BOTH, DETERMINERS, conllu_lines
from compexact.probes.tokens.corpora import open_corpora

N = 400


@pytest.fixture(scope="module")
def sentences(tmp_path_factory):
    file = tmp_path_factory.mktemp("world") / "dev.conllu"
    file.write_text("".join(f"{line}\n" for line in conllu_lines("dev", N, seed=3)))
    return open_corpora([f"conllu:{file}"]).sentences


def test_a_sentence_is_one_tree_with_a_verb_at_its_root(sentences):
    assert len(sentences) == N
    for sentence in sentences:
        roots = [place for place, head in enumerate(sentence.heads) if head == -1]
        assert len(roots) == 1
        assert sentence.columns["upos"][roots[0]] == "VERB"
        assert [sentence.columns["dep"].index("root")] == roots
        for place in range(len(sentence.words)):
            steps = 0
            while sentence.heads[place] >= 0:
                place, steps = sentence.heads[place], steps + 1
                assert steps < len(sentence.words)


def test_a_sentence_begins_with_a_capital_and_ends_with_a_mark(sentences):
    for sentence in sentences:
        assert sentence.text[0].isupper()
        assert sentence.text[-1] in ".?"
        assert sentence.text[-2].isalpha()
        assert "  " not in sentence.text


def test_determiners_and_finite_verbs_agree_in_number(sentences):
    n_verbs = 0
    for sentence in sentences:
        columns = sentence.columns
        number = ["Plur" if "Number=Plur" in morph else "Sing" for morph in columns["morph"]]
        for place, (dep, head) in enumerate(zip(columns["dep"], sentence.heads)):
            if dep == "det":
                assert sentence.words[place].lower() in DETERMINERS[number[head]], sentence.text
            if dep == "nsubj":
                helpers = [i for i, h in enumerate(sentence.heads) if h == head and columns["dep"][i] == "aux"]
                tag = columns["xpos"][helpers[0] if helpers else head]
                assert tag in ("VBD", "MD", "VBZ" if number[place] == "Sing" else "VBP"), sentence.text
                n_verbs += 1
    assert n_verbs > N


def test_some_words_are_nouns_and_verbs(sentences):
    tags = defaultdict(Counter)
    for sentence in sentences:
        for lemma, upos in zip(sentence.columns["lemma"], sentence.columns["upos"]):
            tags[lemma][upos] += 1
    assert all(set(tags[lemma]) == {"NOUN", "VERB"} for lemma in BOTH)


def test_genres_are_fields_of_documents_and_tales_are_told_in_the_past(sentences):
    past = defaultdict(Counter)
    for sentence in sentences:
        assert sentence.document.startswith(f"{sentence.fields['genre']}-dev-")
        past[sentence.fields["genre"]].update("Tense=Past" in morph for morph in sentence.columns["morph"])
    share = {genre: found[True] / found.total() for genre, found in past.items()}
    assert share["tale"] > share["talk"] > share["report"] > 0


def test_one_seed_gives_one_text_and_another_seed_another():
    one, two, other = (list(conllu_lines("dev", 50, seed)) for seed in (0, 0, [0, 1]))
    assert one == two != other
