"""What every face classifier shares: it learns from photos with names and answers with names, as scikit-learn's do.

A subclass says how photos become inputs, what the network is, and what is saved beside its weights; the training is
`nn.training`, the one loop. Neighbour: `hidden`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from data.folder import Photo
from data.images import Mode, load_images
from errors import RunError, UsageError
from faces.hidden_units import Voice
from nn import checkpoint
from nn.history import History
from nn.layers import Sequential
from nn.losses import CrossEntropy
from nn.optimisers import AdamW
from nn.schedules import Cosine
from nn.training import OnEpoch, TrainingSettings, train
from nn.training_state import TrainingState


class TrainingOptions(Protocol):
    """What the training of any of the networks is told; the settings of each have more."""

    @property
    def epochs(self) -> int: ...  # noqa: D102
    @property
    def batch_size(self) -> int: ...  # noqa: D102
    @property
    def lr(self) -> float: ...  # noqa: D102
    @property
    def weight_decay(self) -> float: ...  # noqa: D102
    @property
    def label_smoothing(self) -> float: ...  # noqa: D102


class Classifier(ABC):
    """Photos (N, ...) -> names. `classes_`, sorted, and `network` exist after `fit` or `load`."""

    kind: str  # the name of the model in a run folder
    image_mode: Mode  # what an image must be to be read: its channels, and its side in pixels
    image_size: int

    def __init__(self, options: TrainingOptions, *, seed: int = 0, device: str = "cpu") -> None:
        self.options = options
        self.seed = seed
        self.device = torch.device(device)
        self.classes_: NDArray[np.str_] = np.array([], dtype=np.str_)
        self.network = Sequential()
        self.history = History()

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Return, as JSON, all that beside kind and seed decides what is trained: `settings`, and more."""

    @abstractmethod
    def voices(self) -> list[Voice]:
        """Return whom each hidden unit speaks for."""

    @abstractmethod
    def weights_poster(self, title: str, units: Sequence[int] | None = None) -> bytes:
        """Return a PNG of what was learned, or of the hidden `units` asked for."""

    @abstractmethod
    def read(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Images (N, C, size, size) in 0..255 -> photos as `fit` and `predict` take them."""

    def open(
        self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None
    ) -> NDArray[np.float32]:
        """Open photos of a folder as `fit` and `predict` take them. Raises DatasetError naming one that is no image."""
        paths = [folder / photo.file for photo in photos]
        return self.read(load_images(paths, self.image_size, self.image_mode, on_photo))

    def _opened(self, photos: NDArray[Any]) -> Tensor:
        """Photos as they come -> photos as all the steps below take them: what need be done only once."""
        return torch.as_tensor(photos, dtype=torch.float32, device=self.device)

    @abstractmethod
    def _prepare(self, photos: Tensor) -> None:
        """Learn from the training photos, without their names, how photos become inputs."""

    @abstractmethod
    def _build(self, photos: Tensor, classes: int, generator: Generator) -> Sequential:
        """Return the untrained network, from the inputs to one logit a class."""

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
        photos: NDArray[Any],
        names: Sequence[str],
        validation: tuple[NDArray[Any], Sequence[str]] | None = None,
        *,
        on_epoch: OnEpoch | None = None,
        resume: TrainingState | None = None,
    ) -> Self:
        """Train from the seed on `photos` (N, ...) with one name each; validation photos are only measured."""
        self.classes_ = np.unique(np.asarray(names))
        x, target = self._opened(photos), self._targets(names)
        options = self.options
        generator = torch.Generator(self.device).manual_seed(self.seed)
        self._prepare(x)
        self.network = self._build(x, len(self.classes_), generator)
        self.history = train(
            self.network,
            CrossEntropy(label_smoothing=options.label_smoothing),
            AdamW(self.network.parameters(), weight_decay=options.weight_decay),
            Cosine(options.lr, steps=max(1, options.epochs * -(-len(x) // options.batch_size))),
            (x, target),
            settings=TrainingSettings(epochs=options.epochs, batch_size=options.batch_size),
            generator=generator,
            validation=None if validation is None else self._validation(*validation),
            augment=self._augmented,
            on_epoch=on_epoch,
            resume=resume,
        )
        return self

    def predict_proba(self, photos: NDArray[Any]) -> NDArray[np.float32]:
        """Return probabilities (N, classes), columns as in `classes_`: the mean over several views."""
        x = self._opened(photos)
        views = [self.network.forward(self._inputs(view)).softmax(1) for view in self._views(x)]
        return torch.stack(views).mean(0).cpu().numpy()  # (N, classes)

    def predict(self, photos: NDArray[Any]) -> NDArray[np.str_]:
        """Return the most probable name of each photo, (N,)."""
        names: NDArray[np.str_] = self.classes_[self.predict_proba(photos).argmax(1)]
        return names

    def score(self, photos: NDArray[Any], names: Sequence[str]) -> float:
        """Return the accuracy, in [0, 1]."""
        return float((self.predict(photos) == np.asarray(names)).mean())

    @abstractmethod
    def _saved(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return the tensors beside the network's weights, and the JSON, that `_restore` needs."""

    @abstractmethod
    def _restore(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
        """Take up what `_saved` returned and build the network, its weights still to be loaded."""

    def to_bytes(self, about: Mapping[str, Any] | None = None) -> bytes:
        """Return the trained classifier as a checkpoint; `about` is what else its reader may want to know, as JSON."""
        tensors, metadata = self._saved()
        weights = {f"network.{name}": value for name, value in self.network.state().items()}
        own = {"model": self.kind, "classes": self.classes_.tolist(), "seed": self.seed}
        return checkpoint.dump(tensors | weights, {**(about or {}), **own, **metadata})

    def load(self, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> Self:
        """Take up what `to_bytes` saved and `nn.checkpoint.load` read. Raises RunError when it is another model's."""
        try:
            if metadata["model"] != self.kind:
                raise RunError(f"the checkpoint holds the model {metadata['model']!r}, expected {self.kind!r}")
            self.classes_ = np.array(metadata["classes"], dtype=np.str_)
            self.seed = int(metadata["seed"])
            self._restore({name: tensor.to(self.device) for name, tensor in tensors.items()}, metadata)
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"the checkpoint is incomplete: {error!r}; train again") from error
        prefix = "network."
        self.network.load({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
        return self

    def _validation(self, photos: NDArray[Any], names: Sequence[str]) -> tuple[Tensor, Tensor]:
        return self._inputs(self._opened(photos)), self._targets(names)

    def _targets(self, names: Sequence[str]) -> Tensor:
        """Names -> indices of `classes_`, (N,)."""
        unknown = set(names) - set(self.classes_.tolist())
        if unknown:
            raise UsageError(f"{sorted(unknown)[0]!r} is none of the classes {', '.join(self.classes_)}")
        return torch.as_tensor(np.searchsorted(self.classes_, np.asarray(names)), device=self.device)
