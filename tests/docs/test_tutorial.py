import json

import pytest


@pytest.mark.slow
def test_the_tutorial_runs_from_start_to_end_and_prints_what_it_says(follow):
    folder = follow("tutorial.md")
    lines = [json.loads(line) for line in (folder / "best/units.jsonl").read_text().splitlines()]
    assert len(lines) == 16
    assert {line["status"] for line in lines} <= {"optimal", "degenerate"}
    assert (folder / "site/index.html").is_file()
    assert (folder / "answers/length/figure.svg").is_file()
