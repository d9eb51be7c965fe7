"""`import faces`: one way in and out, images of every kind, and the interface of scikit-learn."""

import io
import pickle
import pydoc
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

import faces
from errors import FacesError, ImageError, NotFittedError, RunError, UsageError

Classifiers = faces.HiddenClassifier | faces.TransferClassifier | faces.DigitClassifier
HIDDEN: dict[str, Any] = {"hidden": 12, "epochs": 20, "batch_size": 16, "size": 16}
N = 24


def make(kind: str, **parameters: Any) -> Any:
    """One of the three classifiers, small."""
    if kind == "hidden":
        return faces.HiddenClassifier(**{**HIDDEN, **parameters})
    if kind == "transfer":
        return faces.TransferClassifier(
            **{"weights": "random", "head": "softmax", "epochs": 8, "batch_size": 8, **parameters}
        )
    return faces.DigitClassifier(**{"model": "softmax", "epochs": 20, "batch_size": 8, "lr": 0.02, **parameters})


each_kind = pytest.mark.parametrize("kind", ["hidden", "transfer", "digits"])


@pytest.fixture(scope="module")
def images() -> NDArray[np.uint8]:
    """Two patterns under noise, one after the other, (N, 28, 28)."""
    generator = np.random.default_rng(0)
    patterns = np.kron(generator.random((2, 7, 7)) < 0.4, np.ones((4, 4)))  # (2, 28, 28)
    noisy = patterns[np.arange(N) % 2] * 180 + generator.normal(30, 20, (N, 28, 28))
    return noisy.clip(0, 255).astype(np.uint8)


def labels(kind: str, n: int = N) -> NDArray[Any]:
    return np.arange(n) % 2 if kind == "digits" else np.array(["Ada", "Bo"])[np.arange(n) % 2]


@pytest.fixture(scope="module")
def fitted(images: NDArray[np.uint8]) -> Callable[[str], Any]:
    """Each kind, trained once."""
    known: dict[str, Any] = {}

    def fit(kind: str) -> Any:
        if kind not in known:
            known[kind] = make(kind).fit(images, labels(kind))
        return known[kind]

    return fit


@each_kind
def test_it_learns_and_answers_as_scikit_learns_do(
    kind: str, fitted: Callable[[str], Any], images: NDArray[np.uint8]
) -> None:
    model = fitted(kind)
    prepared = model.prepare(images)
    probabilities = model.predict_proba(prepared)
    assert probabilities.shape == (N, len(model.classes_))
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-5)
    assert (model.predict(prepared) == model.classes_[probabilities.argmax(1)]).all()
    assert model.score(prepared, labels(kind)) == (model.predict(prepared) == labels(kind)).mean() > 0.9


@each_kind
def test_every_kind_of_image_gets_the_same_answer(
    kind: str, fitted: Callable[[str], Any], images: NDArray[np.uint8], tmp_path: Path
) -> None:
    model, some = fitted(kind), images[:2]
    pictures = [Image.fromarray(image) for image in some]
    paths = [tmp_path / f"{number}.png" for number in range(2)]
    for path, picture in zip(paths, pictures, strict=True):
        picture.save(path)
    expected = model.predict_proba(some)
    for same in (
        list(some),
        some[..., None],
        np.repeat(some[..., None], 3, axis=3),
        some / np.float32(255),
        some / 255,
        pictures,
        [picture.convert("RGB") for picture in pictures],
        paths,
        [str(path) for path in paths],
        (path for path in paths),
        [paths[0], pictures[1]],
        [pictures[0], some[1]],
    ):
        assert (model.predict_proba(same) == expected).all()
    np.testing.assert_allclose(model.predict_proba(paths[0]), expected[:1], rtol=1e-4)
    np.testing.assert_allclose(model.predict_proba(pictures[1]), expected[1:], rtol=1e-4)
    assert model.predict([]).shape == (0,)


@each_kind
@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (np.zeros((2, 28, 28), np.int64), "image 0 is an array of int64: expected paths, Pillow images, or arrays"),
        (np.full((2, 28, 28), 255.0), r"image 0 has values from 255 to 255: floats are expected in \[0, 1\]; divide"),
        (np.full((2, 28, 28), -0.5), r"from -0.5 to -0.5"),
        (np.full((2, 28, 28), np.nan), "from nan to nan"),
        (np.zeros((28, 28), np.uint8), r"of the shape \(28, 28\): expected \(N, height, width\) .* into a list"),
        (np.zeros((2, 28, 28, 2), np.uint8), r"image 0 has the shape \(28, 28, 2\): expected \(height, width\)"),
        (np.zeros((2, 0, 28), np.uint8), r"image 0 has the shape \(0, 28\)"),
        ([np.zeros((9, 9), np.uint8), 7], "image 1 is a int: expected paths"),
        (["missing.jpg"], r"missing\.jpg is not an image that can be read"),
        ([__file__], r"test_api\.py is not an image that can be read"),
    ],
)
def test_what_is_no_image_is_refused_in_one_line(
    kind: str, wrong: Any, says: str, fitted: Callable[[str], Any]
) -> None:
    for ask in (fitted(kind).predict, lambda images: make(kind).fit(images, labels(kind, len(images)))):
        with pytest.raises(ImageError, match=says) as error:
            ask(wrong)
        assert isinstance(error.value, FacesError)
        assert isinstance(error.value, ValueError)
        assert "\n" not in str(error.value)


