"""Which row is asked for next, replayed without a clock."""

import pytest

from data.download.host_scheduler import HostScheduler, QueuedRow
from data.reasons import Reason
from data.rows import Row


def task(host: str, number: int = 1) -> QueuedRow:
    row = Row(number, "Ann", f"http://{host}/{number}.jpg", None, None)
    return QueuedRow(row, row.key, "Ann")


def taken(scheduler: HostScheduler, now: float = 0.0) -> list[str]:
    """Everything that may be asked for now, as host/number."""
    found = []
    while one := scheduler.take(now):
        found.append(f"{one.host}/{one.row.number}")
    return found


def test_rows_come_in_order() -> None:
    scheduler = HostScheduler(per_host=10, give_up_after=3)
    for number in range(3):
        scheduler.add(task("a", number))
    assert taken(scheduler) == ["a/0", "a/1", "a/2"]


def test_hosts_take_turns_and_none_has_more_than_its_share() -> None:
    scheduler = HostScheduler(per_host=2, give_up_after=3)
    tasks = [task("a", number) for number in range(4)] + [task("B", 9)]
    for one in tasks:
        scheduler.add(one)
    assert sorted(taken(scheduler)) == ["a/0", "a/1", "b/9"]
    scheduler.done(tasks[0], Reason.OK)
    assert taken(scheduler) == ["a/2"]
    assert scheduler.size == 4


def test_a_row_waits_alone_for_its_next_attempt() -> None:
    scheduler = HostScheduler(per_host=1, give_up_after=3)
    first, second = task("a", 1), task("a", 2)
    scheduler.add(first)
    scheduler.add(second)
    assert taken(scheduler) == ["a/1"]
    scheduler.retry(first, 5.0, reason=Reason.HTTP_5XX, pause=False)
    assert scheduler.next_moment() == 5.0
    assert taken(scheduler, 1.0) == ["a/2"]
    scheduler.done(second, Reason.OK)
    assert taken(scheduler, 4.9) == []
    assert taken(scheduler, 5.0) == ["a/1"]
    scheduler.done(first, Reason.OK)
    assert scheduler.size == 0


def test_a_host_that_names_a_time_rests_until_then_and_others_do_not() -> None:
    scheduler = HostScheduler(per_host=2, give_up_after=3)
    first, second, third = task("a", 1), task("a", 2), task("a", 3)
    for one in (first, second, third):
        scheduler.add(one)
    assert taken(scheduler) == ["a/1", "a/2"]
    scheduler.retry(first, 5.0, reason=Reason.RATE_LIMITED, pause=True)
    scheduler.retry(second, 9.0, reason=Reason.RATE_LIMITED, pause=True)
    scheduler.add(task("b"))
    assert taken(scheduler, 1.0) == ["b/1"]
    assert taken(scheduler, 5.0) == []
    assert sorted(taken(scheduler, 9.0)) == ["a/1", "a/2"]
    assert scheduler.size == 4


def test_a_host_that_nothing_reaches_rests_until_the_first_rows_are_tried_again() -> None:
    scheduler = HostScheduler(per_host=2, give_up_after=3)
    first, second = task("a", 1), task("a", 2)
    for one in (first, second, task("a", 3), task("a", 4)):
        scheduler.add(one)
    assert taken(scheduler) == ["a/1", "a/2"]
    scheduler.retry(first, 5.0, reason=Reason.TIMEOUT, pause=False)  # one may be that photo's own fault
    assert taken(scheduler, 1.0) == ["a/3"]
    scheduler.retry(second, 6.0, reason=Reason.CONNECT, pause=False)
    assert taken(scheduler, 5.9) == []
    assert taken(scheduler, 6.0) == ["a/2"]


def test_a_host_out_of_reach_is_given_up_with_its_reason() -> None:
    scheduler = HostScheduler(per_host=1, give_up_after=2)
    for number in range(4):
        scheduler.add(task("a", number))
    for _ in range(2):
        one = scheduler.take(0.0)
        assert one is not None
        assert scheduler.host_failure(one) is None
        scheduler.done(one, Reason.DNS)
    one = scheduler.take(0.0)
    assert one is not None
    failure = scheduler.host_failure(one)
    assert failure is not None
    assert failure.reason is Reason.DNS
    assert scheduler.host_failure(task("b")) is None


def test_any_answer_shows_that_a_host_is_within_reach() -> None:
    scheduler = HostScheduler(per_host=1, give_up_after=2)
    for reason in (Reason.CONNECT, Reason.HTTP_404, Reason.CONNECT):
        scheduler.add(task("a"))
        one = scheduler.take(0.0)
        assert one is not None
        assert scheduler.host_failure(one) is None
        scheduler.done(one, reason)


def test_hosts_without_rows_are_forgotten() -> None:
    scheduler = HostScheduler(per_host=1, give_up_after=2)
    for number in range(100):
        scheduler.add(task(f"host{number}"))
        one = scheduler.take(0.0)
        assert one is not None
        scheduler.done(one, Reason.OK)
    assert scheduler.take(0.0) is None
    assert scheduler.hosts == 0


def test_a_host_is_given_up_after_as_many_rows_as_said_one_after_the_other() -> None:
    scheduler = HostScheduler(per_host=1, give_up_after=1)
    one = task("a")
    scheduler.add(one)
    assert scheduler.take(0.0) is one
    assert scheduler.host_failure(one) is None
    scheduler.done(one, Reason.TIMEOUT)
    failure = scheduler.host_failure(task("a", 2))
    assert failure is not None
    assert failure.detail == "a given up: 1 rows in a row could not reach it"
    assert not failure.temporary


def test_an_answer_between_two_failures_lets_the_host_go_on() -> None:
    scheduler = HostScheduler(per_host=3, give_up_after=9)
    first, second, third = task("a", 1), task("a", 2), task("a", 3)
    for one in (first, second, third):
        scheduler.add(one)
    assert taken(scheduler) == ["a/1", "a/2", "a/3"]
    scheduler.retry(first, 5.0, reason=Reason.TIMEOUT, pause=False)
    scheduler.done(second, Reason.OK)
    scheduler.retry(third, 7.0, reason=Reason.TIMEOUT, pause=False)
    assert taken(scheduler, 5.0) == ["a/1"], "two failures, and none after the other: no pause"


def test_of_very_many_hosts_the_failures_of_the_first_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.download.host_scheduler._MOST_HOSTS", 2)
    scheduler = HostScheduler(per_host=1, give_up_after=1)
    for host in "abc":
        one = task(host)
        scheduler.add(one)
        assert scheduler.take(0.0) is one
        scheduler.done(one, Reason.DNS)
    assert [scheduler.host_failure(task(host)) is not None for host in "abc"] == [False, True, True]


def test_a_host_that_rests_twice_rests_until_the_later_time() -> None:
    scheduler = HostScheduler(per_host=2, give_up_after=3)
    first, second = task("a", 1), task("a", 2)
    for one in (first, second):
        scheduler.add(one)
    assert taken(scheduler) == ["a/1", "a/2"]
    scheduler.retry(first, 9.0, reason=Reason.RATE_LIMITED, pause=True)
    scheduler.retry(second, 5.0, reason=Reason.RATE_LIMITED, pause=True)
    assert taken(scheduler, 8.9) == []
    assert sorted(taken(scheduler, 9.0)) == ["a/1", "a/2"]
