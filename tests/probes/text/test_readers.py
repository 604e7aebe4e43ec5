"""Every format of pairs from a file written by hand, and everything that can be wrong in one."""

import gzip
import hashlib
import json
import pickle
import tracemalloc
import zipfile

import pytest

from compexact.probes.text import lines
from compexact.probes.text.pairs import Pair, Sentence
from compexact.probes.text.readers import TABLES, open_pairs
from compexact.solver.errors import DataError, UsageError

PLAIN = "label\tpremise\thypothesis\nneutral\tA man eats.\tHe is hungry.\n-\tA dog.\tA cat.\n"
SNLI = (
    "gold_label\tsentence1_parse\tsentence1\tsentence2\tcaptionID\tpairID\tlabel1\tlabel2\tlabel3\n"
    'neutral\t(X)\tA man "eats.\tHe\'s 5" tall.\tc1\tp1\tneutral\tentailment\tneutral\n'
    "-\t(Y)\tA dog.\tA cat.\tc2\tp2\tcontradiction\t\t\n"
)
SICK = (
    "pair_ID\tsentence_A\tsentence_B\tentailment_label\trelatedness_score\n"
    "7\tA man eats\tA man sleeps\tCONTRADICTION\t3.1\n"
    "9\tA dog\tAn animal\tENTAILMENT\t4.5\n"
)
LOCAL_SICK = "pair_ID\tset\tlabel\trelatedness\tpremise\thypothesis\n3\tTRAIN\tENTAILMENT\t4.7\tBoys play\tKids play\n"
TAGGED = (
    "hypothesis_tokens\thypothesis_tags\tlabel\tpremise_tokens\tpremise_tags\n"
    "He 's here .\tPRP VBZ RB .\tneutral\tA man eats .\tDT NN VBZ .\n"
)
RECORD = {
    "gold_label": "neutral",
    "sentence1": "A man eats.",
    "sentence2": "He is\u2028hungry.",
    "annotator_labels": ["neutral", "", "entailment"],
    "pairID": "p1",
    "captionID": "c1",
}


