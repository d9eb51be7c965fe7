"""One thread for all tests here: their steps are small, and two threads would mostly wait for each other."""

from collections.abc import Iterator

import pytest

from nn.threads import threads


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    with threads(1):
        yield
