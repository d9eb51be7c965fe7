"""Loading MNIST: small files of the same form, the real ones where they are, and what is refused."""

import gzip
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from data.mnist import FILES, MnistFile, load_mnist
from data.settings import MNIST_FOLDER
from errors import DatasetError

WriteIdx = Callable[[Path, NDArray[np.uint8]], None]


def complaint(folder: Path) -> str:
    with pytest.raises(DatasetError) as caught:
        load_mnist(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def pack(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


def test_small_files_of_the_same_form_will_do(small_mnist: Path) -> None:
    digits = load_mnist(small_mnist)
    assert digits.train_images.shape == (200, 28, 28)
    assert digits.test_images.shape == (50, 28, 28)
    assert digits.train_labels.shape == (200,)
    assert np.bincount(digits.test_labels).tolist() == [5] * 10
    assert all(array.dtype == np.uint8 for array in vars(digits).values())


def test_gzipped_files_hold_the_same(small_mnist: Path) -> None:
    plain = load_mnist(small_mnist)
    for file in FILES:
        pack(small_mnist / file.name)
    packed = load_mnist(small_mnist)
    for name, array in vars(plain).items():
        np.testing.assert_array_equal(getattr(packed, name), array)


def test_the_unpacked_file_is_read_when_both_are_there(small_mnist: Path) -> None:
    for file in FILES:
        (small_mnist / f"{file.name}.gz").write_bytes(b"not read")
    assert len(load_mnist(small_mnist).train_images) == 200


def test_mnist_itself(shared: Path) -> None:
    digits = load_mnist(shared / "mnist")
    assert digits.train_images.shape == (60_000, 28, 28)
    assert np.bincount(digits.train_labels).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert digits.test_labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    for file in FILES:
        content = gzip.decompress((shared / "mnist" / f"{file.name}.gz").read_bytes())
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.size, file.sha256)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_missing_file_says_how_to_get_it(small_mnist: Path, file: MnistFile) -> None:
    (small_mnist / file.name).unlink()
    said = complaint(small_mnist)
    assert said.startswith(f"MNIST is not in {small_mnist}: expected {file.name} or {file.name}.gz there")
    assert f"`faces download mnist --out {small_mnist}`" in said
    assert "--from FOLDER" in said


def test_without_a_folder_the_default_one_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = complaint(MNIST_FOLDER)
    assert said.startswith("MNIST is not in datasets/mnist: ")
    assert "`faces download mnist`" in said


def test_a_damaged_file_is_named(small_mnist: Path) -> None:
    path = small_mnist / "t10k-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    assert f"{path} cannot be used: expected 39200 bytes after its header, which says 50 x 28 x 28" in complaint(
        small_mnist
    )


def test_files_under_each_others_names_are_refused(small_mnist: Path) -> None:
    shutil.copy(small_mnist / "train-labels-idx1-ubyte", small_mnist / "train-images-idx3-ubyte")
    assert "expected 3-dimensional IDX of bytes" in complaint(small_mnist)


def test_images_of_another_size_are_refused(small_mnist: Path, write_idx: WriteIdx) -> None:
    write_idx(small_mnist / "t10k-images-idx3-ubyte", np.zeros((50, 28, 27), np.uint8))
    assert "t10k-images-idx3-ubyte has images of 28x27, expected 28x28" in complaint(small_mnist)


def test_as_many_labels_as_images(small_mnist: Path, write_idx: WriteIdx) -> None:
    write_idx(small_mnist / "train-labels-idx1-ubyte", np.zeros(199, np.uint8))
    assert "200 images in train-images-idx3-ubyte, 199 labels in train-labels-idx1-ubyte" in complaint(small_mnist)


def test_labels_are_digits(small_mnist: Path, write_idx: WriteIdx) -> None:
    write_idx(small_mnist / "t10k-labels-idx1-ubyte", np.full(50, 10, np.uint8))
    assert "t10k-labels-idx1-ubyte has a label 10, expected 0 to 9" in complaint(small_mnist)


NAMES = [  # how people have the training images, and by the same rule the other files
    *("TRAIN-IMAGES-IDX3-UBYTE", "train-images.idx3-ubyte", "train-images.idx3", "train_images_idx3_ubyte.bin"),
    *("train-images-idx3-ubyte (1)", "train-images-idx3-ubyte 2", "train-images-idx3-ubyte copy"),
    *("train-images-idx3-ubyte (1).gz", "train-images-idx3-ubyte 2.gz", "Train-Images.IDX3-UBYTE.GZ"),
    *("MNIST/raw/train-images-idx3-ubyte", "train-images-idx3-ubyte/train-images-idx3-ubyte"),
    *("emnist-digits-train-images-idx3-ubyte.gz", "gzip/emnist-mnist-train-images-idx3-ubyte"),
]


