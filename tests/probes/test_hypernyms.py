"""Hypernyms as concepts: which there are, by what they are read from, and what they change in a probe."""

from pathlib import Path

import numpy as np
import pytest
from small_wordnet import ENTITY, SYNSETS, THING, write_wordnet

from compexact.probes.hypernym_sources import of_file, of_wordnet, read_synsets, readings
from compexact.probes.hypernyms import Hypernym, Hypernyms, meanings, with_hypernyms, without_hypernyms
from compexact.probes.store import Probe, read_probe, save_probe
from compexact.probes.wordnet_nouns import FOLDERS, open_nouns
from compexact.solver import Problem, exact_search
from compexact.solver.cells import CellBuilder
from compexact.solver.errors import DataError, UsageError
from compexact.solver.parsing import parse

LABELS = ["car", "bus", "crane", "red-c", "orange-c", "romper"]
CATEGORIES = ["object", "object", "object", "color", "color", "part"]
VOCABULARY = dict(zip(LABELS, CATEGORIES))


@pytest.fixture(scope="module")
def nouns(tmp_path_factory):
    return open_nouns(write_wordnet(tmp_path_factory.mktemp("wordnet")))


def probe_of(rows, active) -> Probe:
    """Each row is one point."""
    builder = CellBuilder(LABELS, CATEGORIES, ["u"])
    builder.add(rows, np.ones(len(rows), np.int64), np.array(active)[:, None])
    return Probe(builder.cells()[0], {"kind": "arrays", "notes": ["before"]})


def found(nouns, synsets=None):
    return {each.name: set(each.members) for each in of_wordnet(nouns, VOCABULARY, synsets).found}


def test_a_hypernym_is_the_union_of_the_labels_below_a_noun_and_the_root_is_none(nouns):
    assert found(nouns) == {
        "vehicle.n.01": {"car", "bus"},
        "thing.n.01": {"car", "bus", "crane"},
        "color.n.01": {"red-c", "orange-c"},
    }


def test_a_label_has_its_commonest_sense_and_a_colour_its_sense_as_a_colour(nouns):
    assert of_wordnet(nouns, VOCABULARY).senses == {
        "car": "car.n.01", "bus": "bus.n.01", "crane": "crane.n.01", "red-c": "red.n.01",
        "orange-c": "orange.n.02", "romper": "",
    }  # fmt: skip
    assert of_wordnet(nouns, {**VOCABULARY, "orange": "object"}).senses["orange"] == "orange.n.01"


def test_a_sense_can_be_said_by_name_by_offset_and_taken_away(nouns, tmp_path):
    offset = nouns.senses["bus"][0]
    (tmp_path / "senses.tsv").write_text(f"crane\tcrane.n.02\nbus\t-\nromper\tn{offset:08d}\n")
    made = of_wordnet(nouns, VOCABULARY, read_synsets(tmp_path / "senses.tsv"))
    assert (made.senses["crane"], made.senses["bus"], made.senses["romper"]) == ("crane.n.02", "", "bus.n.01")
    assert {each.name: each.members for each in made.found}["vehicle.n.01"] == ("car", "romper")


def test_of_two_nouns_of_the_same_labels_the_more_specific_one_is_taken(tmp_path):
    deeper = {**SYNSETS, 11: (["machine"], [THING]), 2: (["vehicle"], [11])}
    nouns = open_nouns(write_wordnet(tmp_path / "deeper", deeper))
    names = [each.name for each in of_wordnet(nouns, VOCABULARY).found]
    assert names.index("vehicle.n.01") < names.index("machine.n.01")
    probe = with_hypernyms(probe_of([(0,), (1,), (2,), (3,), ()], [1, 1, 0, 0, 0]), of_wordnet(nouns, VOCABULARY))
    assert "vehicle.n.01" in probe.cells.concepts.names
    assert "machine.n.01" not in probe.cells.concepts.names


@pytest.mark.parametrize(
    ("label", "read"),
    [
        ("wall-brick", ["wall-brick", "wall"]),
        ("dining table", ["dining table", "table"]),
        ("red-c", ["red"]),
        ("bar, saloon", ["bar", "saloon"]),
    ],
)
def test_a_label_is_looked_up_whole_before_its_parts(label, read):
    assert readings(label) == read


def test_plurals_and_joined_words_are_found(tmp_path):
    more = {**SYNSETS, 11: (["goose"], [THING]), 12: (["cellphone"], [THING]), 13: (["box"], [THING])}
    nouns = open_nouns(write_wordnet(tmp_path / "more", more))
    for word, form in {"geese": "goose", "cars": "car", "boxes": "box", "cell phone": "cellphone"}.items():
        assert list(nouns.forms(word)) == [form]


