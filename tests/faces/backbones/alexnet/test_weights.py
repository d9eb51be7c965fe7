"""Weights from every kind of file, and the one line each kind of wrong file ends in."""

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor

from errors import RunError
from faces.backbones.alexnet.architecture import ORIGINAL, TORCHVISION
from faces.backbones.alexnet.frozen import Weights
from faces.backbones.alexnet.weights import load_weights

State = dict[str, Tensor]


def write_original(path: Path, **others: Any) -> None:
    """The original's arrays as released in 8 bits: weights n / 128 in the n-th convolution, biases 10 times that."""
    arrays: dict[str, Any] = {"scale": np.array(1 / 128, np.float32), "mean_bgr": np.arange(1.0, 4.0)}
    for n, stage in enumerate(ORIGINAL.stages, 1):
        arrays[f"conv{n}_weight_q"] = np.full(stage.weight_shape, n, np.int8)
        arrays[f"conv{n}_bias_q"] = np.full(stage.outputs, 10 * n, np.int16)
    np.savez_compressed(path, **(arrays | others))


def write_safetensors(state: State, path: Path) -> None:
    safetensors.torch.save_file(state, path)


def write_arrays(state: State, path: Path) -> None:
    arrays: dict[str, Any] = {name: tensor.numpy() for name, tensor in state.items()}
    np.savez(path, **arrays)


def write_training_state(state: State, path: Path) -> None:
    torch.save({"epoch": 3, "state_dict": {f"module.{name}": tensor for name, tensor in state.items()}}, path)


def write_whole_network(state: State, path: Path) -> None:
    torch.save({**state, "classifier.6.bias": torch.zeros(1000)}, path)


WRITERS: list[tuple[str, Callable[[State, Path], None]]] = [
    ("a.pth", torch.save),
    ("a.PT", write_whole_network),
    ("a.pt", write_training_state),
    ("a.safetensors", write_safetensors),
    ("a.npz", write_arrays),
]


@pytest.mark.parametrize(("name", "write"), WRITERS)
def test_torchvisions_state_dict(tmp_path: Path, state: State, name: str, write: Callable[[State, Path], None]) -> None:
    write(state, tmp_path / name)
    weights = load_weights(str(tmp_path / name))
    assert weights.architecture is TORCHVISION
    assert (weights.source, weights.preprocessing.channels, len(weights.sha256)) == (name, "RGB", 64)
    for place, (weight, bias) in zip((0, 3, 6, 8, 10), weights.convolutions, strict=True):
        assert torch.equal(weight, state[f"features.{place}.weight"])
        assert torch.equal(bias, state[f"features.{place}.bias"])


def test_the_originals_fixed_point(tmp_path: Path) -> None:
    write_original(tmp_path / "a.npz")
    weights = load_weights(str(tmp_path / "a.npz"))
    assert weights.architecture is ORIGINAL
    assert (weights.preprocessing.channels, weights.preprocessing.mean) == ("BGR", (1.0, 2.0, 3.0))
    weight, bias = weights.convolutions[4]
    assert weight.shape == ORIGINAL.stages[4].weight_shape
    assert (weight == 5 / 128).all()
    assert (bias == 50 / 128).all()


def test_the_released_weights(shared: Path) -> None:
    weights = load_weights(str(shared / "weights" / "bvlc_alexnet_conv_int8.npz"))
    assert weights.sha256 == "3b9c207a8b89ba447c6e8bd185eb583f42938f81d0446513109e4e1c5b0481ce"
    assert weights.preprocessing == ORIGINAL.preprocessing


def test_random_weights_are_the_same_every_time(original_weights: Weights) -> None:
    again = load_weights("random")
    assert again.sha256 == original_weights.sha256
    assert again.architecture is ORIGINAL
    for (weight, bias), (same, none) in zip(original_weights.convolutions, again.convolutions, strict=True):
        assert torch.equal(weight, same)
        assert not bias.any()
        assert not none.any()


def test_other_bytes_are_other_weights(tmp_path: Path, state: State) -> None:
    torch.save(state, tmp_path / "a.pth")
    torch.save({**state, "features.0.bias": state["features.0.bias"] + 1}, tmp_path / "b.pth")
    assert load_weights(str(tmp_path / "a.pth")).sha256 != load_weights(str(tmp_path / "b.pth")).sha256


