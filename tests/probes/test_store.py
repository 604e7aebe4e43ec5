import hashlib
import json
import resource
import shutil
import zipfile

import numpy as np
import pytest

from compexact.probes.atomic_folder import check_output
from compexact.probes.opening import open_probe
from compexact.probes.store import Probe, read_probe, save_probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import CompexactError, DataError, UsageError


@pytest.fixture
def probe(tmp_path):
    rng = np.random.default_rng(0)
    cells = from_arrays(rng.random((60, 5)) < 0.4, rng.random((60, 3)) < 0.3)
    made = Probe(cells, {"kind": "arrays", "settings": {}}, {"images": ["x"]}, {"extra": rng.random((4, 5))})
    return save_probe(made, tmp_path / "probe")


def test_what_is_read_is_what_was_written(probe):
    again = open_probe(probe.path)
    assert again.digest == probe.digest
    assert again.cells.concepts.names == ("c0", "c1", "c2", "c3", "c4")
    assert again.names == {"images": ["x"]}
    assert again.arrays["extra"].shape == (4, 5)
    assert again.about["points"] == 60


def test_a_probe_can_be_moved(probe, tmp_path):
    moved = tmp_path / "elsewhere" / "p"
    shutil.copytree(probe.path, moved)
    assert open_probe(moved).digest == probe.digest


def files(probe):
    return sorted(path for path in probe.path.rglob("*") if path.is_file())


def test_every_flipped_bit_cut_and_missing_file_is_noticed(probe):
    rng = np.random.default_rng(1)
    for file in files(probe):
        content = file.read_bytes()
        for damage in ("flip", "flip", "flip", "cut", "empty", "append", "missing"):
            broken = bytearray(content)
            if damage == "flip":
                broken[rng.integers(len(broken))] ^= 1 << rng.integers(8)
            elif damage == "append":
                broken += b"\0"
            else:
                broken = broken[: len(broken) // 2] if damage == "cut" else bytearray()
            file.unlink() if damage == "missing" else file.write_bytes(broken)
            with pytest.raises(DataError) as caught:
                list(open_probe(probe.path).arrays.values())
            assert file.name in str(caught.value)
            assert "\n" not in str(caught.value)
            file.write_bytes(content)
    assert open_probe(probe.path).digest == probe.digest


def rewritten(probe, fields=None, names=None, **arrays):
    """The folder with other fields in its manifest, other names and arrays, and all its digests made anew."""
    manifest = json.loads((probe.path / "manifest.json").read_text())
    for name, array in arrays.items():
        np.save(probe.path / "arrays" / f"{name}.npy", array)
        content = (probe.path / "arrays" / f"{name}.npy").read_bytes()
        manifest["digests"]["arrays"][name] = hashlib.sha256(content).hexdigest()
    if names is not None:
        content = json.dumps(json.loads((probe.path / "names.json").read_text()) | names).encode()
        (probe.path / "names.json").write_bytes(content)
        manifest["digests"]["names"] = hashlib.sha256(content).hexdigest()
    rest = {key: value for key, value in (manifest | (fields or {})).items() if key != "digest"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False).encode()
    (probe.path / "manifest.json").write_text(json.dumps(rest | {"digest": hashlib.sha256(text).hexdigest()}))
    return probe.path


@pytest.mark.parametrize(
    "about", [{"settings": [1]}, {"notes": "a"}, {"notes": [1]}, {"model": ["m"]}, {"kind": {}}, {"inputs": "x"}]
)
def test_a_manifest_of_another_form_is_refused_whatever_its_digest(probe, about):
    manifest = json.loads((probe.path / "manifest.json").read_text()) | about
    (probe.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=r"manifest\.json"):
        open_probe(rewritten(probe))


def test_a_folder_whose_digests_all_fit_is_taken_with_its_own_arrays(probe):
    cells = probe.cells
    assert open_probe(rewritten(probe, weights=cells.weights.astype(np.uint64))).digest == probe.digest


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fields": {"digests": []}}, "manifest.json .* the field 'digests': should be"),
        ({"fields": {"digests": {"names": "0", "arrays": {}}}}, "the field 'digests.names': String should match"),
        ({"fields": {"settings": 5}}, "the field 'settings': should be a valid dictionary"),
        ({"fields": {"notes": ["a", 3]}}, "the field 'notes.1': should be a valid string"),
        ({"names": {"units": "abc"}}, "names.json .* the field 'units': should be a valid list"),
        ({"names": {"concepts": [1, 2, 3, 4, 5]}}, "the field 'concepts.0': should be a valid string"),
        ({"names": {"images": {"x": 1}}}, "the field 'images': should be a valid list"),
    ],
)
def test_a_folder_whose_digests_fit_and_whose_fields_do_not_is_refused_by_the_field(probe, changes, message):
    with pytest.raises(DataError, match=message) as caught:
        open_probe(rewritten(probe, **changes))
    assert "\n" not in str(caught.value)


