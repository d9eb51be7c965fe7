"""Who is this? Classifiers of faces and digits that can be read, trained and looked at.

    import faces

    run = faces.load("runs/mine")                        # any run folder, or what `save` has written
    run.predict(["photo.jpg"]), run.predict_proba(["photo.jpg"])

    photos = faces.load_folder("photos").split(seed=0)   # DIR/<person>/<photo> -> train, validation, test
    model = faces.HiddenClassifier(hidden=300)
    model.fit(photos.train.images, photos.train.names)
    model.score(photos.test.images, photos.test.names)
    model.plot_weights().savefig("weights.png")
    model.save("mine.safetensors")

Each classifier has the interface of scikit-learn's: parameters are keywords, `get_params` and `set_params` work, so do
`clone`, `cross_val_score`, `GridSearchCV`, `Pipeline` and pickle. Images are paths, Pillow images or arrays
(height, width[, 3]), uint8 in 0..255 or floats in [0, 1], in a list or as one array (N, height, width[, 3]).
Whatever is wrong with what is given is a `FacesError` of one line.

    classifier, hidden, transfer    what classifiers share; the hidden layer on pixels; a network on frozen features
    backbones/, features/           frozen networks; their features, computed once and kept
    detection/                      faces in whole photos
    folder                          a folder of photos, split
    training_run, run, run_page, pictures   train-faces: a folder in, a run folder out; and reading it back
    export/                         a run as one file for other programs, ONNX or TorchScript
    compared                        runs read back to be put side by side
    run_files, enrolment            the files of a run; a person more or less in it, without a training
    predict, predictions            files in, a line for each face out
    open_set                        how strangers are told from known people
    settings                        every default, without torch, so that --help is quick
"""

import importlib
from typing import TYPE_CHECKING, Any

from errors import FacesError

if TYPE_CHECKING:
    from faces.folder import Part, PhotoFolder, SplitFolder, load_folder
    from faces.hidden import HiddenClassifier
    from faces.run import load
    from faces.transfer import TransferClassifier
    from mnist.classifier import DigitClassifier

__all__ = [
    "DigitClassifier",
    "FacesError",
    "HiddenClassifier",
    "Part",
    "PhotoFolder",
    "SplitFolder",
    "TransferClassifier",
    "load",
    "load_folder",
]

_MODULES = {
    "DigitClassifier": "mnist.classifier",
    "HiddenClassifier": "faces.hidden",
    "Part": "faces.folder",
    "PhotoFolder": "faces.folder",
    "SplitFolder": "faces.folder",
    "TransferClassifier": "faces.transfer",
    "load": "faces.run",
    "load_folder": "faces.folder",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for: torch takes a second, and `faces --help` needs none of it."""
    if name == "__version__":
        return _version()
    if name in _MODULES:
        return getattr(importlib.import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'faces' has no attribute {name!r}")


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("faces")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "0+unknown"


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
