"""The crops follow decisions by themselves, but not while they are being read."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from errors import StorageError
from faces.app.following import Follower
from faces.groups import steps
from faces.groups.store import Groups

Heap = Callable[..., Path]


@pytest.fixture
def groups(heap: Heap) -> Iterator[Groups]:
    with Groups(heap([2, 3])) as groups:
        yield groups


@pytest.fixture
def follower(groups: Groups, monkeypatch: pytest.MonkeyPatch) -> Iterator[Follower]:
    monkeypatch.setattr("faces.app.following._QUIET", 0.05)
    follower = Follower(groups)
    yield follower
    follower.close()


def wait(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_crops_are_moved_a_moment_after_a_decision(groups: Groups, follower: Follower) -> None:
    steps.name_group(groups, 1, "Ada", {})
    follower.wake()
    wait((groups.folder / "Ada").is_dir)
    wait(lambda: not (groups.folder / "group-001").exists())
    assert follower.trouble == ""


def test_none_is_moved_while_they_are_read(groups: Groups, follower: Follower) -> None:
    steps.name_group(groups, 1, "Ada", {})
    follower.hold()
    assert (groups.folder / "Ada").is_dir()  # what was decided before is read where it belongs
    steps.name_group(groups, 2, "Bo", {})
    follower.wake()
    time.sleep(0.3)
    assert (groups.folder / "group-002").is_dir()
    follower.release()
    wait((groups.folder / "Bo").is_dir)


def test_what_is_left_to_be_moved_is_moved_at_the_end(groups: Groups) -> None:
    follower = Follower(groups)
    follower.hold()
    steps.name_group(groups, 1, "Ada", {})
    follower.wake()
    follower.close()
    assert len(list((groups.folder / "Ada").iterdir())) == 2


def test_why_crops_cannot_be_moved_is_said_until_they_can(
    groups: Groups, follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(groups: Groups) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr("faces.app.following.follow", full)
        steps.name_group(groups, 1, "Ada", {})
        follower.wake()
        wait(lambda: "the decisions are kept" in follower.trouble and "disk is full" in follower.trouble)
    follower.wake()
    wait(lambda: follower.trouble == "")
    assert (groups.folder / "Ada").is_dir()