def test_a_manifest_may_say_more_of_what_made_the_probe_than_this_version_knows(probe):
    assert open_probe(rewritten(probe, fields={"instrument": {"lens": [1, None]}})).about["instrument"] == {
        "lens": [1, None]
    }


@pytest.mark.parametrize("points", [2**52, 2**60, 2**62, 2**63 - 1])
def test_a_folder_of_more_points_than_are_counted_exactly_is_refused(probe, points):
    weights = np.full_like(probe.cells.weights, points)
    with pytest.raises(DataError, match="points; counts are exact up to"):
        open_probe(rewritten(probe, weights=weights))


def test_a_folder_whose_rows_list_a_concept_twice_or_are_equal_is_refused(probe):
    rows = probe.cells.concepts
    row = int(np.flatnonzero(np.diff(rows.indptr) > 1)[0])
    twice, turned = rows.indices.copy(), rows.indices.copy()
    start = rows.indptr[row]
    twice[start + 1] = twice[start]
    turned[start : start + 2] = turned[start : start + 2][::-1]
    for indices in (twice, turned):
        with pytest.raises(DataError, match="ascending, each once"):
            open_probe(rewritten(probe, concepts_indices=indices))
    single = np.zeros_like(rows.indptr)
    single[1:] = rows.indptr[-1]
    with pytest.raises(DataError):
        open_probe(rewritten(probe, concepts_indptr=single))


def test_a_folder_of_version_1_has_its_counts_as_a_matrix_and_keeps_its_digest(tmp_path):
    rng = np.random.default_rng(5)
    cells = from_arrays(rng.random((200, 4)) < 0.4, rng.random((200, 3)) < 0.1)
    probe = save_probe(Probe(cells, {"kind": "arrays"}), tmp_path / "probe")
    old = open_probe(rewritten(probe, fields={"version": 1}, active=np.asarray(cells.active)))
    assert np.array_equal(old.cells.active, cells.active)
    assert old.digest == probe.digest
    assert list(old.arrays) == [name for name in old.arrays if name.startswith("active_")]
    assert probe.has_digest(DIGEST_OF_VERSION_1)
    assert not probe.has_digest(DIGEST_OF_VERSION_1[::-1])


DIGEST_OF_VERSION_1 = "d4a8cdb74d976af4a0f573dad6071b72e6b87ae57fecf7a1f0b8de4bf98f3287"
"""Of this probe, made with the code of then."""


def test_two_swapped_arrays_are_noticed(probe):
    one, other = probe.path / "arrays/weights.npy", probe.path / "arrays/concepts_indptr.npy"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_probe(probe.path)


def test_a_newer_format_is_refused(probe):
    manifest = json.loads((probe.path / "manifest.json").read_text())
    manifest["version"] = 99
    (probe.path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="version 99; this compexact reads 1, 2"):
        read_probe(probe.path)