@each_kind
def test_a_photo_of_a_phone_is_turned_upright(
    kind: str, fitted: Callable[[str], Any], images: NDArray[np.uint8]
) -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 3  # stored upside down
    Image.fromarray(images[0][::-1, ::-1].copy()).save(file, "PNG", exif=exif)
    with Image.open(file) as turned:
        assert (fitted(kind).predict_proba(turned) == fitted(kind).predict_proba([images[0]])).all()


@each_kind
@pytest.mark.parametrize(
    ("given", "says"),
    [
        (labels("hidden", 2), r"3 images and \w+ of the shape \(2,\)"),
        ([], r"3 images and \w+ of the shape \(0,\)"),
    ],
)
def test_one_name_for_each_image(kind: str, given: Any, says: str, images: NDArray[np.uint8]) -> None:
    with pytest.raises(UsageError, match=says):
        make(kind).fit(images[:3], given)


def test_one_person_alone_cannot_be_told_from_anybody(images: NDArray[np.uint8]) -> None:
    with pytest.raises(UsageError, match="all 24 images are of 'Ada': expected at least two people"):
        make("hidden").fit(images, ["Ada"] * N)


@each_kind
@pytest.mark.parametrize("ask", ["predict", "predict_proba", "plot_weights", "save"])
def test_asked_before_it_is_trained_it_says_fit_first(kind: str, ask: str, tmp_path: Path) -> None:
    exceptions = pytest.importorskip("sklearn.exceptions")
    arguments = {"save": [tmp_path / "model"], "plot_weights": []}.get(ask, [[np.zeros((9, 9), np.uint8)]])
    with pytest.raises(
        exceptions.NotFittedError, match=r"is not trained yet: call fit\(images, names\) first"
    ) as error:
        getattr(make(kind), ask)(*arguments)
    assert isinstance(error.value, NotFittedError)


def test_without_scikit_learn_the_error_is_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.exceptions", None)
    with pytest.raises(NotFittedError) as error:
        faces.HiddenClassifier().predict([])
    assert type(error.value) is NotFittedError


@each_kind
def test_saved_as_a_file_or_a_folder_it_is_loaded_again(
    kind: str, fitted: Callable[[str], Any], images: NDArray[np.uint8], tmp_path: Path
) -> None:
    model = fitted(kind)
    prepared = model.prepare(images[:4])
    probabilities, names = model.predict_proba(prepared), model.predict(prepared)
    for path, file in ((tmp_path / "m.safetensors", "m.safetensors"), (tmp_path / "run", "run/model.safetensors")):
        assert model.save(path) == tmp_path / file
        for loaded in (faces.load(path), faces.load(str(tmp_path / file))):
            assert type(loaded) is type(model)
            assert (loaded.predict_proba(prepared) == probabilities).all()
            assert loaded.predict(prepared).dtype == names.dtype
    assert (loaded.predict_proba(images[:4]) == probabilities).all()


def test_a_folder_with_a_whole_run_is_not_written_into(fitted: Callable[[str], Any], tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(UsageError, match="holds a run"):
        fitted("hidden").save(tmp_path)


def test_what_is_no_model_is_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "m.safetensors").write_bytes(b"nothing")
    with pytest.raises(RunError, match=r"m\.safetensors: not a whole checkpoint"):
        faces.load(tmp_path / "m.safetensors")
    with pytest.raises(RunError, match="expected a run folder"):
        faces.load(tmp_path / "nowhere")


@each_kind
def test_pickle_keeps_parameters_and_answers(
    kind: str, fitted: Callable[[str], Any], images: NDArray[np.uint8]
) -> None:
    model = fitted(kind)
    again = pickle.loads(pickle.dumps(model))
    assert again.get_params() == model.get_params()
    assert (again.predict_proba(images[:4]) == model.predict_proba(images[:4])).all()
    untrained = pickle.loads(pickle.dumps(make(kind)))
    assert untrained.get_params() == make(kind).get_params()
    assert not untrained.is_fitted


