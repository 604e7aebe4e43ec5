"""The report in headless Chromium: it says at once what was found, sorts, filters, stays on disk, and runs no name."""

import importlib.util
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from compexact.experiments.questions.answer import Answer, Published, save_answer
from compexact.experiments.report.single_file import write_single_file
from compexact.experiments.report.site import write_report, write_site
from compexact.experiments.run.audit import Audit, run_audit
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import read_run, run_units
from compexact.probes.store import Probe, save_probe
from compexact.solver.cells import CellBuilder, Cells, concept_rows

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is on the path"),
    pytest.mark.skipif(
        importlib.util.find_spec("playwright") is None, reason="playwright, the driver, is not installed"
    ),
]

HEIGHT, WIDTH, SHOWN = 12, 16, 3
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
HOSTILE = [
    "<script>window.hit = 1</script>", "</script><script>window.hit = 2</script>",
    '"><img src=x onerror="window.hit=3">',
    "' onmouseover='window.hit=4", "</title><svg onload=window.hit=5>", "javascript:window.hit=6", "{{ 7 * 7 }}",
    "&lt;script&gt;window.hit=7&lt;/script&gt;", "\u05d0\u05d1\u05d2 from the right", "\u0627\u0644 too",
    "</textarea><script>window.hit=8</script>", "--><script>window.hit=9</script>", "]]><script>window.hit=10</script>",
    "http://example.invalid/x.png", "url(http://example.invalid)", "\\\"; window.hit=11; //", "`${window.hit=12}`",
    "<base href=http://example.invalid/>", "<meta http-equiv=refresh content='0;url=http://example.invalid'>",
    "x" * 990, "long words " * 80, "🦓" * 400, "<iframe srcdoc='<script>parent.hit=13</script>'>",
]  # fmt: skip


@dataclass
class Visit:
    """A page in the browser, and what happened on it."""

    page: object
    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, file: Path, anchor: str = "") -> None:
        self.page.goto(file.as_uri() + anchor)

    def units(self) -> list[str]:
        """The names of the units shown, in order."""
        return self.page.eval_on_selector_all(
            "table.units tbody tr:not([hidden]) th", "heads => heads.map((head) => head.textContent)"
        )

    def column(self, name: str) -> list[float]:
        return [float(text) for text in self.texts(f"table.units tbody tr:not([hidden]) td.{name}")]

    def texts(self, selector: str) -> list[str]:
        return self.page.eval_on_selector_all(selector, "all => all.map((one) => one.textContent.trim())")

    def evaluate(self, script: str) -> object:
        return self.page.evaluate(script)


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=CHROMIUM)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def contexts(browser) -> Iterator[dict[str, object]]:
    """Those of the settings asked for so far; a new page in one takes a tenth of the time of a new context."""
    opened: dict[str, object] = {}
    yield opened
    for context in opened.values():
        context.close()


@pytest.fixture
def visit(browser, contexts) -> Iterator[object]:
    """visit(file, **context): a new page on it; what it says on the console and asks for is noted."""
    visits = []

    def start(file: Path, anchor: str = "", **settings) -> Visit:
        settings = {"viewport": DESK, **settings}
        if repr(settings) not in contexts:
            contexts[repr(settings)] = browser.new_context(**settings)
        found = Visit(contexts[repr(settings)].new_page())
        visits.append(found)
        found.page.on("console", lambda message: found.messages.append(message.text))
        found.page.on("pageerror", lambda error: found.messages.append(str(error)))
        found.page.on("dialog", lambda dialog: (found.messages.append(dialog.message), dialog.dismiss()))
        found.page.on("request", lambda request: found.requests.append(request.url))
        found.open(file, anchor)
        return found

    yield start
    for found in visits:
        found.page.close()


def jpeg(tmp: Path, seed: int) -> bytes:
    colours = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), dtype=np.uint8)
    Image.fromarray(colours).resize((4 * WIDTH, 4 * HEIGHT)).save(tmp / "one.jpg")
    return (tmp / "one.jpg").read_bytes()