def test_a_write_that_fails_half_way_leaves_nothing_under_the_name(probe, tmp_path):
    """The system refuses files as large as the largest, the first ones are written."""
    largest = max(file.stat().st_size for file in files(probe))
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest - 1, most))
    try:
        with pytest.raises(DataError, match="could not be written: File too large"):
            save_probe(probe, tmp_path / "second")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (before, most))
    assert [path.name for path in tmp_path.iterdir()] == ["probe"]


def test_an_existing_output_is_kept_unless_forced(probe):
    with pytest.raises(UsageError, match="exists already"):
        save_probe(probe, probe.path)
    assert save_probe(probe, probe.path, force=True).digest == probe.digest
    mine = probe.path.parent / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("text")
    with pytest.raises(UsageError, match="holds something else"):
        save_probe(probe, mine, force=True)
    assert (mine / "thesis.txt").read_text() == "text"


def test_an_output_that_is_a_file_is_refused_before_work_starts(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CompexactError, match="file"):
        check_output(tmp_path / "file", force=True)
    with pytest.raises(DataError, match="cannot be written"):
        check_output(tmp_path / "file" / "inside")


def test_what_is_no_probe_is_said_to_be_none(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        open_probe(tmp_path / "nothing")
    with pytest.raises(DataError, match=r"no manifest\.json"):
        open_probe(tmp_path)
    (tmp_path / "x.txt").write_text("")
    with pytest.raises(DataError, match="neither"):
        open_probe(tmp_path / "x.txt")


POINTS = {"concepts": np.eye(3, dtype=bool), "neurons": np.ones((3, 2), np.uint8)}
SPARSE = {
    "concepts_indptr": np.array([0, 2, 2, 3]),
    "concepts_indices": np.array([2, 0, 1]),
    "concept_names": np.array(["a", "b", "c"]),
    "neurons": np.array([[1], [0], [1]], np.uint8),
}


UNITS = {
    "concepts": np.eye(3, dtype=bool),
    "neurons_indptr": np.array([0, 2, 2, 3]),
    "neurons_indices": np.array([1, 0, 0]),
    "unit_names": np.array(["u", "v"]),
}
COUNTS = {
    "concepts": np.eye(3, dtype=bool),
    "weights": np.array([3, 3, 3]),
    "active_indptr": UNITS["neurons_indptr"],
    "active_indices": UNITS["neurons_indices"],
    "active_counts": np.array([1, 2, 3]),
    "unit_names": UNITS["unit_names"],
}


def npz(tmp_path, **arrays):
    np.savez(tmp_path / "file.npz", **arrays)
    return tmp_path / "file.npz"


def test_dense_sparse_and_counted_arrays_say_the_same(tmp_path):
    sparse = open_probe(npz(tmp_path, **SPARSE)).cells
    dense = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0]], np.uint8)
    full = open_probe(npz(tmp_path, concepts=dense, concept_names=SPARSE["concept_names"], neurons=SPARSE["neurons"]))
    counted = open_probe(
        npz(
            tmp_path,
            concepts=dense,
            concept_names=SPARSE["concept_names"],
            weights=np.ones(3, int),
            active=SPARSE["neurons"].astype(np.int64),
        )
    )
    by_row = {
        "concepts": dense,
        "concept_names": SPARSE["concept_names"],
        "unit_names": np.array(["0"]),
    }
    ends, units = np.array([0, 1, 1, 2]), np.array([0, 0])
    sparse_units = open_probe(npz(tmp_path, **by_row, neurons_indptr=ends, neurons_indices=units))
    sparse_counts = {"active_indptr": ends, "active_indices": units, "active_counts": np.ones(2, int)}
    counted_units = open_probe(npz(tmp_path, **by_row, weights=np.ones(3, int), **sparse_counts))
    for other in (full.cells, counted.cells, sparse_units.cells, counted_units.cells):
        assert np.array_equal(other.active, sparse.active)
        assert np.array_equal(other.concepts.dense(), sparse.concepts.dense())


