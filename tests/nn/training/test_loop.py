"""The loop: what it calls, in which order, what it measures, when it stops and what it leaves behind."""

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from errors import DivergedError, LayerError
from nn.layers import BatchNorm, Layer, Linear, ReLU, Sequential
from nn.losses import MSE, CrossEntropy, Loss, SquaredError
from nn.optimisers import SGD, Adam, AdamW
from nn.schedules import Constant, InverseTime
from nn.training import EpochRecord, History, TensorBatches, TrainingSettings, TrainingState, train, training_step


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def network() -> Sequential:
    return Sequential(Linear(2, 8, generator=seeded()), ReLU(), Linear(8, 2, generator=seeded()))


def points(n: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Points of the plane; the class is the side of a diagonal."""
    x = torch.randn(n, 2, generator=seeded(seed))
    return x, (x[:, 0] > x[:, 1]).long()


def run(layer: Layer, data: Any, lr: float = 0.1, seed: int = 0, **options: Any) -> History:
    """Train with SGD; options that are fields of TrainingSettings go there, the others to `train`."""
    fields = TrainingSettings.__dataclass_fields__
    settings = {"epochs": 3, "batch_size": 10} | {k: v for k, v in options.items() if k in fields}
    others: dict[str, Any] = {k: v for k, v in options.items() if k not in fields}
    arguments = (layer, CrossEntropy(), SGD(layer.parameters()), Constant(lr), data)
    return train(*arguments, settings=TrainingSettings(**settings), generator=seeded(seed), **others)


class Recorder(TensorBatches):
    """A source that writes down the targets of the batches it gave."""

    def __init__(self, n: int) -> None:
        super().__init__(torch.ones(n, 2), torch.arange(n))
        self.seen: list[list[int]] = []

    def batches(self, size: int, shuffle: Generator | None) -> Iterator[tuple[Tensor, Tensor]]:
        for x, number in super().batches(size, shuffle):
            self.seen.append(number.tolist())
            yield x, number % 2


def test_it_learns() -> None:
    layer = network()
    history = run(layer, points(200), epochs=40, validation=points(100, seed=1))
    assert history.records[-1].train_loss < 0.2 < history.records[0].train_loss
    assert history.records[-1].validation_accuracy is not None
    assert history.records[-1].validation_accuracy > 0.95


def test_a_step_is_forward_loss_backward_step_zero() -> None:
    layer, (x, target) = network(), points(7)
    loss, optimiser = CrossEntropy(), SGD(layer.parameters())
    before = {name: value.clone() for name, value in layer.state().items()}
    expected = float(loss.forward(layer.forward(x, training=True), target))
    layer.backward_parameters(loss.backward())
    gradients = {name: p.grad for name, p in layer.parameters().items() if p.grad is not None}
    optimiser.zero()
    value, y = training_step(layer, loss, optimiser, 0.1, x, target)
    assert float(value) == expected
    assert y.shape == (7, 2)
    for name, parameter in layer.parameters().items():
        torch.testing.assert_close(parameter.value, before[name] - 0.1 * gradients[name])
        assert parameter.grad is None


def test_the_loop_is_torchs_loop_in_fixed_order() -> None:
    layer, (x, target) = network().to(dtype=torch.float64), points(23)
    x = x.double()
    module = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2)).double()
    module.load_state_dict(layer.state())
    optimiser = torch.optim.Adam(module.parameters())
    settings = TrainingSettings(epochs=3, batch_size=10, shuffle=False)
    schedule = InverseTime(0.01, decay=0.1)
    train(layer, MSE(), Adam(layer.parameters()), schedule, (x, target), settings=settings, generator=seeded())
    rows = torch.nn.functional.one_hot(target, 2).double()
    for step in range(9):
        part = slice(step % 3 * 10, step % 3 * 10 + 10)
        optimiser.param_groups[0]["lr"] = schedule(step)
        optimiser.zero_grad()
        torch.autograd.backward(torch.nn.functional.mse_loss(module(x[part]), rows[part]))
        optimiser.step()
    for name, value in module.state_dict().items():
        torch.testing.assert_close(layer.state()[name], value, rtol=1e-10, atol=1e-12)


def test_fixed_order_and_a_last_partial_batch() -> None:
    source = Recorder(7)
    run(network(), source, epochs=2, batch_size=3, shuffle=False)
    assert source.seen == [[0, 1, 2], [3, 4, 5], [6]] * 2


def test_shuffling_draws_a_new_order_each_epoch_by_the_seed() -> None:
    one, two, other = Recorder(8), Recorder(8), Recorder(8)
    for source, seed in ((one, 0), (two, 0), (other, 1)):
        run(network(), source, epochs=2, batch_size=4, seed=seed)
    assert one.seen == two.seen
    assert one.seen != other.seen
    assert one.seen[:2] != one.seen[2:]
    assert sorted(one.seen[0] + one.seen[1]) == list(range(8))


def test_a_seed_decides_every_bit() -> None:
    layers = [network() for _ in range(3)]
    for layer, seed in zip(layers, (0, 0, 1), strict=True):
        run(layer, points(50), seed=seed)
    first, second, third = (layer.state()["0.weight"] for layer in layers)
    assert torch.equal(first, second)
    assert not torch.equal(first, third)


def test_the_schedule_is_asked_for_every_step() -> None:
    asked: list[int] = []

    def schedule(step: int) -> float:
        asked.append(step)
        return 0.1 / (step + 1)

    layer = network()
    settings = TrainingSettings(epochs=2, batch_size=10)
    history = train(
        layer, CrossEntropy(), SGD(layer.parameters()), schedule, points(25), settings=settings, generator=seeded()
    )
    assert sorted(set(asked)) == [0, 1, 2, 3, 4, 5]
    assert history.column("lr") == [0.1 / 3, 0.1 / 6]


def test_a_record_tells_the_epoch_with_losses_a_sample() -> None:
    layer, (x, target) = network(), points(25)
    y = layer.forward(x)
    history = run(layer, (x, target), epochs=2, lr=0.0, validation=(x, target))
    loss = float(CrossEntropy().forward(y, target))
    assert history.column("epoch") == [1, 2]
    for record in history.records:
        assert record.train_loss == pytest.approx(loss, rel=1e-6)
        assert record.validation_loss == pytest.approx(loss, rel=1e-6)
        assert record.train_accuracy == record.validation_accuracy == int((y.argmax(1) == target).sum()) / 25
        assert record.seconds > 0


def test_a_summed_loss_is_recorded_a_sample_too() -> None:
    layer, (x, target) = network(), points(25)
    loss = CrossEntropy(reduction="sum")
    settings = TrainingSettings(epochs=1, batch_size=10)
    history = train(
        layer, loss, SGD(layer.parameters()), Constant(0.0), (x, target), settings=settings, generator=seeded()
    )
    assert history.records[0].train_loss == pytest.approx(float(CrossEntropy().forward(layer.forward(x), target)))


@pytest.mark.parametrize(("loss", "title"), [(MSE(), "mean squared error"), (SquaredError(), "half the squared error")])
def test_the_history_has_the_name_of_what_was_minimised(loss: Loss, title: str) -> None:
    saved: list[TrainingState] = []
    for epochs in (1, 2):
        layer, settings = network(), TrainingSettings(epochs=epochs, batch_size=5)
        history = train(
            *(layer, loss, SGD(layer.parameters()), Constant(0.1), points(10)),
            settings=settings,
            generator=seeded(),
            on_epoch=lambda record, state: saved.append(state()),
            resume=saved[0] if saved else None,
        )
        assert (len(history), history.loss) == (epochs, title)


def test_without_validation_or_metric_their_columns_are_none() -> None:
    record = run(network(), points(10), epochs=1, metric=None).records[0]
    assert (record.train_accuracy, record.validation_loss, record.validation_accuracy) == (None, None, None)


def test_progress_is_told_by_batch_and_by_epoch() -> None:
    told: list[tuple[int, int]] = []
    epochs: list[int] = []
    run(
        network(),
        points(25),
        epochs=2,
        on_batch=lambda done, samples: told.append((done, samples)),
        on_epoch=lambda record, state: epochs.append(record.epoch),
    )
    assert told == [(10, 25), (20, 25), (25, 25)] * 2
    assert epochs == [1, 2]


def test_augmentation_sees_training_batches_only_with_the_generator() -> None:
    seen: list[int] = []

    def augment(x: Tensor, generator: Generator) -> Tensor:
        seen.append(len(x))
        return x + torch.randn(x.shape, generator=generator)

    layer, plain = network(), network()
    run(layer, points(25), epochs=1, augment=augment, validation=points(30))
    run(plain, points(25), epochs=1)
    assert seen == [10, 10, 5]
    assert not torch.equal(layer.state()["0.weight"], plain.state()["0.weight"])


class Replay(TensorBatches):
    """A validation source on which a network that answers almost 0 has the loss `numbers[e - 1]` in epoch e."""

    def __init__(self, numbers: list[float]) -> None:
        super().__init__(torch.zeros(1, 2), torch.zeros(1))
        self.numbers = list(numbers)

    def batches(self, size: int, shuffle: Generator | None) -> Iterator[tuple[Tensor, Tensor]]:
        yield torch.zeros(1, 2), torch.full((1, 2), self.numbers.pop(0))


def replay(numbers: list[float], settings: TrainingSettings) -> tuple[History, Tensor, list[Tensor]]:
    """Train while validation says `numbers`; return the history, the weights left, and those after every epoch."""
    layer = Linear(2, 2, generator=seeded())
    weights: list[Tensor] = []
    history = train(
        layer,
        MSE(),
        SGD(layer.parameters()),
        Constant(1e-6),
        (torch.ones(4, 2), torch.zeros(4, 2)),
        settings=settings,
        generator=seeded(),
        validation=Replay(numbers),
        on_epoch=lambda record, state: weights.append(layer.weight.value.clone()),
    )
    return history, layer.weight.value, weights


@pytest.mark.parametrize("restore_best", [True, False])
def test_early_stopping_ends_on_the_best_parameters(restore_best: bool) -> None:
    settings = TrainingSettings(epochs=6, batch_size=2, patience=2, restore_best=restore_best)
    history, left, weights = replay([5.0, 3.0, 1.0, 2.0, 4.0, 0.5], settings)
    assert (len(history), history.best_epoch, history.stopped_early) == (5, 3, True)
    assert torch.equal(left, weights[2 if restore_best else 4])


def test_early_stopping_by_three_rises_in_a_row() -> None:
    settings = TrainingSettings(epochs=9, batch_size=2, patience=3, stop_rule="worsened", first_epoch=3)
    history, _, _ = replay([1.0, 2.0, 3.0, 4.0, 3.5, 4.0, 5.0, 6.0, 7.0], settings)
    assert (len(history), history.stopped_early) == (8, True)


def test_without_patience_all_epochs_are_trained_and_the_last_parameters_stay() -> None:
    history, left, weights = replay([1.0, 2.0, 3.0], TrainingSettings(epochs=3, batch_size=2))
    assert (len(history), history.best_epoch, history.stopped_early) == (3, 1, False)
    assert torch.equal(left, weights[-1])


def test_early_stopping_can_watch_the_accuracy() -> None:
    history = run(
        network(), points(50), lr=0.0, epochs=9, patience=2, monitor="validation_accuracy", validation=points(20)
    )
    assert (len(history), history.best_epoch) == (3, 1)


def test_a_loss_that_may_run_off_is_recorded_and_the_best_still_restored() -> None:
    layer = network()
    history = run(layer, points(50), lr=1e30, epochs=5, patience=2, validation=points(20), may_diverge=True)
    assert any(not math.isfinite(record.train_loss) for record in history.records)
    assert history.stopped_early


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_it_trains_in_any_dtype(dtype: torch.dtype) -> None:
    layer, (x, target) = network().to(dtype=dtype), points(50)
    history = run(layer, (x.to(dtype), target), epochs=10, validation=(x.to(dtype), target))
    assert history.records[-1].train_loss < history.records[0].train_loss
    assert {value.dtype for value in layer.state().values()} == {dtype}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_sees_the_same_batches_and_learns_the_same() -> None:
    here, there = network(), network().to("cuda")
    x, target = points(50)
    run(here, (x, target))
    run(there, (x.cuda(), target.cuda()))
    torch.testing.assert_close(there.state()["0.weight"].cpu(), here.state()["0.weight"])


def test_no_epochs_change_nothing() -> None:
    layer = network()
    assert len(run(layer, points(10), epochs=0)) == 0
    assert torch.equal(layer.state()["0.weight"], network().state()["0.weight"])


DIVERGING: dict[str, Callable[[Layer], dict[str, Any]]] = {
    "a large rate": lambda layer: {"optimiser": SGD(layer.parameters()), "schedule": Constant(1e30)},
    "a large decay": lambda layer: {
        "optimiser": AdamW(layer.parameters(), weight_decay=1e4),
        "schedule": Constant(1.0),
    },
    "weights alone": lambda layer: {  # after the last step of the epoch: its losses are finite
        "optimiser": SGD(layer.parameters()),
        "schedule": lambda step: 0.1 if step < 3 else math.inf,
    },
}


@pytest.mark.parametrize("why", DIVERGING)
def test_a_training_that_diverges_ends_before_the_epoch_is_kept(why: str) -> None:
    layer, kept = network(), list[int]()
    settings = TrainingSettings(epochs=50, batch_size=50)
    with pytest.raises(
        DivergedError, match=r"diverged in epoch \d+, its .*: lower the learning rate \(--lr\)"
    ) as raised:
        train(
            layer,
            CrossEntropy(),
            data=points(200),
            settings=settings,
            generator=seeded(),
            on_epoch=lambda record, state: kept.append(record.epoch),
            **DIVERGING[why](layer),
        )
    assert f"in epoch {len(kept) + 1}," in str(raised.value)
    assert ("--weight-decay" in str(raised.value)) == (why == "a large decay")


@pytest.mark.parametrize(("n", "sizes"), [(21, [10, 11]), (22, [10, 10, 2]), (11, [11]), (20, [10, 10])])
def test_a_last_sample_alone_joins_the_batch_before_it_where_batches_are_normalised(n: int, sizes: list[int]) -> None:
    layer = Sequential(Linear(2, 4, generator=seeded()), BatchNorm(4), Linear(4, 2, generator=seeded()))
    steps: list[int] = []
    run(layer, points(n), epochs=1, on_batch=lambda done, of: steps.append(done))
    assert [end - start for start, end in zip([0, *steps], steps, strict=False)] == sizes


def test_a_last_sample_alone_stays_alone_where_nothing_is_normalised() -> None:
    source = Recorder(21)
    run(network(), source, epochs=1, shuffle=False)
    assert source.seen[-1] == [20]


def test_a_patience_for_a_number_that_is_not_measured_is_refused() -> None:
    with pytest.raises(LayerError, match="pass validation data, or no patience"):
        run(network(), points(10), patience=2)
    with pytest.raises(LayerError, match="pass a metric, or monitor validation_loss"):
        run(
            network(),
            points(10),
            patience=2,
            monitor="validation_accuracy",
            metric=None,
            validation=points(5),
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": -1, "batch_size": 1}, "epochs must be at least 0, got -1"),
        ({"epochs": 1, "batch_size": 0}, "batch_size must be at least 1, got 0"),
        ({"epochs": 1, "batch_size": 1, "patience": 0}, "patience must be at least 1, got 0"),
        ({"epochs": 1, "batch_size": 1, "monitor": "loss"}, "monitor must be one of"),
        ({"epochs": 1, "batch_size": 1, "stop_rule": "soon"}, "rule must be one of"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(LayerError, match=message):
        TrainingSettings(**settings)


def test_records_are_plain_numbers() -> None:
    record = run(network(), points(10), epochs=1, validation=points(5)).records[0]
    assert isinstance(record, EpochRecord)
    assert all(type(value) in (int, float) for value in record.to_json().values())


@pytest.mark.parametrize(("batch_size", "sizes"), [(2, [2, 3]), (3, [3, 2]), (4, [5]), (5, [5])])
def test_so_it_does_in_batches_as_small_as_two(batch_size: int, sizes: list[int]) -> None:
    layer = Sequential(Linear(2, 4, generator=seeded()), BatchNorm(4), Linear(4, 2, generator=seeded()))
    steps: list[int] = []
    run(layer, points(5), epochs=1, batch_size=batch_size, on_batch=lambda done, of: steps.append(done))
    assert [end - start for start, end in zip([0, *steps], steps, strict=False)] == sizes


@pytest.mark.parametrize(("batch_size", "sizes"), [(1, [1] * 5), (2, [2, 2, 1]), (4, [4, 1])])
def test_and_alone_in_such_batches_where_nothing_is_normalised(batch_size: int, sizes: list[int]) -> None:
    steps: list[int] = []
    run(network(), points(5), epochs=1, batch_size=batch_size, on_batch=lambda done, of: steps.append(done))
    assert [end - start for start, end in zip([0, *steps], steps, strict=False)] == sizes