def vision_probe(tmp: Path, concepts: list[str], units: list[str], *, n_images: int = 8, classes=("a", "b")) -> Probe:
    """Random concepts on random pictures; unit u is concept u AND NOT the next, with a tenth of the points turned."""
    rng, n_concepts = np.random.default_rng(0), len(concepts)
    masks = rng.random((n_images, HEIGHT, WIDTH, n_concepts)) < 0.15
    place = np.arange(len(units)) % n_concepts
    active = masks[..., place] & ~masks[..., (place + 1) % n_concepts]
    active ^= rng.random(active.shape) < 0.1 * rng.random(len(units))
    rows, cell_of, weights = np.unique(masks.reshape(-1, n_concepts), axis=0, return_inverse=True, return_counts=True)
    counts = np.zeros((len(rows), len(units)), dtype=np.int64)
    np.add.at(counts, cell_of, active.reshape(-1, len(units)))
    per_image = active.sum(axis=(1, 2))
    top = np.argsort(-per_image, axis=0, kind="stable")[:SHOWN].T
    files = [jpeg(tmp, image) for image in range(n_images)]
    top_masks = np.array([[active[image, ..., unit] for image in images] for unit, images in enumerate(top)])
    arrays = {
        "thresholds": np.full(len(units), 0.5),
        "unit_max": per_image.astype(np.float32),
        "image_active": np.packbits(per_image > 0, axis=1),
        "predictions": np.arange(n_images) % len(classes),
        "class_weights": rng.normal(size=(len(classes), len(units))).astype(np.float32),
        "top_images": top.astype(np.int32),
        "top_masks": np.packbits(top_masks.reshape(len(units), SHOWN, -1), axis=-1),
        "pictured": np.arange(n_images, dtype=np.int32),
        "point_cells": cell_of.reshape(n_images, HEIGHT, WIDTH).astype(np.int32),
        "picture_bytes": np.frombuffer(b"".join(files), dtype=np.uint8),
        "picture_offsets": np.cumsum([0, *map(len, files)]),
    }
    names = {
        "images": [f"images/{concepts[0][:40]}{i}.jpg" for i in range(n_images)],
        "targets": [classes[i % 3 % len(classes)] for i in range(n_images)],
        "classes": list(classes),
    }
    about = {"kind": "vision", "model": concepts[0], "layer": "conv", "dataset": concepts[-1], "images": n_images}
    kinds = ["object" if i % 2 else "color" for i in range(n_concepts)]
    return Probe(Cells(concept_rows(concepts, kinds, rows), weights, counts, units), about, names, arrays)


def make_site(tmp: Path, probe: Probe, *, engine: str = "exact", length: int = 2, answers=()) -> Path:
    saved = save_probe(probe, tmp / "probe")
    run = run_units(saved, saved.cells.unit_names, SearchSettings(engine=engine, max_length=length), tmp / "run")
    return write_report(run, saved, tmp / "site", answers=answers).parent


