"""Frozen networks: crops in, features out, computed once.

alexnet/   AlexNet up to conv5
"""
