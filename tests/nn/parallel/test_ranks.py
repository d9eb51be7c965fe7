"""Several processes learn what one process learns, count every sample once, and end together.

The trainings are those of `trained_together.py`, run by one, two and three processes on this machine.
"""

import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from errors import UsageError
from nn.layers import Linear
from nn.losses import CrossEntropy
from nn.parallel import ALONE, RankGenerators, Ranks, SharedGradients, TorchrunEnv, join_ranks
from nn.threads import threads

SIZES = (1, 2, 3)
EQUAL = (
    *("hidden layer", "head", "convolutions", "a summed loss", "a sample a step"),
    "three samples a step",  # the first rank has them all, so its batch normalisation sees the whole batch
)
SETS = ("set of 7", "set of 8", "set of 9")
PROGRAM = Path(__file__).with_name("trained_together.py")

Results = dict[int, list[dict[str, Any]]]
TOLD = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}


@pytest.fixture(scope="module")
def together(
    tmp_path_factory: pytest.TempPathFactory, start_ranks: Callable[..., Any], ends: Callable[..., Any]
) -> Results:
    """The results of each rank, by number of processes."""
    folders = {size: tmp_path_factory.mktemp(f"of-{size}") for size in SIZES if size > 1}
    started = {size: start_ranks(size, PROGRAM, folder) for size, folder in folders.items()}
    with threads(1):
        learned = runpy.run_path(str(PROGRAM))["everything"](ALONE, tmp_path_factory.mktemp("alone"))
    for size, processes in started.items():
        assert [(code, err) for code, _, err in ends(processes)] == [(0, "")] * size
    return {1: [json.loads(json.dumps(learned))]} | {
        size: [json.loads((folder / f"rank-{rank}.json").read_text()) for rank in range(size)]
        for size, folder in folders.items()
    }