def test_defaults_and_extra_arrays_are_as_documented(tmp_path):
    probe = open_probe(npz(tmp_path, **POINTS, my_own_array=np.zeros(3)))
    assert probe.cells.concepts.names == ("c0", "c1", "c2")
    assert probe.cells.unit_names == ("0", "1")
    assert probe.summary()["dataset"] == "file.npz"


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"concept": POINTS["concepts"], "neurons": POINTS["neurons"]}, "unknown array 'concept'; did you mean"),
        ({"neurons": POINTS["neurons"]}, "concepts is missing"),
        ({"concepts": POINTS["concepts"]}, "neurons is missing"),
        ({**POINTS, "concepts": np.array([[None]])}, "Python objects, which are never loaded"),
        ({**POINTS, "concepts": np.eye(3)}, "must be bool or integers"),
        ({**POINTS, "neurons": np.ones((2, 2), np.uint8)}, "3 rows and neurons 2"),
        ({**POINTS, "concept_names": np.array([1, 2, 3])}, "must be a list of text"),
        ({k: v for k, v in SPARSE.items() if k != "concept_names"}, "concept_names is missing"),
        ({k: v for k, v in SPARSE.items() if k != "concepts_indices"}, "concepts_indices are needed"),
        ({**SPARSE, "concepts_indices": np.array([2, 0, 3])}, "holds 3; with 3 concept_names it goes from 0 to 2"),
        ({**SPARSE, "concepts_indices": np.array([2, 0, -1])}, "holds -1"),
        ({**SPARSE, "concepts_indptr": np.array([0, 2, 1, 3])}, "must rise"),
        ({**SPARSE, "concepts_indptr": np.array([0, 2, 2, 9])}, "must rise"),
        ({**UNITS, "neurons": POINTS["neurons"]}, "either neurons or the sparse form"),
        ({**UNITS, "neurons_indptr": np.array([0, 2, 1, 3])}, "neurons_indptr must rise"),
        ({**UNITS, "neurons_indices": np.array([1, 0, 2])}, "holds 2; with 2 unit_names it goes from 0 to 1"),
        ({**UNITS, "neurons_indices": np.array([1, 1, 0])}, "row 0 .* lists unit 1 .* twice"),
        ({k: v for k, v in UNITS.items() if k != "unit_names"}, "unit_names is missing; the sparse form of neurons"),
        ({k: v for k, v in UNITS.items() if k != "neurons_indptr"}, "neurons_indptr is missing"),
        ({**COUNTS, "active_counts": np.array([1, 0, 1])}, "active_counts must be integers of at least 1"),
        ({**COUNTS, "active_counts": np.array([1, 1])}, "active_counts must be integers of at least 1"),
        ({**COUNTS, "active_counts": np.array([1, 1, 5])}, "row 2, unit 0 .* has 5 active of 3"),
    ],
)
def test_files_that_are_no_data_are_refused_by_name(tmp_path, arrays, message):
    with pytest.raises(DataError, match=message) as caught:
        open_probe(npz(tmp_path, **arrays))
    assert "file.npz" in str(caught.value)


def test_a_header_that_claims_more_than_the_file_holds_is_refused_before_memory_is_taken(tmp_path):
    header = b"\x93NUMPY\x01\x00"
    text = b"{'descr': '|b1', 'fortran_order': False, 'shape': (1000000, 1000000), }\n"
    content = header + len(text).to_bytes(2, "little") + text + b"\0" * 10
    with zipfile.ZipFile(tmp_path / "file.npz", "w") as archive:
        archive.writestr("concepts.npy", content)
    with pytest.raises(DataError, match="1,000,000,000,000 bytes, but 10 are there"):
        open_probe(tmp_path / "file.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", b"not a zip"])
def test_a_file_that_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "file.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        open_probe(tmp_path / "file.npz")


def test_a_truncated_archive_is_refused(tmp_path):
    file = npz(tmp_path, **POINTS)
    file.write_bytes(file.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"file\.npz"):
        open_probe(file)


def test_a_doubled_array_is_refused(tmp_path):
    file = npz(tmp_path, **POINTS)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("neurons.npy", b"")
    with pytest.raises(DataError, match="two arrays are called 'neurons'"):
        open_probe(file)
