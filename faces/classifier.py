"""What every face classifier shares: it learns from images with names and answers with names, as scikit-learn's do.

A subclass says how images become photos as its network takes them, what the network is, and what is saved beside its
weights; the training is `nn.training`, the one loop.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from PIL import Image
from torch import Generator, Tensor

from data.atomic_write import atomic_write
from data.photos import FILTER, Mode, Photo, load_images
from data.photos.pixels import Images, pixels_of
from data.photos.placed import Placed
from data.rows import Box
from errors import RunError, UsageError
from faces.backbones.precision import Precision
from faces.detection.landmarks import place_face
from faces.features.statistics import first_of_each, together
from faces.photos import AT_ONCE, PhotoArray, Photos
from faces.settings import ClassifierSettings
from faces.temperature import HIGHEST, LOWEST, best_temperature, tempered
from nn import checkpoint
from nn.estimator import TRIAL, Estimator, kinds_of, trial_inputs
from nn.layers import Sequential
from nn.losses import CrossEntropy
from nn.optimisers import AdamW
from nn.parallel import ALONE, Ranks
from nn.schedules import Cosine
from nn.threads import threads
from nn.training import Data, History, OnEpoch, TrainingSettings, TrainingState, train
from report.hidden_units import UnitClass
from report.run_folder import model_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

KNOWN_ACCEPTED = 0.9  # the share of the validation photos that pass the threshold where nobody was left out to set it
MOST_NEIGHBOURS = 100  # training photos per person that are kept to be compared with
NOT_SAVED = ("seed", "device", "capture", "weights")  # stand elsewhere in a checkpoint, or belong to a machine


class Classifier(ClassifierSettings, Estimator, ABC):
    """Images -> names. After `fit` or `faces.load`: `classes_`, sorted, `network`, `history` and `threshold_`.

    Images are an array (N, height, width[, 3]) of uint8 in 0..255 or floats in [0, 1], or a list of paths, Pillow
    images and such arrays, all cut and resized here. A face counts as one of the known people when its `known_scores`,
    the quantity that `quantity` puts into words, is at least `threshold_`. `fit` sets it so that nine of ten validation
    photos pass; without validation photos it is None and everybody counts as known. A training of a folder leaves
    people out to set it, and `thresholds_` has those for other shares of strangers that may pass. Probabilities are at
    `temperature_`, which validation photos set: it is 1 without.
    """

    image_mode: ClassVar[Mode]
    """The channels of the images that the network sees."""
    compared: ClassVar[str]
    """Of which numbers of two photos `known_scores` takes the cosine similarity, as words."""
    one_thread: ClassVar[bool] = False
    """On a processor: its steps are too small to be shared out."""
    rounds: ClassVar[int]
    """How often it is trained once more, to see who passes of the people left out: the quicker, the more often."""

    classes_: NDArray[Any]
    threshold_: float | None
    thresholds_: Mapping[float, float]
    """Share of strangers that may pass -> threshold; empty unless people were left out."""
    temperature_: float
    neighbours: Tensor
    """Directions of a few training photos of each person, unit vectors (photos, numbers)."""
    neighbour_classes: Tensor
    """Whose they are, (photos,)."""
    max_pixels: int | None = None
    """Of a photo that `open` reads, as `DownloadSettings` says: no parameter, it does not change what is learned."""
    precision: Precision | None = None
    """Of a frozen network; None: the one that the device computes faster. No parameter either."""
    found_faces: bool = False
    """Whether it was trained on faces that a detector found in whole photos; then `predict` finds them so too."""
    network: Sequential
    history: History

    @property
    @abstractmethod
    def kind(self) -> str:
        """The name of the model in a run folder."""

    @property
    @abstractmethod
    def image_size(self) -> int:
        """Side of the images that the network sees, in pixels."""

    @property
    @abstractmethod
    def image_margin(self) -> float:
        """What an aligned image shows around the face on each side, as a share of the face's side."""

    def fit(
        self,
        images: Images | Photos,
        names: ArrayLike,
        validation: tuple[Images | Photos, ArrayLike] | None = None,
        *,
        on_epoch: OnEpoch | None = None,
        resume: TrainingState | None = None,
        ranks: Ranks = ALONE,
    ) -> Self:
        """Train from the seed on N images with one name each, of at least two people.

        Validation images are measured every epoch, stop the training if there is a patience, and set `threshold_`.
        Each of several ranks is given all images; see `nn.training.train`. Raises UsageError when names are missing,
        ImageError for what is no image.
        """
        photos, known = self._checked(images, names)
        watched = None if validation is None else self._checked(*validation)
        self.classes_ = np.unique(known)
        if len(self.classes_) < 2:
            raise UsageError(
                f"all {len(known)} images are of {self.classes_.tolist()[0]!r}: expected at least two people"
            )
        target = self._targets(known)
        generator = Generator().manual_seed(self.seed)
        data = self._training_data(photos, target)
        first = self._inputs(self._opened(photos[:1]))
        self.network = self._built(first.shape[1], len(self.classes_), generator)
        with threads(1 if self.one_thread else torch.get_num_threads()):
            self.history = self._train(data, target, generator, watched, on_epoch, resume, ranks)
        self._keep_neighbours(photos, target)
        self.threshold_, self.thresholds_, self.temperature_ = None, {}, 1.0
        if watched is not None:
            true = self._targets(watched[1]).cpu().numpy()
            self.temperature_ = best_temperature(self.predict_proba(watched[0]), true)
            self.threshold_ = float(np.quantile(self.known_scores(watched[0]), 1 - KNOWN_ACCEPTED))
        return self

    def _train(
        self,
        data: Data,
        target: Tensor,
        generator: Generator,
        validation: tuple[Photos, NDArray[Any]] | None,
        on_epoch: OnEpoch | None,
        resume: TrainingState | None,
        ranks: Ranks,
    ) -> History:
        return train(
            self.network,
            CrossEntropy(label_smoothing=self.label_smoothing, class_weights=self._class_weights(target)),
            AdamW(self.network.parameters(), weight_decay=self.weight_decay),
            Cosine(self.lr, steps=max(1, self.epochs * -(-len(target) // self.batch_size))),
            data,
            settings=TrainingSettings(
                epochs=self.epochs,
                batch_size=self.batch_size,
                patience=None if validation is None else self.patience,
                capture=self.capture,
            ),
            generator=generator,
            validation=None if validation is None else self._validation(*validation),
            augment=self._augmented,
            on_epoch=on_epoch,
            resume=resume,
            ranks=ranks,
        )

    def predict_proba(self, images: Images | Photos) -> NDArray[np.float32]:
        """Return probabilities (N, classes), columns as in `classes_`: the mean over several views of each image."""
        photos = self._fitted(images)
        if not len(photos):
            return np.empty((0, len(self.classes_)), np.float32)
        return self._piecewise(photos, self._probabilities)

    def predict(self, images: Images | Photos) -> NDArray[Any]:
        """Return the most probable name of each image, (N,)."""
        best = self.predict_proba(images).argmax(1)
        names: NDArray[Any] = self.classes_[best]
        return names

    def known_scores(self, images: Images | Photos) -> NDArray[np.float32]:
        """Return how surely each face is one of the known people, (N,), higher for surer: `quantity`."""
        photos = self._fitted(images)
        return self._piecewise(photos, self._known_scores) if len(photos) else np.empty(0, np.float32)

    @property
    def quantity(self) -> str:
        """What `known_scores` are, in words."""
        if not len(self.neighbours):
            return "probability of the name"
        return f"{self.sure} + cosine similarity of the {self.compared} with that person's most similar training photo"

    @property
    def sure(self) -> str:
        """What `known_scores` takes of the network's answer, in words."""
        return "probability of the name, before the temperature,"

    def threshold_for(self, strangers: float) -> float:
        """Return the threshold that at most this share of strangers passes, the nearest known one below `strangers`.

        Raises UsageError where the training could not tell.
        """
        known = [share for share in self.thresholds_ if share <= strangers]
        if not known:
            shares = sorted(self.thresholds_)
            expected = f"{shares[0]:.4g} or more" if shares else "--threshold T: nobody was left out of its training"
            raise UsageError(f"strangers {strangers:.4g}: this run does not know the threshold, expected {expected}")
        return self.thresholds_[max(known)]

    def score(self, images: Images | Photos, names: ArrayLike) -> float:
        """Return the accuracy, in [0, 1]."""
        return float((self.predict(images) == np.asarray(names)).mean())

    @abstractmethod
    def unit_classes(self) -> list[UnitClass]:
        """Return for each hidden unit the person that its output weights raise most."""

    @property
    def hidden_weights(self) -> Tensor | None:
        """The weights into the hidden units as pictures, (hidden, size, size); None if they are no pictures."""
        return None

    def filters(self) -> list[NDArray[np.uint8]]:
        """Return the filters of a frozen network's first convolution as RGB pictures (height, width, 3)."""
        return []

    def plot_weights(self) -> "Figure":
        """Return what was learned as a matplotlib figure: the weights of the hidden units, or AlexNet's filters."""
        self.check_fitted()
        from faces.pictures import weights_figure

        return weights_figure(self, type(self).__name__, {})

    def prepare(self, images: Images | Photos) -> Photos:
        """Return images as the network takes them, to be handed to `fit` and `predict` more than once."""
        if isinstance(images, Photos):
            return images
        return self.read(pixels_of(images, self.image_size, self.image_mode, self.margin_if_aligned, self.place))

    @abstractmethod
    def read(self, pixels: NDArray[np.uint8]) -> PhotoArray:
        """Images (N, C, size, size) in 0..255 -> photos as the network takes them."""

    @abstractmethod
    def reader(self) -> Callable[[Tensor], Tensor]:
        """Return what `read` does with a batch of a few images, as a function of tensors on the device."""

    def answers(self) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        """Return the function from images (N, C, size, size) in 0..255, uint8 on the device, to what `predict_proba`
        and `known_scores` say of them. All of it is tensor operations, so that a tracer can record it."""
        self.check_fitted()
        read = self.reader()

        def answer(pixels: Tensor) -> tuple[Tensor, Tensor]:
            x = self._opened_tensor(read(pixels))
            return self._probabilities(x), self._known_scores(x)

        return answer

    def open(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        """Return photos of a folder, prepared. Raises DatasetError naming one that is no image."""
        paths, digests = [folder / photo.file for photo in photos], [photo.sha256 for photo in photos]
        faces, margin = [photo.face for photo in photos], self.margin_if_aligned
        how = (self.image_size, self.image_mode, on_photo, self.max_pixels, digests, faces, margin)
        return self.read(load_images(paths, *how))

    @property
    def margin_if_aligned(self) -> float | None:
        """The margin of aligned faces; None when faces are taken as they are."""
        return self.image_margin if self.align else None

    def place(self, picture: Image.Image, box: Box | None = None) -> Placed:
        """Return where the face lies in this box of a picture; None: in a picture that is a crop of a face. UsageError
        when finding it needs what is not installed."""
        return place_face(picture, box, self.torch_device.type)

    def cache(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> None:
        """Compute what `open` can find beside the folder later. Most models have nothing to keep."""

    def open_stored(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        """Do as `open` does, but leave on the disk what can be left there."""
        return self.open(folder, photos, on_photo)

    @property
    def bytes_a_photo(self) -> int:
        """Of memory that a training holds for each that `open_stored` leaves on the disk; 0: it leaves none."""
        return 0

    def activations(self, images: Images | Photos) -> NDArray[np.float32]:
        """Return how strongly each image excites each hidden unit (each output, if there is none), (N, units)."""
        below = Sequential(*self.network.layers[:-1]) if self.hidden else self.network
        return self._piecewise(self._fitted(images), lambda x: below.forward(self._inputs(x)))

    def settings(self) -> dict[str, Any]:
        """Return the parameters that decide what is trained, beside the seed, as JSON."""
        return {name: value for name, value in self.get_params().items() if name not in NOT_SAVED}

    def identity(self) -> dict[str, Any]:
        """Return, as JSON, all that beside kind and seed decides what is trained: settings, layers, and more."""
        image = {"mode": self.image_mode, "size": self.image_size, "filter": FILTER, "margin": self.margin_if_aligned}
        return {"settings": self.settings(), "layers": self.layer_kinds(), "image": image}

    def layer_kinds(self) -> list[str]:
        """Return the kinds of the network's layers, in order, also before `fit`."""
        return kinds_of(self._build(1, 2, Generator()))

    def trial_answers(self) -> Tensor:
        """Return the probabilities, before the temperature, for a few photos that never change, (n, classes)."""
        return self._averaged(self._opened(trial_inputs(*self._photo_shape()).numpy())).cpu()

    def save(self, path: str | Path) -> Path:
        """Write the trained classifier to `path`, a file ending in .safetensors or a folder; return the file.

        `faces.load` reads it. Raises UsageError for a folder that holds a run already.
        """
        self.check_fitted()
        file = model_file(Path(path))
        atomic_write(file, self.to_bytes())
        return file

    def to_bytes(self, about: Mapping[str, Any] | None = None) -> bytes:
        """Return the trained classifier as a checkpoint; `about` is what else its reader may want to know, as JSON."""
        weights = {f"network.{name}": value for name, value in self.network.state().items()}
        own = {
            "model": self.kind,
            "classes": self.classes_.tolist(),
            "seed": self.seed,
            "unknown": {
                "quantity": self.quantity,
                "threshold": self.threshold_,
                "thresholds": sorted(self.thresholds_.items()),
            },
            "temperature": self.temperature_,
            "found_faces": self.found_faces,
        }
        tensors = self._saved() | weights | {TRIAL: self.trial_answers()}
        return checkpoint.dump(tensors, {**(about or {}), **own, **self.identity()})

    @classmethod
    def from_checkpoint(
        cls, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any], *, device: str = "auto", **parameters: Any
    ) -> Self:
        """Return what `to_bytes` saved and `nn.checkpoint.load` read. Raises RunError when it is another model's.

        `parameters` take the place of saved ones. Settings of another version are passed over.
        """
        try:
            known = {field.name for field in fields(cls)}
            saved = {name: value for name, value in metadata["settings"].items() if name in known}
            classifier = cls(**{**saved, "seed": int(metadata["seed"]), "device": device, **parameters})
            if metadata["model"] != classifier.kind:
                raise RunError(f"the checkpoint holds the model {metadata['model']!r}, expected {classifier.kind!r}")
            classifier.check_source(metadata)
            classifier.classes_ = np.array(metadata["classes"])
            classifier.found_faces = bool(metadata.get("found_faces", False))
            threshold = metadata["unknown"]["threshold"]
            classifier.threshold_ = None if threshold is None else float(threshold)
            classifier.thresholds_ = {float(a): float(b) for a, b in metadata["unknown"].get("thresholds", ())}
            classifier.temperature_ = float(metadata.get("temperature", 1))
            if not LOWEST <= classifier.temperature_ <= HIGHEST:
                raise ValueError(f"the temperature {classifier.temperature_}")
            on_device = {name: tensor.to(classifier.torch_device) for name, tensor in tensors.items()}
            inputs, classes = classifier._restore(on_device), len(classifier.classes_)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if isinstance(error, RunError):
                raise
            raise RunError(f"the checkpoint is incomplete: {error!r}; train again") from error
        classifier.check_layers(metadata)
        classifier.network = classifier._built(inputs, classes, Generator())
        prefix = "network."
        classifier.network.load({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        classifier.history = History()
        classifier.check_computes_as_trained(tensors)
        return classifier

    def check_source(self, metadata: Mapping[str, Any]) -> None:
        """Raise RunError unless what the network was trained on is there, such as the weights of a frozen network."""

    # What a subclass says; photos are tensors (N, ...) on the device.

    def _opened(self, numbers: NDArray[Any]) -> Tensor:
        """Prepared photos -> photos as all the steps below take them; done once, before the training."""
        return self._opened_tensor(torch.as_tensor(numbers, dtype=torch.float32, device=self.torch_device))

    def _opened_tensor(self, photos: Tensor) -> Tensor:
        """Do so with photos that are float32 and on the device."""
        return photos

    @abstractmethod
    def _learn_inputs(self, photos: Tensor, target: Tensor) -> None:
        """Measure on the training photos how photos become inputs."""

    @abstractmethod
    def _inputs(self, photos: Tensor) -> Tensor:
        """Photos -> the network's inputs (N, inputs), as in prediction."""

    @abstractmethod
    def _augmented(self, photos: Tensor, generator: Generator) -> Tensor:
        """Photos -> inputs, as in training: changed a little at random, anew each time."""

    @abstractmethod
    def _directions(self, photos: Tensor) -> Tensor:
        """Photos -> unit vectors (N, numbers) whose cosine similarity says how alike two faces are."""

    @abstractmethod
    def _views(self, photos: Tensor) -> Iterator[Tensor]:
        """Photos -> the same photos changed in several fixed ways: prediction averages over them."""

    @abstractmethod
    def _build(self, inputs: int, classes: int, generator: Generator) -> Sequential:
        """Return the untrained network on the processor, from so many inputs to one logit a class."""

    @abstractmethod
    def _photo_shape(self) -> tuple[int, ...]:
        """Return the shape of one prepared photo."""

    @abstractmethod
    def _saved(self) -> dict[str, Tensor]:
        """Return the tensors beside the network's weights that `_restore` needs."""

    @abstractmethod
    def _restore(self, tensors: Mapping[str, Tensor]) -> int:
        """Take what `_saved` returned; return the number of the network's inputs."""

    # What `fit` and `predict` are made of.

    def _built(self, inputs: int, classes: int, generator: Generator) -> Sequential:
        """Return the untrained network on the device; its first weights are the same on each."""
        return self._build(inputs, classes, generator).to(self.torch_device)

    def _training_data(self, photos: Photos, target: Tensor) -> Data:
        """Training photos -> what the loop reads its batches from."""
        x = self._opened(photos[:])
        self._learn_inputs(x, target)
        return x, target

    def _validation(self, photos: Photos, names: NDArray[Any]) -> Data:
        """Validation photos -> what the loop measures on: the network's inputs."""
        return self._inputs(self._opened(photos[:])), self._targets(names)

    def _averaged(self, x: Tensor) -> Tensor:
        views = [self.network.forward(self._inputs(view)).softmax(1) for view in self._views(x)]
        return torch.stack(views).mean(0)  # (N, classes)

    def _probabilities(self, x: Tensor) -> Tensor:
        return tempered(self._averaged(x), self.temperature_)

    def _known_scores(self, x: Tensor) -> Tensor:
        probability = self._averaged(x)
        if not len(self.neighbours):  # a checkpoint of an earlier version
            return probability.amax(1)
        said = probability.argmax(1)
        similar = self._directions(x) @ self.neighbours.T  # (N, kept photos)
        similar.masked_fill_(self.neighbour_classes[None, :] != said[:, None], -1.0)
        return self._sureness(x, probability) + similar.amax(1)

    def _sureness(self, x: Tensor, probability: Tensor) -> Tensor:
        """Return how sure the network is of the most probable name, (N,), at most 1: `sure` in words."""
        return probability.amax(1)

    def _keep_neighbours(self, photos: Photos, target: Tensor) -> None:
        """Keep directions of a few training photos of each person."""
        kept = first_of_each(target, MOST_NEIGHBOURS)
        self.neighbours, self.neighbour_classes = self._kept_directions(photos, kept), target[kept]

    def _kept_directions(self, photos: Photos, chosen: Tensor) -> Tensor:
        """Return the directions of the `chosen` photos with the digits that a checkpoint keeps, (chosen, numbers)."""
        rows = (self._directions(self._opened(photos[some.cpu().numpy()])) for some in torch.split(chosen, AT_ONCE))
        return together(len(chosen), (row.half().float() for row in rows))

    def _piecewise(self, photos: Photos, compute: Callable[[Tensor], Tensor]) -> NDArray[np.float32]:
        """Return what `compute` makes of the photos, (N, ...); of those on the disk it is given a few at a time."""
        return np.concatenate([compute(self._opened(piece)).cpu().numpy() for piece in photos.pieces()])

    def _fitted(self, images: Images | Photos) -> Photos:
        self.check_fitted()
        return self.prepare(images)

    def _checked(self, images: Images | Photos, names: ArrayLike) -> tuple[Photos, NDArray[Any]]:
        """Return the photos, prepared, and their names, (N,). UsageError unless there is one name each."""
        photos, known = self.prepare(images), np.asarray(names)
        if known.shape != (len(photos),) or not len(photos):
            raise UsageError(
                f"{len(photos)} images and names of the shape {known.shape}: expected one name for each image"
            )
        return photos, known

    def _class_weights(self, target: Tensor) -> Tensor | None:
        """Return N / (classes * photos of the class) for each class if they are to be balanced, (classes,)."""
        if self.class_weight == "none":
            return None
        counts = target.bincount(minlength=len(self.classes_))
        return len(target) / (len(counts) * counts)

    def _targets(self, names: NDArray[Any]) -> Tensor:
        """Names -> indices of `classes_`, (N,)."""
        unknown = np.setdiff1d(names, self.classes_)
        if len(unknown):
            raise UsageError(f"{unknown.tolist()[0]!r} is none of the classes {', '.join(map(str, self.classes_))}")
        return torch.as_tensor(np.searchsorted(self.classes_, names), device=self.torch_device)
