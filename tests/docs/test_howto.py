import pytest


@pytest.mark.parametrize("page", ["arrays", "metric", "operator", "engine", "question"])
def test_a_how_to_page_runs_and_prints_what_it_says(follow, page):
    follow(f"howto/{page}.md")


@pytest.mark.slow
@pytest.mark.parametrize("page", ["model", "dataset"])
def test_a_how_to_page_with_a_network_runs(follow, page):
    follow(f"howto/{page}.md")
