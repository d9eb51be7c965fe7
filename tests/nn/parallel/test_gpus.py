"""Ranks compute on GPUs if all of them want to; the group for it is made once."""

from collections.abc import Sequence
from typing import Any

import pytest

from nn.parallel.process_group import ProcessGroup
from nn.parallel.ranks import ALONE


class Told(ProcessGroup):
    """One of several ranks, of which the others want what a test says."""

    def __init__(self, others: Sequence[bool]) -> None:
        self.rank, self.size, self._others, self._gpu_group = 0, 1 + len(others), others, None

    def sum(self, numbers: Sequence[float]) -> list[float]:
        return [number + sum(self._others) for number in numbers]


@pytest.mark.parametrize(
    ("own", "others", "agreed"),
    [(True, [True], True), (True, [True, True], True), (True, [True, False], False), (False, [True], False)],
)
def test_they_agree(own: bool, others: list[bool], agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def new_group(backend: str, **settings: Any) -> str:
        made.append(backend)
        return backend

    monkeypatch.setattr("torch.distributed.new_group", new_group)
    group = Told(others)
    assert group.use_gpus(own) == agreed
    assert group.use_gpus(own) == agreed
    assert made == (["nccl"] if agreed else [])


@pytest.mark.parametrize("wanted", [True, False])
def test_one_process_alone_does_as_it_wants(wanted: bool) -> None:
    assert ALONE.use_gpus(wanted) == wanted
