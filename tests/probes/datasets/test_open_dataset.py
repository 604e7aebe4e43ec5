from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from compexact.probes import open_dataset
from compexact.probes.datasets import DATASETS
from compexact.probes.datasets.some_images import SomeImages
from compexact.solver.errors import DataError, UsageError

USER_MODULE = """
from pathlib import Path
import numpy as np
from PIL import Image
from compexact.probes.datasets.annotated_images import Annotation, Concept
from compexact.solver.errors import DataError

class World:
    name, root, keys, mask_size, metadata_files = "world", Path(), ("one", "two"), (2, 2), ()
    concepts = (Concept("red", "color"),)
    def image(self, index):
        return Image.new("RGB", (4, 4), (index, 0, 0))
    def annotation(self, index):
        return Annotation(np.zeros((1, 2, 2), np.int32))
    def target(self, index):
        return None

class Half:
    name = "half"
    keys = ("one",)
    def image(self, index): ...

class Twice(World):
    concepts = (Concept("red", "color"), Concept("Red", "color"))

class SameKeys(World):
    keys = ("one", "one")

class Empty(World):
    keys = ()

def world(): return World()
def broken(): return 1 / 0
def bad_data(): raise DataError("row 7 is damaged")
not_callable = 3
"""


@pytest.fixture
def user_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"user_world_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(USER_MODULE)
    monkeypatch.chdir(tmp_path)
    return name


def test_no_image_or_tensor_library_is_loaded_before_a_dataset_is_opened() -> None:
    code = "import sys; from compexact.probes import open_dataset; print({'PIL', 'torch'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


@pytest.mark.parametrize("kind", DATASETS)
def test_a_dataset_of_every_kind_keeps_what_is_promised_to_whoever_reads_it(request, kind: str) -> None:
    root = request.getfixturevalue(kind)  # a new kind needs a fixture of its name in conftest.py
    dataset = open_dataset(f"{kind}:{root}")
    assert dataset.root == root
    assert all(path.is_file() for path in dataset.metadata_files)
    n = len(dataset.concepts)
    assert n
    for index in range(len(dataset.keys)):
        picture, labels = dataset.image(index), dataset.annotation(index)
        assert picture.mode == "RGB"
        assert labels.planes.dtype == np.int32
        assert labels.planes.shape[1:] == dataset.mask_size
        assert -1 <= labels.planes.min(initial=-1) <= labels.planes.max(initial=-1) < n
        assert all(0 <= concept < n for concept in labels.image_concepts)
        assert dataset.target(index) is None or isinstance(dataset.target(index), str)


@pytest.mark.parametrize("kind", DATASETS)
def test_categories_and_mask_size_are_heeded_by_every_kind(request, kind: str) -> None:
    spec = f"{kind}:{request.getfixturevalue(kind)}"
    category = open_dataset(spec).concepts[0].category
    dataset = open_dataset(spec, categories=[category], mask_size=(5, 7))
    assert {concept.category for concept in dataset.concepts} == {category}
    assert dataset.annotation(0).planes.shape[1:] == dataset.mask_size == (5, 7)
    with pytest.raises(UsageError, match="nonsense"):
        open_dataset(spec, categories=["nonsense"])


