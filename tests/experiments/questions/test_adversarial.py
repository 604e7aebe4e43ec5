"""Copy-paste pictures on a network whose classes are planted units: the right answer is known by construction.

The network sees a `street-s` where more than a twentieth of the picture is car or boat, a `forest-s` where more than
an eighth is grass or green water, else a `beach-s`.
"""

import csv
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from compexact.experiments.demo.drawing import draw_world
from compexact.experiments.questions import adversarial as question
from compexact.experiments.questions.adversarial import adversarial
from compexact.experiments.questions.adversarial_examples import read_examples
from compexact.experiments.questions.answer import save_answer
from compexact.experiments.questions.composites import THUMBNAIL, best_size, composite
from compexact.experiments.questions.edited_pictures import Example
from compexact.probes import open_dataset
from compexact.probes.classifier import PictureClassifier, picture_classifier
from compexact.probes.demo_model import PREPROCESSING, TRAINED_UNITS, demo_model
from compexact.probes.models import LoadedModel
from compexact.probes.patching import Placement, cut_out, paste, placements, recolour, region
from compexact.solver.errors import DataError, UsageError

STREET, FOREST, BEACH = 2, 4, 0
CAR_OR_BOAT, GRASS_OR_GREEN_WATER = 1, 4
GREEN_WATER = (62, 160, 158)


def planted_model() -> torch.nn.Module:
    """Scores: positive for car or boat beyond 1/20 of the picture, grass or green water beyond 1/8; 0 for beach.

    The mean of a planted unit is (s - 1/2)(1 + s) where its formula holds on the share s of the picture.  It grows
    with s, so the sign of a line through the wanted share decides.
    """
    model = demo_model()
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.fill_(-1e6)
        for scene, unit, share in ((STREET, CAR_OR_BOAT, 0.05), (FOREST, GRASS_OR_GREEN_WATER, 1 / 8)):
            model.classifier.weight[scene, TRAINED_UNITS + unit] = 10.0
            model.classifier.bias[scene] = -10.0 * (share - 0.5) * (1 + share)
        model.classifier.bias[BEACH] = 0.0
    return model


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "world"
    draw_world(folder, n_images=48, seed=3)
    return open_dataset(f"broden:{folder}")


@pytest.fixture(scope="module")
def network() -> PictureClassifier:
    model = demo_model()
    model.load_state_dict(planted_model().state_dict())
    return picture_classifier(LoadedModel(model, "planted", "0", model.class_names, ()), PREPROCESSING)


def share(dataset, index: int, concept: str) -> float:
    try:
        return float(region(dataset, index, concept).mean())
    except UsageError:
        return 0.0


def pick(dataset, scene: str, concept: str, least: float) -> int:
    """An image of the scene with at least this much of the concept."""
    found = [i for i in range(len(dataset.keys)) if dataset.target(i) == scene and share(dataset, i, concept) >= least]
    return found[0]


def _seen(network: PictureClassifier, dataset, index: int) -> str:
    return str(network.classes[int(network.scores([dataset.image(index)]).argmax())])


@pytest.fixture
def car_on_beach(world, network) -> Example:
    street = pick(world, "street-s", "car", 0.08)
    beach = next(
        i
        for i in range(len(world.keys))
        if world.target(i) == "beach-s" and _seen(network, world, i) == "beach-s" and share(world, i, "boat") == 0
    )
    source = world.image(street).convert("RGB")
    patch = cut_out(source, region(world, street, "car"))
    return Example("car", world.image(beach).convert("RGB"), "street-s", patch, original="beach-s", pasted="kitchen-s")


def test_pasting_the_object_turns_the_class_exactly_where_enough_of_it_is_in_the_picture(car_on_beach, network):
    answer = adversarial([car_on_beach], [network], positions=[-150, -50, 50])
    rows = answer.more["pictures"]
    assert len(rows) == 9 * 6
    before = np.asarray(car_on_beach.picture)
    for row in rows:
        after = np.asarray(car_on_beach.edited(Placement(row["x"], row["y"], row["size"])))
        pasted = (after != before).any(axis=-1).mean()
        if pasted > 0.07:
            assert (row["predicted"], row["outcome"]) == ("street-s", "success"), row
        elif pasted < 0.04:
            assert row["outcome"] != "success", row
    (row,) = answer.rows
    assert (row["before"], row["after_at_best"]) == ("beach-s", "street-s")
    assert 0 < row["success"] < 1
    assert row["success"] + row["partial"] + row["failure"] == pytest.approx(1)
    assert row["success"] == sum(each["outcome"] == "success" for each in rows) / 54


def test_a_patch_pushed_out_of_the_picture_changes_nothing(car_on_beach, network):
    answer = adversarial([car_on_beach], [network], positions=[300], sizes=[0.5])
    assert [row["outcome"] for row in answer.more["pictures"]] == ["failure"]
    assert answer.rows[0]["probability_at_best"] == answer.rows[0]["probability_before"]


