"""The file that a run on digits has beside those of `report.run_folder`, and reading its network back.

mistakes.png   the test digits it misread, the most certain first; missing when there are none
"""

from pathlib import Path

from errors import RunError
from mnist.classifier import DigitClassifier
from mnist.networks import NETWORKS
from nn import checkpoint
from report.run_folder import MODEL, read_model

MISTAKES = "mistakes.png"


def holds_digits(run: Path) -> bool:
    """Tell a run on digits from one on faces. Raises RunError when it is neither."""
    data = read_model(run)
    try:
        return checkpoint.load(data)[1].get("model") in NETWORKS
    except RunError as error:
        raise RunError(f"{run / MODEL}: {error}") from error


def load_digit_classifier(run: Path) -> DigitClassifier:
    """Read the network of a run folder. Raises RunError when it is missing, damaged or of another kind or format."""
    data = read_model(run)
    try:
        return DigitClassifier.from_bytes(data)
    except RunError as error:
        raise RunError(f"{run / MODEL}: {error}") from error
