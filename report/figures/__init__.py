"""Figures as PNG bytes: curves, confusion matrices, weights as tiles. The same numbers give the same bytes."""
