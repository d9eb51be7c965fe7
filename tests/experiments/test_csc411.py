"""CSC411's tasks on a few digits and made-up photos: gradient, paths, batches, people, votes, rows and figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator

from errors import DatasetError
from experiments.csc411 import EXPERIMENT, TASKS
from experiments.csc411_efficiency import BATCH, LAYERS, OneAtATime, exponent, network_of
from experiments.csc411_faces import ALEXNET, FACES, LingeringBatches, six_people
from experiments.csc411_two_weights import SUMMED_OVER
from experiments.experiment import Budgeted, Measurement
from experiments.recipe import Recipe
from experiments.sources import Sources
from nn.training import TensorBatches


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Eight people, the last with too few photos: each a colour under noise."""
    folder, generator = tmp_path / "faces", np.random.default_rng(0)
    for person in range(8):
        own = folder / f"person {person}"
        own.mkdir(parents=True)
        colour = generator.uniform(60, 200, 3)
        for photo in range(52 if person < 7 else 40):
            pixels = (colour + generator.normal(0, 30, (16, 16, 3))).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(own / f"{photo}.png")
    return folder


def short(name: str, epochs: int) -> Recipe:
    task = EXPERIMENT.task(name)
    assert isinstance(task, Recipe)
    return replace(task, epochs=Budgeted(epochs, epochs))


def test_gradient_and_central_differences_agree(small_mnist: Path) -> None:
    outcome = short("softmax regression", 10).run(Sources(mnist=small_mnist), 0, "quick")
    assert outcome.measures["central_difference"] < 1e-6
    assert outcome.measures["central_difference"] <= outcome.measures["forward_difference"]
    assert outcome.measures["validation_accuracy"] > 20  # of ten classes, after ten steps
    assert outcome.arrays["weights"].shape == (10, 28, 28)


def test_both_pairs_of_weights_have_a_surface_and_two_paths(small_mnist: Path) -> None:
    outcome = short("momentum", 10).run(Sources(mnist=small_mnist), 0, "quick")
    side = len(outcome.arrays["grid"])
    for pair in ("published", "central"):
        assert outcome.arrays[f"{pair}: cost"].shape == (side, side)
        for momentum in ("0", "0.8"):
            path = outcome.arrays[f"{pair}: path, {SUMMED_OVER[0]}, momentum {momentum}"]
            assert path.shape == (81, 2)
    assert {f"excess, {images}, momentum 0.8" for images in SUMMED_OVER} <= set(outcome.measures)


def test_backpropagation_and_one_derivative_at_a_time_give_the_same() -> None:
    generator = Generator().manual_seed(0)
    network = network_of(3, 4, generator).to(dtype=torch.float64)
    x, dy = (torch.rand(1, n, generator=generator, dtype=torch.float64) for n in (2, 4))
    network.forward(x, training=True)
    network.backward_parameters(dy)
    for n, own in enumerate(OneAtATime.of(network, x, dy).gradients()):
        torch.testing.assert_close(torch.tensor(own).double(), network.parameters()[f"{2 * n}.weight"].grad)


def test_the_exponent_is_that_of_the_largest_sizes() -> None:
    sizes = [1.0, 2, 4, 8, 16, 32]
    assert exponent(sizes, [9.0, 9, *(1e-3 * size**3 for size in sizes[2:])]) == pytest.approx(3)


def test_each_mini_batch_comes_many_times_before_the_next() -> None:
    source = LingeringBatches(TensorBatches(torch.arange(6.0)[:, None], torch.arange(6)), steps=4, portion=2)
    shown = [tuple(y.tolist()) for _ in range(6) for _, y in source.batches(3, Generator().manual_seed(0))]
    first, second, third = shown[0], shown[4], shown[8]
    assert shown == [first] * 4 + [second] * 4 + [third] * 4
    assert sorted(first + second) == list(range(6))


def test_the_first_six_people_with_photos_enough_are_taken_and_no_photo_twice(faces: Path) -> None:
    people, parts = six_people(Sources(faces=faces), Generator().manual_seed(0))
    assert people == tuple(f"person {person}" for person in range(6))
    assert [len(part) for part in parts] == [6 * 22, 6 * 10, 6 * 20]
    assert len({photo.file for part in parts for photo in part}) == 6 * 52


def test_hidden_units_vote_for_people(faces: Path) -> None:
    outcome = replace(FACES, epochs=Budgeted(2, 2)).run(Sources(faces=faces), 0, "quick")
    assert outcome.arrays["units"].shape == (25, 32, 32)
    assert set(outcome.arrays["votes"]) <= {f"person {person}" for person in range(6)}


def test_without_a_folder_of_faces_it_is_said_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"is not a folder: expected one with a folder of photos for each person"):
        FACES.run(Sources(faces=tmp_path / "missing"), 0, "quick")


def test_without_weights_the_reason_stands_in_the_outcome(faces: Path, tmp_path: Path) -> None:
    outcome = ALEXNET.run(Sources(faces=faces, weights=str(tmp_path / "missing.npz")), 0, "quick")
    assert outcome.measures == {}
    assert "missing.npz" in outcome.note


def test_every_row_is_of_a_task() -> None:
    assert {row.task for row in EXPERIMENT.rows} == {task.name for task in TASKS}


def test_figures_are_drawn_without_alexnet(small_mnist: Path, faces: Path) -> None:
    sources = Sources(mnist=small_mnist, faces=faces)
    outcomes = {name: [short(name, 2).run(sources, 0, "quick")] for name in ("softmax regression", "momentum", "faces")}
    curve = {f"one at a time, N = {n}": ([2.0, 3, 4], [1e-5, 2e-5, 5e-5]) for n in LAYERS}
    curve |= {name: ([2.0, 4, 8], [1e-4, 1e-4, 2e-4]) for name in (BATCH, "backpropagation, one sample")}
    curve |= {name: ([2.0, 3, 4], [1e-5, 4e-5, 2e-4]) for name in ("one at a time", "backpropagation")}
    series = {
        f"{name}: {axis}": column for name, both in curve.items() for axis, column in zip("xy", both, strict=True)
    }
    outcomes |= {"efficiency": [Measurement(series=series)], "AlexNet": [Measurement(note="no weights")]}
    figures = EXPERIMENT.figures(outcomes, EXPERIMENT.rows)
    assert len(figures) == 8
    assert all(png.startswith(b"\x89PNG") for png in figures.values())
