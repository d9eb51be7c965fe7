"""Which folders of a grouped heap are no person's."""

import pytest

from data.unnamed import group_folder, is_nobody, number_of


@pytest.mark.parametrize("number", [1, 12, 999, 1000, 999_999_999])
def test_a_groups_folder_has_its_number(number: int) -> None:
    assert number_of(group_folder(number)) == number
    assert is_nobody(group_folder(number))


@pytest.mark.parametrize(
    "name", ["group-1", "group-0001", "group-01000", "Group-001", "group-", "group-001 ", "Unsorted"]
)
def test_other_names_are_peoples(name: str) -> None:
    assert number_of(name) is None
    assert not is_nobody(name)


@pytest.mark.parametrize("name", ["unsorted", "strangers", "not-faces"])
def test_these_are_nobodys(name: str) -> None:
    assert is_nobody(name)
