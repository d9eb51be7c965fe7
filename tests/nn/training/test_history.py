"""An epoch's record is the same after writing and reading JSON, also with an infinite loss."""

import json
import math

import pytest
import torch

from nn.schedules import Constant, Step
from nn.training import EarlyStopping, EpochRecord, History, TensorBatches, TrainingState


def record(epoch: int = 1, train_loss: float = 0.1 + 0.2) -> EpochRecord:
    return EpochRecord(
        epoch=epoch,
        lr=1e-3,
        train_loss=train_loss,
        train_accuracy=1 / 3,
        validation_loss=None,
        validation_accuracy=None,
        seconds=0.25,
    )


def through_json(original: EpochRecord) -> EpochRecord:
    return EpochRecord.from_json(json.loads(json.dumps(original.to_json(), allow_nan=False)))


@pytest.mark.parametrize("train_loss", [0.1 + 0.2, 1e300, math.inf, -math.inf])
def test_a_record_comes_back_equal(train_loss: float) -> None:
    assert through_json(record(train_loss=train_loss)) == record(train_loss=train_loss)


def test_a_loss_that_is_no_number_comes_back_as_none() -> None:
    assert math.isnan(through_json(record(train_loss=math.nan)).train_loss)


def test_a_column_is_a_list_over_the_epochs() -> None:
    history = History([record(1, 3.0), record(2, 2.0)])
    assert len(history) == 2
    assert history.column("train_loss") == [3.0, 2.0]


def test_columns_are_those_that_were_measured() -> None:
    assert list(History([record()]).columns()) == ["epoch", "train_loss", "train_accuracy"]


def test_a_table_has_a_line_an_epoch_and_nothing_where_nothing_was_measured() -> None:
    assert History([record(1, 3.0)]).to_csv().splitlines() == [
        "epoch,lr,train_loss,train_accuracy,validation_loss,validation_accuracy,seconds",
        "1,0.001,3.0,0.3333333333333333,,,0.25",
    ]


def test_repr_is_one_line_with_length_and_best_epoch() -> None:
    assert repr(History()) == "History(0 epochs)"
    records = [
        EpochRecord(
            epoch=epoch,
            lr=0.1,
            train_loss=1 / epoch,
            train_accuracy=None,
            validation_loss=None,
            validation_accuracy=None,
            seconds=1.0,
        )
        for epoch in (1, 2)
    ]
    assert repr(History(records, 2, True)) == "History(2 epochs, best 2, training loss 0.5, stopped early)"
    state = TrainingState(
        {"parameters/weight": torch.ones(2, 2)}, {"history": [record.to_json() for record in records]}
    )
    assert repr(state) == "TrainingState(2 epochs, 1 tensor)"


def test_what_a_training_is_made_of_is_one_line_without_its_tensors() -> None:
    assert repr(TensorBatches(torch.ones(3, 2), torch.arange(3))) == "TensorBatches(((3, 2), float32), ((3,), int64))"
    assert repr(EarlyStopping(3, mode="max")) == "EarlyStopping(3, mode='max')"
    assert repr(Constant(0.1)) == "Constant(lr=0.1)"
    assert repr(Step(0.1, every=10)) == "Step(lr=0.1, every=10, factor=0.1)"
