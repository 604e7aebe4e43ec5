"""What holds of every demo."""

import pytest


@pytest.mark.parametrize("name", ["nli", "tokens", "vision"])
def test_a_demo_does_not_replace_what_is_not_a_demo(compexact, tmp_path, name):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("text")
    ended = compexact("demo", name, "-o", tmp_path / "mine", "--force")
    assert ended.code == 2
    assert "holds something else" in ended.err
    assert (tmp_path / "mine/thesis.txt").exists()


def test_an_unknown_demo_is_refused_with_those_that_there_are(compexact):
    ended = compexact("demo", "audio")
    assert ended.code == 2
    assert "vision, nli and tokens, not of 'audio'" in ended.err
