"""The report of a probe of sentence pairs: its pairs, its confusion matrices, and everything escaped."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

from compexact.experiments.report.pair_texts import Confusion, Sentences
from compexact.experiments.report.site import write_report
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.probes.store import Probe, save_probe
from compexact.solver.cells import CellBuilder
from compexact.solver.errors import DataError

CLASSES = ["entailment", "neutral", "contradiction"]
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ 7*7 }} {% raw %} &lt;b&gt;"]

# hypothesis, gold, predicted, has `hyp:nobody`, unit 0 active, value of unit 0
PAIRS = [
    ("Nobody sleeps", "contradiction", 2, True, True, 5.0),
    ("Nobody runs", "contradiction", 2, True, True, 4.0),
    ("Nobody sees it", "neutral", 2, True, True, 3.0),
    ("Nobody helps", None, 2, True, True, 2.0),
    ("Nobody sings", "contradiction", 0, True, False, 0.0),
    ("A man runs", "entailment", 0, False, False, 0.0),
    ("A dog barks", "neutral", 1, False, True, 1.0),
]


def make_probe(pairs=PAIRS, **changes) -> Probe:
    builder = CellBuilder(("hyp:nobody", "hyp:man"), ("hypothesis word",) * 2, ("0", "1"))
    active = np.array([[pair[4], False] for pair in pairs])
    rows = [(0,) if pair[3] else ((1,) if "man" in pair[0] else ()) for pair in pairs]
    ids = builder.add(rows, np.ones(len(pairs), dtype=np.int64), active.astype(np.int64))
    cells, place = builder.cells()
    values = np.array([pair[5] for pair in pairs], dtype=np.float32)
    top = np.argsort(-values, kind="stable")[:2]
    arrays = {
        "thresholds": np.zeros(2),
        "unit_active": np.packbits(active, axis=1),
        "point_cells": place[ids].astype(np.int32),
        "predictions": np.array([pair[2] for pair in pairs], dtype=np.int64),
        "class_weights": np.array([[-0.5, 0], [0.1, 0], [0.75, 0]], dtype=np.float32),
        "top_pairs": np.array([top, top], dtype=np.int32),
        "top_values": np.array([values[top], [0, 0]], dtype=np.float32),
    } | changes
    names = {
        "premises": [f"Premise {number}" for number in range(len(pairs))],
        "hypotheses": [pair[0] for pair in pairs],
        "targets": [pair[1] for pair in pairs],
        "classes": CLASSES,
    }
    return Probe(cells, {"kind": "nli", "settings": {"threshold": "positive", "min_active": 0}}, names, arrays)


class Text(HTMLParser):
    """A page as a browser shows it: its text, and its elements."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.parts.append(" ")

    def handle_data(self, data):
        self.parts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.parts))


@pytest.fixture
def site(tmp_path):
    """site(probe): the report of its run; gives {file name: page}."""

    def make(probe: Probe) -> dict[str, Text]:
        saved = save_probe(probe, tmp_path / "probe")
        run = run_units(saved, saved.cells.unit_names, SearchSettings(engine="exact"), tmp_path / "run")
        write_report(run, saved, tmp_path / "site")
        files = sorted((tmp_path / "site").rglob("*.html"))
        return {file.name: Text(file.read_text()) for file in files}

    return make


def test_the_top_pairs_stand_with_their_labels_and_whether_formula_and_unit_hold(site):
    page = site(make_probe())["0.html"].text
    first = "premise Premise 0 hypothesis Nobody sleeps value 5.00 unit active formula holds labelled contradiction"
    assert f"{first} predicted contradiction ✓ right" in page
    assert "hypothesis Nobody runs value 4.00" in page
    assert "pictures" not in page.split("Its concepts")[0]


def test_other_pairs_where_the_formula_holds_follow_in_the_files_order(site):
    page = site(make_probe())["0.html"].text
    others = page.split("Other pairs where the formula holds")[1].split("Predictions where it is active")[0]
    assert re.findall(r"pair (\d)", others) == ["2", "3", "4"]
    assert "Nobody sings unit not active formula holds labelled contradiction predicted entailment ✗ wrong" in others
    assert "Nobody helps unit active formula holds labelled - predicted contradiction pair 3" in others


