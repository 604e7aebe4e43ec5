"""The static report: of a small vision probe with coloured blobs, and of plain arrays."""

import csv
import io
import json
import re
import resource
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compexact.experiments.report.layers import COLOURS, FORMULA, FORMULA_EDGE, UNIT_EDGE
from compexact.experiments.report.site import write_report
from compexact.experiments.run import engines
from compexact.experiments.run import folder as runs
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.experiments.run.schema import sealed
from compexact.probes.store import Probe, save_probe
from compexact.solver.cells import Cells, concept_rows
from compexact.solver.errors import DataError, UsageError

HEIGHT, WIDTH, N_IMAGES, SHOWN = 24, 32, 6, 2
CONCEPTS = ("disk", "left", "right")
UNITS = ("0", "1", "2", "3", "4")
HOSTILE_CONCEPTS = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{7*7}}&lt;b&gt;")
HOSTILE_UNITS = ("layer4:0", "</title><script>alert(2)</script>", "../../etc/passwd", "' onclick='x", "javascript:1")
HARMLESS, HOSTILE = "harmless", "<b>0</b>"


@dataclass
class Page(HTMLParser):
    """A page as a browser would read it: its elements, its text, and the text of single kinds of element."""

    source: str
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.texts.append(" " if tag in ("td", "th", "dt", "dd", "p") else "")

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.texts))

    @property
    def links(self) -> list[str]:
        return [values[name] for _, values in self.elements for name in ("href", "src") if name in values]


def pages(site: Path) -> dict[str, Page]:
    return {str(file.relative_to(site)): Page(file.read_text()) for file in sorted(site.rglob("*.html"))}


def jpeg(seed: int) -> bytes:
    colours = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(colours).resize((2 * WIDTH, 2 * HEIGHT)).save(buffer, "JPEG")
    return buffer.getvalue()


def world() -> tuple[np.ndarray, np.ndarray]:
    """Masks, bool (n_images, height, width, 3 concepts) and (..., 5 units).

    Unit 0 is `disk AND NOT left`, unit 1 is `right` but for a stripe; 2 is dead, 3 always active, 4 is `disk`.
    """
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    concepts = np.zeros((N_IMAGES, HEIGHT, WIDTH, 3), dtype=bool)
    for image in range(N_IMAGES):
        concepts[image, ..., 0] = (y - 12) ** 2 + (x - 16) ** 2 < (5 + image) ** 2
        concepts[image, ..., 1] = x < 12
        concepts[image, ..., 2] = (x >= 20) & (y >= 2 * image)
    disk, left, right = (concepts[..., i] for i in range(3))
    units = [disk & ~left, right & (x < 30), np.zeros_like(disk), np.ones_like(disk), disk]
    return concepts, np.stack(units, axis=-1)


