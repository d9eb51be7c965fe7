"""A ResNet that tells faces apart, frozen: aligned crops in, 128 numbers each out.

face           the backbone, and where its weights are
architecture   the network as a table
weight_file    a file of its weights -> weights
network        the forward pass
"""
