"""The photos of a trained run whose names may be wrong: its most certain mistakes, and where it was least sure."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from data.download.manifest import escape_formula
from errors import RunError, UsageError
from report.page.ranking import MISTAKES
from report.run_folder import PREDICTIONS, SPLIT, read_file, read_json, read_metrics


@dataclass(frozen=True, slots=True)
class Doubt:
    """What the run said of a test photo."""

    sha256: str
    person: str  # whose folder it was in
    name: str  # the run's answer
    probability: float


def doubts_of(run: Path, folder: Path) -> list[Doubt]:
    """Return the doubtful test photos of a run on the photos in `folder`: every mistake, the most certain first, then
    those that were named rightly with the lowest probability.

    UsageError when the run is of other photos, RunError when it cannot be read.
    """
    if not is_run_of(run, folder):
        raise UsageError(f"{run} was trained on {read_metrics(run).get('data')}, not on {folder}: name that folder")
    split = read_json(run, SPLIT)
    try:
        digests = {escape_formula(file): digest for file, digest in split["sha256"].items()}
        text = read_file(run, PREDICTIONS).decode()
        doubts = [
            Doubt(digests[row["file"]], row["person"], row["predicted"], float(row["probability"]))
            for row in csv.DictReader(io.StringIO(text))
        ]
    except (AttributeError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise RunError(f"{run} is incomplete, or of an earlier version ({error}): train again") from error
    wrong = sorted((one for one in doubts if one.name != one.person), key=lambda one: -one.probability)
    right = sorted((one for one in doubts if one.name == one.person), key=lambda one: one.probability)
    return [*wrong, *right[:MISTAKES]]


def is_run_of(run: Path, folder: Path) -> bool:
    """Whether a run was trained on the photos in a folder. RunError when it cannot be read."""
    return Path(str(read_metrics(run).get("data"))).resolve() == folder.resolve()