def test_confusion_matrices_count_labelled_pairs_by_gold_label_and_prediction(site):
    page = site(make_probe())["0.html"].text
    assert "Unit active: 4 labelled pairs, accuracy 75.0 %, label entropy 1.00" in page
    assert "Formula holds: 4 labelled pairs, accuracy 50.0 %, label entropy 0.811" in page
    assert "Over all 6 labelled pairs the accuracy is 66.7 %" in page
    assert "entailment 0 0 0 0 neutral 0 1 1 2 contradiction 0 0 2 2 all 0 1 3 4" in page


def test_class_weights_are_shown(site):
    page = site(make_probe())["0.html"].text
    assert re.search(r"Speaks for Weight contradiction 0.750 neutral 0.100", page)
    assert re.search(r"Speaks against Weight entailment -0.500", page)


def test_a_unit_without_a_formula_has_pairs_and_no_matrix_of_the_formula(site):
    page = site(make_probe())["1.html"].text
    assert "Nothing to explain" in page
    assert "Pairs that activate it most" in page
    assert "Other pairs where" not in page
    assert "Formula holds" not in page
    assert "Unit active: 0 labelled pairs, accuracy -, label entropy -" in page


def test_sentences_and_labels_are_escaped(site):
    pairs = [(HOSTILE[i % 3], *pair[1:]) for i, pair in enumerate(PAIRS)]
    probe = make_probe(pairs)
    probe.names["premises"] = HOSTILE + HOSTILE + HOSTILE[:1]
    probe.names["targets"] = [HOSTILE[0], *probe.names["targets"][1:]]
    probe.names["classes"] = [HOSTILE[1], "neutral", "contradiction"]
    pages = site(probe)
    for page in pages.values():
        assert not any("onerror" in attributes for _, attributes in page.elements)
        scripts = [attributes for tag, attributes in page.elements if tag == "script"]
        assert all(attributes.get("src", "").endswith("report.js") for attributes in scripts)
        assert not any(tag == "img" for tag, _ in page.elements)
    for text in HOSTILE:
        assert re.sub(r"\s+", " ", text) in pages["0.html"].text


def test_gold_labels_that_the_model_does_not_have_get_a_row_and_no_verdict(site):
    pairs = [(pair[0], "unrelated" if i == 0 else pair[1], *pair[2:]) for i, pair in enumerate(PAIRS)]
    page = site(make_probe(pairs))["0.html"].text
    assert "labelled unrelated predicted contradiction pair 0" in page
    assert "Unit active: 4 labelled pairs, accuracy 50.0 %" in page


def test_a_probe_of_another_kind_has_no_sentences():
    probe = make_probe()
    assert Sentences.of(Probe(probe.cells, {"kind": "vision"}, probe.names, probe.arrays)) is None
    fewer = {name: array for name, array in probe.arrays.items() if name != "top_pairs"}
    assert Sentences.of(Probe(probe.cells, probe.about, probe.names, fewer)) is None
    assert Sentences.of(probe) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"predictions": np.array([0, 0, 0, 0, 0, 0, 3])},
        {"predictions": np.array([0])},
        {"top_pairs": np.array([[7], [0]], dtype=np.int32)},
        {"top_pairs": np.array([[0]], dtype=np.int32)},
        {"point_cells": np.array([9, 0, 0, 0, 0, 0, 0], dtype=np.int32)},
        {"unit_active": np.zeros((7, 0), dtype=np.uint8)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes):
    with pytest.raises(DataError, match="do not fit"):
        Sentences.of(make_probe(**changes))


def test_entropy_is_that_of_the_gold_labels():
    even = Confusion(("a", "b"), ("a", "b"), ((2, 0), (1, 1)))
    assert (even.total, even.right, even.entropy) == (4, 3, 1.0)
    assert Confusion(("a", "b"), ("a", "b"), ((2, 5), (0, 0))).entropy == 0.0
