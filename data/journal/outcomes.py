"""What became of a row, as values: an outcome, and the line of the journal in which it is kept.

A column is added here together with the tables of `schema`.
"""

from dataclasses import dataclass
from typing import NamedTuple

from data.reasons import Reason
from data.rows import BadRow, Box, Row

# Of the database and of a cluster's shards, whose formats call the perceptual hash "look".
COLUMNS = (
    *("key", "name", "url", "box", "sha256", "reason", "file", "photo", "crop", "detail", "look"),
    *("md5", "whole"),  # since format 3
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a row ended.

    `file` is the crop's name relative to the folder, `photo` the SHA-256 of the bytes that came, if any did, `crop` the
    SHA-256 of the crop's file. `fresh` is False when an earlier run had ended the row already.
    """

    row: Row | BadRow
    reason: Reason
    file: str | None = None
    photo: str | None = None
    crop: str | None = None
    detail: str = ""
    fresh: bool = True
    perceptual_hash: str | None = None
    whole_hash: str | None = None  # of the whole photo, if no digest is listed that says that it is the right one


class ManifestLine(NamedTuple):
    """A row of a list with its outcome; of a bad row, name and URL as far as they can be read.

    `is_selected`: this run was asked for it. `is_repeated`: a list that was read earlier has it too.
    """

    number: int
    name: str | None
    url: str | None
    box: str | None
    sha256: str | None
    reason: str
    file: str | None
    photo: str | None
    md5: str | None
    is_selected: bool
    is_repeated: bool
    list: str


class StoredCrop(NamedTuple):
    """A stored crop: the key of its outcome, its file, the SHA-256 of the file, and the row that it was made from.

    The key is not the row's own where the crop was moved to another person.
    """

    key: bytes
    file: str
    crop: str
    row: Row


class Record(NamedTuple):
    """An outcome in the order of `COLUMNS`."""

    key: bytes
    name: str | None
    url: str | None
    box: str | None
    sha256: str | None
    reason: str
    file: str | None
    photo: str | None
    crop: str | None
    detail: str
    perceptual_hash: str | None
    md5: str | None
    whole_hash: str | None


def record_of(key: bytes, outcome: Outcome) -> Record:
    """The line in which an outcome is kept."""
    row = outcome.row
    box, sha256, md5 = (row.box, row.sha256, row.md5) if isinstance(row, Row) else (None,) * 3
    result = (outcome.reason.value, outcome.file, outcome.photo, outcome.crop, outcome.detail, outcome.perceptual_hash)
    return Record(key, row.name, row.url, str(box) if box else None, sha256, *result, md5, outcome.whole_hash)


def outcome_of(record: Record, number: int) -> Outcome:
    """The outcome in a line, for the row with this number. Only for rows: the text of a bad row is not kept."""
    assert record.name is not None, "a line about a bad row"
    assert record.url is not None, "a line about a bad row"
    box = Box.parse(record.box) if record.box else None
    return Outcome(
        Row(number, record.name, record.url, box, record.sha256, record.md5),
        Reason(record.reason),
        record.file,
        record.photo,
        record.crop,
        record.detail,
        perceptual_hash=record.perceptual_hash,
        whole_hash=record.whole_hash,
    )
