"""Word vectors as text, what is wrong in them, and the words nearest to a word."""

import gzip

import numpy as np
import pytest
import spacy

from compexact.probes.text.vectors import WordVectors, open_vectors
from compexact.solver.errors import DataError, UsageError

TOY = "dog 1 0\ncat 0.9 0.1\ncar 0 1\nbus 0.1 0.9\nvan -1 0.0\n"


def write(folder, content, name="vectors.txt"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_words_and_numbers_are_read_as_they_stand(tmp_path):
    found = open_vectors(write(tmp_path, TOY))
    assert found.words == ("dog", "cat", "car", "bus", "van")
    assert found.vectors.dtype == np.float32
    assert np.array_equal(found.vectors[1:3], np.array([[0.9, 0.1], [0, 1]], np.float32))
    assert found.position["bus"] == 3
    assert found.notes == ()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(TOY.encode(), mtime=0), id="packed"),
        pytest.param("5 2\n" + TOY, id="counts first"),
        pytest.param(TOY.replace("\n", " \r\n"), id="windows"),
        pytest.param(b"\xef\xbb\xbf" + TOY.encode(), id="byte order mark"),
    ],
)
def test_packing_header_and_line_ends_change_nothing(tmp_path, content):
    plain = open_vectors(write(tmp_path, TOY))
    other = open_vectors(write(tmp_path, content, "other"))
    assert other.words == plain.words
    assert np.array_equal(other.vectors, plain.vectors)


def test_of_a_word_that_is_there_twice_the_first_vector_counts(tmp_path):
    found = open_vectors(write(tmp_path, TOY + "dog 5 5\n"))
    assert found.vectors[0].tolist() == [1, 0]
    assert len(found.words) == 5
    assert found.notes == ("1 words stand in the file more than once; the first vector counts.",)


def test_words_with_blanks_are_left_out_and_counted(tmp_path):
    found = open_vectors(write(tmp_path, TOY + ". . . 5 5\nat name 1 1\n"))
    assert len(found.words) == 5
    assert found.notes == ("2 words with blanks in them were left out.",)


BAD_LINES = [
    ("cat 1", "1 numbers after 'cat'; most lines have 2"),
    ("", "0 numbers after ''; most lines have 2"),
    ("cat 1 x2", "'x2' is not a number"),
    ("cat nan 2", "'nan' is not a finite number"),
    ("cat 1 -inf", "'-inf' is not a finite number"),
    ("cat 1 1e300", "'1e300' is not a finite number in single precision"),
    (b"c\xe4t 1 2", "byte 2 is not UTF-8"),
    (b"c\0t 1 2", "holds a NUL byte"),
]


@pytest.mark.parametrize(("line", "message"), BAD_LINES)
def test_one_bad_line_is_left_out_and_told_and_many_are_another_kind_of_file(tmp_path, line, message):
    line = line if isinstance(line, bytes) else line.encode()
    found = open_vectors(write(tmp_path, b"dog 1 2\n" + line + b"\ncow 3 4\n"))
    assert found.words == ("dog", "cow")
    assert found.vectors.tolist() == [[1, 2], [3, 4]]
    (note,) = found.notes
    assert note.startswith("1 lines were left out; the first: ")
    assert f"line 2{':' * (':' in note.partition('line 2')[2][:1])}" in note
    assert message in note
    with pytest.raises(DataError, match=message[:20].replace("(", ".")):
        open_vectors(write(tmp_path, b"dog 1 2\ncow 3 4\ncow 3 4\n" + (line + b"\n") * 2))


def test_the_last_numbers_of_a_line_are_the_vector_so_words_may_have_blanks_and_numbers(tmp_path):
    found = open_vectors(write(tmp_path, ". . 5 5\n" + TOY + "catch 22 1 1\n 1 1\n  1 1\n"))
    assert len(found.words) == 5
    assert found.notes == ("4 words with blanks in them were left out.",)


def test_a_header_says_how_many_numbers_a_line_has(tmp_path):
    assert open_vectors(write(tmp_path, "2 2\ncatch 22 1 1\ndog 1 2\n")).words == ("dog",)


