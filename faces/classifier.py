"""What every face classifier shares: it learns from photos with names and answers with names, as scikit-learn's do.

A subclass says how photos become inputs, what the network is, and what is saved beside its weights; the training is
`nn.training.loop`, the one loop.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from data.photos.folder import Photo
from data.photos.images import load_images
from data.photos.regions import Mode
from errors import RunError, UsageError
from faces.photos import Photos, in_memory, pieces
from faces.settings import TrainingOptions
from nn import checkpoint
from nn.layers import Sequential
from nn.losses import CrossEntropy
from nn.optimisers import AdamW
from nn.parallel import ALONE, Ranks
from nn.schedules import Cosine
from nn.threads import threads
from nn.training import Data, History, OnEpoch, TrainingSettings, TrainingState, train
from report.hidden_units import UnitClass

KNOWN_ACCEPTED = 0.9  # the share of the validation photos that the threshold for "none of these" lets pass


class Classifier(ABC):
    """Photos (N, ...) -> names. `classes_`, sorted, and `network` exist after `fit` or `load`.

    A face is one of the known people when its `known_scores`, the quantity that `quantity` puts into words, is at least
    `threshold_`; without validation photos to set it by, `threshold_` is None and everybody is taken for known.
    """

    kind: str  # the name of the model in a run folder
    bytes_a_photo = 0  # of those that `open_stored` leaves on the disk; 0: it leaves none
    image_mode: Mode  # what an image must be to be read: its channels, and its side in pixels
    image_size: int
    quantity = "probability of the name"
    one_thread = False  # on a processor: its steps are too small to be shared out
    quick_to_train = False  # seconds, so that it can be trained once more for each person left out

    def __init__(self, settings: TrainingOptions, *, seed: int = 0, device: str = "cpu") -> None:
        self.settings = settings
        self.seed = seed
        self.device = torch.device(device)
        self.classes_: NDArray[np.str_] = np.array([], dtype=np.str_)
        self.threshold_: float | None = None
        self.network = Sequential()
        self.history = History()

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Return, as JSON, all that beside kind and seed decides what is trained: `settings`, and more."""

    @abstractmethod
    def clone(self) -> Self:
        """Return another classifier, untrained, of the same settings and seed."""

    @abstractmethod
    def unit_classes(self) -> list[UnitClass]:
        """Return whom each hidden unit speaks for."""

    def activations(self, photos: Photos) -> NDArray[np.float32]:
        """Return how strongly each photo excites each hidden unit (each output, if there is none), (N, units)."""
        below = Sequential(*self.network.layers[:-1]) if self.settings.hidden else self.network
        return self._piecewise(photos, lambda x: below.forward(self._inputs(x)))

    @abstractmethod
    def read(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images (N, C, size, size) in 0..255 -> photos as `fit` and `predict` take them."""

    def open(
        self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None
    ) -> NDArray[np.float32]:
        """Open photos of a folder as `fit` and `predict` take them. Raises DatasetError naming one that is no image."""
        paths = [folder / photo.file for photo in photos]
        return self.read(load_images(paths, self.image_size, self.image_mode, on_photo))

    def keep(  # noqa: B027  # most models have nothing to keep
        self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None
    ) -> None:
        """Compute what is worth keeping for `open` to find; each of several ranks does it for a part of the photos."""

    def open_stored(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        """Do as `open` does, but leave on the disk what can be left there."""
        return self.open(folder, photos, on_photo)

    def _opened(self, photos: NDArray[Any]) -> Tensor:
        """Photos as they come -> photos as all the steps below take them: what need be done only once."""
        return torch.as_tensor(photos, dtype=torch.float32, device=self.device)

    def _training_data(self, photos: Photos, target: Tensor) -> Data:
        """Training photos -> what the loop walks over, prepared."""
        x = self._opened(in_memory(photos))
        self._prepare(x, target)
        return x, target

    def _validation(self, photos: Photos, names: Sequence[str]) -> Data:
        """Validation photos -> what the loop measures on: the network's inputs."""
        return self._inputs(self._opened(in_memory(photos))), self._targets(names)

    @abstractmethod
    def _prepare(self, photos: Tensor, target: Tensor) -> None:
        """Learn from the training photos how photos become inputs, and keep of them what `known_scores` needs."""

    @abstractmethod
    def _build(self, inputs: int, classes: int, generator: Generator) -> Sequential:
        """Return the untrained network, from so many inputs to one logit a class."""

    @abstractmethod
    def _inputs(self, photos: Tensor) -> Tensor:
        """Photos -> the network's inputs, as in prediction."""

    @abstractmethod
    def _augmented(self, photos: Tensor, generator: Generator) -> Tensor:
        """Photos -> inputs, as in training: changed a little, anew each time."""

    @abstractmethod
    def _views(self, photos: Tensor) -> Iterator[Tensor]:
        """Photos -> the same seen in several ways, without chance: prediction averages over them."""

    def fit(
        self,
        photos: Photos,
        names: Sequence[str],
        validation: tuple[Photos, Sequence[str]] | None = None,
        *,
        on_epoch: OnEpoch | None = None,
        resume: TrainingState | None = None,
        ranks: Ranks = ALONE,
    ) -> Self:
        """Train from the seed on `photos` (N, ...) with one name each.

        Validation photos are measured every epoch, stop the training if there is a patience, and set `threshold_`.
        Every one of several ranks is given all photos; see `nn.training.train`.
        """
        self.classes_ = np.unique(np.asarray(names))
        target = self._targets(names)
        generator = torch.Generator(self.device).manual_seed(self.seed)
        data = self._training_data(photos, target)
        self.network = self._build(self._inputs(self._opened(photos[:1])).shape[1], len(self.classes_), generator)
        with threads(1 if self.one_thread else torch.get_num_threads()):
            self.history = self._train(data, target, generator, validation, on_epoch, resume, ranks)
        if validation is not None:
            self.threshold_ = float(np.quantile(self.known_scores(validation[0]), 1 - KNOWN_ACCEPTED))
        return self

    def _train(
        self,
        data: Data,
        target: Tensor,
        generator: Generator,
        validation: tuple[Photos, Sequence[str]] | None,
        on_epoch: OnEpoch | None,
        resume: TrainingState | None,
        ranks: Ranks,
    ) -> History:
        settings = self.settings
        return train(
            self.network,
            CrossEntropy(label_smoothing=settings.label_smoothing, class_weights=self._class_weights(target)),
            AdamW(self.network.parameters(), weight_decay=settings.weight_decay),
            Cosine(settings.lr, steps=max(1, settings.epochs * -(-len(target) // settings.batch_size))),
            data,
            settings=TrainingSettings(
                epochs=settings.epochs,
                batch_size=settings.batch_size,
                patience=None if validation is None else settings.patience,
            ),
            generator=generator,
            validation=None if validation is None else self._validation(*validation),
            augment=self._augmented,
            on_epoch=on_epoch,
            resume=resume,
            ranks=ranks,
        )

    def predict_proba(self, photos: Photos) -> NDArray[np.float32]:
        """Return probabilities (N, classes), columns as in `classes_`: the mean over several views."""
        if not len(photos):
            return np.empty((0, len(self.classes_)), np.float32)
        return self._piecewise(photos, self._probabilities)

    def _piecewise(self, photos: Photos, compute: Callable[[Tensor], Tensor]) -> NDArray[np.float32]:
        """Return what `compute` makes of the photos, (N, ...); of those on the disk it is given a few at a time."""
        return np.concatenate([compute(self._opened(piece)).cpu().numpy() for piece in pieces(photos)])

    def _probabilities(self, x: Tensor) -> Tensor:
        views = [self.network.forward(self._inputs(view)).softmax(1) for view in self._views(x)]
        return torch.stack(views).mean(0)  # (N, classes)

    def predict(self, photos: Photos) -> NDArray[np.str_]:
        """Return the most probable name of each photo, (N,)."""
        names: NDArray[np.str_] = self.classes_[self.predict_proba(photos).argmax(1)]
        return names

    def known_scores(self, photos: Photos) -> NDArray[np.float32]:
        """Return how surely each face is one of the known people, (N,), higher for surer."""
        surest: NDArray[np.float32] = self.predict_proba(photos).max(1)
        return surest

    def score(self, photos: Photos, names: Sequence[str]) -> float:
        """Return the accuracy, in [0, 1]."""
        return float((self.predict(photos) == np.asarray(names)).mean())

    @abstractmethod
    def _saved(self) -> dict[str, Tensor]:
        """Return the tensors beside the network's weights that `_restore` needs."""

    @abstractmethod
    def _restore(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
        """Take up what `_saved` and `identity` returned and build the network, its weights still to be loaded."""

    def to_bytes(self, about: Mapping[str, Any] | None = None) -> bytes:
        """Return the trained classifier as a checkpoint; `about` is what else its reader may want to know, as JSON."""
        weights = {f"network.{name}": value for name, value in self.network.state().items()}
        own = {
            "model": self.kind,
            "classes": self.classes_.tolist(),
            "seed": self.seed,
            "unknown": {"quantity": self.quantity, "threshold": self.threshold_},
        }
        return checkpoint.dump(self._saved() | weights, {**(about or {}), **own, **self.identity()})

    def load(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Self:
        """Take up what `to_bytes` saved and `nn.checkpoint.load` read. Raises RunError when it is another model's."""
        try:
            if metadata["model"] != self.kind:
                raise RunError(f"the checkpoint holds the model {metadata['model']!r}, expected {self.kind!r}")
            self.classes_ = np.array(metadata["classes"], dtype=np.str_)
            self.seed = int(metadata["seed"])
            threshold = metadata["unknown"]["threshold"]
            self.threshold_ = None if threshold is None else float(threshold)
            self._restore({name: tensor.to(self.device) for name, tensor in tensors.items()}, metadata)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"the checkpoint is incomplete: {error!r}; train again") from error
        prefix = "network."
        self.network.load({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        return self

    def _class_weights(self, target: Tensor) -> Tensor | None:
        """Return N / (classes * photos of the class) for each class if they are to be balanced, (classes,)."""
        if self.settings.class_weight == "none":
            return None
        counts = target.bincount(minlength=len(self.classes_))
        return len(target) / (len(counts) * counts)

    def _targets(self, names: Sequence[str]) -> Tensor:
        """Names -> indices of `classes_`, (N,)."""
        unknown = set(names) - set(self.classes_.tolist())
        if unknown:
            raise UsageError(f"{sorted(unknown)[0]!r} is none of the classes {', '.join(self.classes_)}")
        return torch.as_tensor(np.searchsorted(self.classes_, np.asarray(names)), device=self.device)