def make_answer(folder: Path, text: str) -> Path:
    long = [{f"a_rather_long_name_{n}": (i + n) / 7 for n in range(6)} for i in range(5)]
    rows = tuple({"unit": f"{text}{i}", **each, "another_long_name": None} for i, each in enumerate(long))
    published = (Published(text, "section 5", 0.059, 0.1, text), Published("not asked", "", 1.0, None, ""))
    answer = Answer("length", f"{text}?", ({"model": text, "units": 2},), {text: [1, 2]}, rows, (text,), published)
    return save_answer(answer, folder)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """12 units, with two answers."""
    tmp = tmp_path_factory.mktemp("site")
    answers = [make_answer(tmp / "one", "one"), make_answer(tmp / "two", "two")]
    probe = vision_probe(tmp, ["sky", "sea", "red-c", "shop window"], [str(i) for i in range(12)])
    return make_site(tmp, probe, answers=answers)


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> Path:
    """The same units, audited."""
    tmp = tmp_path_factory.mktemp("audit")
    probe = vision_probe(tmp, ["sky", "sea", "red-c", "shop window"], [str(i) for i in range(12)])
    saved = save_probe(probe, tmp / "probe")
    chosen = Audit.of(SearchSettings(engine="exact"), lengths=[1, 3], beam_sizes=[1, 5])
    run = run_audit(saved, saved.cells.unit_names, chosen, tmp / "run")
    return write_report(run, saved, tmp / "site").parent


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """Hostile names of concepts, which are those of units, classes, images and an answer, too."""
    tmp = tmp_path_factory.mktemp("hostile")
    names = [f"{HOSTILE[i % len(HOSTILE)]}{i or ''}" for i in range(len(HOSTILE) + 2)]
    probe = vision_probe(tmp, names, names[::-1], n_images=3, classes=tuple(names[:3]))
    return make_site(tmp, probe, engine="beam", length=2, answers=[make_answer(tmp / "answer", HOSTILE[1])])


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> Path:
    """Two runs of hostile names and two answers to one question, in one site."""
    tmp = tmp_path_factory.mktemp("several")
    saved = save_probe(vision_probe(tmp, HOSTILE, HOSTILE[:6], n_images=3), tmp / "probe")
    runs = [
        run_units(saved, saved.cells.unit_names, SearchSettings(max_length=length), tmp / f"run{length}")
        for length in (1, 2)
    ]
    answers = [make_answer(tmp / name, HOSTILE[0]) for name in ("one", "two")]
    return write_site([(run, saved) for run in runs], tmp / "site", answers=answers).parent


@pytest.fixture(scope="module")
def of_pairs(tmp_path_factory) -> Path:
    """Two units of sentence pairs, with matrices of three long labels and of thousands."""
    n, active = 9000, np.arange(9000)[:, None] % [2, 3] == 0
    builder = CellBuilder(("hyp:nobody", "hyp:man"), ("hypothesis word",) * 2, ("0", "1"))
    ids = builder.add(
        [(i % 2,) if i % 5 else () for i in range(n)], np.ones(n, dtype=np.int64), active.astype(np.int64)
    )
    cells, place = builder.cells()
    arrays = {
        "thresholds": np.zeros(2),
        "unit_active": np.packbits(active, axis=1),
        "point_cells": place[ids].astype(np.int32),
        "predictions": np.arange(n) % 3,
        "top_pairs": np.zeros((2, 1), dtype=np.int32),
        "top_values": np.ones((2, 1), dtype=np.float32),
    }
    classes = ["entailment", "neutral", "contradiction"]
    names = {
        "premises": [f"A child reaches up to touch the propeller of plane {i}" for i in range(n)],
        "hypotheses": [f"Nobody sees number {i}" for i in range(n)],
        "targets": [classes[i % 5 % 3] for i in range(n)],
        "classes": classes,
    }
    about = {"kind": "nli", "settings": {"threshold": "positive", "min_active": 0}}
    return make_site(tmp_path_factory.mktemp("pairs"), Probe(cells, about, names, arrays), engine="beam")


def pages(site: Path) -> list[Path]:
    """The index, and of every other kind of page the first two."""
    kinds = ("index.html", "units/*.html", "answers/*.html", "audit.html", "runs/*/index.html", "runs/*/units/*.html")
    return [file for kind in kinds for file in sorted(site.glob(kind))[:2]]


def test_pages_load_without_a_word_on_the_console_and_without_leaving_the_disk(site, audited, several, visit):
    for root in (site, audited, several):
        for file in pages(root):
            seen = visit(file)
            seen.page.mouse.wheel(0, 20000)
            assert seen.messages == []
            assert len(seen.requests) >= 3
            for url in seen.requests:
                assert url.startswith((root.as_uri() + "/", "data:")), url


def test_columns_sort_by_their_values_both_ways(site, visit):
    seen = visit(site / "index.html")
    before = seen.column("iou")
    seen.page.click("table.units th.number button:has-text('IoU')")
    assert seen.column("iou") == sorted(before, reverse=True) != before
    seen.page.click("table.units th.number button:has-text('IoU')")
    assert seen.column("iou") == sorted(before)
    seen.page.click("table.units th button:text-is('Unit')")
    assert seen.units() == [str(i) for i in range(12)]
    assert seen.texts("th[aria-sort]") == ["Unit"]


