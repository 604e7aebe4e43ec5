"""The demo network: it names the scenes, its planted units show their formulas, and a seed gives one network."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from compexact import solver
from compexact.experiments.demo.drawing import draw_world
from compexact.probes import open_dataset
from compexact.probes.datasets.some_images import SomeImages
from compexact.probes.demo_model import (
    PLANTED,
    PREPROCESSING,
    TRAINED_UNITS,
    demo_model,
    save_demo_model,
    train_demo_model,
)
from compexact.probes.layers import capture, evaluating, final_linear
from compexact.probes.models import LoadedModel, load_model
from compexact.probes.vision.probe import VisionSettings, probe_vision
from compexact.solver.errors import DataError, UsageError


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "world"
    draw_world(folder, n_images=120)
    return open_dataset(f"broden:{folder}")


@pytest.fixture(scope="module")
def trained(world):
    lines = []
    model, accuracy = train_demo_model(world, epochs=8, on_epoch=lines.append)
    return model, accuracy, lines


@pytest.fixture(scope="module")
def cells(world):
    """The cells of an untrained network: the planted units are the same in every one."""
    with torch.random.fork_rng(devices=[]):
        model = LoadedModel(demo_model(), "demo", "0" * 64, None, ())
    settings = VisionSettings(layers=("features",), threshold="positive", workers=0)
    return probe_vision(model, world, PREPROCESSING, settings).cells


def holds(dataset, index, text):
    """bool (height, width): where the formula holds by the annotation."""
    annotation = dataset.annotation(index)
    names = [concept.name for concept in dataset.concepts]
    masks = {name: (annotation.planes == number).any(axis=0) for number, name in enumerate(names)}
    return solver.parse(text).mask(masks)


def best_chain_of_three(cells, unit):
    """The highest IoU of all chain formulas with up to three concepts, by inclusion and exclusion."""
    problem = solver.Problem.of(cells, unit)
    active, weights = problem.active.astype(float), problem.weights.astype(float)
    names = range(len(cells.concepts.names))
    rows = np.stack([np.isin(np.arange(len(weights)), cells.concepts.rows_with(name)) for name in names], axis=1)

    def iou(both, points):
        return both / (active.sum() + points - both)

    pairs = [rows, *(op(rows, rows[:, [j]]) for j in names for op in (np.logical_or, np.logical_and, np.greater))]
    first = np.concatenate(pairs, axis=1).T.astype(float)
    both, points = (first @ values for values in (active, weights))
    joined_both, joined_points = ((first * values) @ rows for values in (active, weights))
    of_concept = [(values @ rows)[None, :] for values in (active, weights)]
    return max(
        iou(both, points).max(),
        iou(joined_both, joined_points).max(),
        iou(both[:, None] - joined_both, points[:, None] - joined_points).max(),
        iou(both[:, None] + of_concept[0] - joined_both, points[:, None] + of_concept[1] - joined_points).max(),
    )


def test_planted_units_come_after_the_trained_ones_in_the_probed_layer():
    model = demo_model()
    with evaluating(model), capture(model, ["features"]) as outputs:
        scores = model(torch.rand(2, 3, 112, 112))
    assert tuple(outputs["features"].shape) == (2, TRAINED_UNITS + len(PLANTED), 28, 28)
    assert [int(unit) for unit in PLANTED] == list(range(TRAINED_UNITS, TRAINED_UNITS + len(PLANTED)))
    assert tuple(scores.shape) == (2, 6)


def test_a_planted_unit_is_above_0_in_the_cells_that_its_formula_covers_by_more_than_half(world):
    model = demo_model()
    for index in (0, 7, 14):
        with torch.inference_mode():
            maps = model.features(PREPROCESSING(world.image(index))[None])[0, TRAINED_UNITS:].numpy()
        for unit, text in enumerate(PLANTED.values()):
            mask = holds(world, index, text)
            share = mask.reshape(28, 4, 28, 4).mean(axis=(1, 3))
            assert maps[unit] == pytest.approx((share - 0.5) * (1 + mask.mean()), abs=1e-5), text
            assert np.array_equal(maps[unit] > 0, share > 0.5)


@pytest.mark.parametrize("unit", PLANTED)
def test_the_best_formula_of_a_planted_unit_is_the_one_it_was_built_from(cells, unit):
    planted = float(solver.Problem.of(cells, unit).explain(solver.parse(PLANTED[unit])).iou)
    assert planted > 0.85
    assert planted == pytest.approx(best_chain_of_three(cells, unit), abs=1e-12)


@pytest.mark.parametrize("beam_size", [5, 10, 20])
def test_a_beam_finds_three_of_the_planted_formulas_and_misses_two(cells, beam_size):
    def missed(unit):
        problem = solver.Problem.of(cells, unit)
        found = solver.beam_search(problem, beam_size=beam_size).best
        return found.iou < problem.explain(solver.parse(PLANTED[unit])).iou

    assert [missed(unit) for unit in PLANTED] == [False, False, False, True, True]


def test_the_network_learns_to_name_scenes_it_has_not_seen(trained):
    _, accuracy, lines = trained
    assert accuracy > 0.9
    assert [line.split(":")[0] for line in lines] == [f"epoch {number} of 8" for number in range(1, 9)]
    assert float(lines[-1].split()[-1]) < float(lines[0].split()[-1])


@pytest.mark.long
def test_the_network_of_the_demo_names_nine_of_ten_scenes_it_has_not_seen(tmp_path):
    draw_world(tmp_path / "world")
    _, accuracy = train_demo_model(open_dataset(f"broden:{tmp_path / 'world'}"))
    assert accuracy > 0.9


def test_planted_units_have_no_weight_for_any_class(trained, world):
    model, _, _ = trained
    _, weights = final_linear(model)
    assert weights.shape == (6, TRAINED_UNITS + len(PLANTED))
    assert (weights[:, TRAINED_UNITS:] == 0).all()
    assert (weights[:, :TRAINED_UNITS] != 0).all()
    images = torch.stack([PREPROCESSING(world.image(index)) for index in range(6)])
    with torch.inference_mode():
        scores, without_planted = model(images), model.trained_scores(model.features.trained(images))
    assert torch.allclose(scores, without_planted, atol=1e-5)
    right = [model.class_names[row] == world.target(index) for index, row in enumerate(scores.argmax(dim=1))]
    assert sum(right) >= 5


def test_trained_units_are_active_in_some_places_only_and_not_all_in_the_same(trained, world):
    model, _, _ = trained
    images = torch.stack([PREPROCESSING(world.image(index)) for index in range(60)])
    with torch.inference_mode():
        maps = model.features.trained(images).transpose(0, 1).flatten(1).numpy()
    share = (maps > 0).mean(axis=1)
    assert 0.1 < np.median(share) < 0.5
    correlations = np.corrcoef(maps[share > 0])
    assert np.median(np.abs(correlations[np.triu_indices_from(correlations, k=1)])) < 0.4


def test_one_seed_gives_one_network_whatever_the_threads_and_leaves_torch_as_it_was(world):
    few, threads = SomeImages.of(world, range(40)), torch.get_num_threads()
    states = []
    for seed, number in ((7, 1), (7, 2), (8, 2)):
        torch.set_num_threads(number)
        random_state = torch.get_rng_state()
        model, _ = train_demo_model(few, epochs=1, seed=seed)
        assert torch.equal(torch.get_rng_state(), random_state)
        assert torch.get_num_threads() == number
        assert not torch.are_deterministic_algorithms_enabled()
        states.append(model.state_dict())
    torch.set_num_threads(threads)
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not torch.equal(states[0]["classifier.weight"], states[2]["classifier.weight"])


def test_a_saved_network_comes_back_through_the_factory_of_the_command_line(trained, world, tmp_path):
    model, _, _ = trained
    save_demo_model(model, tmp_path / "demo.pth")
    loaded = load_model("compexact.probes.demo_model:demo_model", weights=tmp_path / "demo.pth")
    assert loaded.notes == ()
    assert loaded.class_names == ("beach-s", "harbour-s", "street-s", "field-s", "forest-s", "kitchen-s")
    image = PREPROCESSING(world.image(4))[None]
    with torch.inference_mode():
        scores = model(image)
        assert torch.equal(loaded.module(image), scores)


def test_a_damaged_file_of_weights_is_refused(trained, tmp_path):
    path = tmp_path / "demo.pth"
    save_demo_model(trained[0], path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"demo\.pth"):
        load_model("compexact.probes.demo_model:demo_model", weights=path)


def test_pictures_of_unknown_scenes_cannot_be_trained_on(tiny_images):
    with pytest.raises(UsageError, match="tiny, image0: the scene is None; known are beach-s"):
        train_demo_model(tiny_images)


@pytest.mark.parametrize(("pictures", "epochs", "problem"), [(4, 1, "4 pictures; 5 are the least"), (5, 0, "epochs")])
def test_too_few_pictures_or_epochs_are_refused(world, pictures, epochs, problem):
    with pytest.raises(UsageError, match=problem):
        train_demo_model(SomeImages.of(world, range(pictures)), epochs=epochs)
