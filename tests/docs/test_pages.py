import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))


@pytest.mark.parametrize("page", ["certificates", "comparison"])
def test_the_examples_of_a_page_run_and_print_what_it_says(follow, page):
    follow(f"{page}.md")


def test_every_page_is_in_the_table_of_contents():
    listed = set(re.findall(r"^([\w/]+)$", (DOCS / "index.md").read_text(), re.MULTILINE))
    pages = {page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES}
    assert pages - {"index"} == listed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_between_pages_lead_somewhere(page):
    targets = re.findall(r"\{doc\}`(?:[^`<]*<)?([\w./]+)>?`", page.read_text())
    missing = [target for target in targets if not (page.parent / f"{target}.md").resolve().is_file()]
    assert missing == []


def test_files_of_the_project_that_pages_name_are_there():
    named = {
        path
        for page in PAGES
        for path in re.findall(
            r"`((?:solver|probes|experiments|encodings|tests|benchmarks)/[\w/.]+)`", page.read_text()
        )
    }
    assert len(named) > 30
    assert [path for path in sorted(named) if not (DOCS.parent / path).exists()] == []
