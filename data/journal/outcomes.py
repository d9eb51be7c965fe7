"""What became of a row, as values: an outcome, and the line of the journal that it is kept as.

A column is added here together with the tables of `schema`.
"""

from dataclasses import dataclass
from typing import NamedTuple

from data.reasons import Reason
from data.rows import BadRow, Box, Row

COLUMNS = ("key", "name", "url", "box", "sha256", "reason", "file", "photo", "crop", "detail", "look")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a row ended. `file` is relative to the folder; `photo` is the SHA-256 of the bytes that came, if any did.

    `crop` is the SHA-256 of the stored file and `look` what it looks like (`looks`). `fresh` is False when an earlier
    run had ended the row already.
    """

    row: Row | BadRow
    reason: Reason
    file: str | None = None
    photo: str | None = None
    crop: str | None = None
    detail: str = ""
    fresh: bool = True
    look: str | None = None


class Ended(NamedTuple):
    """What the journal knows of a row that ended."""

    reason: Reason
    file: str | None
    photo: str | None
    crop: str | None
    detail: str


class ManifestLine(NamedTuple):
    """A row of the list with what became of it; of a bad row only number, reason and detail are known."""

    number: int
    name: str | None
    url: str | None
    box: str | None
    sha256: str | None
    reason: str
    file: str | None
    photo: str | None


class StoredCrop(NamedTuple):
    """A row whose crop is stored, with the crop's SHA-256, and the row to ask for if it has to be had again."""

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
    look: str | None


def record_of(key: bytes, outcome: Outcome) -> Record:
    """The line that an outcome is kept as."""
    row = outcome.row
    name, url, box, sha256 = (row.name, row.url, row.box, row.sha256) if isinstance(row, Row) else (None,) * 4
    return Record(
        key=key,
        name=name,
        url=url,
        box=str(box) if box else None,
        sha256=sha256,
        reason=outcome.reason.value,
        file=outcome.file,
        photo=outcome.photo,
        crop=outcome.crop,
        detail=outcome.detail,
        look=outcome.look,
    )


def outcome_of(record: Record, number: int) -> Outcome:
    """The outcome that a line tells of, at this place of the list. Only for rows: a bad row's text is not kept."""
    assert record.name is not None, "a line about a bad row"
    assert record.url is not None, "a line about a bad row"
    box = Box.parse(record.box) if record.box else None
    row = Row(number, record.name, record.url, box, record.sha256)
    return Outcome(
        row,
        Reason(record.reason),
        record.file,
        record.photo,
        record.crop,
        record.detail,
        look=record.look,
    )
