"""An exported file answers as the run does, for any number of images, and says what another program needs to know."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from data.portraits import Gallery
from errors import RunError, UsageError
from faces.classifier import Classifier
from faces.export import export as exporting
from faces.export.export import export_run
from faces.export.recorded import recording
from faces.hidden import HiddenClassifier
from faces.photos import PhotoArray
from faces.run import load
from faces.transfer import TransferClassifier
from mnist.classifier import DigitClassifier
from report.run_folder import as_json

NAMES = ["Ada", "Bo", "王芳"]
CLOSE = 1e-4
Images = NDArray[np.uint8]


def hidden(folder: Path, units: int = 8) -> Path:
    generator = np.random.default_rng(0)
    photos = generator.integers(0, 256, (12, 1, 16, 16), dtype=np.uint8)
    classifier = HiddenClassifier(hidden=units, size=16, epochs=3, align=True, device="cpu")
    prepared = classifier.read(photos)
    return classifier.fit(prepared, NAMES * 4, (prepared, NAMES * 4)).save(folder / "hidden.safetensors")


def head(folder: Path, model: str = "alexnet", **parameters: Any) -> Path:
    """A head on made-up features of a frozen network."""
    weights = None if model == "face" else "random"
    classifier = TransferClassifier(model=model, weights=weights, device="cpu", epochs=3, **parameters)
    shape = (12, 2, classifier.backbone.numbers)
    features = PhotoArray(np.random.default_rng(1).gamma(1.0, 1.0, shape).astype(np.float32))
    return classifier.fit(features, NAMES * 4, (features, NAMES * 4)).save(folder / "head.safetensors")


def digits(folder: Path, model: str) -> Path:
    x = torch.rand(20, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return DigitClassifier(model=model, epochs=1).fit(x, np.arange(20) % 10).save(folder / "digits.safetensors")


RUNS: dict[str, Callable[[Path], Path]] = {
    "hidden": hidden,
    "alexnet, lda": lambda folder: head(folder, head="lda"),
    "alexnet, softmax": lambda folder: head(folder, head="softmax"),
    "alexnet, hidden layer": lambda folder: head(folder, hidden=8),
    "resnet18": lambda folder: head(folder, "torchvision:resnet18"),
    "softmax": lambda folder: digits(folder, "softmax"),
    "fc": lambda folder: digits(folder, "fc"),
    "cnn": lambda folder: digits(folder, "cnn"),
    "best": lambda folder: digits(folder, "best"),
}


def images(n: int, shape: tuple[int, ...]) -> Images:
    """Random pixels, and portraits."""
    channels, side, _ = shape
    pixels = np.random.default_rng(n).integers(0, 256, (n, *shape), dtype=np.uint8)
    for number in range(0, n, 2):
        portrait = Image.open(io.BytesIO(Gallery().draw(number % 12, number).jpeg)).convert(
            "L" if channels == 1 else "RGB"
        )
        pixels[number] = np.asarray(portrait.resize((side, side))).reshape(side, side, channels).transpose(2, 0, 1)
    return pixels


def answers_of(classifier: Classifier | DigitClassifier, pixels: Images) -> list[NDArray[np.float32]]:
    if not isinstance(classifier, Classifier):
        return [classifier.predict_proba(torch.from_numpy(pixels).float() / 255)]
    photos = classifier.read(pixels)
    return [classifier.predict_proba(photos), classifier.known_scores(photos)]


def check(run: Path, folder: Path) -> None:
    """Both files answer as the run does."""
    runtime = pytest.importorskip("onnxruntime")
    onnx = export_run(run, "onnx", folder / "run.onnx")
    session = runtime.InferenceSession(str(onnx.file))
    loaded = torch.jit.load(export_run(run, "torchscript", folder / "run.pt").file)  # type: ignore[no-untyped-call]
    image, outputs, classifier = onnx.about["image"], onnx.about["outputs"], load(run, device="cpu")
    if isinstance(classifier, Classifier):
        classifier.precision = "float32"
    assert [output.name for output in session.get_outputs()] == list(outputs)
    for n in (1, 7):
        pixels = images(n, (3 if image["mode"] == "RGB" else 1, image["size"], image["size"]))
        expected = answers_of(classifier, pixels)
        for found in (session.run(None, {"pixels": pixels}), loaded(torch.from_numpy(pixels))):
            for one, two in zip(found, expected, strict=True):
                np.testing.assert_allclose(np.asarray(one), two, atol=CLOSE, rtol=0)


@pytest.mark.parametrize("kind", RUNS)
def test_both_files_answer_as_the_run_does(kind: str, tmp_path: Path) -> None:
    check(RUNS[kind](tmp_path), tmp_path)


@pytest.mark.usefixtures("with_extra")
def test_so_do_those_of_the_face_network(tmp_path: Path) -> None:
    check(head(tmp_path, "face"), tmp_path)


def test_the_file_says_who_is_told_apart_and_how_a_crop_is_made(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    run = hidden(tmp_path)
    classifier = load(run)
    assert isinstance(classifier, HiddenClassifier)
    written = export_run(run, "onnx", tmp_path / "run.onnx")
    (said,) = onnx.load(written.file).metadata_props
    extra = {"faces.json": ""}
    torch.jit.load(export_run(run, "torchscript", tmp_path / "run.pt").file, _extra_files=extra)  # type: ignore[no-untyped-call]
    assert said.key == "faces"
    assert json.loads(said.value) == json.loads(extra["faces.json"])
    about = json.loads(said.value)
    assert about["classes"] == NAMES
    assert about["threshold"] == classifier.threshold_
    assert about["image"] == {
        "size": 16, "mode": "L", "layout": "N, C, height, width", "dtype": "uint8", "margin": 0.05
    }  # fmt: skip
    assert about["points"]["left_eye"][0] < about["points"]["nose"][0] < about["points"]["right_eye"][0] < 16
    assert about["test"] is None  # a model that was saved by itself


def test_a_weight_that_is_used_for_several_views_is_written_once(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    weights = 64 * 16 * 16 * 4  # bytes, used twenty times
    assert export_run(hidden(tmp_path, units=64), "onnx", tmp_path / "run.onnx").bytes < 3 * weights


@pytest.mark.parametrize("format", ["onnx", "torchscript"])
def test_nothing_of_this_machine_is_in_the_file(format: str, tmp_path: Path) -> None:
    written = export_run(hidden(tmp_path), format, tmp_path / "run.out").file.read_bytes()
    assert str(Path(exporting.__file__).parents[2]).encode() not in written


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = hidden(tmp_path)
    one, two = (export_run(run, "onnx", tmp_path / name).file.read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("wrong", [0.01, float("nan")])
@pytest.mark.parametrize("format", ["onnx", "torchscript"])
def test_a_file_that_answers_otherwise_is_not_written(
    format: str, wrong: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, runner = hidden(tmp_path), f"run_{format}"
    right: Any = getattr(exporting, runner)
    monkeypatch.setattr(
        exporting, runner, lambda data: lambda pixels: [output + wrong for output in right(data)(pixels)]
    )
    with pytest.raises(RunError, match=r"answers otherwise than the run itself, by up to (0\.01|nan)"):
        export_run(run, format, tmp_path / "run.out")
    assert [file.name for file in tmp_path.iterdir()] == ["hidden.safetensors"]


def test_what_the_exporter_cannot_write_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: object) -> bytes:
        raise RuntimeError("no such operator\nmore")

    monkeypatch.setattr(exporting, "torchscript_bytes", fails)
    with pytest.raises(RunError, match=r"as torchscript \(no such operator\): try --format onnx"):
        export_run(hidden(tmp_path), "torchscript", tmp_path / "run.pt")


def test_without_onnx_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faces.export.onnx_file.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"not installed: .*onnx"):
        export_run(hidden(tmp_path), "onnx", tmp_path / "run.onnx")


def test_without_onnx_runtime_it_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx")
    monkeypatch.setattr("faces.export.onnx_file.find_spec", lambda name: None if name == "onnxruntime" else name)
    assert export_run(hidden(tmp_path), "onnx", tmp_path / "run.onnx").difference is None


def test_a_file_is_replaced_only_when_asked(tmp_path: Path) -> None:
    run, out = hidden(tmp_path), tmp_path / "run.pt"
    out.write_text("mine")
    with pytest.raises(UsageError, match="--overwrite"):
        export_run(run, "torchscript", out)
    assert out.read_text() == "mine"
    export_run(run, "torchscript", out, overwrite=True)
    assert out.read_bytes()[:2] == b"PK"


def test_it_goes_into_no_run_and_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    run = hidden(tmp_path).rename(tmp_path / "run" / "model.safetensors").parent
    with pytest.raises(UsageError, match="holds the files of the run alone"):
        export_run(run, "torchscript", run / "run.pt")
    with pytest.raises(UsageError, match="is a folder"):
        export_run(run, "torchscript", tmp_path)


@pytest.mark.parametrize(
    "split",
    [
        {"test": ["../secret.png"], "sha256": {"../secret.png": None}},
        {"test": 7, "sha256": []},
        {"test": [7, None, ["a"]], "sha256": {}},
        [],
    ],
)
def test_a_strangers_list_of_test_photos_reads_nothing_outside(
    split: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    hidden(tmp_path).rename(run / "model.safetensors")
    (tmp_path / "photos").mkdir()
    (run / "metrics.json").write_bytes(as_json({"data": str(tmp_path / "photos"), "confusion": [[3, 0], [1, 2]]}))
    (run / "split.json").write_bytes(as_json(split))
    monkeypatch.setattr("faces.run_photo.read_photo", lambda *_: pytest.fail("a photo was read"))
    done = export_run(run, "torchscript", tmp_path / "run.pt")
    assert done.images == "random pixels"
    assert done.about["test"] == {"accuracy": 5 / 6, "right": 5, "n": 6}


def test_what_a_recording_changes_in_torch_is_put_back() -> None:
    before = torch.backends.mha.get_fastpath_enabled()
    with recording():
        assert not torch.backends.mha.get_fastpath_enabled()
    assert torch.backends.mha.get_fastpath_enabled() == before
