"""The head on features: learning, unknown faces, class weights, saving; on made-up features of a few numbers."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from errors import RunError
from faces import photos
from faces.backbones import weight_files
from faces.photos import PhotoArray
from faces.transfer import TransferClassifier
from nn import checkpoint

NAMES = ("Ada", "Bo", "Cy")
SMALL: dict[str, Any] = {"hidden": 16, "epochs": 30, "batch_size": 8, "weight_decay": 0.1}


def features(each: int, seed: int, names: tuple[str, ...] = NAMES) -> tuple[PhotoArray, list[str]]:
    """A person is a direction in 20 numbers; a photo and its mirror image lie around it."""
    centres = np.random.default_rng(1).gamma(1.0, 3.0, (len(names), 20))
    generator = np.random.default_rng(seed)
    photos = np.repeat(centres, each, 0)[:, None] + generator.normal(0, 0.7, (each * len(names), 2, 20))
    return PhotoArray(photos.clip(0).astype(np.float32)), [name for name in names for _ in range(each)]


def head(seed: int = 0, **parameters: Any) -> TransferClassifier:
    return TransferClassifier(weights="random", seed=seed, **{**SMALL, **parameters})


@pytest.fixture(scope="module")
def fitted() -> TransferClassifier:
    return head().fit(*features(12, seed=2), features(5, seed=3))


@pytest.mark.parametrize("hidden", [0, 16])
def test_it_learns_with_and_without_a_hidden_layer(hidden: int) -> None:
    classifier = head(hidden=hidden).fit(*features(12, seed=2), features(5, seed=3))
    assert classifier.score(*features(6, seed=4)) > 0.9
    assert len(classifier.unit_classes()) == (hidden or 3)
    assert classifier.activations(features(2, seed=5)[0]).shape == (6, hidden or 3)


def test_photo_and_mirror_image_are_averaged(fitted: TransferClassifier) -> None:
    photos, _ = features(4, seed=5)
    np.testing.assert_allclose(
        fitted.predict_proba(photos), fitted.predict_proba(PhotoArray(photos[:][:, ::-1].copy())), atol=1e-6
    )


def test_the_threshold_lets_nine_of_ten_validation_photos_pass(fitted: TransferClassifier) -> None:
    validation, _ = features(5, seed=3)
    assert fitted.threshold_ is not None
    assert (fitted.known_scores(validation) >= fitted.threshold_).mean() == pytest.approx(0.9, abs=0.07)


def test_a_face_unlike_all_is_less_likely_known(fitted: TransferClassifier) -> None:
    known = fitted.known_scores(features(6, seed=6)[0])
    stranger = np.random.default_rng(9).gamma(1.0, 3.0, (1, 1, 20))
    strangers = (stranger + np.random.default_rng(8).normal(0, 0.7, (6, 2, 20))).clip(0).astype(np.float32)
    assert fitted.known_scores(PhotoArray(strangers)).max() < np.median(known)


def test_saved_and_loaded_it_answers_as_before(fitted: TransferClassifier) -> None:
    photos, _ = features(6, seed=7)
    loaded = TransferClassifier.from_checkpoint(*checkpoint.load(fitted.to_bytes()))
    assert (loaded.predict_proba(photos) == fitted.predict_proba(photos)).all()
    assert (loaded.activations(photos) == fitted.activations(photos)).all()
    np.testing.assert_allclose(loaded.known_scores(photos), fitted.known_scores(photos), atol=2e-3)  # saved in 16 bits
    assert loaded.threshold_ == fitted.threshold_


def test_no_photos_have_no_answers(fitted: TransferClassifier) -> None:
    none = features(1, seed=7)[0].take(slice(0))
    assert fitted.predict_proba(none).shape == (0, 3)
    assert fitted.known_scores(none).shape == (0,)


def test_other_weights_than_the_heads_are_refused(fitted: TransferClassifier) -> None:
    tensors, metadata = checkpoint.load(fitted.to_bytes())
    other = {**metadata, "backbone": {"from": "random", "sha256": "0" * 64}}
    with pytest.raises(RunError, match=r"expected SHA-256 000000000000\.\.\."):
        TransferClassifier.from_checkpoint(tensors, other)


@pytest.mark.parametrize("name", ["mine.pth", "mine.safetensors", "mine.npz"])
def test_a_strangers_model_has_none_of_my_files_read_as_weights(
    fitted: TransferClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(weight_files, "_tensors", lambda *arguments: pytest.fail("the file was read"))
    (tmp_path / name).write_bytes(b"mine")
    tensors, metadata = checkpoint.load(fitted.to_bytes())
    claims = {**metadata, "backbone": {"from": str(tmp_path / name), "sha256": "0" * 64}}
    with pytest.raises(RunError, match="features of other weights"):
        TransferClassifier.from_checkpoint(tensors, claims)


def test_photos_that_are_taken_are_not_copied_and_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = np.arange(40, dtype=np.float32).reshape(10, 2, 2)
    chosen = np.array([7, 1, 4])
    some = PhotoArray(numbers).take(chosen).take(np.array([2, 0]))
    assert (some.numbers == numbers[[4, 7]]).all()
    assert (some.take(slice(1, 2))[:] == numbers[[7]]).all()
    assert np.shares_memory(some._all, numbers)
    monkeypatch.setattr(photos, "PIECE", 3 * numbers[:1].nbytes)
    for taken in (PhotoArray(numbers), PhotoArray(numbers).take(np.arange(10)[::-1])):
        pieces = list(taken.pieces())
        assert [len(piece) for piece in pieces] == [3, 3, 3, 1]
        assert (np.concatenate(pieces) == taken.numbers).all()
    assert [len(piece) for piece in PhotoArray(numbers[:0]).pieces()] == [0]


def test_a_training_holds_no_more_than_is_counted() -> None:
    """The peak of a training on 176 MiB of features in a process of its own, beside one on half of them: of more than
    the head lda looks at."""
    code = (
        "import resource, sys, numpy as np\n"
        "from faces import TransferClassifier\n"
        "from faces.photos import PhotoArray\n"
        "n = int(sys.argv[1])\n"
        "photos = PhotoArray(np.random.default_rng(0).random((n, 2, 9216), np.float32))\n"
        "names = [str(i % 20) for i in range(n)]\n"
        "some = photos.take(slice(n // 10)), names[: n // 10]\n"
        "model = TransferClassifier(weights='random', epochs=1).fit(photos, names, some)\n"
        "model.predict_proba(photos)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, model.bytes_a_photo)\n"
    )
    few, many = 1250, 2500
    (small, _), (large, each) = (
        map(int, subprocess.run([sys.executable, "-c", code, str(n)], capture_output=True, check=True).stdout.split())
        for n in (few, many)
    )
    assert large - small < (many - few) * each / 2**20


def test_same_seed_same_bytes() -> None:
    one, same, other = (head(seed=seed).fit(*features(6, seed=2)).to_bytes() for seed in (1, 1, 2))
    assert one == same != other


def test_balanced_classes_help_the_person_with_few_photos() -> None:
    photos, names = features(30, seed=2)
    chosen = [index for index, name in enumerate(names) if name != "Cy" or index % 10 == 0]
    few = (photos.take(np.array(chosen)), [names[index] for index in chosen])
    weights = {
        choice: head(epochs=2, class_weight=choice).fit(*few).predict_proba(photos)[60:, 2].mean()
        for choice in ("none", "balanced")
    }
    assert weights["balanced"] > weights["none"]


def test_filters_are_colour_pictures() -> None:
    tiles = head().backbone.filters()
    assert {tile.shape for tile in tiles} == {(11, 11, 3)}
    assert max(int(tile.max()) for tile in tiles) > 200


def test_weights_that_are_missing_are_said_when_they_are_needed(tmp_path: Path) -> None:
    classifier = TransferClassifier(weights=str(tmp_path / "missing.npz"))
    with pytest.raises(RunError, match="no weights in"):
        classifier.identity()
