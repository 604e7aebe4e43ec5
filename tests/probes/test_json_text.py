import pytest

from compexact.probes.json_text import MAX_DEPTH, parse_json
from compexact.solver.errors import DataError

REFUSED = {
    "deep lists": (b"[" * 1_000_000, "nested deeper than 100"),
    "deep objects": (b'{"a":' * 100_000, "nested deeper"),
    "deep and closed": (b"[" * 500 + b"]" * 500, "nested deeper"),
    "one too deep": (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), "nested deeper"),
    "not UTF-8": (b'{"a": "\xff"}', "byte 7 is not UTF-8"),
    "half of a pair": (b'{"a": "\\ud800"}', "half of a surrogate pair"),
    "NaN": (b"[NaN]", "NaN is no number"),
    "infinite": (b"[-Infinity]", "-Infinity is no number"),
    "too large": (b"[1e999]", "1e999 is too large"),
    "many digits": (b"[" + b"9" * 5000 + b"]", "digits"),
    "a key twice": (b'{"a": 1, "b": {"c": 1, "c": 2}}', "'c' is there twice"),
    "nothing": (b"", "cannot be read"),
    "more after it": (b"{} {}", "cannot be read"),
    "UTF-16": ("{}".encode("utf-16"), "UTF-8"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_json_of_one_meaning_is_refused_in_one_line(name):
    content, message = REFUSED[name]
    with pytest.raises(DataError, match=message) as caught:
        parse_json(content, "run.json")
    assert str(caught.value).startswith("run.json cannot be read: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_what_json_allows_is_read():
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse_json(deepest, "x") is not None
    assert parse_json('{"é": ["\\ud83d\\ude00", 1.5, null]}', "x") == {"é": ["\U0001f600", 1.5, None]}
