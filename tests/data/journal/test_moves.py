"""Crops that were moved: the journal knows where they are, and whose they are."""

from pathlib import Path

import pytest

from data.journal import Journal, Outcome
from data.reasons import Reason
from data.rows import Row
from data.settings import DownloadSettings


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """Two crops of Ada, one of `a/b`; Cy has a folder, and no crop."""
    journal = Journal(tmp_path, DownloadSettings().crop_settings)
    for number, name in enumerate(("Ada", "Ada", "a/b")):
        row = Row(number, name, f"http://photos/{number}", None, None)
        file = f"{journal.folder_of(name)}/{number}.jpg"
        journal.record([(row.key, Outcome(row, Reason.OK, file, "0" * 64, f"crop {number}"))])
    journal.folder_of("Cy")
    return journal


def crops(journal: Journal) -> dict[str, tuple[str, str]]:
    """Person and file of each crop."""
    return {stored.crop: (stored.row.name, stored.file) for stored in journal.stored_crops()}


@pytest.mark.parametrize("name", ["Cy", "New"])
def test_a_crop_in_anothers_folder_is_that_persons(journal: Journal, name: str) -> None:
    with journal:
        journal.move("Ada/0.jpg", "crop 0", f"{name}/0.jpg", name)
        assert crops(journal)["crop 0"] == (name, f"{name}/0.jpg")
        assert crops(journal)["crop 1"] == ("Ada", "Ada/1.jpg")
        assert journal.folders()[name] == name
        assert journal.files_about(name) == [f"{name}/0.jpg"]


def test_whose_folder_it_is_the_journal_knows_best(journal: Journal) -> None:
    with journal:
        folder = journal.folder_of("a/b")
        journal.move("Ada/0.jpg", "crop 0", f"{folder}/0.jpg", folder)
        assert crops(journal)["crop 0"][0] == "a/b"


def test_in_a_folder_of_nobody_it_stays_the_persons_of_its_row(journal: Journal) -> None:
    with journal:
        journal.move("Ada/0.jpg", "crop 0", "unsorted/0.jpg", None)
        assert crops(journal)["crop 0"] == ("Ada", "unsorted/0.jpg")
        assert "unsorted" not in journal.folders()


def test_two_that_changed_places_do_so_once_however_often_it_is_told(journal: Journal) -> None:
    with journal:
        for _ in range(2):
            journal.move("Ada/0.jpg", "crop 0", "Ada/1.jpg", "Ada")
            journal.move("Ada/1.jpg", "crop 1", "Ada/0.jpg", "Ada")
        assert crops(journal)["crop 0"] == ("Ada", "Ada/1.jpg")
        assert crops(journal)["crop 1"] == ("Ada", "Ada/0.jpg")
