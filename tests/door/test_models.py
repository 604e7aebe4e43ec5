import json
import os
import signal
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from small_broden import write_broden
from torch import nn

import compexact as cx
from compexact.probes.datasets.annotated_images import Annotation, Concept

IMAGES = 6


def small_net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(8, 3),
    )  # fmt: skip


def labelled(seed=0):
    """(picture, labels) of 24 x 24 and 12 x 12: the left half sky, and a patch of sea that is blue in the picture."""
    rng = np.random.default_rng(seed)
    items = []
    for _ in range(IMAGES):
        picture = rng.integers(0, 80, (24, 24, 3), dtype=np.uint8)
        labels = np.zeros((12, 12), dtype=np.int64)
        labels[:, :6] = 1
        top, left = rng.integers(0, 8, 2)
        labels[top : top + 4, left : left + 4] = 2
        picture[2 * top : 2 * top + 8, 2 * left : 2 * left + 8, 2] = 255
        items.append((picture, labels))
    return items


OPTIONS = {"layer": "2", "image_size": 24, "quantile": 0.1}
CONCEPTS = {1: "sky", 2: "sea"}


@pytest.fixture(scope="module")
def probe():
    return cx.probe(small_net(), labelled(), concepts=CONCEPTS, classes=["a", "b", "c"], **OPTIONS)


class Dataset(torch.utils.data.Dataset):
    """Of tensors, as datasets of torch give them."""

    def __init__(self, items):
        self.items = items

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        picture, labels = self.items[index]
        return torch.from_numpy(picture).permute(2, 0, 1) / 255, torch.from_numpy(labels)


class Own:
    """A dataset with the members of `AnnotatedImages`."""

    name, root, metadata_files, mask_size = "own", Path(), (), (12, 12)
    concepts = (Concept("sky", ""), Concept("sea", ""))

    def __init__(self, items):
        self.items = items
        self.keys = tuple(map(str, range(len(items))))

    def image(self, index):
        return Image.fromarray(self.items[index][0])

    def annotation(self, index):
        return Annotation((self.items[index][1] - 1)[None].astype(np.int32))

    def target(self, index):
        return None


class LocalFailure(Dataset):
    def __getitem__(self, index):
        raise OSError("the disk is gone")


def test_a_live_model_is_probed_and_left_as_it_was(probe):
    net = small_net().train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    made = cx.probe(net, labelled(), concepts=CONCEPTS, **OPTIONS)
    assert made.digest == probe.digest
    assert net.training
    assert all(module.training for module in net.modules())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())
    assert any("training mode" in note for note in made.about["notes"])


@pytest.mark.parametrize("kind", [Dataset, Own, list, tuple])
def test_every_kind_of_dataset_gives_the_same_cells(probe, kind):
    own = {} if kind is Own else {"concepts": CONCEPTS}
    assert cx.probe(small_net(), kind(labelled()), **own, **OPTIONS).digest == probe.digest


def test_labels_are_the_points_and_others_mean_nothing(probe):
    cells = probe.cells
    points = sum(labels.size for _, labels in labelled())
    sea = sum(int((labels == 2).sum()) for _, labels in labelled())
    assert cells.n_points == points
    assert dict(zip(cells.concepts.names, cells.concept_points.tolist()))["sea"] == sea


def test_labels_may_be_planes_and_of_another_size(probe):
    planes = [(picture, np.stack([labels * (labels == 1), labels * (labels == 2)])) for picture, labels in labelled()]
    assert cx.probe(small_net(), planes, concepts=CONCEPTS, **OPTIONS).digest == probe.digest
    large = [(picture, labels.repeat(3, axis=0).repeat(3, axis=1)) for picture, labels in labelled()]
    assert cx.probe(small_net(), large, concepts=CONCEPTS, mask_size=(12, 12), **OPTIONS).digest == probe.digest


def test_a_dataset_named_by_a_text_is_read_as_the_command_line_reads_it(tmp_path, compexact):
    root = write_broden(tmp_path / "broden")
    torch.save(small_net().state_dict(), tmp_path / "w.pth")
    mine = cx.probe(small_net(), f"broden:{root}", layer="2", image_size=24, quantile=0.1, limit=3, workers=0)
    (tmp_path / "theirs.py").write_text("from test_models import small_net\n")
    sys.path.insert(0, str(Path(__file__).parent))
    ended = compexact(
        "probe", "vision", "--dataset", f"broden:{root}", "--model", "test_models:small_net", "--layer", "2",
        "--image-size", 24, "--quantile", 0.1, "--limit", 3, "--workers", 0, "-o", tmp_path / "probe",
    )  # fmt: skip
    assert ended.code == 0, ended.err
    theirs = cx.open_probe(tmp_path / "probe")
    assert mine.digest == theirs.digest
    assert json.loads(json.dumps(mine.about["settings"])) | {"device": "cpu"} == theirs.about["settings"]
    assert mine.about["inputs"] == theirs.about["inputs"]


def test_a_unit_shows_its_pictures_in_a_notebook_and_their_names_elsewhere(probe, capsys):
    run = cx.explain(probe, length=2, progress=False)
    html = run[0]._repr_html_()
    assert html.count('<img alt="') == 1
    assert "data:image/jpeg;base64," in html
    assert len(html) < 200_000
    run[0].show()
    assert len(capsys.readouterr().out.splitlines()) >= 4 + 5
    assert probe._repr_html_().count("<tr>") < 20
    assert cx.Probe(probe.cells, probe.about).inputs.images == []


def test_a_report_of_a_probe_in_memory_has_its_pictures(probe, tmp_path):
    site = cx.report(cx.explain(probe, length=1, progress=False), tmp_path / "site").parent
    assert list((site / "pictures").glob("*.jpg"))
    assert list((site / "units").glob("*.html"))


def test_a_dataset_that_fails_says_so_in_a_line():
    with pytest.raises(cx.DataError, match=r"OSError: the disk is gone"):
        cx.probe(small_net(), LocalFailure(labelled()), concepts=CONCEPTS, mask_size=(12, 12), **OPTIONS)


def test_ctrl_c_keeps_the_units_that_were_found(capsys):
    rng = np.random.default_rng(0)
    made = cx.probe(rng.random((3000, 40)) < 0.3, rng.random((3000, 200)) < 0.3)
    cx.explain(made, units=0, length=10, progress=False)  # compiled
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    run = cx.explain(made, length=10, beam_size=200, progress=False)
    assert 1 <= len(run) < 200
    assert not run.is_finished
    assert "units are there" in capsys.readouterr().err
    assert f"{len(run)} of 200 units" in repr(run)


def test_a_run_that_was_interrupted_is_saved_with_what_there_is(tmp_path):
    made = cx.probe([[1, 0], [0, 1], [1, 1]], [[1, 0], [0, 1], [1, 1]])
    run = cx.explain(made, length=1, progress=False)
    half = cx.Run(made, run.header, {"0": run.records["0"]})
    kept = half.save(tmp_path / "half")
    assert kept.units == ["0"]
    assert not kept.is_finished
    again = cx.explain(kept.probe, length=1, output=tmp_path / "half", progress=False)
    assert again.is_finished