def write(folder, content, name="pairs"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def json_line(**changes):
    return json.dumps({key: value for key, value in (RECORD | changes).items() if value != "gone"})


def test_a_plain_table_in_any_order_of_columns(tmp_path):
    swapped = "hypothesis\tsource\tpremise\tLabel\nHe is hungry.\tx\tA man eats.\tNeutral\n"
    pairs = open_pairs(write(tmp_path, swapped))
    assert pairs.pairs == (Pair(Sentence("A man eats."), Sentence("He is hungry."), "neutral", key="2"),)
    assert pairs.notes == ("Not read: source.",)


def test_a_plain_table_keeps_pairs_without_gold_label_apart(tmp_path):
    path = write(tmp_path, PLAIN)
    pairs = open_pairs(path, name="mine")
    assert [pair.label for pair in pairs.pairs] == ["neutral", None]
    assert pairs.notes == ("1 of 2 pairs have no gold label (`-`).",)
    assert (pairs.name, pairs.path, len(pairs)) == ("mine", path, 2)
    assert pairs.digest == hashlib.sha256(PLAIN.encode()).hexdigest()
    assert open_pairs(path).name == str(path)


def test_an_snli_table_with_annotators_and_lonely_quotes(tmp_path):
    pairs = open_pairs(write(tmp_path, SNLI))
    assert pairs.pairs == (
        Pair(
            Sentence('A man "eats.'), Sentence("He's 5\" tall."), "neutral", ("neutral", "entailment", "neutral"), "p1"
        ),
        Pair(Sentence("A dog."), Sentence("A cat."), None, ("contradiction",), "p2"),
    )
    assert pairs.notes[1] == "Not read: sentence1_parse, captionID."


def test_only_the_last_annotators_of_an_snli_row_may_be_left_out(tmp_path):
    assert open_pairs(write(tmp_path, SNLI.replace("contradiction\t\t\n", "contradiction\n"))).pairs[1].key == "p2"
    with pytest.raises(DataError, match="line 3: 5 cells under 9 columns"):
        open_pairs(write(tmp_path, SNLI.replace("c2\tp2\tcontradiction\t\t\n", "c2\n")))


def test_sick_as_published_and_under_plain_names(tmp_path):
    pairs = open_pairs(write(tmp_path, SICK)).pairs
    assert pairs[0] == Pair(Sentence("A man eats"), Sentence("A man sleeps"), "contradiction", key="7")
    assert pairs[1].label == "entailment"
    judged = open_pairs(write(tmp_path, SICK.replace("entailment_label", "entailment_judgment")))
    assert judged.pairs == pairs
    local = open_pairs(write(tmp_path, LOCAL_SICK))
    assert local.pairs == (Pair(Sentence("Boys play"), Sentence("Kids play"), "entailment", key="3"),)
    assert local.notes == ("Not read: set, relatedness.",)


def test_a_tagged_table_gives_tokens_and_tags(tmp_path):
    pairs = open_pairs(write(tmp_path, TAGGED))
    assert pairs.pairs == (
        Pair(
            Sentence("A man eats .", ("A", "man", "eats", "."), ("DT", "NN", "VBZ", ".")),
            Sentence("He 's here .", ("He", "'s", "here", "."), ("PRP", "VBZ", "RB", ".")),
            "neutral",
            key="2",
        ),
    )


def test_json_lines(tmp_path):
    second = json_line(gold_label="-", pairID="gone", annotator_labels="gone")
    pairs = open_pairs(write(tmp_path, json_line() + "\n\n" + second))
    assert pairs.pairs == (
        Pair(Sentence("A man eats."), Sentence("He is\u2028hungry."), "neutral", ("neutral", "entailment"), "p1"),
        Pair(Sentence("A man eats."), Sentence("He is\u2028hungry."), None, (), "3"),
    )
    assert pairs.notes[1] == "Not read: captionID."


EXAMPLES = (
    SNLI,
    TAGGED,
    SICK,
    SICK.replace("entailment_label", "entailment_judgment"),
    PLAIN,
    PLAIN.replace("premise\thypothesis", "sentence1\tsentence2"),
    PLAIN.replace("premise", "context"),
    PLAIN.replace("label", "gold"),
    PLAIN.replace("label", "gold_label"),
)
"""A file of each format of `TABLES`."""


@pytest.mark.parametrize("kind", TABLES, ids=lambda kind: f"{kind.name} {kind.needed[-1]}")
def test_every_format_has_an_example_is_told_by_its_columns_and_lacks_none(tmp_path, kind):
    fitting = [content for content in EXAMPLES if set(kind.needed) <= set(content.split("\n")[0].split("\t"))]
    assert fitting, "a new format needs an example"
    assert all(open_pairs(write(tmp_path, content)).pairs for content in fitting)
    header, rest = fitting[0].split("\n", 1)
    for column in kind.needed:
        lacking = "\t".join("other" if name == column else name for name in header.split("\t"))
        with pytest.raises(DataError, match=r"no column '|is no header of pairs") as refused:
            open_pairs(write(tmp_path, f"{lacking}\n{rest}"))
        assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [*EXAMPLES, LOCAL_SICK, json_line() + "\n" + json_line()])
def test_packing_name_line_ends_and_byte_order_mark_change_nothing(tmp_path, content):
    expected = open_pairs(write(tmp_path, content)).pairs
    windows = b"\xef\xbb\xbf" + content.replace("\n", "\r\n").encode()
    for name, stored in (
        ("packed.txt", gzip.compress(content.encode())),
        ("plain.jsonl.gz", content.encode()),
        ("windows.txt", windows),
        ("windows.gz", gzip.compress(windows)),
        ("no_last_line_end", content.rstrip("\n").encode()),
        ("blank_lines", content.replace("\n", "\n\n").encode()),
    ):
        found = open_pairs(write(tmp_path, stored, name))
        assert [(pair.premise, pair.hypothesis, pair.label, pair.annotators) for pair in found.pairs] == [
            (pair.premise, pair.hypothesis, pair.label, pair.annotators) for pair in expected
        ]
        assert found.digest == hashlib.sha256(stored).hexdigest()


