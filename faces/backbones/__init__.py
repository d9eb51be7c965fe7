"""Frozen networks: crops in, features out, computed once.

backbone    what all of them promise
precision   float32 or bfloat16, whichever the device computes faster
alexnet/    AlexNet up to conv5
"""

from faces.backbones.alexnet.alexnet import AlexNet, load_alexnet
from faces.backbones.backbone import Backbone

__all__ = ["AlexNet", "Backbone", "load_alexnet"]
