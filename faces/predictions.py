"""What a prediction says of a face, and how it is written: a line of CSV, or a JSON object on a line.

The columns are a promise to those who read them by program: none is renamed, moved or left out.
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from data.download.manifest import escape_formula
from data.reasons import Reason
from data.rows import Box

COLUMNS = ("file", "box", "name", "probability", "status")
_DIGITS = 4  # of a probability


class Status(StrEnum):
    """What an answer is worth; a photo that cannot be used has its `data.reasons.Reason` instead."""

    OK = "ok"  # one of the people the run knows
    UNKNOWN = "unknown"  # below the threshold: most likely none of them; the name is the best guess all the same
    NO_FACE = "no_face"  # nothing was found that looks like a face
    NO_PHOTO = "no_photo"  # a folder without a photo in it, or one that may not be looked into
    UNREADABLE = "unreadable"  # a file that cannot be opened: it is missing, or may not be read


ANSWERED = frozenset({Status.OK, Status.UNKNOWN, Status.NO_FACE})
"""What a photo can come to without anything having gone wrong."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One line of the output. Name and probability are there when a face was looked at."""

    file: Path
    box: Box | None  # what was looked at, in pixels of the upright photo; None: the whole photo
    name: str | None
    probability: float | None  # in [0, 1]
    status: Status | Reason
    detail: str = field(default="", compare=False)  # what is wrong with the photo, in words; not part of the output


def csv_line(answer: Prediction) -> str:
    """`file,box,name,probability,status`; what is not there is empty."""
    probability = "" if answer.probability is None else f"{answer.probability:.{_DIGITS}f}"
    return _row(answer.file, answer.box or "", escape_formula(answer.name or ""), probability, answer.status)


def json_line(answer: Prediction) -> str:
    """An object with the same keys; the box is a list of four numbers, what is not there is null."""
    values = (
        str(answer.file),
        answer.box and list(answer.box),
        answer.name,
        None if answer.probability is None else round(answer.probability, _DIGITS),
        answer.status,
    )
    return json.dumps(dict(zip(COLUMNS, values, strict=True))) + "\n"


def _row(*values: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(values)
    return text.getvalue()


FORMATS: dict[str, tuple[str, Callable[[Prediction], str]]] = {
    "csv": (_row(*COLUMNS), csv_line),
    "json": ("", json_line),
}
"""Format -> what comes before the first answer, and how an answer is written."""