HEADER, ROW = "label\tpremise\thypothesis\n", "neutral\tA man.\tA boy.\n"
TAGGED_HEADER = "label\tpremise_tokens\tpremise_tags\thypothesis_tokens\thypothesis_tags\n"
PACKED = gzip.compress((HEADER + ROW * 500).encode(), mtime=0)
BAD_CRC = PACKED[:-8] + bytes(byte ^ 255 for byte in PACKED[-8:-4]) + PACKED[-4:]
WRONG = {
    "empty": ("", "is empty"),
    "empty archive": (gzip.compress(b"", mtime=0), "is empty"),
    "blank lines": ("\n \n\n", "nothing but blank lines"),
    "header only": (HEADER, "holds no pair, only a header"),
    "latin 1": ((HEADER + ROW).encode() + "neutral\tcafé\tx\n".encode("latin-1"), "line 3: byte 12 is not UTF-8"),
    "utf-16": (HEADER.encode("utf-16"), "text in UTF-16; save it as UTF-8"),
    "utf-16 without mark": (HEADER.encode("utf-16-le"), "line 1 holds a NUL byte"),
    "nul": (HEADER + ROW + "neutral\tA\0man.\tA boy.\n", "line 3 holds a NUL byte"),
    "truncated archive": (PACKED[: len(PACKED) // 2], "damaged or truncated gzip file"),
    "archive with wrong sum": (BAD_CRC, "damaged or truncated gzip file"),
    "archive with wrong content": (PACKED[:12] + b"\xff\xff\xff" + PACKED[15:], "damaged or truncated gzip file"),
    "pickle": (pickle.dumps([1]), "a pickle, which is never read"),
    "bzip2": (b"BZh91AY&SY", "packed by bzip2"),
    "no header": (ROW + ROW, "line 1 is no header of pairs; .*gold_label sentence1 sentence2 .* label premise"),
    "an open quote": ('label,premise,hypothesis\nneutral,"A man.,A boy.\n', "line 2: not valid CSV"),
    "short row with commas": ("label,premise,hypothesis\nneutral,A man.\n", "line 2: 2 cells under 3 columns; commas"),
    "missing column": (
        "label\tpremise\nneutral\tA\n",
        "no column 'hypothesis', as in the plain format; it has 'label', ",
    ),
    "mistyped column": (
        "label\tpremise\thypotesis\n" + ROW,
        "no column 'hypothesis', as in the plain format; .*; did you mean 'hypotesis'",
    ),
    "missing snli column": ("gold_label\tsentence1\tpairID\n", "no column 'sentence2', as in the SNLI format"),
    "missing sick column": ("pair_ID\tsentence_A\tsentence_B\n", "no column 'entailment_label', as in the SICK format"),
    "missing tags": (
        "label\tpremise_tokens\tpremise_tags\thypothesis_tokens\n",
        "no column 'hypothesis_tags', as in the tagged format",
    ),
    "column twice": ("label\tpremise\thypothesis\tPremise\n", "line 1: column 'premise' is there twice"),
    "short row": (HEADER + ROW + "neutral\tA man.\n", "line 3: 2 cells under 3 columns"),
    "long row": (HEADER + ROW + "\nneutral\tA man.\tA\tboy.\n", "line 4: 4 cells under 3 columns"),
    "unknown label": (
        HEADER + "contradictory\tA man.\tA boy.\n",
        "line 2: label 'contradictory' is no label; labels are entailment, .*, and - .*; did you mean 'contradiction'",
    ),
    "numbers of two or three": (
        HEADER + "0\tA.\tB.\n1\tA.\tB.\n",
        "the labels are the numbers 0 and 1 alone.*--labels",
    ),
    "number as label": (HEADER + "3\tA man.\tA boy.\n", "line 2: label '3' is no label"),
    "empty label": (HEADER + "\tA man.\tA boy.\n", "line 2: label is empty; labels are"),
    "unknown annotator": (SNLI.replace("contradiction", "maybe"), "line 3: label1 'maybe' is no label"),
    "empty premise": (HEADER + "neutral\t  \tA boy.\n", "line 2: premise is empty"),
    "empty hypothesis": (SNLI.replace("A cat.", ""), "line 3: sentence2 is empty"),
    "empty tokens": (TAGGED_HEADER + "neutral\t\t\tA\tDT\n", "line 2: premise_tokens is empty"),
    "too few tags": (
        TAGGED_HEADER + "neutral\tA man\tDT\tA\tDT\n",
        "line 2: 2 premise_tokens but 1 premise_tags; each token has one tag",
    ),
    "too many tags": (TAGGED_HEADER + "neutral\tA man\tDT NN\tA\tDT NN\n", "1 hypothesis_tokens but 2 hypothesis_tags"),
    "invisible tag": (
        TAGGED_HEADER + "neutral\tA\tD\u200bT\tA\tDT\n",
        r"premise_tags has 'D\\u200bT', which has the character",
    ),
    "json that is cut": (json_line() + '\n{"gold_label": "neu', "line 2: not valid JSON at column 16"),
    "json that is no object": (json_line() + "\n[1, 2]", "line 2: a list; a JSON object with gold_label"),
    "json list": ("[" + json_line() + "]", "line 1: a JSON list; write one object per line"),
    "json number": (json_line() + "\n5", "line 2: a number; a JSON object"),
    "json of great depth": ('{"a":' + "[" * 100_000, "line 1: JSON that is not read"),
    "json of a great number": ('{"a":' + "1" * 10_000 + "}", "line 1: JSON that is not read"),
    "json without key": (
        json_line(gold_label="gone", glod_label="neutral"),
        "line 1: no key 'gold_label', as in the SNLI format; it has 'sentence1', .*did you mean 'glod_label'",
    ),
    "json empty": ("{}", "line 1 is no header of pairs; keys"),
    "json without key later": (json_line() + "\n" + json_line(sentence1="gone"), "line 2: no key 'sentence1'; it has"),
    "json text of number": (json_line(sentence2=5), "line 1: sentence2 is a number; text is needed"),
    "json label list": (json_line(gold_label=["neutral"]), "line 1: gold_label is a list; text is needed"),
    "json annotators": (json_line(annotator_labels="neutral"), "line 1: annotator_labels is no list of texts"),
    "json annotator": (json_line(annotator_labels=["neutral", 2]), "line 1: annotator_labels is no list of texts"),
    "json key of pair": (json_line(pairID=["p"]), "line 1: pairID is a list"),
    "json nul": (json_line(sentence1="a\0b"), "line 1: sentence1 holds a NUL character"),
    "json half of a pair": (json_line(sentence1="a\ud800b"), "line 1: sentence1 holds .* half of a surrogate pair"),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused_in_one_line_with_its_place(tmp_path, content, message):
    path = write(tmp_path, content)
    with pytest.raises(DataError, match=message) as caught:
        open_pairs(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert text.isprintable()
    assert len(text) < 600


@pytest.mark.parametrize("label", ["Entailment", "ENTAILMENT", " entailment "])
def test_letter_case_of_a_label_does_not_count(tmp_path, label):
    assert open_pairs(write(tmp_path, HEADER + f"{label}\tA\tB\n")).pairs[0].label == "entailment"


def test_a_zip_archive_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "pairs.gz", "w") as archive:
        archive.writestr("pairs.tsv", PLAIN)
    with pytest.raises(DataError, match="a zip archive; unpack it first"):
        open_pairs(tmp_path / "pairs.gz")


def test_a_line_as_long_as_a_file_is_refused_before_it_is_in_memory(tmp_path):
    bomb = write(tmp_path, gzip.compress((HEADER + "neutral\t").encode() + b"a" * 50_000_000, compresslevel=1))
    tracemalloc.start()
    with pytest.raises(DataError, match="line 2 is longer than 1,000,000 bytes"):
        open_pairs(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


def test_an_archive_of_too_much_text_is_refused(tmp_path):
    packed = write(tmp_path, PACKED)
    with pytest.raises(DataError, match="line 9: the unpacked text is longer than 200 bytes"):
        list(lines.numbered_lines(packed, max_bytes=200))


def test_what_is_no_file_is_a_wrong_argument(tmp_path):
    write(tmp_path, PLAIN, "snli_dev.tsv")
    with pytest.raises(UsageError, match=r"does not exist; .*did you mean 'snli_dev\.tsv'"):
        open_pairs(tmp_path / "snli_dv.tsv")
    with pytest.raises(UsageError, match="is a folder; a file of sentence pairs is needed"):
        open_pairs(tmp_path)
    with pytest.raises(UsageError, match=r"'a\\x00b' does not exist"):
        open_pairs("a\0b")
    with pytest.raises(UsageError, match="does not exist; a file of sentence pairs is needed"):
        open_pairs("a" * 300)
    with pytest.raises(UsageError, match="is no ordinary file"):
        open_pairs("/dev/null")


def test_paths_with_control_characters_are_shown_escaped(tmp_path):
    with pytest.raises(DataError) as caught:
        open_pairs(write(tmp_path, "", "a\nb"))
    assert str(caught.value).isprintable()


MANY = (("entailment", 0), ("contradiction", 2), ("neutral", 1), (None, -1))


def test_numbers_of_hugging_face_are_labels_and_a_note_says_so(tmp_path):
    rows = [json.dumps({"premise": "A.", "hypothesis": "B.", "label": number, "idx": 7}) for _, number in MANY]
    pairs = open_pairs(write(tmp_path, "\n".join(rows)))
    assert [pair.label for pair in pairs.pairs] == [label for label, _ in MANY]
    assert pairs.pairs[0].key == "7"
    assert pairs.notes[0].startswith("Labels are numbers; 0 as entailment, 1 as neutral, 2 as contradiction")


@pytest.mark.parametrize("spelling", ["-1", "-", "hidden", None])
def test_a_label_that_is_kept_back_is_none(tmp_path, spelling):
    assert open_pairs(write(tmp_path, json_line(gold_label=spelling))).pairs[0].label is None


@pytest.mark.parametrize("spelling", ["non-entailment", "not_entailment", "Non_Entailment"])
def test_sets_of_two_classes_have_entailment_and_the_rest(tmp_path, spelling):
    text = f"sentence1\tsentence2\tlabel\nA.\tB.\tentailment\nA.\tB.\t{spelling}\n"
    assert [pair.label for pair in open_pairs(write(tmp_path, text)).pairs] == ["entailment", "not_entailment"]


def test_the_numbers_of_hans_are_two_classes(tmp_path):
    rows = [{"premise": "A.", "hypothesis": "B.", "label": n, "heuristic": "subsequence"} for n in (0, 1)]
    pairs = open_pairs(write(tmp_path, "\n".join(map(json.dumps, rows)))).pairs
    assert [pair.label for pair in pairs] == ["entailment", "not_entailment"]


def test_a_table_with_commas_has_quoted_cells_of_several_lines(tmp_path):
    text = 'pairID,gold_label,Sentence1,Sentence2,why\n4a,neutral,"A man, eating.","He said ""no""","a\nb"\n'
    (pair,) = open_pairs(write(tmp_path, text)).pairs
    assert pair == Pair(Sentence("A man, eating."), Sentence('He said "no"'), "neutral", key="4a")


def test_a_file_of_names_says_what_labels_mean(tmp_path):
    names = write(tmp_path, "0 not_entailment\n1\tentailment\nmaybe,-\n", "names")
    pairs = open_pairs(write(tmp_path, HEADER + "0\tA\tB\n1\tA\tB\nMaybe\tA\tB\n"), labels=names)
    assert [pair.label for pair in pairs.pairs] == ["not_entailment", "entailment", None]
    assert not any("numbers" in note for note in pairs.notes)
    with pytest.raises(DataError, match="line 1: 'one two three' is not of the form SPELLING LABEL"):
        open_pairs(tmp_path / "pairs", labels=write(tmp_path, "one two three\n", "names"))
