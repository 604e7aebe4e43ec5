"""One site of several runs: each with its own pages, and answers by question."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from compexact.experiments.questions.answer import Answer, Published, new_figure, save_answer
from compexact.experiments.report.site import write_report, write_site
from compexact.experiments.run.audit import Audit, run_audit
from compexact.experiments.run.engines import SearchSettings
from compexact.experiments.run.folder import run_units
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import DataError, UsageError


def kept_probe(folder: Path, model: str, n_units: int, seed: int) -> Probe:
    rng = np.random.default_rng(seed)
    cells = from_arrays(rng.random((200, 5)) < 0.3, rng.random((200, n_units)) < 0.2)
    return save_probe(
        Probe(cells, {"kind": "arrays", "model": model, "layer": "l", "dataset": f"{model} data"}), folder
    )


def answer(folder: Path, name: str, model: str, ours: float | None, digests: tuple[str, ...] = ("0",)) -> Path:
    content = Answer(
        name=name,
        question=f"What of {name}?",
        inputs=tuple(
            {"model": model, "layer": "l", "dataset": "d", "points": 5, "units": 2, "digest": each} for each in digests
        ),
        settings={},
        rows=({"unit": "0", "iou": 0.5},),
        summary=(f"{model} says <b>{name}</b>", "more"),
        published=(Published(f"{name} of the paper", "Fig. 1", 0.059, ours, "their data"),),
        draw=lambda: new_figure()[0],
    )
    return save_answer(content, folder)


@pytest.fixture
def runs(tmp_path):
    """A run of 3 units and an audit of 2 others, each with its probe."""
    first, second = kept_probe(tmp_path / "one", "one", 3, 0), kept_probe(tmp_path / "two", "two", 2, 1)
    explained = run_units(first, first.cells.unit_names, SearchSettings(engine="exact", max_length=2), tmp_path / "run")
    asked = Audit.of(SearchSettings(engine="exact"), lengths=[2], beam_sizes=[1])
    return [(explained, first), (run_audit(second, second.cells.unit_names, asked, tmp_path / "audit"), second)]


@pytest.fixture
def answers(tmp_path):
    """Two questions; the first was asked of both inputs."""
    folder = tmp_path / "answers"
    return [
        answer(folder / "a", "length", "one", 0.0317),
        answer(folder / "b", "kinds", "one", None),
        answer(folder / "c", "length", "two", 0.2),
    ]


@pytest.fixture
def site(runs, answers, tmp_path) -> Path:
    return write_site(runs, tmp_path / "site", answers=answers).parent


def links(file: Path) -> list[str]:
    return re.findall(r'(?:href|src)="([^"]*)"', file.read_text())


def test_every_run_has_its_pages_and_every_link_leads_to_a_file(site):
    pages = sorted(site.rglob("*.html"))
    assert {str(page.relative_to(site)) for page in pages} == {
        "index.html", "runs/1/index.html", "runs/2/index.html", "runs/2/audit.html",
        *(f"runs/1/units/{unit}.html" for unit in range(3)), *(f"runs/2/units/{unit}.html" for unit in range(2)),
        *(f"answers/{number}.html" for number in (1, 2, 3)),
    }  # fmt: skip
    linked = set()
    for page in pages:
        for link in links(page):
            path, _, anchor = link.partition("#")
            target = page.parent.joinpath(path) if path else page
            assert target.is_file(), (page, link)
            assert not anchor or anchor.startswith("q=") or f'id="{anchor}"' in target.read_text(), (page, link)
            linked.add(target.resolve())
    assert {file.resolve() for file in site.rglob("*") if file.is_file()} <= linked


def test_every_page_leads_home_and_a_unit_to_its_run(site):
    assert "../../../index.html" in links(site / "runs/1/units/0.html")
    assert "../index.html" in links(site / "runs/1/units/0.html")
    assert "../../index.html" in links(site / "runs/2/index.html")


def test_the_first_page_has_a_line_for_each_run(site, runs):
    page = (site / "index.html").read_text()
    for number, name in ((1, "one · l"), (2, "two · l")):
        assert f'<a href="runs/{number}/index.html">{name}</a>' in page
    assert page.count('<td><a href="runs/2/audit.html">') == 1
    mean = sum(record["iou"] for record in runs[0][0].records.values()) / 3
    assert f"<b>{mean:.3f}</b>" in page


def test_the_first_page_shows_units_of_the_first_run_and_what_the_audit_found(site, runs):
    page = (site / "index.html").read_text()
    assert page.count('<article class="card">') == 3
    for unit in range(3):
        assert f'href="runs/1/units/{unit}.html"' in page
    message = page[page.index('class="message"') :]
    assert re.search(r'^class="message"><a href="runs/2/audit.html">A beam of 1 (misses|finds) the optimum on', message)


def test_answers_stand_by_question_with_the_paper_s_values_that_were_asked_for(site):
    page = (site / "index.html").read_text()
    order = [page.index(f"<h2>What of {name}?</h2>") for name in ("length", "kinds")]
    assert order == sorted(order)
    first = page[order[0] : order[1]]
    assert [f"{model} says &lt;b&gt;length&lt;/b&gt;" in first for model in ("one", "two")] == [True, True]
    assert "answers/3-figure.svg" in first
    beside = page[page.index("paper's values") : page.index("Questions")]
    assert "0.0317" in beside
    assert "0.059" in beside
    assert "kinds of the paper" not in beside


def test_a_value_of_the_paper_stands_once_with_all_of_ours(site):
    page = (site / "index.html").read_text()
    beside = page[page.index("paper's values") : page.index("Questions")]
    assert beside.count("length of the paper") == 1
    row = beside[beside.index("length of the paper") :]
    ours = re.findall(r'<b>([^<]*)</b> <a href="([^"]*)">([^<]*)</a>', row)
    assert ours == [("0.0317", "answers/1.html", "one · l · d"), ("0.200", "answers/3.html", "two · l · d")]


def test_an_answer_leads_to_its_run_its_units_and_the_same_question_asked_of_others(runs, tmp_path):
    digests = [probe.digest for _, probe in runs]
    folder = tmp_path / "answers"
    asked = [
        answer(folder / "a", "length", "one", None, (digests[0], digests[1])),
        answer(folder / "b", "layers", "two", None, (digests[0], digests[1])),
        answer(folder / "c", "length", "else", None),
    ]
    site = write_site(runs, tmp_path / "site", answers=asked).parent
    assert {"../runs/1/index.html", "../runs/1/units/0.html", "../answers/3.html"} <= set(
        links(site / "answers/1.html")
    )
    assert {"../runs/2/index.html", "../runs/2/units/0.html"} <= set(links(site / "answers/2.html"))
    assert not any("runs/" in link for link in links(site / "answers/3.html"))
    assert "../../answers/1.html" in links(site / "runs/1/index.html")
    assert "../../answers/1.html" not in links(site / "runs/2/index.html")
    assert "../../answers/2.html" in links(site / "runs/2/index.html")


def test_of_many_sentences_the_first_stand_above_the_figure_and_none_is_lost(runs, answers, tmp_path):
    file = answers[0] / "answer.json"
    content = json.loads(file.read_text()) | {"summary": [f"sentence {n}." for n in range(20)]}
    file.write_text(json.dumps(content))
    page = write_site(runs, tmp_path / "site", answers=answers).with_name("answers") / "1.html"
    order = re.findall(r"sentence \d+\.|1-figure.svg", page.read_text())
    assert [each for each in order if "figure" not in each] == content["summary"]
    assert 3 < order.index("1-figure.svg") < 9


def test_one_run_keeps_the_first_page_for_itself(runs, answers, tmp_path):
    index = write_site(runs[:1], tmp_path / "site", answers=answers)
    assert index.read_bytes() == write_report(*runs[0], tmp_path / "other", answers=answers).read_bytes()
    assert (tmp_path / "site/units/0.html").is_file()
    assert "answers/3.html" in links(index)


def test_a_damaged_run_among_several_leaves_nothing_behind(runs, tmp_path):
    with pytest.raises(DataError, match="another probe"):
        write_site([runs[0], (runs[1][0], runs[0][1])], tmp_path / "site")
    assert not (tmp_path / "site").exists()
    with pytest.raises(UsageError, match="at least one run"):
        write_site([], tmp_path / "site")


def test_the_command_takes_runs_and_folders_of_answers(runs, answers, tmp_path, compexact):
    folders = tmp_path / "run", tmp_path / "audit"
    ended = compexact("report", *folders, "--answers", tmp_path / "answers", "-o", tmp_path / "site")
    assert ended.code == 0, ended.err
    assert len(list((tmp_path / "site/answers").glob("*.html"))) == 3
    ended = compexact("report", *folders, "--probe", tmp_path / "one", "-o", tmp_path / "other")
    assert ended.code == 2
    assert "single run" in ended.err
    ended = compexact("report", *folders, "--answers", tmp_path / "one", "-o", tmp_path / "other")
    assert ended.code == 2
    assert "holds no answer" in ended.err
