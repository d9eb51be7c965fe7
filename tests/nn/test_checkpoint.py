"""Checkpoints: the same input gives the same bytes, and every other file is refused in one line."""

import contextlib
import json
import math

import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from errors import RunError
from nn import checkpoint
from nn.checkpoint import dump, load

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool]
METADATA = {"classes": ["Ann", "Zoë"], "epoch": 3, "scores": {"validation": 0.875}, "none": None}


def tensors() -> dict[str, Tensor]:
    return {f"{i}.{dtype}": torch.arange(6).reshape(2, 3).to(dtype) for i, dtype in enumerate(DTYPES)}


def with_header(metadata: dict[str, str] | None) -> bytes:
    return safetensors.torch.save({"a": torch.ones(2)}, metadata)


def test_tensors_and_metadata_come_back() -> None:
    saved, metadata = load(dump(tensors(), METADATA))
    assert metadata == METADATA
    assert saved.keys() == tensors().keys()
    for name, tensor in tensors().items():
        assert saved[name].dtype == tensor.dtype
        assert torch.equal(saved[name], tensor)


def test_the_same_input_gives_the_same_bytes_in_any_order() -> None:
    backwards = dict(reversed(tensors().items()))
    assert dump(tensors(), METADATA) == dump(backwards, dict(reversed(METADATA.items())))


@pytest.mark.parametrize("tensor", [torch.tensor(3.5), torch.empty(0, 4), torch.arange(6.0).reshape(2, 3).T])
def test_scalars_empty_and_strided_tensors_come_back(tensor: Tensor) -> None:
    assert torch.equal(load(dump({"a": tensor}, {}))[0]["a"], tensor)


def test_one_tensor_under_two_names_is_saved_twice() -> None:
    shared = torch.ones(4)
    saved, _ = load(dump({"a": shared, "b": shared, "c": shared[:2]}, {}))
    assert torch.equal(saved["a"], saved["b"])
    assert len(saved["c"]) == 2


@given(cut=st.floats(0, 1, exclude_max=True))
def test_truncated_bytes_are_refused(cut: float) -> None:
    whole = dump(tensors(), METADATA)
    with pytest.raises(RunError, match="not a whole checkpoint"):
        load(whole[: int(cut * len(whole))])


@settings(max_examples=300)
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_refused_wherever_it_changes_the_content(at: int, bit: int) -> None:
    whole = dump({"a": torch.arange(40.0)}, METADATA)
    damaged = bytearray(whole)
    damaged[at % len(whole)] ^= 1 << bit
    with contextlib.suppress(RunError):
        saved, metadata = load(bytes(damaged))  # a blank of the header's padding that became another blank
        assert torch.equal(saved["a"], torch.arange(40.0))
        assert metadata == METADATA


def test_damaged_numbers_are_refused() -> None:
    damaged = bytearray(dump({"a": torch.arange(40.0)}, METADATA))
    damaged[-1] ^= 1
    with pytest.raises(RunError, match="does not match its SHA-256"):
        load(bytes(damaged))


@pytest.mark.parametrize("data", [b"", b"hello, world", b"\x00" * 100, b"\xff" * 100, b"PK\x03\x04" + b"\x00" * 100])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(RunError, match=f"not a whole checkpoint \\({len(data)} bytes\\)"):
        load(data)


@pytest.mark.parametrize(
    "header",
    [
        None,
        {"note": "somebody else's"},
        {"faces": "not JSON"},
        {"faces": "[1]"},
        {"faces": "{}"},
        {"faces": '{"format": 1}'},
    ],
)
def test_tensors_without_our_metadata_are_refused(header: dict[str, str] | None) -> None:
    with pytest.raises(RunError, match="not a checkpoint of this program"):
        load(with_header(header))


def test_a_newer_format_is_refused() -> None:
    newer = with_header({"faces": json.dumps({"format": checkpoint.FORMAT + 1, "metadata": {}})})
    with pytest.raises(RunError, match="has format 2, this version reads up to 1: update the program"):
        load(newer)


def test_numbers_that_json_does_not_know_are_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dump({}, {"loss": math.nan})