def test_a_file_that_was_cut_is_read_with_a_note(tmp_path):
    found = open_vectors(write(tmp_path, "3 2\ndog 1 2\ncat 1 2\n"))
    assert found.notes[0].endswith("announces 3 words, but there are 2: was it cut?")
    rng = np.random.default_rng(0)
    text = "".join(f"w{i} {a} {b}\n" for i, (a, b) in enumerate(rng.normal(size=(4000, 2))))
    packed = gzip.compress(text.encode(), mtime=0)
    found = open_vectors(write(tmp_path, packed[: len(packed) // 2]))
    assert 1000 < len(found.words) < 3000
    assert "damaged or truncated gzip file" in found.notes[-1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("dog\n", "line 1: 0 numbers after 'dog'; a word and its numbers"),
        ("2 3\ndog 1 2\n", "line 2: 2 numbers after 'dog'; most lines have 3"),
        ("2 3\n", "holds no word vector"),
        ("label\tpremise\thypothesis\n", "line 1: 0 numbers"),
        (b"PK\x03\x04 1 2", "a zip archive"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        open_vectors(write(tmp_path, content))


def test_what_is_neither_file_nor_pipeline_is_a_wrong_argument(tmp_path):
    with pytest.raises(UsageError, match="does not exist; a text file of word vectors, or a spaCy pipeline"):
        open_vectors(tmp_path / "glove.txt")


def test_the_nearest_words_are_those_of_highest_cosine_without_the_word(tmp_path):
    found = open_vectors(write(tmp_path, TOY))
    assert found.nearest("dog", 2) == ("cat", "bus")
    assert found.nearest("dog", 99) == ("cat", "bus", "car", "van")
    assert found.nearest("car", 1) == ("bus",)
    assert found.nearest("zebra", 3) == ()
    with pytest.raises(UsageError, match="at least 1, not 0"):
        found.nearest("dog", 0)


def test_equally_near_words_come_in_the_order_of_the_file():
    words = ("z", "up", "y", "right", "x", "null", "w")
    vectors = np.array([[3, 3], [0, 1], [1, 1], [1, 0], [0.3, 0.3], [0, 0], [7, 7]], np.float32)
    found = WordVectors(words, vectors, "toy", "")
    assert found.nearest("y", 3) == ("z", "x", "w")
    assert found.nearest("y", 5) == ("z", "x", "w", "up", "right")
    with np.errstate(all="raise"):
        assert found.nearest("null", 3) == ()
        assert "null" not in found.nearest("up", 99)


def test_vectors_of_one_direction_are_equally_near_whatever_their_lengths():
    rng = np.random.default_rng(2)
    other, direction = rng.integers(-9, 10, (2, 30))
    vectors = np.array([other, *(direction * factor for factor in rng.permutation(np.arange(1, 200)))], np.float32)
    found = WordVectors(tuple(f"w{number}" for number in range(200)), vectors, "toy", "")
    for k in (1, 3, 50):
        assert found.nearest("w0", k) == tuple(f"w{number}" for number in range(1, k + 1))


def test_many_words_at_once_give_what_each_gives_alone_and_by_the_definition():
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(300, 20)).astype(np.float32)
    vectors[100:110] = vectors[0]
    words = tuple(f"w{number}" for number in range(300))
    found = WordVectors(words, vectors, "random", "")
    unit = vectors / np.linalg.norm(vectors.astype(float), axis=1)[:, None]
    cosine = np.round(unit @ unit.T, 8)
    together = found.nearest_of(words, 7)
    for row, word in enumerate(words):
        order = sorted(set(range(300)) - {row}, key=lambda other: (-cosine[row, other], other))
        assert together[word] == tuple(words[other] for other in order[:7])
        assert found.nearest(word, 7) == together[word]


def test_a_pipelines_vectors_are_taken_and_one_without_is_refused(tmp_path):
    nlp = spacy.blank("en")
    nlp.to_disk(tmp_path / "bare")
    nlp.vocab.set_vector("dog", np.array([1, 0], np.float32))
    nlp.vocab.set_vector("cat", np.array([0.9, 0.1], np.float32))
    nlp.vocab.set_vector("car", np.array([0, 1], np.float32))
    nlp.to_disk(tmp_path / "full")
    found = open_vectors(tmp_path / "full")
    assert set(found.words) == {"dog", "cat", "car"}
    assert found.nearest("dog", 2) == ("cat", "car")
    assert len(found.digest) == 64
    with pytest.raises(UsageError, match="has no word vectors; take one that has"):
        open_vectors(tmp_path / "bare")
