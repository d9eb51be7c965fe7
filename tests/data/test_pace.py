"""Which row is asked for next, replayed without a clock."""

from data.pace import Pace, Task
from data.reasons import Reason
from data.rows import Row


def task(host: str, number: int = 1) -> Task:
    row = Row(number, "Ann", f"http://{host}/{number}.jpg", None, None)
    return Task(row, row.key, "Ann")


def taken(pace: Pace, now: float = 0.0) -> list[str]:
    """Everything that may be asked for now, as host/number."""
    found = []
    while one := pace.take(now):
        found.append(f"{one.host}/{one.row.number}")
    return found


def test_rows_come_in_order() -> None:
    pace = Pace(per_host=10, give_up_after=3)
    for number in range(3):
        pace.add(task("a", number))
    assert taken(pace) == ["a/0", "a/1", "a/2"]


def test_hosts_take_turns_and_none_has_more_than_its_share() -> None:
    pace = Pace(per_host=2, give_up_after=3)
    tasks = [task("a", number) for number in range(4)] + [task("B", 9)]
    for one in tasks:
        pace.add(one)
    assert sorted(taken(pace)) == ["a/0", "a/1", "b/9"]
    pace.done(tasks[0], Reason.OK)
    assert taken(pace) == ["a/2"]
    assert pace.size == 4


def test_a_row_waits_alone_for_its_next_attempt() -> None:
    pace = Pace(per_host=1, give_up_after=3)
    first, second = task("a", 1), task("a", 2)
    pace.add(first)
    pace.add(second)
    assert taken(pace) == ["a/1"]
    pace.again(first, 5.0, reason=Reason.HTTP_5XX, rest=False)
    assert pace.next_moment() == 5.0
    assert taken(pace, 1.0) == ["a/2"]
    pace.done(second, Reason.OK)
    assert taken(pace, 4.9) == []
    assert taken(pace, 5.0) == ["a/1"]
    pace.done(first, Reason.OK)
    assert pace.size == 0


def test_a_host_that_names_a_time_rests_until_then_and_others_do_not() -> None:
    pace = Pace(per_host=2, give_up_after=3)
    first, second, third = task("a", 1), task("a", 2), task("a", 3)
    for one in (first, second, third):
        pace.add(one)
    assert taken(pace) == ["a/1", "a/2"]
    pace.again(first, 5.0, reason=Reason.RATE_LIMITED, rest=True)
    pace.again(second, 9.0, reason=Reason.RATE_LIMITED, rest=True)
    pace.add(task("b"))
    assert taken(pace, 1.0) == ["b/1"]
    assert taken(pace, 5.0) == []
    assert sorted(taken(pace, 9.0)) == ["a/1", "a/2"]
    assert pace.size == 4


def test_a_host_that_nothing_reaches_rests_until_the_first_rows_are_tried_again() -> None:
    pace = Pace(per_host=2, give_up_after=3)
    first, second = task("a", 1), task("a", 2)
    for one in (first, second, task("a", 3), task("a", 4)):
        pace.add(one)
    assert taken(pace) == ["a/1", "a/2"]
    pace.again(first, 5.0, reason=Reason.TIMEOUT, rest=False)  # one may be that photo's own fault
    assert taken(pace, 1.0) == ["a/3"]
    pace.again(second, 6.0, reason=Reason.CONNECT, rest=False)
    assert taken(pace, 5.9) == []
    assert taken(pace, 6.0) == ["a/2"]


def test_a_host_out_of_reach_is_given_up_with_its_reason() -> None:
    pace = Pace(per_host=1, give_up_after=2)
    for number in range(4):
        pace.add(task("a", number))
    for _ in range(2):
        one = pace.take(0.0)
        assert one is not None
        assert pace.given_up(one) is None
        pace.done(one, Reason.DNS)
    one = pace.take(0.0)
    assert one is not None
    failure = pace.given_up(one)
    assert failure is not None
    assert failure.reason is Reason.DNS
    assert pace.given_up(task("b")) is None


def test_any_answer_shows_that_a_host_is_within_reach() -> None:
    pace = Pace(per_host=1, give_up_after=2)
    for reason in (Reason.CONNECT, Reason.HTTP_404, Reason.CONNECT):
        pace.add(task("a"))
        one = pace.take(0.0)
        assert one is not None
        assert pace.given_up(one) is None
        pace.done(one, reason)


def test_hosts_without_rows_are_forgotten() -> None:
    pace = Pace(per_host=1, give_up_after=2)
    for number in range(100):
        pace.add(task(f"host{number}"))
        one = pace.take(0.0)
        assert one is not None
        pace.done(one, Reason.OK)
    assert pace.take(0.0) is None
    assert not pace._hosts