def renamed(folder: Path, name: str) -> None:
    """Give all four files the names of the same kind as `name` of train-images-idx3-ubyte."""
    for file in FILES:
        part, what, idx, _ = file.name.split("-")
        if "emnist" in name:
            part = part.replace("t10k", "test")
        own = name
        for old, new in (("train", part), ("images", what), ("idx3", idx)):
            own = own.replace(old, new).replace(old.upper(), new.upper()).replace(old.title(), new.title())
        content = (folder / file.name).read_bytes()
        (folder / file.name).unlink()
        (folder / own).parent.mkdir(parents=True, exist_ok=True)
        (folder / own).write_bytes(gzip.compress(content) if own.lower().endswith(".gz") else content)


@pytest.mark.parametrize("name", NAMES)
def test_files_are_found_under_the_names_that_people_have(small_mnist: Path, name: str) -> None:
    plain = load_mnist(small_mnist)
    renamed(small_mnist, name)
    digits = load_mnist(small_mnist)
    turned = (0, 2, 1) if "emnist" in name else (0, 1, 2)
    np.testing.assert_array_equal(digits.train_images, plain.train_images.transpose(turned))
    np.testing.assert_array_equal(digits.test_labels, plain.test_labels)


def test_the_exact_name_comes_first_and_an_original_before_its_copy(small_mnist: Path) -> None:
    for other in ("emnist-letters-train-images-idx3-ubyte", "train-images-idx3-ubyte (1)", "raw/train-images.idx3"):
        (small_mnist / other).parent.mkdir(exist_ok=True)
        (small_mnist / other).write_bytes(b"not read")
    assert len(load_mnist(small_mnist).train_images) == 200
    for other in ("emnist-letters-train-images-idx3-ubyte",):
        (small_mnist / other).unlink()
    (small_mnist / "train-images-idx3-ubyte").rename(small_mnist / "train-images.idx3-ubyte")
    assert len(load_mnist(small_mnist).train_images) == 200


@pytest.mark.parametrize("others", [("digits", "letters"), ("balanced", "byclass", "mnist")])
def test_several_sets_are_named_and_none_is_guessed(small_mnist: Path, others: tuple[str, ...]) -> None:
    (small_mnist / "train-images-idx3-ubyte").unlink()
    for other in others:
        (small_mnist / f"emnist-{other}-train-images-idx3-ubyte").write_bytes(b"")
    said = complaint(small_mnist)
    assert "has several files that could be train-images-idx3-ubyte" in said
    assert all(f"emnist-{other}-train" in said for other in others)


def test_files_of_two_sets_are_not_mixed(small_mnist: Path) -> None:
    (small_mnist / "t10k-labels-idx1-ubyte").rename(small_mnist / "emnist-digits-test-labels-idx1-ubyte")
    assert "has files of different sets" in complaint(small_mnist)


@pytest.mark.parametrize(("name", "last"), [("letters", 26), ("balanced", 46)])
def test_letters_are_refused(small_mnist: Path, write_idx: WriteIdx, name: str, last: int) -> None:
    renamed(small_mnist, f"emnist-{name}-train-images-idx3-ubyte")
    labels = np.arange(200) % last + 1
    write_idx(small_mnist / f"emnist-{name}-train-labels-idx1-ubyte", labels.astype(np.uint8))
    assert f"has a label {last}, expected 0 to 9; replace it: sets with letters" in complaint(small_mnist)


@pytest.mark.parametrize("shape", [(0, 28, 28), (50, 0, 0)])
def test_an_empty_set_is_refused(small_mnist: Path, write_idx: WriteIdx, shape: tuple[int, ...]) -> None:
    write_idx(small_mnist / "t10k-images-idx3-ubyte", np.zeros(shape, np.uint8))
    assert "expected at least one byte after its header" in complaint(small_mnist)


@pytest.mark.parametrize("lying", [False, True])
def test_images_that_lie_on_their_side_are_warned_about(
    small_mnist: Path, write_idx: WriteIdx, caplog: pytest.LogCaptureFixture, lying: bool
) -> None:
    images = load_mnist(small_mnist).train_images.copy()
    images[:, :, :] = 0
    images[:, 4:24, 13:15] = 255
    write_idx(small_mnist / "train-images-idx3-ubyte", images.transpose(0, 2, 1) if lying else images)
    caplog.clear()
    load_mnist(small_mnist)
    assert any("the ones lie on their side" in line for line in caplog.messages) == lying


def test_mnists_own_ones_stand_upright(shared: Path, caplog: pytest.LogCaptureFixture) -> None:
    load_mnist(shared / "mnist")
    assert caplog.messages == []
