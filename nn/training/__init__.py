"""The training loop, for digits and faces alike.

loop             `train`
step             `training_step`: forward, loss, backward, step, zero
captured         the step as a CUDA graph
batches          where the samples come from
evaluation       loss and accuracy on data
history          what was measured in each epoch
early_stopping   when to stop
state            all that a resumed training needs, as tensors and JSON
resume           what is saved while training, and what is read to resume it
"""

from nn.training.batches import Batches, Data, TensorBatches
from nn.training.early_stopping import EarlyStopping
from nn.training.evaluation import Metric, Scores, correct, evaluate
from nn.training.history import EpochRecord, History
from nn.training.loop import Augment, OnBatch, OnEpoch, TrainingSettings, train
from nn.training.resume import Asked, StateKeeper, fingerprint_of, left_behind
from nn.training.state import TrainingState
from nn.training.step import training_step

__all__ = [
    "Asked",
    "Augment",
    "Batches",
    "Data",
    "EarlyStopping",
    "EpochRecord",
    "History",
    "Metric",
    "OnBatch",
    "OnEpoch",
    "Scores",
    "StateKeeper",
    "TensorBatches",
    "TrainingSettings",
    "TrainingState",
    "correct",
    "evaluate",
    "fingerprint_of",
    "left_behind",
    "train",
    "training_step",
]