class Code:
    """An object whose unpickling would leave a file behind."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return exec, (f"open({str(self.trace)!r}, 'w').close()",)


@pytest.mark.parametrize("name", ["a.pth", "b.pth", "c.npz"])
def test_code_in_a_file_is_not_run(tmp_path: Path, name: str) -> None:
    code, path = Code(tmp_path / "trace"), tmp_path / name
    if name == "a.pth":
        torch.save({"features.0.weight": code}, path)
    elif name == "b.pth":
        path.write_bytes(pickle.dumps(code))
    else:
        np.savez(path, conv1_weight_q=np.array([code], dtype=object))
    with pytest.raises(RunError, match="nothing in it is run"):
        load_weights(str(path))
    assert not (tmp_path / "trace").exists()


def disk_error(path: Path) -> str:
    with pytest.raises(RunError) as error:
        load_weights(str(path))
    assert "\n" not in str(error.value)
    assert path.name in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".safetensors", ".npz"])
def test_what_is_no_weights_file_is_one_line(tmp_path: Path, state: State, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    assert "expected imagenet, random, or the path of a file" in disk_error(path)
    path.write_bytes(b"")
    assert "empty" in disk_error(path)
    path.write_bytes(b"\n<!DOCTYPE html><title>404</title>")
    assert "web page" in disk_error(path)
    path.write_bytes(bytes(range(256)))
    disk_error(path)
    dict(WRITERS).get(path.name, torch.save)(state, path)
    path.write_bytes(path.read_bytes()[:-1000])
    assert "cut short or damaged" in disk_error(path)


def test_a_flipped_byte_in_an_archive_is_noticed(tmp_path: Path) -> None:
    write_original(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        place = archive.getinfo("conv2_weight_q.npy").header_offset + 200
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[place] ^= 1
    (tmp_path / "a.npz").write_bytes(data)
    assert "damaged" in disk_error(tmp_path / "a.npz")


def test_another_network_is_told_by_its_tensors(tmp_path: Path, state: State) -> None:
    path = tmp_path / "a.pth"
    torch.save({"conv1.weight": torch.zeros(64, 3, 7, 7), "bn1.bias": torch.zeros(64)}, path)
    assert "another network (conv1.weight, bn1.bias ..., but no features.0.weight)" in disk_error(path)
    torch.save({**state, "features.3.weight": torch.zeros(128, 64, 3, 3)}, path)
    assert "features.3.weight is (128, 64, 3, 3), not (192, 64, 5, 5)" in disk_error(path)
    torch.save(torch.zeros(3), path)
    assert "save the state dict alone" in disk_error(path)
    torch.save({**state, "features.6.bias": torch.full((384,), torch.nan)}, path)
    assert "features.6.bias holds what is no finite number" in disk_error(path)
    write_original(tmp_path / "b.npz", conv4_bias_q=np.zeros(3, np.int16))
    assert "conv4_bias_q is (3,), not (384,)" in disk_error(tmp_path / "b.npz")


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"x")
    assert "a file ending in .pth, .pt, .safetensors, .npz" in disk_error(tmp_path / "a.bin")


@pytest.mark.parametrize(
    "name", ["http://host/alexnet.pth", "/dev/zero", "fifo.pth", "folder.pth", "a\0b.pth", "l" * 300]
)
def test_what_is_no_ordinary_file_is_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("fifo.pth")
    Path("folder.pth").mkdir()
    Path("device.pth").symlink_to("/dev/zero")
    for spec in (name, "device.pth"):
        with pytest.raises(RunError, match="expected imagenet, random, or the path of a file"):
            load_weights(spec if spec.endswith(".pth") else f"{spec}.pth")


@pytest.mark.parametrize("name", ["a.pth", "b.safetensors", "c.npz", "random"])
def test_nothing_is_read_as_weights_before_its_digest_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def never(*arguments: object, **options: object) -> None:
        pytest.fail("read before its SHA-256 was accepted")

    for module, reader in ((torch, "load"), (safetensors.torch, "load"), (np, "load")):
        monkeypatch.setattr(module, reader, never)
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(b"any bytes")
    seen: list[str] = []

    def refuse(sha256: str) -> None:
        seen.append(sha256)
        raise RunError("other weights")

    with pytest.raises(RunError, match="other weights"):
        load_weights(name, refuse)
    assert len(seen[0]) == 64