def test_names_with_hypernyms_hold_where_the_union_of_their_members_does(nouns):
    rng = np.random.default_rng(0)
    rows = [tuple(np.flatnonzero(rng.random(6) < 0.3)) for _ in range(300)]
    before = probe_of(rows, rng.integers(0, 2, 300))
    after = with_hypernyms(before, of_wordnet(nouns, VOCABULARY))
    assert after.cells.weights.tolist() == before.cells.weights.tolist()
    assert after.cells.active[:, 0].tolist() == before.cells.active[:, 0].tolist()
    for name, union in (("vehicle.n.01", "car OR bus"), ("thing.n.01", "car OR bus OR crane")):
        assert (after.cells.concepts.named(name) == before.cells.concepts.mask(parse(union))).all()
    assert after.cells.concepts.categories[after.cells.concepts.position["vehicle.n.01"]] == "hypernym"
    assert meanings(after)["vehicle.n.01"] == "car, bus"
    assert meanings(after)["romper"] == ""
    assert "Hypernyms of WordNet 3.0 that are concepts: 3" in after.about["notes"][-1]


def test_one_word_finds_what_took_several(nouns):
    rows = [(0,), (1,), (2,), (3,), (4,), ()]
    before = probe_of(rows, [1, 1, 0, 0, 0, 0])
    after = with_hypernyms(before, of_wordnet(nouns, VOCABULARY))
    assert best(before, 1) == 0.5
    assert best(after, 1) == 1.0


def best(probe: Probe, length: int) -> float:
    return float(exact_search(Problem.of(probe.cells, "u"), max_length=length).best.iou)


def test_what_holds_nowhere_everywhere_or_where_a_label_does_is_left_out(nouns):
    probe = with_hypernyms(probe_of([(0, 3), (0, 4), (2, 3)], [1, 0, 0]), of_wordnet(nouns, VOCABULARY))
    assert probe.names["hypernyms"] == []  # vehicle is car, thing and color hold everywhere
    assert "3 more hold nowhere, everywhere" in probe.about["notes"][-1]


def test_a_probe_with_hypernyms_is_read_as_it_was_saved_and_gets_no_others(nouns, tmp_path):
    made = of_wordnet(nouns, VOCABULARY)
    probe = with_hypernyms(probe_of([(0,), (1,), (2,), ()], [1, 1, 0, 0]), made)
    save_probe(probe, tmp_path / "probe")
    again = read_probe(tmp_path / "probe")
    assert meanings(again) == meanings(probe)
    assert again.about["settings"]["hypernyms"] == "WordNet 3.0"
    with pytest.raises(UsageError, match="has hypernyms already"):
        with_hypernyms(again, made)


def test_more_than_are_bounded_are_those_on_most_points():
    names = [f"c{i}" for i in range(1002)]
    builder = CellBuilder([*names, "base"], [""] * 1003, ["u"])
    rows = [(i,) for i in range(1002)] + [(1002,), ()]
    builder.add(rows, np.arange(1, 1005), np.zeros((1004, 1), int))
    unions = tuple(Hypernym(f"h{i:04d}", (f"c{i}", "base")) for i in range(1002))
    probe = with_hypernyms(Probe(builder.cells()[0], {}), Hypernyms("mine", "", unions, {}))
    assert len(probe.names["hypernyms"]) == 1000
    assert not {"h0000", "h0001"} & set(probe.names["hypernyms"])
    assert "the 2 on fewest points are left out" in probe.about["notes"][-1]


def test_a_table_of_ones_own_may_name_its_own_names(tmp_path):
    (tmp_path / "mine.tsv").write_text("traffic\tbus\ntraffic\tcar\n\nall\ttraffic\nall\tcrane\n")
    made = of_file(tmp_path / "mine.tsv", LABELS)
    assert made.found == (Hypernym("traffic", ("car", "bus")), Hypernym("all", ("car", "bus", "crane")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a\tcra\n", "line 1: 'cra' is no concept and no name of the table; did you mean 'crane' or 'car'?"),
        ("car\tbus\n", "line 1: 'car' is a concept of the probe already"),
        ("a\tb\nb\ta\n", "line 2: 'a' is a member of itself"),
        ("a car\n", "line 1: 'a car' is not of the form name<TAB>member"),
        ("\n", "names no hypernym"),
    ],
)
def test_a_wrong_table_is_refused_with_its_line(tmp_path, text, said):
    (tmp_path / "mine.tsv").write_text(text)
    with pytest.raises((UsageError, DataError), match=said.replace("?", r"\?")):
        of_file(tmp_path / "mine.tsv", LABELS)