def test_the_keyboard_sorts_filters_and_turns_pages(site, visit):
    seen = visit(site / "index.html")
    before = seen.column("iou")
    seen.page.focus("table.units th.number button:has-text('IoU')")
    seen.page.keyboard.press("Enter")
    assert seen.column("iou") == sorted(before, reverse=True)
    seen.page.keyboard.press("Space")
    assert seen.column("iou") == sorted(before)
    seen.page.evaluate("document.activeElement.blur()")
    seen.page.keyboard.press("/")
    seen.page.keyboard.type("shop window")
    shown = seen.texts("table.units tbody tr:not([hidden]) td.what")
    assert shown
    assert all("shop window" in text for text in shown)
    seen.page.focus("table.units tbody tr:not([hidden]) a")
    with seen.page.expect_navigation():
        seen.page.keyboard.press("Enter")
    first = seen.page.url
    with seen.page.expect_navigation():
        seen.page.keyboard.press("ArrowRight" if not first.endswith("/11.html") else "ArrowLeft")
    assert seen.page.url != first


def test_filters_by_status_category_class_and_iou_join(site, visit):
    seen = visit(site / "index.html")
    seen.page.select_option("select[data-cell=kind]", "color")
    kinds = seen.texts("table.units tbody tr:not([hidden]) td.kind")
    assert len(kinds) > 0
    assert all("color" in kind.split(", ") for kind in kinds)
    seen.page.select_option("select[data-cell=class]", "b")
    classes = set(seen.texts("table.units tbody tr:not([hidden]) td.class"))
    assert classes == {"b"}
    best, second = sorted(seen.column("iou"))[:-3:-1]
    seen.page.fill("input[data-end=from]", f"{(best + second) / 2:.6f}")
    assert seen.column("iou") == [best]
    assert seen.texts(".filter output") == ["1 of 12"]
    seen.page.fill("input[type=search]", "no such unit")
    assert seen.units() == []
    assert seen.page.is_visible(".nothing")


def test_any_number_filters_from_and_to(site, visit):
    seen = visit(site / "index.html")
    seen.page.select_option(".range select", "ceil")
    ceilings = sorted(seen.column("ceil"))
    middle = (ceilings[5] + ceilings[6]) / 2
    assert ceilings[5] < middle < ceilings[6]
    seen.page.fill("input[data-end=to]", str(middle))
    assert sorted(seen.column("ceil")) == ceilings[:6]
    seen.page.fill("input[data-end=to]", "")
    seen.page.fill("input[data-end=from]", str(middle))
    assert sorted(seen.column("ceil")) == ceilings[6:]
    seen.page.select_option(".range select", "length")
    seen.page.fill("input[data-end=from]", "3")
    assert seen.units() == []


def test_a_link_of_a_concept_opens_the_index_filtered(site, visit):
    seen = visit(site / "index.html", "#q=shop%20window")
    assert 0 < len(seen.units()) < 12
    assert seen.page.input_value("input[type=search]") == "shop window"


def test_hostile_names_run_nothing_and_stay_text(hostile, several, visit):
    for file in [
        hostile / "index.html",
        *(hostile / f"units/{i}.html" for i in range(0, len(HOSTILE), 3)),
        hostile / "answers/1.html",
        *pages(several),
    ]:
        seen = visit(file)
        assert seen.evaluate("window.hit") is None
        assert seen.messages == []
        homes = (hostile.as_uri(), several.as_uri())
        assert all(url.startswith(homes) for url in seen.requests), seen.requests
        assert seen.evaluate("document.scripts.length") == 1
        assert (
            seen.evaluate("document.querySelectorAll('iframe, base, [onerror], [onload], [onmouseover]').length") == 0
        )
    seen = visit(hostile / "index.html")
    assert {HOSTILE[0], f"{HOSTILE[1]}1"} <= set(seen.units())
    seen.page.fill("input[type=search]", "<script>window.hit = 1</script>")
    assert HOSTILE[0] in seen.units()
    assert seen.evaluate("window.hit") is None