@each_kind
def test_parameters_are_read_and_set_by_name(kind: str) -> None:
    model = make(kind)
    assert model.set_params(lr=0.125, seed=3) is model
    assert (model.lr, model.get_params()["lr"], model.seed) == (0.125, 0.125, 3)
    assert "lr=0.125" in repr(model)
    with pytest.raises(UsageError, match=r"has no parameter 'learning_rate': expected .*epochs"):
        model.set_params(learning_rate=1)
    with pytest.raises(UsageError, match="lr must be a number above 0"):
        model.set_params(lr=-1.0, seed=4)
    assert (model.lr, model.seed) == (0.125, 3)


@each_kind
def test_weights_are_a_figure(kind: str, fitted: Callable[[str], Any], tmp_path: Path) -> None:
    figure = fitted(kind).plot_weights()
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "weights.png")
    with Image.open(tmp_path / "weights.png") as picture:
        assert min(picture.size) > 100


class TestScikitLearn:
    """What scikit-learn does with an estimator."""

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        pytest.importorskip("sklearn", reason="scikit-learn is not installed")

    @each_kind
    def test_clone(self, kind: str, fitted: Callable[[str], Any]) -> None:
        from sklearn import exceptions
        from sklearn.base import clone, is_classifier
        from sklearn.utils.validation import check_is_fitted

        other = clone(fitted(kind))
        assert type(other) is type(fitted(kind))
        assert other.get_params() == fitted(kind).get_params()
        assert is_classifier(other)
        check_is_fitted(fitted(kind))
        with pytest.raises(exceptions.NotFittedError):
            check_is_fitted(other)

    @pytest.mark.parametrize("kind", ["hidden", "digits"])
    def test_cross_val_score(self, kind: str, images: NDArray[np.uint8]) -> None:
        from sklearn.model_selection import cross_val_score

        scores = cross_val_score(make(kind), images, labels(kind), cv=3)
        assert scores.shape == (3,)
        assert scores.mean() > 0.8

    def test_cross_val_score_of_files(self, people: Path) -> None:
        from sklearn.model_selection import cross_val_score

        photos = faces.load_folder(people)
        assert cross_val_score(make("hidden"), photos.images, photos.names, cv=3).mean() > 0.8

    @pytest.mark.parametrize("kind", ["hidden", "digits"])
    def test_grid_search(self, kind: str, images: NDArray[np.uint8]) -> None:
        from sklearn.model_selection import GridSearchCV

        search = GridSearchCV(make(kind), {"epochs": [20], "lr": [1e-9, 0.01], "seed": [0, 1]}, cv=2)
        search.fit(images, labels(kind))
        assert search.best_score_ > 0.8
        if kind == "hidden":
            assert search.best_params_["lr"] == 0.01
        assert search.score(images, labels(kind)) > 0.9

    def test_pipeline(self, images: NDArray[np.uint8]) -> None:
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import FunctionTransformer

        pipeline = make_pipeline(FunctionTransformer(lambda x: 255 - x), make("hidden"))
        pipeline.set_params(hiddenclassifier__hidden=5).fit(images, labels("hidden"))
        assert pipeline[-1].network.layers[0].weight.value.shape[0] == 5
        assert pipeline.score(images, labels("hidden")) > 0.9

    def test_joblib(self, fitted: Callable[[str], Any], images: NDArray[np.uint8], tmp_path: Path) -> None:
        import joblib

        joblib.dump(fitted("hidden"), tmp_path / "model.joblib")
        again = joblib.load(tmp_path / "model.joblib")
        assert (again.predict_proba(images) == fitted("hidden").predict_proba(images)).all()


def test_a_folder_is_split_as_train_faces_splits_it(people: Path) -> None:
    folder = faces.load_folder(people)
    assert folder.people == ("Ada", "Bo", "Cy")
    assert len(folder.images) == len(folder.names) == 42
    photos = folder.split(train=8, validation=2, test=3, seed=1)
    assert [len(part) for part in (photos.train, photos.validation, photos.test)] == [24, 6, 9]
    everywhere = photos.train.images + photos.validation.images + photos.test.images
    assert len(set(everywhere)) == 39
    assert all(path.parent.name == name for path, name in zip(photos.train.images, photos.train.names, strict=True))
    assert folder.split(train=8, validation=2, test=3, seed=1) == photos
    assert folder.split(train=8, validation=2, test=3, seed=2) != photos
    model = make("hidden", size=24).fit(photos.train.images, photos.train.names)
    assert model.score(photos.test.images, photos.test.names) > 0.8


def test_help_is_a_page_worth_reading() -> None:
    page = pydoc.plain(pydoc.render_doc(faces))
    for word in (
        "faces.load(",
        "class HiddenClassifier",
        "class TransferClassifier",
        "class DigitClassifier",
        "plot_weights",
    ):
        assert word in page


def test_importing_faces_does_not_import_torch() -> None:
    program = "import sys, faces; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