def test_painting_water_green_turns_the_class(world, network):
    place = next(
        i
        for i in range(len(world.keys))
        if share(world, i, "water") > 0.15 and share(world, i, "grass") == 0 and _seen(network, world, i) == "beach-s"
    )
    picture, mask = world.image(place).convert("RGB"), region(world, place, "water")
    green = Example("green", picture, "forest-s", region=mask, colour=GREEN_WATER)
    grey = Example("grey", picture, "forest-s", region=mask, colour=(110, 134, 150))
    answer = adversarial([green, grey], [network])
    assert [row["success"] for row in answer.rows] == [1.0, 0.0]
    assert [row["size"] for row in answer.more["pictures"]] == [None, None]
    assert all(each.ours is None for each in answer.published)


def colours(*names: str, seen: str = "c") -> PictureClassifier:
    """Names a picture by the red value of its middle: `names[value]`."""

    def scores(pictures) -> np.ndarray:
        red = [np.asarray(each)[each.size[1] // 2, each.size[0] // 2, 0] for each in pictures]
        return np.eye(len(names), dtype=np.float32)[red] * 5

    return PictureClassifier(seen, names, seen, scores)


def flat(red: int, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (224, 224), (red, 0, 0, 255)[: len(mode)])


def test_outcomes_are_success_failure_and_partial():
    """The middle of the picture is the patch's where it covers it: the class of that value."""
    network = colours("corridor", "igloo", "clean room", "attic")
    outcomes = {}
    for red in range(4):
        example = Example("e", flat(0), "clean room", flat(red, "RGBA"), pasted="igloo")
        answer = adversarial([example], [network], positions=[0], sizes=[1])
        outcomes[red] = answer.more["pictures"][0]["outcome"]
    assert outcomes == {0: "failure", 1: "failure", 2: "success", 3: "partial"}


def test_rates_by_size_count_only_that_size():
    """A patch of a third of the side at (0, 0) does not reach the middle; one of the whole side covers it."""
    network = colours("corridor", "clean room")
    example = Example("e", flat(0), "clean room", flat(1, "RGBA"))
    answer = adversarial([example], [network], positions=[0], sizes=[1 / 3, 1])
    assert [(row["size"], row["success"]) for row in answer.more["sizes"]] == [(1 / 3, 0.0), (1.0, 1.0)]
    assert answer.rows[0]["success"] == 0.5
    assert answer.rows[0]["size"] == 1
    assert [each.theirs for each in answer.published] == pytest.approx([0.088 / 3, 0.065 / 3])
    assert [each.ours for each in answer.published] == [0.5, 0.0]
    assert "4.6, 2.3, 1.9 %" in answer.published[0].what


def test_the_class_of_the_patch_s_own_picture_counts_as_failure_as_each_network_sees_it():
    one, other = (
        colours("corridor", "igloo", "clean room", seen="one"),
        colours("corridor", "x", "clean room", seen="b"),
    )
    example = Example("e", flat(0), "clean room", flat(1, "RGBA"), source=flat(1))
    answer = adversarial([example], [one, other], positions=[0], sizes=[1])
    assert [row["pasted"] for row in answer.rows] == ["igloo", "x"]
    assert [row["failure"] for row in answer.rows] == [1.0, 1.0]
    assert answer.summary[0] == "over all 2 pastes: 0.0% success, 0.0% partial, 100.0% failure"


def test_nothing_is_turned_that_is_seen_from_the_start():
    example = Example("e", flat(1), "clean room", flat(1, "RGBA"))
    answer = adversarial([example], [colours("corridor", "clean room")], positions=[0], sizes=[1])
    assert answer.rows[0]["success"] is None
    assert answer.published[0].ours is None
    assert "before any edit" in answer.summary[0]


def test_an_unknown_class_is_named_with_the_nearest(car_on_beach, network):
    with pytest.raises(UsageError, match="no class 'street'; did you mean 'street-s'"):
        adversarial([Example("e", car_on_beach.picture, "street", car_on_beach.patch)], [network])


def test_the_grid_is_that_of_appendix_b():
    grid = placements()
    assert len(set(grid)) == 216
    assert [round(224 * size) for size in sorted({place.size for place in grid})] == [74, 112, 168, 224, 336, 448]
    with pytest.raises(UsageError, match="not 0"):
        placements(sizes=[0])


def test_a_patch_stays_in_its_place_at_size_1_and_moves_by_224ths():
    patch = np.zeros((112, 112, 4), dtype=np.uint8)
    patch[10:20, 30:50] = (9, 9, 9, 255)
    ground = Image.new("RGB", (112, 112), (200, 0, 0))
    for x, y in ((0, 0), (50, -10), (-90, 200)):
        changed = np.argwhere((np.asarray(paste(ground, Image.fromarray(patch), Placement(x, y, 1.0))) == 9).all(-1))
        top, left = 10 + y // 2, 30 + x // 2
        wanted = [[r, c] for r in range(top, top + 10) for c in range(left, left + 20) if 0 <= r < 112 and 0 <= c < 112]
        assert changed.tolist() == wanted


def test_painting_keeps_light_and_shade_and_all_else():
    pixels = np.full((4, 4, 3), 100, dtype=np.uint8)
    pixels[0], pixels[1] = 50, 150
    mask = np.zeros((4, 4), dtype=bool)
    mask[:2] = True
    painted = np.asarray(recolour(Image.fromarray(pixels), mask, (20, 40, 80)))
    assert painted[0, 0].tolist() == [10, 20, 40]
    assert painted[1, 0].tolist() == [30, 60, 120]
    assert (painted[2:] == 100).all()


def test_the_composite_tints_every_position_by_its_outcome():
    network = colours("corridor", "clean room")
    example = Example("e", flat(0), "clean room", flat(1, "RGBA"))
    tried = question._tried(example, network, placements([-150, 0], [1.0]))
    assert best_size(tried) == 1.0
    sheet = composite(tried, 1.0)
    assert sheet.shape == (2 * THUMBNAIL, 2 * THUMBNAIL, 3)
    middle = THUMBNAIL // 2
    assert sheet[middle, middle].argmax() == 0
    assert sheet[THUMBNAIL + middle, THUMBNAIL + middle].argmax() == 1
    assert tried.outcomes == ["failure", "failure", "failure", "success"]


def test_the_command_reads_a_table_and_keeps_the_answer(world, tmp_path, compexact, monkeypatch, car_on_beach):
    car_on_beach.patch.save(tmp_path / "car.png")
    car_on_beach.picture.save(tmp_path / "beach.png")
    street = pick(world, "street-s", "car", 0.08)
    rows = [
        ["name", "picture", "intended", "patch", "region"],
        ["png", "beach.png", "street-s", "car.png", ""],
        ["cut", "beach.png", "street-s", world.keys[street], "car"],
    ]
    with (tmp_path / "examples.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    for folder, model in (("trained", planted_model()), ("untrained", demo_model())):
        (tmp_path / folder).mkdir()
        torch.save(model.state_dict(), tmp_path / folder / "model.pt")
    monkeypatch.setitem(sys.modules, "planted_net", type(sys)("planted_net"))
    sys.modules["planted_net"].model = demo_model
    words = ["experiment", "adversarial", tmp_path / "examples.csv", "--dataset", f"broden:{world.root}"]
    for folder in ("trained", "untrained"):
        words += ["--model", "planted_net:model", "--weights", tmp_path / folder / "model.pt"]
    words += ["--image-size", 112, "--scale", 1]
    ended = compexact(*words, "--positions", "0,50", "--sizes", "1,1.5", "-o", tmp_path / "answer")
    assert ended.code == 0, ended.err
    assert "% success" in ended.err
    assert {file.name for file in (tmp_path / "answer").iterdir()} == {
        "answer.json", "figure.png", "figure.svg", "pictures.csv", "sizes.csv", "table.csv",
    }  # fmt: skip
    table = list(csv.DictReader((tmp_path / "answer" / "table.csv").open()))
    assert [(row["example"], row["network"]) for row in table] == [
        (example, f"model {folder}/model.pt") for example in ("png", "cut") for folder in ("trained", "untrained")
    ]
    assert table[0]["success"] == table[2]["success"] != "0.0"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("e,beach.png,,car.png,,", "line 2: intended is empty"),
        ("e,moon.png,street-s,car.png,,", "neither an image of the dataset nor a file"),
        ("e,beach.png,street-s,,,", "give a patch to paste, or a region"),
        ("e,beach.png,street-s,,water,1,2", "cells under"),
        ("e,beach.png,street-s,,water,red", "no labelled region"),
        ("e,beach.png,street-s,beach.png,,", "opaque everywhere"),
        ("e,beach.png,street-s,car.png,,red", "leave out the colour"),
    ],
)
def test_a_wrong_line_of_the_table_is_named(world, tmp_path, line, message):
    Image.new("RGB", (8, 8)).save(tmp_path / "beach.png")
    clear = Image.new("RGBA", (8, 8))
    clear.paste((1, 2, 3, 255), (0, 0, 4, 4))
    clear.save(tmp_path / "car.png")
    (tmp_path / "t.csv").write_text(f"name,picture,intended,patch,region,colour\n{line}\n")
    with pytest.raises((UsageError, DataError), match=message) as raised:
        read_examples(tmp_path / "t.csv", world)
    assert "\n" not in str(raised.value)


def test_an_answer_is_saved_the_same_twice(car_on_beach, network, tmp_path):
    for name in ("a", "b"):
        save_answer(adversarial([car_on_beach], [network], positions=[0], sizes=[1]), tmp_path / name)
    assert (tmp_path / "a/figure.svg").read_bytes() == (tmp_path / "b/figure.svg").read_bytes()