def test_a_relative_path_is_made_absolute_and_tilde_is_the_home(broden: Path, monkeypatch) -> None:
    monkeypatch.chdir(broden.parent)
    monkeypatch.setenv("HOME", str(broden.parent))
    assert open_dataset("broden:tiny/../tiny").root == broden
    assert open_dataset("broden:~/tiny").root == broden


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("brodn:/data/x", "unknown dataset 'brodn:/data/x'; known are broden:PATH, .*factory; did you mean 'broden'"),
        ("broden", "the path is missing; write broden:PATH|unknown dataset"),
        ("broden:", "the path is missing; write broden:PATH"),
        ("", "unknown dataset ''"),
        ("/data/broden", "unknown dataset '/data/broden'; known are broden:PATH"),
        ("labelmap:stuff", "unknown dataset.*did you mean 'labelmaps'"),
        ("no_such_package.module:f", "no module 'no_such_package'"),
        ("broden:a\0b", r"'broden:a\\x00b': there is no such file or folder"),
        ("broden:" + "a" * 5000, "there is no such file or folder"),
    ],
)
def test_a_wrong_spec_is_a_usage_error(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_dataset(spec)


def test_a_missing_path_is_a_usage_error_with_the_nearest_name(broden: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file or folder; did you mean 'tiny'"):
        open_dataset(f"broden:{broden.parent}/tinny")
    with pytest.raises(UsageError, match=r"there is no such file or folder$"):
        open_dataset(f"broden:{broden}/index.csv/x")


def test_the_first_images_keep_concepts_targets_and_labels(broden: Path) -> None:
    whole, first = open_dataset(f"broden:{broden}"), open_dataset(f"broden:{broden}", limit=1)
    assert isinstance(first, SomeImages)
    assert first.keys == whole.keys[:1]
    assert first.concepts == whole.concepts
    assert first.target(0) == whole.target(0)
    np.testing.assert_array_equal(first.annotation(0).planes, whole.annotation(0).planes)
    np.testing.assert_array_equal(np.asarray(first.image(0)), np.asarray(whole.image(0)))
    with pytest.raises(IndexError):
        first.annotation(1)
    assert open_dataset(f"broden:{broden}", limit=99).keys == whole.keys


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_a_usage_error(broden: Path, limit: int) -> None:
    with pytest.raises(UsageError, match="at least 1 image"):
        open_dataset(f"broden:{broden}", limit=limit)


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (5,), (1, 2, 3)])
def test_a_wrong_mask_size_is_a_usage_error(broden: Path, size) -> None:
    with pytest.raises(UsageError, match="mask size"):
        open_dataset(f"broden:{broden}", mask_size=size)


@pytest.mark.parametrize("kind", DATASETS)
@pytest.mark.parametrize("limit", [None, 1])
def test_datasets_travel_to_other_processes(request: pytest.FixtureRequest, kind: str, limit) -> None:
    dataset = open_dataset(f"{kind}:{request.getfixturevalue(kind)}", limit=limit)
    again = pickle.loads(pickle.dumps(dataset))
    assert again.keys == dataset.keys
    np.testing.assert_array_equal(again.annotation(0).planes, dataset.annotation(0).planes)
    assert again.annotation(0).planes.dtype == np.int32


def test_a_factory_in_the_current_folder_gives_a_dataset(user_module: str) -> None:
    dataset = open_dataset(f"{user_module}:world")
    assert dataset.name == "world"
    assert open_dataset(f"{user_module}:World", limit=1).keys == ("one",)


@pytest.mark.parametrize(
    ("factory", "error", "message"),
    [
        ("Half", UsageError, "Half lacks root, concepts, mask_size, metadata_files, annotation, target"),
        ("wrold", UsageError, "has no 'wrold'; did you mean 'world'"),
        ("not_callable", UsageError, "is of type .*; a function is needed"),
        ("broken", UsageError, "broken' fails with ZeroDivisionError: division by zero"),
        ("bad_data", DataError, "^row 7 is damaged$"),
        ("Twice", DataError, "two concepts of one name: 'red' and 'Red'"),
        ("SameKeys", DataError, "image 'one' is there twice"),
        ("Empty", DataError, "no image at all"),
    ],
)
def test_a_factory_that_gives_no_good_dataset_is_refused(user_module: str, factory, error, message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        open_dataset(f"{user_module}:{factory}")
    assert "\n" not in str(caught.value)


def test_a_factory_takes_no_options(user_module: str) -> None:
    with pytest.raises(UsageError, match="takes no categories, mask size or labels to ignore"):
        open_dataset(f"{user_module}:world", categories=["color"])
    with pytest.raises(UsageError, match="takes no categories, mask size or labels to ignore"):
        open_dataset(f"{user_module}:world", mask_size=(2, 2))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_library_at_all", "needs no_such_library_at_all, which is missing"),
        ("raise RuntimeError('two\\nlines')", "fails with RuntimeError: two lines"),
        ("def (", "fails with SyntaxError"),
    ],
)
def test_a_module_that_does_not_load_is_a_usage_error(tmp_path: Path, monkeypatch, source: str, message: str) -> None:
    name = f"user_broken_{abs(hash(source))}"
    (tmp_path / f"{name}.py").write_text(source)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message) as caught:
        open_dataset(f"{name}:world")
    assert "\n" not in str(caught.value)
