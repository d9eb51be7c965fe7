"""How sharp a face is, so that of many photos of somebody the best can be shown."""

import numpy as np
from PIL import Image


def sharpness(face: Image.Image) -> float:
    """Return the variance of the Laplacian of a picture's grey values, 0 for a flat one; larger is sharper.

    The Laplacian of a pixel is the sum of its four neighbours less four times itself: large at edges, which blur takes
    away (Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy: a comparative study, 2000). It compares
    faces of one size in pixels: a small face that was made larger counts as blurred.
    """
    grey = np.asarray(face.convert("L"), np.float32)  # (height, width)
    inside = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inside
    return float(laplacian.var()) if laplacian.size else 0.0
