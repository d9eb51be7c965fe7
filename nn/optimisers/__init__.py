"""How a gradient becomes a step, one rule a file. `base.py` holds what they share."""

from nn.optimisers.adam import Adam
from nn.optimisers.adamw import AdamW
from nn.optimisers.base import Optimiser
from nn.optimisers.muon import Muon
from nn.optimisers.sgd import SGD

__all__ = ["SGD", "Adam", "AdamW", "Muon", "Optimiser"]