CUT = """
() => [...document.querySelectorAll("main *")].filter((node) => {
  if (!node.checkVisibility() || node.closest("svg, .stack, .away, details:not([open])")) return false;
  const style = getComputedStyle(node), { right, width } = node.getBoundingClientRect();
  const scrolls = node.scrollWidth > node.clientWidth + 1 && ["auto", "scroll", "hidden"].includes(style.overflowX);
  return width > 0 && (right > innerWidth + 1 || (scrolls && style.textOverflow !== "ellipsis"));
}).map((node) => `${node.tagName}.${node.className}: ${node.textContent.trim().slice(0, 40)}`)
"""


def test_a_phone_shows_every_page_without_scrolling_sideways_and_cuts_no_column(
    site, audited, hostile, several, of_pairs, visit
):
    for root in (site, audited, hostile, several, of_pairs):
        for file in pages(root):
            seen = visit(file, viewport=PHONE, is_mobile=True, has_touch=True)
            assert seen.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], file
            assert seen.evaluate(f"({CUT})()") == [], file


def test_a_desk_shows_every_page_without_scrolling_sideways(site, audited, hostile, several, of_pairs, visit):
    for root in (site, audited, hostile, several, of_pairs):
        for file in pages(root):
            seen = visit(file, viewport=DESK)
            assert seen.evaluate("document.documentElement.scrollWidth") <= DESK["width"], file


ABOVE_THE_FOLD = """
(selector) => [...document.querySelectorAll(selector)].some((node) => {
  const { top, bottom, width } = node.getBoundingClientRect();
  return width > 0 && top >= 0 && bottom <= innerHeight;
})
"""


@pytest.mark.parametrize("kind", [{"viewport": DESK}, {"viewport": PHONE, "is_mobile": True, "has_touch": True}])
def test_the_first_screen_has_the_question_the_numbers_a_formula_and_a_picture(site, audited, visit, kind):
    for root in (site, audited):
        seen = visit(root / "index.html", **kind)
        wanted = ["h1", ".lead", ".tiles", ".card .formula", ".card .stack"]
        assert [each for each in wanted if not seen.page.evaluate(ABOVE_THE_FOLD, each)] == []
    assert "misses the optimum" in seen.texts(".message")[0] or "finds the optimum" in seen.texts(".message")[0]


def test_a_thumb_shows_the_outline_of_its_own_image(site, visit):
    """The layers of a unit are one file; the first of them lies exactly over the picture."""
    seen = visit(site / "index.html")
    photo, layer = (seen.page.locator(f"table.units {part}").first for part in (".photo", ".layer img"))
    layer.scroll_into_view_if_needed()
    box, sheet = photo.bounding_box(), layer.bounding_box()
    tiles = int(re.search(r"of-(\d+)", layer.get_attribute("class"))[1])
    assert sheet["y"] == pytest.approx(box["y"], abs=1)
    assert sheet["height"] == pytest.approx(tiles * box["height"], rel=0.01)


def test_a_single_file_leads_from_page_to_page_and_asks_for_nothing(site, tmp_path, visit):
    run = read_run(site.parent / "run")
    write_single_file(run, run.open_probe(), tmp_path / "one.html")
    for scripts in (True, False):
        seen = visit(tmp_path / "one.html", java_script_enabled=scripts)
        assert seen.page.is_visible("table.units")
        seen.page.click(".card p a >> nth=0")
        assert seen.page.locator("text=How it was found >> visible=true").count() == 1
        assert not seen.page.is_visible("table.units")
        shown = seen.page.locator("img.photo >> visible=true").first
        assert shown.bounding_box()["height"] > 50
        assert "data:image/jpeg" in shown.evaluate("node => getComputedStyle(node).backgroundImage")
        seen.page.click("text=all units >> visible=true")
        assert seen.page.is_visible("table.units")
        assert seen.messages == []
        assert [url for url in seen.requests if not url.startswith("data:")] == [(tmp_path / "one.html").as_uri()]


