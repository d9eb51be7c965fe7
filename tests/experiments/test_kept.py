"""Measurements kept on disk: the same when they are read, and nothing but what was written is read."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch

from errors import RunError
from experiments.experiment import Measurement
from experiments.kept import Kept
from nn import checkpoint

FOUND = Measurement(
    measures={"test_error": 1 / 3, "loss": math.nan, "epochs": 3},
    series={"epoch": [1, 2, 3], "loss": [0.1, math.inf, -math.inf]},
    arrays={
        "filters, epoch 0": np.random.default_rng(0).random((2, 3)).astype(np.float32),
        "surface": np.linspace(0, 1, 5),
        "votes": np.array(["Mira Okafor", "Bo"]),
        "none": np.zeros((0, 4)),
    },
    seconds=1.25,
)


def kept(folder: Path, **settings: object) -> Kept:
    return Kept.of(folder, "lab1", **{"task": "1", "seed": 0, "budget": "quick", "epochs": 2, "data": {}} | settings)


def test_a_measurement_is_read_as_it_was_written(tmp_path: Path) -> None:
    file = kept(tmp_path)
    assert file.read() is None
    file.write(FOUND)
    read = kept(tmp_path).read()
    assert read is not None
    assert repr(read.measures) == repr(FOUND.measures)
    assert repr(read.series) == repr(FOUND.series)
    assert read.seconds == FOUND.seconds
    assert set(read.arrays) == set(FOUND.arrays)
    for name, array in FOUND.arrays.items():
        assert read.arrays[name].dtype == array.dtype
        assert np.array_equal(read.arrays[name], array)


@pytest.mark.parametrize(
    "other",
    [
        {"task": "2"},
        {"seed": 1},
        {"budget": "full"},
        {"epochs": 3},
        {"data": {"digits": "other"}},
    ],
    ids=str,
)
def test_other_settings_have_another_file(other: dict[str, object], tmp_path: Path) -> None:
    kept(tmp_path).write(FOUND)
    assert kept(tmp_path, **other).read() is None


def test_what_could_not_be_measured_is_not_kept(tmp_path: Path) -> None:
    kept(tmp_path).write(replace(FOUND, note="no weights"))
    assert kept(tmp_path).read() is None


def test_the_last_file_takes_its_folder_with_it(tmp_path: Path) -> None:
    first, second = kept(tmp_path), kept(tmp_path, seed=1)
    first.write(FOUND)
    second.write(FOUND)
    first.remove()
    assert second.read() is not None
    second.remove()
    assert list(tmp_path.iterdir()) == []


def foreign(file: Kept) -> bytes:
    """The file of other settings, under this one's name."""
    other = kept(file.path.parent, seed=9)
    other.write(FOUND)
    return other.path.read_bytes()


def changed(file: Kept, parts: Mapping[str, object] = MappingProxyType({})) -> bytes:
    """A whole file for these settings, in which a part is not what it should be."""
    whole = {"key": file.key, "measures": [], "series": [], "words": {}, "seconds": 0.0}
    return checkpoint.dump({"filters": torch.zeros(1)}, json.loads(json.dumps({**whole, **parts})))


WRONG_PARTS: tuple[dict[str, object], ...] = (
    {"measures": {"test_error": 1.0}},
    {"measures": [["test_error", "many"]]},
    {"measures": [["test_error", None]]},
    {"series": [["loss", "12"]]},
    {"series": [["loss", [[1]]]]},
    {"words": 1},
    {"seconds": True},
)


@pytest.mark.parametrize(
    "content",
    [
        lambda file: b"",
        lambda file: b"\x80\x04cos\nsystem\n(S'touch here'\ntR.",
        lambda file: changed(file)[:-1],
        lambda file: changed(file).replace(b"quick", b"slick"),
        lambda file: checkpoint.dump({}, {}),
        foreign,
        *(partial(changed, parts=parts) for parts in WRONG_PARTS),
    ],
)
def test_a_damaged_or_foreign_file_is_one_line(content: Callable[[Kept], bytes], tmp_path: Path) -> None:
    file = kept(tmp_path)
    file.write(FOUND)
    file.path.write_bytes(content(file))
    with pytest.raises(RunError, match=r"it is measured again$") as refused:
        file.read()
    assert str(refused.value).startswith(f"{file.path} cannot be used (")
    assert "\n" not in str(refused.value)


def test_a_folder_in_the_place_of_a_file_is_no_measurement(tmp_path: Path) -> None:
    file = kept(tmp_path)
    file.path.mkdir(parents=True)
    assert file.read() is None
