"""Names become folders: safe ones, and never another person's."""

import unicodedata
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.folder_names import candidates, folded, is_plain
from data.journal import Journal

NASTY = [
    "..", ".", "/", "\\", "../../etc/passwd", "a/b", "a\\b", "C:\\x", "\0", "a\0b",
    "CON", "con.txt", "LPT1", "COM¹", "nul .jpg",
    "x" * 300, "\u202egnp.exe", "zero\u200bwidth", "Ann.", "Ann ", " Ann", ".hidden", "-rf",
    "=1+1", "~root", "e\u0301", "a\nb",
    "manifest.csv", "Report.JSON", "journal.sqlite", ".journal.lock", "Ｃon", "*", "", "   ", "😀" * 200, "\ud800",
]  # fmt: skip
PLAIN = [
    "Alec Baldwin",
    "leonardo dicaprio",
    "Leonardo DiCaprio",
    "Zoë Kravitz",
    "J. K. Simmons",
    "O'Neal",
    "张曼玉",
    "أم كلثوم",
    "a_1",
    "50 Cent",
]
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
names = texts | st.sampled_from(NASTY[:-1] + PLAIN) | st.text(alphabet="aAéÉ\u0301ﬁſsßK. /-", max_size=6)


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_name_stays_as_it_is(name: str) -> None:
    assert next(candidates(name)) == name


@pytest.mark.parametrize("name", NASTY)
def test_any_other_gets_a_folder_of_its_own(name: str) -> None:
    assert not is_plain(name)
    assert next(candidates(name)) != name


@given(names)
def test_every_candidate_is_a_safe_folder_everywhere(name: str) -> None:
    for folder in candidates(name):
        assert is_plain(folder) or len(folder.encode()) > 120  # the digest comes on top
        assert len(folder.encode()) < 200
        assert Path(folder).name == folder == PureWindowsPath(folder).name
        assert unicodedata.is_normalized("NFC", folder)
        assert folder == folder.strip(" ").rstrip(".")
        assert folder.isprintable()


@given(names)
def test_a_folder_depends_on_its_name_alone(name: str) -> None:
    assert list(candidates(name)) == list(candidates(name))


@given(st.text(max_size=20))
def test_folding_forgets_case_and_the_form_of_accents(text: str) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert folded(unicodedata.normalize(form, text)) == folded(text)
    assert folded(folded(text)) == folded(text)
    assert folded(text.casefold()) == folded(text)


@settings(max_examples=40, deadline=None)
@given(st.lists(names, max_size=12, unique=True))
def test_no_two_people_share_a_folder_even_where_names_fold_to_one(
    tmp_path_factory: pytest.TempPathFactory, people: list[str]
) -> None:
    with Journal(tmp_path_factory.mktemp("names"), {}) as journal:
        folders = [journal.folder_of(name) for name in people]
        assert len({folded(folder) for folder in folders}) == len(people)
        assert folders == [journal.folder_of(name) for name in people]


def test_a_person_keeps_the_folder_when_another_list_comes_first(tmp_path: Path) -> None:
    with Journal(tmp_path, {}) as journal:
        assert journal.folder_of("Alec Baldwin") == "Alec Baldwin"
    with Journal(tmp_path, {}) as journal:
        assert journal.folder_of("ALEC BALDWIN").startswith("ALEC BALDWIN-")
        assert journal.folder_of("Alec Baldwin") == "Alec Baldwin"


def test_a_plain_name_has_up_to_120_bytes() -> None:
    assert is_plain("x")
    assert is_plain("x" * 120)
    assert is_plain("é" * 60)
    assert not is_plain("x" * 121)
    assert not is_plain("é" * 61)


@pytest.mark.parametrize(("name", "kept"), [("x" * 121, "x" * 120), ("x" + "é" * 60, "x" + "é" * 59), ("/", "person")])
def test_the_readable_part_has_as_many_bytes_and_whole_letters(name: str, kept: str) -> None:
    assert next(candidates(name)).rpartition("-")[0] == kept


def test_a_name_that_is_taken_gets_a_longer_digest() -> None:
    plain, *others = candidates("Ann")
    digests = [folder.removeprefix("Ann-") for folder in others]
    assert plain == "Ann"
    assert [len(digest) for digest in digests] == [8, 16, 64]
    assert all(digests[-1].startswith(digest) for digest in digests)


def test_the_journal_knows_more_people_than_it_keeps_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.journal.journal._MOST_NAMES", 3)
    names = ["Ann", "ANN", "Bo", "BO", "Cy"]
    with Journal(tmp_path, {}) as journal:
        folders = [journal.folder_of(name) for name in names]
        assert len(journal._folders) <= 3
        assert [journal.folder_of(name) for name in names] == folders
    assert len({folded(folder) for folder in folders}) == 5