def assert_close(one: Any, other: Any) -> None:
    """Equal but for the rounding of float32: parameters of about 1, after a few steps."""
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(torch.tensor(one[name]), torch.tensor(other[name]), rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.parametrize("training", EQUAL + SETS)
@pytest.mark.parametrize("size", [2, 3])
def test_ranks_learn_what_one_learns_alone(together: Results, size: int, training: str) -> None:
    alone = together[1][0][training]
    for rank in together[size]:
        assert_close(rank[training]["state"], alone["state"])


@pytest.mark.parametrize("size", [2, 3])
def test_all_ranks_end_with_the_same_bits(together: Results, size: int) -> None:
    first, *others = together[size]
    for training in ("straight", "resumed", "random", "bfloat16", *EQUAL, *SETS):
        for rank in others:
            assert rank[training]["state"] == first[training]["state"]
            assert rank[training]["history"] == first[training]["history"]


@pytest.mark.parametrize("size", SIZES)
def test_the_same_seed_and_number_of_processes_give_the_same_bits(together: Results, size: int) -> None:
    for rank in together[size]:
        assert rank["random again"] == rank["random"]


@pytest.mark.parametrize("size", [2, 3])
def test_each_rank_augments_with_numbers_of_its_own(together: Results, size: int) -> None:
    noise = [number for rank in together[size] for number in rank["random"]["noise"]]
    assert len(set(noise)) == len(noise)
    assert together[size][0]["random"]["state"] != together[1][0]["random"]["state"]


@pytest.mark.parametrize("size", [2, 3])
def test_a_training_leaves_the_generator_in_the_same_state_on_all_ranks(together: Results, size: int) -> None:
    assert len({rank["random"]["next"] for rank in together[size]}) == 1


@pytest.mark.parametrize("training", SETS + EQUAL)
@pytest.mark.parametrize("size", [2, 3])
def test_every_sample_counts_once(together: Results, size: int, training: str) -> None:
    alone, history = together[1][0][training]["history"], together[size][0][training]["history"]
    assert len(history) == len(alone)
    for record, expected in zip(history, alone, strict=True):
        for accuracy in ("train_accuracy", "validation_accuracy"):
            assert record[accuracy] == expected[accuracy]  # a count over a count: no rounding
        for loss in ("train_loss", "validation_loss"):
            assert record[loss] == (expected[loss] and pytest.approx(expected[loss], rel=1e-5))


def test_early_stopping_ends_all_in_the_same_epoch(together: Results) -> None:
    for training in SETS:
        assert {len(rank[training]["history"]) for ranks in together.values() for rank in ranks} != {12}


@pytest.mark.parametrize("size", SIZES)
def test_an_interrupted_training_goes_on_to_the_same_bits(together: Results, size: int) -> None:
    """With augmentation, dropout and batch normalisation; only rank 0 is given the saved state."""
    for rank in together[size]:
        assert rank["resumed"] == rank["straight"]


def test_different_data_on_a_rank_are_an_error_on_all(together: Results) -> None:
    for size in (2, 3):
        for rank in together[size]:
            assert rank["noticed"].startswith(
                f"the photos differ between the {size} processes: give all the same flags"
            )
    assert together[1][0]["noticed"] == ""


def test_all_ranks_get_the_metrics_of_a_finished_training(together: Results) -> None:
    assert {rank["finished"]["accuracy"] for ranks in together.values() for rank in ranks} == {0.5}


def test_the_mean_over_ranks_is_weighted_by_class_weights(together: Results) -> None:
    """The loss divides by the sum of the samples' weights, not by their number; so must the sum over ranks."""
    alone, two = (together[size][0]["head"]["history"][0]["train_loss"] for size in (1, 2))
    assert two == pytest.approx(alone, rel=1e-6)


def test_sums_are_exact_enough_in_half_precision(together: Results) -> None:
    for size in (2, 3):
        for name, values in together[size][0]["bfloat16"]["state"].items():
            torch.testing.assert_close(
                torch.tensor(values), torch.tensor(together[1][0]["bfloat16"]["state"][name]), rtol=0.02, atol=2e-3
            )


@pytest.mark.parametrize("size", SIZES)
def test_progress_counts_the_samples_of_all(together: Results, size: int) -> None:
    assert together[size][0]["progress"]["told"] == [[10, 23], [20, 23], [23, 23]] * 2


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("n", range(1, 14))
def test_the_parts_of_a_batch_are_the_batch(n: int, size: int) -> None:
    batch = torch.arange(n)
    parts = [Ranks(rank, size).shard(batch) for rank in range(size)]
    assert torch.equal(torch.cat(parts), batch)
    lengths = [len(part) for part in parts if len(part)]
    assert max(lengths) - min(lengths) <= 1
    assert min(lengths) >= min(n, 2)
    assert len(lengths) == size or n < 2 * size


def test_one_process_does_no_extra_work() -> None:
    batch, parameters = torch.randn(5, 2), Linear(2, 2, generator=Generator()).parameters()
    assert ALONE.shard(batch) is batch
    assert ALONE.broadcast_bytes(b"x") == b"x"
    assert ALONE.sum([1.5, 2.0]) == [1.5, 2.0]
    value = torch.tensor(1.0)
    assert SharedGradients(parameters, ALONE).all_reduce(CrossEntropy(), value) is value


def draws(rank: int, size: int) -> tuple[Tensor, list[Tensor]]:
    """The order of ten samples, and what a rank draws in two epochs: from the training's generator and a dropout's."""
    given, of_dropout = Generator().manual_seed(1), Generator().manual_seed(50)
    torch.rand(9, generator=given)  # as a network's first weights
    generators = RankGenerators(given, [given, of_dropout], Ranks(rank, size))
    drawn = []
    for epoch in (1, 2):
        generators.start_epoch(epoch)
        drawn += [torch.rand(5, generator=generators.own), torch.rand(5, generator=of_dropout)]
    return torch.randperm(10, generator=generators.order), drawn


def test_ranks_share_the_order_of_the_samples_and_draw_the_rest_each_for_itself() -> None:
    ranks = [draws(rank, 3) for rank in range(3)]
    after_the_weights = Generator().manual_seed(1)
    torch.rand(9, generator=after_the_weights)
    expected = torch.randperm(10, generator=after_the_weights)
    assert all(torch.equal(order, expected) for order, _ in ranks)
    distinct = {tuple(numbers.tolist()) for _, drawn in ranks for numbers in drawn}
    assert len(distinct) == 3 * 4


def test_one_process_draws_all_from_the_one_generator() -> None:
    given = Generator().manual_seed(1)
    generators = RankGenerators(given, [given], ALONE)
    assert generators.order is generators.own is given
    before = given.get_state()
    generators.start_epoch(1)
    generators.finish()
    assert torch.equal(given.get_state(), before)


@pytest.mark.parametrize("size", [1, 3])
def test_on_another_kind_of_device_augmentation_draws_for_itself(size: int, another_kind: str) -> None:
    after_the_weights = Generator().manual_seed(1)
    torch.rand(9, generator=after_the_weights)
    expected = torch.randperm(10, generator=after_the_weights)
    seeds = {1}  # of the dropout
    for rank in range(size):
        given, of_dropout = Generator().manual_seed(1), Generator().manual_seed(1)
        torch.rand(9, generator=given)
        generators = RankGenerators(given, [of_dropout], Ranks(rank, size), torch.device(another_kind))
        generators.start_epoch(1)
        seeds.add(generators.own.initial_seed())
        assert torch.equal(torch.randperm(10, generator=generators.order), expected)
        generators.finish()
        assert torch.equal(given.get_state(), after_the_weights.get_state())
        assert list(generators.to_resume) == (["training", "augmentation"] if size == 1 else ["training"])
    assert len(seeds) == 1 + size


def test_without_torchrun_one_trains_alone() -> None:
    for environment in ({}, {"LOCAL_RANK": "3", "MASTER_ADDR": "x"}, TOLD | {"WORLD_SIZE": "1"}):
        with join_ranks(environment) as ranks:
            assert ranks is ALONE


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"WORLD_SIZE": None}, "RANK and LOCAL_RANK and MASTER_ADDR and MASTER_PORT in the environment, but no WORLD_"),
        ({"RANK": None}, "but no RANK: expected RANK, WORLD_SIZE, .* start with torchrun, or unset"),
        ({"MASTER_PORT": None}, "but no MASTER_PORT"),
        (
            {"RANK": "2"},
            "RANK=2, WORLD_SIZE=2, LOCAL_RANK=0 in the environment: expected ranks from 0 to WORLD_SIZE - 1",
        ),
        ({"WORLD_SIZE": "two"}, "WORLD_SIZE=two"),
        ({"LOCAL_RANK": "-1"}, "LOCAL_RANK=-1"),
    ],
)
def test_a_world_that_cannot_be_is_one_line(changed: dict[str, str | None], message: str) -> None:
    environment = {name: value for name, value in (TOLD | changed).items() if value is not None}
    with pytest.raises(UsageError, match=message) as disk_error:
        TorchrunEnv.of(environment)
    assert "\n" not in str(disk_error.value)


def test_more_processes_than_samples_are_refused() -> None:
    Ranks(0, 3).check_samples(3, "photos")
    with pytest.raises(UsageError, match="3 processes for 2 training photos: expected at least one each; start fewer"):
        Ranks(0, 3).check_samples(2, "photos")


@pytest.mark.parametrize(("visible", "own"), [(None, ["0", "1", "2"]), ("4,6", ["4", "6", ""]), ("", ["", "", ""])])
def test_each_rank_of_a_machine_sees_a_gpu_of_its_own(visible: str | None, own: list[str]) -> None:
    from nn.parallel.process_group import show_own_gpu

    for local_rank, expected in enumerate(own):
        environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
        show_own_gpu(environment, local_rank)
        assert environment["CUDA_VISIBLE_DEVICES"] == expected