def vision_probe(concept_names=CONCEPTS, unit_names=UNITS, text=HARMLESS) -> Probe:
    concepts, units = world()
    rows, cell_of, weights = np.unique(concepts.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    active = np.zeros((len(rows), units.shape[-1]), dtype=np.int64)
    np.add.at(active, cell_of, units.reshape(-1, units.shape[-1]))
    cells = Cells(concept_rows(concept_names, [text] * 3, rows), weights, active, unit_names)
    per_image = units.sum(axis=(1, 2))
    top = np.argsort(-per_image, axis=0, kind="stable")[:SHOWN].T
    pictured = np.unique(top)
    files = [jpeg(image) for image in pictured]
    masks = np.array([[units[image, ..., unit] for image in images] for unit, images in enumerate(top)])
    return Probe(
        cells,
        about={
            "kind": "vision", "model": text, "layer": "conv", "dataset": text, "images": N_IMAGES,
            "settings": {"threshold": "quantile", "quantile": 0.005, "device": text}, "notes": [f"a note: {text}"],
        },
        names={
            "images": [f"{text}{image}.jpg" for image in range(N_IMAGES)],
            "targets": [f"street {text}", *[f"class {text} 1"] * (N_IMAGES - 1)],
            "classes": [f"class {text} {number}" for number in range(4)],
        },
        arrays={
            "thresholds": np.arange(5) + 0.5,
            "histogram": np.array([[100, 10, 0, 1]] * 5),
            "lowest": np.zeros(5, dtype=np.float32),
            "highest": np.full(5, 8, dtype=np.float32),
            "unit_max": per_image.astype(np.float32),
            "predictions": np.array([0, 1, 2, 3, 1, 1]),
            "class_weights": np.arange(20, dtype=np.float32).reshape(4, 5) - 9.5,
            "top_images": top.astype(np.int32),
            "top_masks": np.packbits(masks.reshape(5, SHOWN, -1), axis=-1),
            "pictured": pictured.astype(np.int32),
            "point_cells": cell_of.reshape(N_IMAGES, HEIGHT, WIDTH)[pictured].astype(np.int32),
            "picture_bytes": np.frombuffer(b"".join(files), dtype=np.uint8),
            "picture_offsets": np.cumsum([0, *map(len, files)]),
        },
    )  # fmt: skip


@pytest.fixture
def explained(tmp_path):
    """explained(probe, ...): the probe on disk and a finished run of it."""

    def explain(probe: Probe, units=None, **settings) -> tuple[runs.Run, Probe]:
        probe = save_probe(probe, tmp_path / "probe", force=True)
        chosen = list(units or probe.cells.unit_names)
        return run_units(probe, chosen, SearchSettings(**settings), tmp_path / "run"), probe

    return explain


@pytest.fixture
def site(explained, tmp_path) -> Path:
    write_report(*explained(vision_probe()), tmp_path / "site")
    return tmp_path / "site"


def test_there_is_an_index_and_a_page_for_every_unit(explained, tmp_path):
    calls = []
    run, probe = explained(vision_probe())
    index = write_report(run, probe, tmp_path / "site", on_progress=lambda *call: calls.append(call))
    assert index == tmp_path / "site" / "index.html"
    assert set(pages(tmp_path / "site")) == {"index.html", *(f"units/{i}.html" for i in range(5))}
    assert calls == [("writing pages", done, 5) for done in range(1, 6)]


def test_every_link_leads_to_a_file_of_the_site(site):
    for name, page in pages(site).items():
        ids = {values["id"] for _, values in page.elements if "id" in values}
        for link in page.links:
            path, _, anchor = link.partition("#")
            if path:
                assert (site / name).parent.joinpath(path).resolve().is_relative_to(site.resolve())
                assert (site / name).parent.joinpath(path).is_file(), (name, link)
            else:
                assert anchor in ids or anchor.startswith("q="), (name, link)


def test_every_file_is_linked_from_some_page(site):
    linked = {
        (site / name).parent.joinpath(link).resolve() for name, page in pages(site).items() for link in page.links
    }
    files = {file.resolve() for file in site.rglob("*") if file.is_file()}
    assert files - {site.resolve() / "index.html"} <= linked


def test_nothing_is_fetched_from_elsewhere(site):
    for page in pages(site).values():
        assert not [link for link in page.links if ":" in link or link.startswith("/")]
        policies = [values["content"] for _, values in page.elements if "http-equiv" in values]
        assert policies[0].startswith("default-src 'none';")
        assert "unsafe" not in policies[0]
        assert "http" not in policies[0]
    for asset in ("report.css", "report.js"):
        assert not re.search(r"https?:|url\(|@import|innerHTML|eval", (site / "assets" / asset).read_text())


def test_hostile_names_stay_text(explained, tmp_path):
    settings = {"engine": "brute", "max_length": 2}
    write_report(*explained(vision_probe(), **settings), tmp_path / "plain")
    hostile_run = tmp_path / "run"
    hostile_run.rename(tmp_path / "plain-run")
    write_report(*explained(vision_probe(HOSTILE_CONCEPTS, HOSTILE_UNITS, HOSTILE), **settings), tmp_path / "site")
    plain, hostile = pages(tmp_path / "plain"), pages(tmp_path / "site")
    assert plain.keys() == hostile.keys()
    for name in plain:
        if name == "index.html":
            assert sorted(shape(plain[name])) == sorted(shape(hostile[name]))
        else:
            assert shape(plain[name]) == shape(hostile[name])
    for place, unit in enumerate(HOSTILE_UNITS):
        assert f"Unit {unit}" in hostile[f"units/{place}.html"].text
        assert unit in hostile["index.html"].text
    assert "<script>alert(1)</script>" in hostile["units/0.html"].text
    assert f"labelled class {HOSTILE} 1" in hostile["units/0.html"].text
    assert f"a note: {HOSTILE}" in hostile["index.html"].text


def shape(page: Page) -> list[tuple[str, ...]]:
    """The elements and the names of their attributes: what no name of a concept or unit may change."""
    return [(tag, *values) for tag, values in page.elements if tag != "wbr"]


def test_a_unit_page_shows_the_formula_and_its_counts(site):
    text = pages(site)["units/0.html"].text
    run = runs.read_run(site.parent / "run")
    record = run.records["0"]
    assert record["formula"] == "disk AND NOT left"
    assert "disk AND NOT left" in text
    assert "IoU 1 " in text
    assert f"both {record['intersection']:,}" in text
    assert "of 4,608 points" in text
    assert "The best formula found; a better one may exist." in text


def test_lengths_at_which_the_formula_stays_are_marked(site):
    page = pages(site)["units/4.html"]
    assert len([tag for tag, values in page.elements if tag == "tr" and values.get("class") == "same"]) == 2
    dots = [values["class"] for tag, values in page.elements if tag == "circle"]
    assert dots == ["dot", "dot same", "dot same"]


def test_units_link_to_their_neighbours(site):
    found = pages(site)
    neighbours = {
        (name, values["rel"]): values["href"]
        for name, page in found.items()
        for tag, values in page.elements
        if tag == "a" and values.get("rel") in ("prev", "next")
    }
    assert neighbours["units/1.html", "prev"] == "../units/0.html"
    assert neighbours["units/1.html", "next"] == "../units/2.html"
    assert ("units/0.html", "prev") not in neighbours
    assert ("units/4.html", "next") not in neighbours


def test_units_active_nowhere_or_everywhere_have_nothing_to_explain(site):
    found = pages(site)
    for unit, where in ((2, "nowhere"), (3, "everywhere")):
        text = found[f"units/{unit}.html"].text
        assert "Nothing to explain" in text
        assert "IoU here" not in text
        assert f"active {where}" in found["index.html"].text
    assert "0 of 4,608 points (0 %)" in found["units/2.html"].text
    assert "3 of 5 units explained" in found["index.html"].text
    assert "the unit is not active here" in found["units/2.html"].text


def test_means_leave_out_units_with_nothing_to_explain(site):
    records = runs.read_run(site.parent / "run").records
    ious = [records[unit]["iou"] for unit in ("0", "1", "4")]
    assert records["3"]["iou"] > 0
    assert f"overlap of a formula with its unit mean IoU {np.mean(ious):.3f}" in pages(site)["index.html"].text


def test_failed_units_come_first_with_their_error(explained, tmp_path, monkeypatch):
    def failing(problem, settings, should_stop):
        if problem.unit == "1":
            raise RuntimeError("the solver stopped: <br>")
        return engines._beam(problem, settings, should_stop)

    monkeypatch.setitem(engines.ENGINES, "beam", replace(engines.ENGINES["beam"], search=failing))
    write_report(*explained(vision_probe()), tmp_path / "site")
    found = pages(tmp_path / "site")
    assert found["index.html"].text.index("1 unit failed: 1") < found["index.html"].text.index("mean IoU")
    assert "RuntimeError: the solver stopped: <br>" in found["units/1.html"].text
    assert "No answer" in found["units/1.html"].text
    assert "failed" not in found["units/0.html"].text


def test_an_unfinished_run_says_how_many_units_are_missing(explained, tmp_path):
    run, probe = explained(vision_probe())
    lines = (run.path / "units.jsonl").read_text().splitlines(keepends=True)
    (run.path / "units.jsonl").write_text("".join(lines[:3]))
    write_report(runs.read_run(run.path), probe, tmp_path / "site")
    assert "2 units of 5 still without an answer" in pages(tmp_path / "site")["index.html"].text
    assert len(pages(tmp_path / "site")) == 4


def test_a_probe_of_plain_arrays_has_pages_without_pictures(explained, tmp_path):
    whole = vision_probe()
    write_report(*explained(Probe(whole.cells, {"kind": "arrays", "dataset": "mine.npz"})), tmp_path / "site")
    assert {folder.name for folder in (tmp_path / "site").iterdir()} == {"index.html", "units.csv", "units", "assets"}
    page = pages(tmp_path / "site")["units/0.html"]
    assert "This probe keeps no inputs, so none are shown." in page.text
    assert not [tag for tag, _ in page.elements if tag == "img"]
    assert "mine.npz" in pages(tmp_path / "site")["index.html"].text


def test_pictures_are_the_stored_ones_each_once(explained, tmp_path):
    run, probe = explained(vision_probe(), units=["1", "4"])
    write_report(run, probe, tmp_path / "site")
    shown = {int(image) for unit in (1, 4) for image in probe.arrays["top_images"][unit]}
    files = {int(file.stem): Image.open(file) for file in (tmp_path / "site" / "pictures").iterdir()}
    assert shown <= files.keys()
    for image, found in files.items():
        stored = Image.open(io.BytesIO(jpeg(image)))
        assert found.size == stored.size
        assert np.abs(np.asarray(found, dtype=int) - np.asarray(stored, dtype=int)).mean() < 8
    images = [values for tag, values in pages(tmp_path / "site")["units/1.html"].elements if tag == "img"]
    assert all(values["loading"] == "lazy" for values in images)
    photos = [values for values in images if values["class"] == "photo"]
    assert {(values["width"], values["height"]) for values in photos} == {(str(2 * WIDTH), str(2 * HEIGHT))}


def test_a_unit_page_shows_how_its_values_are_spread_where_the_probe_keeps_that(explained, tmp_path):
    write_report(*explained(vision_probe()), tmp_path / "site")
    page = pages(tmp_path / "site")["units/1.html"]
    assert "Its values" in page.text
    assert "values of its maps in all images" in page.text
    bars = [values for tag, values in page.elements if tag == "path"]
    (mark,) = [values for tag, values in page.elements if tag == "line" and values.get("class") == "mean"]
    assert len(bars) == 3
    begins = [float(values["d"].split()[0].removeprefix("M")) for values in bars]
    assert begins[0] < float(mark["x1"]) < begins[1]
    old = vision_probe()
    kept = {name: array for name, array in old.arrays.items() if name not in ("histogram", "lowest", "highest")}
    write_report(*explained(replace(old, arrays=kept)), tmp_path / "site", force=True)
    assert "Its values" not in pages(tmp_path / "site")["units/1.html"].text


def test_layers_outline_the_formula_and_the_unit(site):
    """Unit 1 is `right` but for the two last columns: the formula's outline reaches the edge, the unit's does not."""
    image = int(vision_probe().arrays["top_images"][1][0])
    pixels = np.asarray(Image.open(site / "layers" / "1-1.png").convert("RGBA"))
    k = pixels.shape[1] // WIDTH
    concepts, units = world()
    formula = concepts[image, ..., 2].repeat(k, 0).repeat(k, 1)
    unit = units[image, ..., 1].repeat(k, 0).repeat(k, 1)
    pixels = pixels[: len(unit)]
    fill, formula_edge, edge = (np.all(pixels == COLOURS[kind], axis=-1) for kind in (FORMULA, FORMULA_EDGE, UNIT_EDGE))
    assert formula_edge[formula & ~unit].any()
    assert fill.any()
    assert not (fill | formula_edge)[~formula].any()
    assert not edge[~unit].any()
    rows, columns = np.nonzero(unit)
    assert edge[rows.min(), columns.min() : columns.max() + 1].all()
    assert edge[rows.min() : rows.max() + 1, columns.max()].all()
    far = np.ones_like(unit)
    far[:, columns.min() - k :] = False
    assert not pixels[far & ~formula][:, 3].any()


def test_each_concept_says_what_it_brings_in_or_takes_out(site):
    """Unit 0 is `disk AND NOT left`: the disk brings in what the formula holds on, and NOT left takes out the rest."""
    concepts, _ = world()
    disk, left = concepts[..., 0], concepts[..., 1]
    text = pages(site)["units/0.html"].text.split("What each concept of the formula does")[1]
    both = int((disk & ~left).sum())
    assert f"disk brings in {both:,} points; the unit is active on 100 %" in text
    assert f"NOT left takes out {int((disk & left).sum()):,} points; the unit is active on 0 %" in text


def test_top_images_that_contradict_the_formula_are_told_of(explained, tmp_path):
    """Unit 4 is the disk; said to be `right`, it has no point in common with its formula in some top images."""
    run, probe = explained(vision_probe())
    text = {name: page.text for name, page in pages(write_report(run, probe, tmp_path / "plain").parent).items()}
    assert "what excites the unit most" not in text["units/4.html"]
    turned = probe.arrays["top_masks"].copy()
    turned[4] = 0
    turned[4, :, 0] = 128
    other = Probe(probe.cells, probe.about, probe.names, {**probe.arrays, "top_masks": turned})
    run.path.rename(tmp_path / "old-run")
    write_report(*explained(other), tmp_path / "site")
    said = "The formula holds nowhere that the unit is active in 2 of these 2 images"
    assert said in pages(tmp_path / "site")["units/4.html"].text


def test_misses_and_false_alarms_are_images_where_only_one_of_both_is(explained, tmp_path):
    """Unit 4 is the disk; where its kept activity says otherwise of the images shown, one is a miss, one an alarm."""
    probe = vision_probe()
    active = np.ones((N_IMAGES, 5), dtype=bool)
    active[4, 4] = False
    arrays = {**probe.arrays, "image_active": np.packbits(active, axis=1)}
    site = write_report(*explained(Probe(probe.cells, probe.about, probe.names, arrays)), tmp_path / "site").parent
    text = pages(site)["units/4.html"].text
    alarms = text.split("False alarms")[1].split("IoU by length")[0]
    assert f"{HARMLESS}4.jpg" in alarms
    assert f"{HARMLESS}5.jpg" not in alarms
    assert "None among the pictures kept." in text.split("Misses")[1].split("False alarms")[0]


def test_the_table_is_a_file_for_spreadsheets(explained, tmp_path):
    site = write_report(*explained(vision_probe(unit_names=("=1+1", "1", "2", "3", "4"))), tmp_path / "site").parent
    rows = list(csv.DictReader(io.StringIO((site / "units.csv").read_text())))
    assert [row["unit"] for row in rows] == ["'=1+1", "1", "2", "3", "4"]
    assert rows[0]["formula"] == "disk AND NOT left"
    assert float(rows[0]["iou"]) == 1
    assert rows[2]["formula"] == ""


def test_the_first_page_says_what_was_asked_and_shows_three_units(site):
    text = pages(site)["index.html"].text
    assert "What 5 units of harmless respond to" in text
    assert "Layer conv: on 6 images of harmless, each unit is active on some of 4,608 points" in text
    assert "a beam search looked for the formula that holds on the same points" in text
    assert "at most 3 of 3 known concepts" in text
    for why in ("explained best", "in the middle", "explained least"):
        assert text.count(why) == 1


def test_captions_name_image_prediction_and_target(site):
    """Unit 4 shows images 5 and 4, both of class 1 and taken for class 1."""
    text = pages(site)["units/4.html"].text.split("What each concept of the formula does")[0]
    assert "harmless5.jpg" in text
    assert text.count("predicted class harmless 1 ✓ right") == 2
    assert "labelled class harmless 1" in text
    assert len(re.findall(r"IoU here 1\s*peak", text)) == 2


def test_a_target_that_is_no_class_of_the_model_is_not_called_wrong(explained, tmp_path):
    """Unit 1 shows image 0 first, which is a street and taken for class 0; the model knows no streets."""
    write_report(*explained(vision_probe()), tmp_path / "site")
    text = pages(tmp_path / "site")["units/1.html"].text
    assert "labelled street harmless" in text
    assert "predicted class harmless 0 labelled" in text
    assert "predicted class harmless 1 ✓ right" in text
    assert "✗ wrong" not in text


def test_class_weights_are_shown_where_the_last_layer_has_an_input_per_unit(explained, tmp_path):
    probe = vision_probe()
    write_report(*explained(probe), tmp_path / "site")
    text = pages(tmp_path / "site")["units/0.html"].text
    assert "Speaks for Weight class harmless 3 5.50 class harmless 2 0.500" in text
    assert "Speaks against Weight class harmless 0 -9.50 class harmless 1 -4.50" in text
    arrays = {**probe.arrays, "class_weights": np.ones((4, 7), dtype=np.float32)}
    (tmp_path / "run").rename(tmp_path / "old-run")
    write_report(*explained(Probe(probe.cells, probe.about, probe.names, arrays)), tmp_path / "other")
    assert "Speaks for" not in pages(tmp_path / "other")["units/0.html"].text


def test_bounds_and_other_top_formulas_are_shown_where_there_are_any(explained, tmp_path):
    run, probe = explained(vision_probe(), engine="brute", max_length=2)
    write_report(run, probe, tmp_path / "proven")
    found = pages(tmp_path / "proven")
    assert "proven bound" in found["units/0.html"].text
    assert "Gap" in found["index.html"].text
    run.path.rename(tmp_path / "old-run")
    write_report(*explained(vision_probe(), top_k=3, metric="f1"), tmp_path / "top")
    text = pages(tmp_path / "top")["units/1.html"].text
    assert "The best formulas" in text
    assert "f1" in text
    assert "proven bound" not in text
    assert "Gap" not in pages(tmp_path / "top")["index.html"].text


def test_the_same_run_gives_the_same_bytes(explained, tmp_path):
    run, probe = explained(vision_probe())
    for name in ("first", "second"):
        write_report(run, probe, tmp_path / name)
    files = [file.relative_to(tmp_path / "first") for file in (tmp_path / "first").rglob("*") if file.is_file()]
    assert len(files) > 10
    assert all((tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes() for file in files)


def test_a_folder_that_exists_is_replaced_only_with_force_and_only_if_it_is_a_report(explained, tmp_path):
    run, probe = explained(vision_probe())
    write_report(run, probe, tmp_path / "site")
    (tmp_path / "site" / "units" / "99.html").write_text("stale")
    with pytest.raises(UsageError, match="exists already"):
        write_report(run, probe, tmp_path / "site")
    write_report(run, probe, tmp_path / "site", force=True)
    assert not (tmp_path / "site" / "units" / "99.html").exists()
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["probe", "run", "site"]
    with pytest.raises(UsageError, match="replaces only what this command has made"):
        write_report(run, probe, run.path, force=True)
    assert (run.path / "units.jsonl").exists()


def test_a_report_that_fails_halfway_leaves_what_was_there(explained, tmp_path):
    """As on a full disk: the system writes no more than half of the largest file."""
    run, probe = explained(vision_probe())
    write_report(run, probe, tmp_path / "site")
    before = sorted(tmp_path.rglob("*"))

    largest = max(file.stat().st_size for file in (tmp_path / "site").rglob("*"))
    _, hard = limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest // 2, hard))
    try:
        with pytest.raises(DataError, match="File too large"):
            write_report(run, probe, tmp_path / "site", force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_of_another_probe_is_refused(explained, tmp_path):
    run, _ = explained(vision_probe())
    with pytest.raises(DataError, match="another probe"):
        write_report(run, vision_probe(unit_names=("a", "b", "c", "d", "e")), tmp_path / "site")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"intersection": 1}, "units.jsonl, unit '0': the counts are not those"),
        ({"ceiling": None}, "units.jsonl, line 1 is damaged: the field 'ceiling'"),
        ({"by_length": ...}, "'by_length' is missing"),
        ({"formula": "disk AND"}, "expected a concept"),
        ({"formula": "moon"}, "no concept is named 'moon'"),
        ({"status": "splendid"}, "the field 'status': should be 'optimal', "),
        ({"seconds": "x"}, "units.jsonl, line 1 is damaged: the field 'seconds'"),
        ({"digest": "0" * 64}, "its digest is not that of its content"),
        ({"bound": 0.5}, "bound, gap and status"),
    ],
)
def test_a_damaged_line_of_the_run_is_named(explained, tmp_path, changes, message):
    run, probe = explained(vision_probe())
    file = run.path / "units.jsonl"
    first, *others = file.read_text().splitlines()
    changed = {key: value for key, value in {**json.loads(first), **changes}.items() if value is not ...}
    changed = changed if "digest" in changes else sealed(changed)
    file.write_text("\n".join([json.dumps(changed), *others]) + "\n")
    with pytest.raises(DataError, match=message) as raised:
        write_report(runs.read_run(run.path), probe, tmp_path / "site")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "site").exists()
