"""Pictures of a run: learning curves, confusion matrices, weights as tiles. Needs matplotlib and plain arrays only.

Each function returns PNG bytes, the same for the same numbers; who calls decides where they go.
"""
