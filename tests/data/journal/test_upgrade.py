"""A journal of an earlier format is read on, with all that it says."""

import sqlite3
from pathlib import Path

import pytest

from data.journal import FILE, Journal, Outcome
from data.reasons import Reason
from data.rows import BadRow, Origin, Row
from data.settings import DownloadSettings

SETTINGS = DownloadSettings().crop_settings
ROW = Row(1, "Ann", "http://a.example/1.jpg", None, "ab" * 32)
LIST = Origin("/a/list.csv", "list.csv", is_file=True)
BAD = BadRow(2, 9, "Bob,ftp://b", "url: expected http", "Bob", "ftp://b")
LATER = {"4": [], "3": [], "2": ["md5", "whole"], "1": ["md5", "whole", "look"]}  # columns that a format has not yet
LISTING_OF_FORMAT_3 = """
    DROP TABLE lists;
    ALTER TABLE listing RENAME TO later;
    CREATE TABLE listing (place INTEGER PRIMARY KEY, number INTEGER NOT NULL, key BLOB NOT NULL);
    INSERT INTO listing SELECT place, number, key FROM later;
    DROP TABLE later;
"""


def made(folder: Path, format: str) -> None:
    """A journal of that format with a stored crop, as the program of its time has left it."""
    with Journal(folder, SETTINGS) as journal:
        journal.begin_list()
        journal.list_rows([(1, ROW.key, True)])
        journal.record(
            [(ROW.key, Outcome(ROW, Reason.OK, "Ann/1.jpg", "cd" * 32, "ef" * 32, perceptual_hash="0" * 64))]
        )
    database = sqlite3.connect(folder / FILE)
    for column in LATER[format]:
        database.execute(f"ALTER TABLE outcomes DROP COLUMN {column}")
    if format < "4":
        database.executescript(LISTING_OF_FORMAT_3)
    database.execute("UPDATE meta SET value = ? WHERE name = 'format'", (format,))
    database.commit()
    database.close()


@pytest.mark.parametrize("format", list(LATER))
def test_every_format_so_far_is_read_on(tmp_path: Path, format: str) -> None:
    made(tmp_path, format)
    with Journal(tmp_path, SETTINGS) as journal:
        ((key, outcome),) = journal.outcomes()
        assert (key, outcome.row, outcome.file) == (ROW.key, ROW, "Ann/1.jpg")
        assert outcome.perceptual_hash == (None if format == "1" else "0" * 64)
        journal.begin_list(LIST)
        journal.list_rows([(1, BAD.key, True)])
        journal.end_list()
        journal.record([(BAD.key, Outcome(BAD, Reason.BAD_ROW, detail=BAD.problem))])
    with Journal(tmp_path, SETTINGS) as journal:
        assert [(line.number, line.name, line.url, line.reason, line.list) for line in journal.manifest_lines()] == [
            (1, "Ann", ROW.url, "ok", ""),
            (1, "Bob", "ftp://b", "bad_row", "list.csv"),
        ]
        assert [outcome.row for _, outcome in journal.outcomes()] == [ROW]


def test_a_bad_row_is_forgotten_with_its_person(tmp_path: Path) -> None:
    with Journal(tmp_path, SETTINGS) as journal:
        journal.begin_list(LIST)
        journal.list_rows([(2, BAD.key, True)])
        journal.record([(BAD.key, Outcome(BAD, Reason.BAD_ROW))])
        assert journal.names() == ["Bob"]
        assert journal.forget("Bob") == 1
        assert list(journal.manifest_lines()) == []


@pytest.mark.parametrize(("sha256", "md5"), [(None, "12" * 16), ("ab" * 32, "12" * 16), (None, None)])
def test_the_listed_digests_are_kept(tmp_path: Path, sha256: str | None, md5: str | None) -> None:
    row = Row(0, "Ann", "http://a.example", None, sha256, md5)
    with Journal(tmp_path, SETTINGS) as journal:
        journal.record([(row.key, Outcome(row, Reason.OK, "Ann/1.jpg", "cd" * 32, "ef" * 32, whole_hash="1" * 64))])
    with Journal(tmp_path, SETTINGS) as journal:
        ((_, outcome),) = journal.outcomes()
        assert (outcome.row, outcome.whole_hash) == (row, "1" * 64)
        assert [stored.row for stored in journal.stored_crops()] == [row]
