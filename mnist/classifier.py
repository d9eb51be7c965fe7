"""A network that reads digits: it learns from images with labels, and answers with probabilities.

Its estimator speaks as scikit-learn's do, and as those of `faces`; the training is `nn.training.loop`, the one loop.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Self

import torch
from torch import Generator, Tensor

from data.mnist.files import CLASSES, SIDE
from data.photos.augmentation import Augmentation
from errors import RunError
from mnist.digits import Digits
from mnist.networks import NETWORKS
from mnist.settings import MODELS, DigitSettings
from nn import checkpoint
from nn.layers import Sequential
from nn.losses import CrossEntropy, PerColumn
from nn.optimisers import SGD, AdamW, Optimiser
from nn.parallel import ALONE, Ranks
from nn.schedules import Cosine
from nn.threads import threads
from nn.training import History, OnBatch, OnEpoch, TrainingSettings, TrainingState, correct, train
from report.hidden_units import UnitClass, unit_classes

BATCH = 100  # digits read at a time: with more, what a convolution writes leaves the processor's cache


class DigitClassifier:
    """Images are (N, 1, 28, 28) float32 in [0, 1], answers 0 to 9. Same seed, same machine: the same weights."""

    def __init__(self, model: str, settings: DigitSettings | None = None, *, seed: int = 0) -> None:
        self.model, self.settings, self.seed = model, settings or MODELS[model], seed
        self.network = Sequential()
        self.history = History()
        self.mean, self.deviation = 0.0, 1.0  # of all training pixels

    def fit(
        self,
        train_digits: Digits,
        validation: Digits | None = None,
        *,
        on_batch: OnBatch | None = None,
        on_epoch: OnEpoch | None = None,
        resume: TrainingState | None = None,
        ranks: Ranks = ALONE,
    ) -> Self:
        """Train from the seed. Validation digits are measured every epoch, and change nothing.

        Every one of several ranks is given all digits; see `nn.training.train`.
        """
        settings = self.settings
        generator = Generator().manual_seed(self.seed)
        self.network = NETWORKS[self.model](generator)
        self.mean, self.deviation = float(train_digits.x.mean()), float(train_digits.x.std()) or 1.0
        steps = settings.epochs * -(-len(train_digits) // settings.batch_size)
        with threads(1 if settings.one_thread else torch.get_num_threads()):
            self.history = train(
                self.network,
                PerColumn(CrossEntropy(label_smoothing=settings.label_smoothing), settings.columns),
                self._optimiser(),
                Cosine(settings.lr, steps=steps, warm_up=int(settings.rise * (steps - 1))),
                (self._inputs(train_digits.x), train_digits.labels),
                settings=TrainingSettings(epochs=settings.epochs, batch_size=settings.batch_size),
                generator=generator,
                validation=None if validation is None else (self._inputs(validation.x), validation.labels),
                augment=self._augmented if self.is_augmented else None,
                metric=lambda y, target: correct(self._probabilities(y), target),
                on_batch=on_batch,
                on_epoch=on_epoch,
                resume=resume,
                ranks=ranks,
            )
        return self

    def predict_proba(self, x: Tensor, on_batch: Callable[[], None] = lambda: None) -> Tensor:
        """Return probabilities (N, 10); `on_batch` is called after every BATCH images."""
        answers = []
        for start in range(0, len(x), BATCH):
            answers.append(self._probabilities(self.network.forward(self._inputs(x[start : start + BATCH]))))
            on_batch()
        return torch.cat(answers) if answers else torch.empty(0, CLASSES)

    def predict(self, x: Tensor) -> Tensor:
        """Return the most probable digit of each image, (N,)."""
        return self.predict_proba(x).argmax(1)

    def score(self, digits: Digits) -> float:
        """Return the accuracy, in [0, 1]."""
        return float((self.predict(digits.x) == digits.labels).double().mean())

    @property
    def is_augmented(self) -> bool:
        """Whether the digits are changed a little in training, anew each time."""
        return any((self.settings.rotation, self.settings.shift, self.settings.zoom))

    @property
    def first_weights(self) -> Tensor:
        """The weights that look at the image itself, a picture a unit or filter: (units, height, width)."""
        weights = self._weights()
        if weights[0].ndim == 2:
            return weights[0].reshape(-1, SIDE, SIDE)
        return torch.cat([weight[:, 0] for weight in weights if weight.ndim == 4 and weight.shape[1] == 1])

    def unit_classes(self) -> list[UnitClass]:
        """Return which digit each hidden unit speaks for; [] for a network without one hidden layer."""
        weights = self._weights()
        if [weight.ndim for weight in weights] != [2, 2]:
            return []
        return unit_classes(weights[1].numpy(), [str(digit) for digit in range(CLASSES)])

    def responses(self, x: Tensor) -> Tensor:
        """Return what each unit of a fully connected first layer adds up to before its activation, (N, units)."""
        return Sequential(*self.network.layers[:2]).forward(self._inputs(x))  # the first one flattens

    def to_bytes(self, about: Mapping[str, Any] | None = None) -> bytes:
        """Return the trained network as a checkpoint; `about` is what else its reader may want to know, as JSON."""
        own = {
            "model": self.model,
            "seed": self.seed,
            "settings": asdict(self.settings),
            "classes": list(range(CLASSES)),
            "image": {"mode": "L", "size": SIDE, "mean": self.mean, "deviation": self.deviation},
        }
        return checkpoint.dump(self.network.state(), {**(about or {}), **own})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote. Raises RunError when it is damaged or of another kind."""
        tensors, metadata = checkpoint.load(data)
        try:
            if metadata["model"] not in NETWORKS:
                known = ", ".join(NETWORKS)
                raise RunError(f"the checkpoint holds the model {metadata['model']!r}, expected one of {known}")
            reader = cls(metadata["model"], DigitSettings(**metadata["settings"]), seed=int(metadata["seed"]))
            reader.mean, reader.deviation = (float(metadata["image"][key]) for key in ("mean", "deviation"))
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"the checkpoint is incomplete: {error!r}; train again") from error
        reader.network = NETWORKS[reader.model](Generator())
        reader.network.load(tensors)
        return reader

    def _weights(self) -> list[Tensor]:
        """The weights of all linear and convolution layers, from the image on."""
        return [parameter.value for parameter in self.network.parameters().values() if parameter.value.ndim > 1]

    def _augmented(self, x: Tensor, generator: Generator) -> Tensor:
        """Inputs -> the same, changed a little; beyond its border a digit has paper, the nearest pixel's."""
        s = self.settings
        return Augmentation(mirror=0.0, rotation=s.rotation, shift=s.shift / SIDE, zoom=s.zoom)(x, generator)

    def _probabilities(self, y: Tensor) -> Tensor:
        """Return the mean over the columns of what each makes of its logits: (N, columns * 10) -> (N, 10)."""
        return y.view(len(y), self.settings.columns, CLASSES).softmax(2).mean(1)

    def _inputs(self, x: Tensor) -> Tensor:
        return (x - self.mean).div_(self.deviation)

    def _optimiser(self) -> Optimiser:
        parameters, settings = self.network.parameters(), self.settings
        if settings.momentum is None:
            return AdamW(parameters, weight_decay=settings.weight_decay)
        return SGD(parameters, momentum=settings.momentum, weight_decay=settings.weight_decay)
