"""Frozen networks: crops in, features out; nothing here is trained.

catalogue            the backbone that --model names
backbone             the interface of all of them
precision            float32 or bfloat16, whichever the device computes faster
weight_files         a file of weights -> named tensors
torchvision_weights  torchvision's own weights, downloaded once
alexnet/             a network, with all that only it needs; a further one is a package beside it
face/                a network that tells faces apart
torchvision_network  any classification network of torchvision
"""
