"""What an archive holds unpacked is bounded by what it claims, and what it claims by what is allowed."""

import hashlib
import io
import json
import zipfile
import zlib

import numpy as np
import pytest

from compexact.probes.opening import open_probe
from compexact.probes.regular_files import MAX_BYTES, MAX_BYTES_NAME
from compexact.probes.store import Probe, save_probe
from compexact.solver.arrays import from_arrays
from compexact.solver.errors import DataError


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def lying_archive(path, claimed: bytes, held: bytes) -> None:
    """Members `concepts` and `neurons`; the first claims size and checksum of `claimed`, and unpacks to `held`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("concepts.npy", held)
        archive.writestr("neurons.npy", npy(np.ones((4, 1), bool)))
    content = path.read_bytes()
    true, false = (
        (zlib.crc32(data).to_bytes(4, "little"), len(data).to_bytes(4, "little")) for data in (held, claimed)
    )
    assert content.count(true[0]) == 2
    packed = content[18:22]
    content = content.replace(true[0] + packed + true[1], false[0] + packed + false[1])
    path.write_bytes(content)


def test_an_archive_that_unpacks_to_more_than_it_claims_is_refused(tmp_path):
    claimed = npy(np.ones((4, 2), bool))
    lying_archive(tmp_path / "a.npz", claimed, claimed + b"\1" * 10_000_000)
    with pytest.raises(DataError, match="Bad CRC-32 for file 'concepts"):
        open_probe(tmp_path / "a.npz")


def test_nor_if_the_checksum_is_that_of_one_byte_more(tmp_path):
    claimed = npy(np.ones((4, 2), bool))
    lying_archive(tmp_path / "a.npz", claimed, claimed + b"\1")
    content = (tmp_path / "a.npz").read_bytes()
    right, wrong = (zlib.crc32(data).to_bytes(4, "little") for data in (claimed + b"\1", claimed))
    (tmp_path / "a.npz").write_bytes(content.replace(wrong, right))
    with pytest.raises(DataError, match="'concepts' holds more than the 136 bytes that it claims"):
        open_probe(tmp_path / "a.npz")


def test_an_archive_that_unpacks_to_less_than_it_claims_is_refused(tmp_path):
    held = npy(np.ones((4, 2), bool))
    lying_archive(tmp_path / "a.npz", npy(np.ones((4, 3), bool)), held)
    with pytest.raises(DataError):
        open_probe(tmp_path / "a.npz")


def test_the_whole_of_an_archive_is_capped_before_any_of_it_is_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", concepts=np.ones((5000, 9), bool), neurons=np.ones((5000, 9), bool))
    assert open_probe(tmp_path / "a.npz").cells.n_points == 5000
    monkeypatch.setenv(MAX_BYTES_NAME, "90000")
    with pytest.raises(DataError, match=r"unpacks to 90,256 bytes, more than the 90,000 that are read"):
        open_probe(tmp_path / "a.npz")
    monkeypatch.setenv(MAX_BYTES_NAME, "much")
    assert open_probe(tmp_path / "a.npz").cells.n_points == 5000


def test_a_small_archive_that_claims_more_than_is_read_is_refused_at_once(tmp_path):
    header = npy(np.ones(1, bool))[:128].replace(b"(1,), }", b"(99999999999999, 9), }")
    lying_archive(tmp_path / "a.npz", header, header)
    content = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(DataError, match="claims shape"):
        open_probe(tmp_path / "a.npz")
    assert MAX_BYTES >= 2**30


def test_an_archive_of_very_many_members_is_refused_at_once(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}.npy", b"")
    with pytest.raises(DataError, match="holds 10,001 arrays; 10,000 are the most"):
        open_probe(tmp_path / "a.npz")


def test_two_arrays_of_one_name_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name in ("concepts.npy", "concepts", "neurons.npy"):
            archive.writestr(name, npy(np.ones((4, 1), bool)))
    with pytest.raises(DataError, match="two arrays are called 'concepts'"):
        open_probe(tmp_path / "a.npz")


def test_an_array_that_claims_less_than_is_there_is_refused_with_both_numbers(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("concepts.npy", npy(np.ones((4, 1), bool)) + bytes(3))
    with pytest.raises(DataError, match=r"'concepts' claims shape \(4, 1\), 4 bytes, but 7 are there"):
        open_probe(tmp_path / "a.npz")


@pytest.fixture
def probe(tmp_path):
    rng = np.random.default_rng(0)
    cells = from_arrays(rng.random((20, 3)) < 0.4, rng.random((20, 2)) < 0.4)
    save_probe(Probe(cells, {"kind": "arrays", "settings": {}}, {}, {"extra": np.arange(3)}), tmp_path / "probe")
    return tmp_path / "probe"


def signed(folder, change, names=None) -> None:
    """Edit manifest and names as somebody would who also makes their digests right."""

    def digest(value) -> str:
        content = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True, ensure_ascii=False).encode()
        return hashlib.sha256(content).hexdigest()

    manifest = json.loads((folder / "manifest.json").read_text())
    if names is not None:
        texts = json.loads((folder / "names.json").read_text())
        names(texts)
        content = json.dumps(texts).encode()
        (folder / "names.json").write_bytes(content)
        manifest["digests"]["names"] = digest(content)
    change(manifest, digest)
    del manifest["digest"]
    manifest["digest"] = digest(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("name", ["../../outside", "/etc/passwd", ".hidden", "a/b", "", "a\0b", "x" * 300, "naïve"])
def test_the_name_of_an_array_is_a_plain_name(name, probe):
    def change(manifest, digest):
        manifest["digests"]["arrays"][name] = "0" * 64

    signed(probe, change)
    with pytest.raises(DataError, match="is no name of an array"):
        open_probe(probe)


def test_an_array_that_claims_more_than_its_file_holds_is_refused(probe):
    file = probe / "arrays/extra.npy"
    content = file.read_bytes().replace(b"(3,), }", b"(3" + b"0" * 12 + b",), }")[: len(file.read_bytes())]
    file.write_bytes(content)
    signed(probe, lambda manifest, digest: manifest["digests"]["arrays"].update(extra=digest(content)))
    with pytest.raises(DataError, match="claims shape"):
        list(open_probe(probe).arrays.values())


@pytest.mark.parametrize("bad", ["x" * 1001, "", "  ", "a\x1b[31m", "a\u202eb", "a\u200bb", "a\nb"], ids=ascii)
@pytest.mark.parametrize("kind", ["concepts", "units", "categories"])
def test_a_probe_folder_has_the_rule_of_names_that_arrays_have(kind, bad, probe):
    if kind == "categories" and not bad.strip():
        pytest.skip("a category may be empty")
    signed(probe, lambda manifest, digest: None, names=lambda texts: texts[kind].__setitem__(0, bad))
    with pytest.raises(DataError, match=r"name|category") as caught:
        open_probe(probe)
    assert len(str(caught.value)) < 300


def test_a_probe_with_such_a_name_is_not_even_written(probe, tmp_path):
    cells = from_arrays([[1], [0]], [[1], [0]], unit_names=["u"])
    object.__setattr__(cells, "unit_names", ("x" * 100_000,))
    with pytest.raises(DataError, match="100,000 characters; 1,000 are the most"):
        save_probe(Probe(cells, {"kind": "arrays"}), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_name_of_a_thousand_characters_is_a_name(tmp_path):
    cells = from_arrays([[1], [0]], [[1], [0]], unit_names=["é" * 1000], concept_names=["x" * 1000])
    assert save_probe(Probe(cells, {"kind": "arrays"}), tmp_path / "new").cells.unit_names == ("é" * 1000,)