def test_a_phone_sorts_and_filters_by_touch(site, visit):
    seen = visit(site / "index.html", viewport=PHONE, is_mobile=True, has_touch=True)
    before = seen.column("iou")
    seen.page.tap("table.units th.number button:has-text('IoU')")
    assert seen.column("iou") == sorted(before, reverse=True)
    seen.page.fill("input[type=search]", "shop window")
    assert 0 < len(seen.units()) < 12


CONTRASTS = """
() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = (node) => {
    for (; node; node = node.parentElement) {
      const colour = rgba(getComputedStyle(node).backgroundColor);
      if (colour[3] > .99) return colour;
    }
    return rgba(matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "#fff");
  };
  const found = [];
  for (const node of document.querySelectorAll("body *")) {
    const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!own || !node.getClientRects().length) continue;
    const style = getComputedStyle(node);
    const front = light(rgba(node.namespaceURI.endsWith("svg") ? style.fill : style.color)), back = light(ground(node));
    const contrast = (Math.max(front, back) + .05) / (Math.min(front, back) + .05);
    found.push([contrast, node.tagName, node.textContent.trim().slice(0, 40)]);
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_all_text_has_enough_contrast(site, audited, several, visit, scheme):
    """At least 4.5 to 1, as WCAG 2 asks for (level AA)."""
    grounds = set()
    for file in [*pages(site), *pages(audited), several / "index.html"]:
        seen = visit(file, color_scheme=scheme)
        contrasts = seen.evaluate(f"({CONTRASTS})()")
        assert len(contrasts) > 20
        assert min(contrasts)[0] >= 4.5, (file.name, min(contrasts))
        grounds.add(seen.evaluate("getComputedStyle(document.body).backgroundColor"))
    (ground,) = grounds
    brightness = sum(map(int, re.findall(r"\d+", ground)[:3])) / 3
    assert brightness < 60 if scheme == "dark" else brightness > 200


def test_paper_gets_the_tables_and_not_the_controls(site, visit):
    seen = visit(site / "index.html")
    seen.page.emulate_media(media="print")
    assert not seen.page.is_visible(".filter")
    assert seen.page.is_visible("table.units")
    assert seen.evaluate("getComputedStyle(document.body).maxWidth") == "none"


def test_without_scripts_every_page_reads_whole(site, visit):
    seen = visit(site / "index.html", java_script_enabled=False)
    assert seen.page.locator("table.units tbody tr").count() == 12
    assert not seen.page.is_visible(".filter")


def test_an_answer_shows_the_paper_s_value_beside_ours(site, visit):
    seen = visit(site / "index.html")
    seen.page.click("text=one?")
    assert seen.page.locator("table.published tbody tr").first.text_content() == "one0.0590.100section 5one"
    assert "not asked" in seen.texts("table.published td")
    seen.page.click("table.sortable th button:text-is('a rather long name 0')")
    assert seen.texts("table.plain tbody td:first-child") == [f"one{i}" for i in (4, 3, 2, 1, 0)]


def test_a_report_of_many_units_opens_fast_in_portions(tmp_path, visit):
    probe = vision_probe(tmp_path, [f"concept {i}" for i in range(20)], [str(i) for i in range(160)], n_images=12)
    site = make_site(tmp_path, probe, engine="beam", length=2)
    started = time.perf_counter()
    seen = visit(site / "index.html")
    assert len(seen.units()) == 50
    seen.page.click("text=next")
    assert seen.units() == [str(i) for i in range(50, 100)]
    seen.page.click("text=all on one page")
    assert len(seen.units()) == 160
    seen.page.click("table.units th.number button:has-text('IoU')")
    seen.page.fill("input[type=search]", "concept 7")
    shown = len(seen.units())
    assert time.perf_counter() - started < 15  # a fraction of that where nothing else is at work
    assert 0 < shown < 160
