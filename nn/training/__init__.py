"""The one training loop: digits and faces are trained by it.

loop             `train`, and the five verbs of a step
batches          where the loop's data come from
evaluation       loss and accuracy, every sample once
history          what an epoch measured
early_stopping   when to stop
state            all that a resumed training needs, and nothing else
resume           an interrupted training goes on, if it is the same
"""

from nn.training.history import EpochRecord, History
from nn.training.loop import TrainingSettings, train, training_step
from nn.training.state import TrainingState

__all__ = ["EpochRecord", "History", "TrainingSettings", "TrainingState", "train", "training_step"]
