"""Photos are opened ahead of what computes, as many as keep the threads busy and no more."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from faces.predict import FaceSource, PredictSettings, _opened, predict
from faces.predictions import Status


def files(asked: list[int], n: int) -> Iterator[Path]:
    for number in range(n):
        asked.append(number)
        yield Path(f"missing/{number}.jpg")


@pytest.mark.parametrize("threads", [1, 3])
def test_two_photos_a_thread_are_opened_ahead(threads: int) -> None:
    classifier: Any = SimpleNamespace(size=8, image_mode="L")
    asked: list[int] = []
    opened = _opened(classifier, files(asked, 40), FaceSource(), PredictSettings(threads=threads))
    assert next(opened).file == Path("missing/0.jpg")
    assert len(asked) == 2 * threads + 1
    next(opened)
    assert len(asked) == 2 * threads + 2
    opened.close()
    assert len(asked) == 2 * threads + 2, "who stops early opens no more"


@pytest.mark.parametrize("n", [0, 1, 5, 9])
def test_each_file_has_a_line_in_order_also_the_last_ones(n: int) -> None:
    classifier: Any = SimpleNamespace(size=8, image_mode="L")
    lines = list(predict(classifier, files([], n), settings=PredictSettings(threads=2, batch_size=3)))
    assert [line.file.stem for line in lines] == [str(number) for number in range(n)]
    assert {line.status for line in lines} <= {Status.UNREADABLE}