@pytest.mark.parametrize(
    ("synsets", "said"),
    [
        ({"cra": "car.n.01"}, "no concept is named 'cra'; did you mean 'crane'"),
        ({"car": "caar.n.01"}, "WordNet 3.0 has no noun 'caar'; did you mean 'car'"),
        ({"car": "crane.n.03"}, "'crane' has 2 senses in WordNet 3.0: crane.n.01, crane.n.02"),
        ({"car": "crane"}, "'crane' is no synset of WordNet 3.0; write crane.n.01, crane.n.02"),
        ({"car": "n00000003"}, "is no synset of WordNet 3.0"),
    ],
)
def test_a_wrong_sense_is_refused_with_the_nearest(nouns, synsets, said):
    with pytest.raises(UsageError, match=said):
        of_wordnet(nouns, VOCABULARY, synsets)


def test_concepts_that_are_no_nouns_at_all_are_refused(nouns):
    with pytest.raises(UsageError, match="no concept is a noun of WordNet"):
        of_wordnet(nouns, {"c0": "", "c1": ""})


def test_files_that_do_not_belong_together_are_refused(tmp_path):
    folder = write_wordnet(tmp_path / "cut")
    (folder / "data.noun").write_text((folder / "data.noun").read_text()[7:])
    with pytest.raises(DataError, match="the files do not belong together"):
        of_wordnet(open_nouns(folder), VOCABULARY)
    (folder / "index.noun").write_text("car n x\n")
    with pytest.raises(DataError, match=r"index.noun line 1: 'car n x' is no line"):
        open_nouns(folder)


def test_a_folder_without_wordnet_says_which_file_is_missing(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"has no index\.noun"):
        open_nouns(tmp_path)
    monkeypatch.setenv("WNSEARCHDIR", str(write_wordnet(tmp_path / "here")))
    assert open_nouns().name == "WordNet 3.0"


@pytest.mark.real_data
@pytest.mark.skipif(not Path(FOLDERS[0]).is_dir(), reason="Debian's wordnet-base is not installed")
def test_wordnet_itself_says_what_a_bus_and_a_zebra_are():
    nouns = open_nouns()
    made = of_wordnet(nouns, {"bus": "object", "car": "object", "horse": "object", "zebra": "object"})
    members = {each.name: each.members for each in made.found}
    assert members["conveyance.n.03"] == ("bus", "car")
    assert members["equine.n.01"] == ("horse", "zebra")
    assert nouns.name_of(nouns.named("n02084071")) == "dog.n.01"
    assert "entity.n.01" not in members


def test_the_root_is_above_every_noun(nouns):
    root = nouns.named("entity.n.01")
    assert all(root in nouns.above(sense) for senses in nouns.senses.values() for sense in senses)
    assert nouns.parents(root) == ()
    assert ENTITY == 0


def test_hypernyms_of_words_are_of_one_side_and_of_mostly_nouns(tmp_path):
    folder = write_wordnet(tmp_path / "text")
    (folder / "cntlist.rev").write_text(
        "bus%1:06:00:: 1 9\ncar%1:06:00:: 1 9\ncrane%1:06:00:: 1 2\ncrane%2:38:00:: 1 3\n"
    )
    words = {f"{side}:{word}": f"{name} word" for side, name in (("pre", "premise"), ("hyp", "hypothesis"))
             for word in ("bus", "cars", "crane")}  # fmt: skip
    made = of_wordnet(open_nouns(folder), {**words, "pre:tag:NN": "premise tag", "car": "overlap"})
    assert {each.name: each.members for each in made.found if "vehicle" in each.name} == {
        "pre:vehicle.n.01": ("pre:bus", "pre:cars"), "hyp:vehicle.n.01": ("hyp:bus", "hyp:cars"),
    }  # fmt: skip
    assert made.senses["pre:crane"] == ""
    assert set(made.senses) == set(words)


def test_a_formula_is_written_without_hypernyms():
    formula = parse("NOT vehicle.n.01 AND (blue OR vehicle.n.01)")
    written = without_hypernyms(formula, {"vehicle.n.01": ["car", "bus"]})
    assert written == parse("NOT (car OR bus) AND (blue OR (car OR bus))")
