import pytest

from .conftest import DOCS

PAGES = sorted(page.stem for page in (DOCS / "howto").glob("*.md"))
WITH_A_NETWORK = ("model", "dataset")


@pytest.mark.parametrize("page", [page for page in PAGES if page not in WITH_A_NETWORK])
def test_a_how_to_page_runs_and_prints_what_it_says(follow, page):
    follow(f"howto/{page}.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_A_NETWORK)
def test_a_how_to_page_with_a_network_runs(follow, page):
    follow(f"howto/{page}.md")
