"""A network that reads digits: it learns from images with labels, and answers with probabilities.

Its estimator speaks as scikit-learn's do, and as those of `faces`; the training is `nn.training.loop`, the one loop.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Generator, Tensor
from torch.nn.functional import pad

from data.atomic_write import atomic_write
from data.mnist.files import CLASSES, SIDE
from data.photos.augmentation import Augmentation
from data.photos.pixels import Images, pixels_of
from errors import RunError, UsageError
from mnist.networks import NETWORKS
from mnist.settings import DigitParameters
from nn import checkpoint
from nn.device import exact_convolutions
from nn.estimator import TRIAL, Estimator, kinds_of, trial_inputs
from nn.layers import Sequential
from nn.losses import CrossEntropy, PerColumn
from nn.optimisers import SGD, Muon, Optimiser
from nn.parallel import ALONE, Ranks
from nn.schedules import Cosine
from nn.threads import threads
from nn.training import History, OnBatch, OnEpoch, TrainingSettings, TrainingState, correct, train
from report.hidden_units import UnitClass, unit_classes
from report.run_folder import model_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BATCH = 100  # digits read at a time: with more, what a convolution writes leaves the processor's cache


class DigitClassifier(DigitParameters, Estimator):
    """A network that tells the digits 0 to 9. Same seed, same machine: the same weights.

    >>> model = faces.DigitClassifier(model="cnn").fit(images, labels)
    >>> model.predict(["digit.png"])

    Images show white ink on black, as MNIST's do: an array (N, height, width) of uint8 in 0..255 or floats in [0, 1],
    a list of paths, Pillow images and such arrays, or a tensor (N, 1, 28, 28) of floats in [0, 1]. After `fit` or
    `faces.load` there are `network`, `history`, and `mean` and `deviation` of all training pixels.
    """

    classes_ = np.arange(CLASSES)
    network: Sequential
    history: History
    mean: float
    deviation: float

    @property
    def is_fitted(self) -> bool:
        """Whether there is a network to predict with."""
        return hasattr(self, "network")

    def fit(
        self,
        images: Images | Tensor,
        labels: ArrayLike,
        validation: tuple[Images | Tensor, ArrayLike] | None = None,
        *,
        on_batch: OnBatch | None = None,
        on_epoch: OnEpoch | None = None,
        resume: TrainingState | None = None,
        ranks: Ranks = ALONE,
    ) -> Self:
        """Train from the seed on N images with a label each, 0 to 9.

        Validation images are measured every epoch, and change nothing. Each of several ranks is given all images; see
        `nn.training.train`. Raises UsageError for labels that do not fit, ImageError for what is no image.
        """
        x, target = self._checked(images, labels)
        watched = None if validation is None else self._checked(*validation)
        settings = self.settings
        generator = Generator().manual_seed(self.seed)
        self.network = NETWORKS[self.model](generator).to(self.torch_device)
        self.mean, self.deviation = float(x.mean()), float(x.std()) or 1.0
        steps = settings.epochs * -(-len(x) // settings.batch_size)
        with threads(1 if settings.one_thread else torch.get_num_threads()), exact_convolutions():
            self.history = train(
                self.network,
                PerColumn(CrossEntropy(label_smoothing=settings.label_smoothing), settings.columns),
                self._optimiser(),
                Cosine(settings.lr, steps=steps, warm_up=int(settings.rise * (steps - 1))),
                self._pair(x, target),
                settings=TrainingSettings(epochs=settings.epochs, batch_size=settings.batch_size, capture=self.capture),
                generator=generator,
                validation=None if watched is None else self._pair(*watched),
                augment=self._augmented if self.is_augmented else None,
                metric=lambda y, target: correct(self._probabilities(y), target),
                on_batch=on_batch,
                on_epoch=on_epoch,
                resume=resume,
                ranks=ranks,
            )
        return self

    def predict_proba(
        self, images: Images | Tensor, on_batch: Callable[[], None] = lambda: None
    ) -> NDArray[np.float32]:
        """Return probabilities (N, 10); `on_batch` is called after every BATCH images."""
        self.check_fitted()
        x, device = self._on_device(self.prepare(images)), self.torch_device
        answers = [torch.empty(0, CLASSES, device=device)]
        with exact_convolutions():
            for start in range(0, len(x), BATCH):
                answers.append(self._read(x[start : start + BATCH]))
                on_batch()
        return torch.cat(answers).cpu().numpy()

    def predict(self, images: Images | Tensor) -> NDArray[np.int64]:
        """Return the most probable digit of each image, (N,)."""
        digits: NDArray[np.int64] = self.predict_proba(images).argmax(1)
        return digits

    def score(self, images: Images | Tensor, labels: ArrayLike) -> float:
        """Return the accuracy, in [0, 1]."""
        return float((self.predict(images) == np.asarray(labels)).mean())

    def plot_weights(self) -> "Figure":
        """Return what the first layer has learned as a matplotlib figure."""
        self.check_fitted()
        from mnist.pictures import weights_figure

        return weights_figure(self, f"digits, {self.model}")

    def prepare(self, images: Images | Tensor) -> Tensor:
        """Return images as the network takes them, (N, 1, 28, 28) float32 in [0, 1]."""
        if isinstance(images, Tensor):
            return images
        return self._scaled(torch.from_numpy(pixels_of(images, SIDE, "L")))

    def answers(self) -> Callable[[Tensor], tuple[Tensor]]:
        """Return the function from images (N, 1, 28, 28) in 0..255, uint8 on the device, to what `predict_proba` says
        of them. All of it is tensor operations, so that a tracer can record it."""
        self.check_fitted()
        return lambda pixels: (self._read(self._scaled(pixels)),)

    @property
    def is_augmented(self) -> bool:
        """Whether the digits are changed a little in training, anew each time."""
        return any((self.settings.rotation, self.settings.shift, self.settings.zoom))

    @property
    def first_weights(self) -> Tensor:
        """The weights that look at the image itself, a picture a unit or filter: (units, height, width), on the CPU."""
        weights = self._weights()
        if weights[0].ndim == 2:
            return weights[0].reshape(-1, SIDE, SIDE)
        return torch.cat([weight[:, 0] for weight in weights if weight.ndim == 4 and weight.shape[1] == 1])

    def unit_classes(self) -> list[UnitClass]:
        """Return for each hidden unit the digit that its output weights raise most; [] without one hidden layer."""
        weights = self._weights()
        if [weight.ndim for weight in weights] != [2, 2]:
            return []
        return unit_classes(weights[1].numpy(), [str(digit) for digit in range(CLASSES)])

    def responses(self, x: Tensor) -> Tensor:
        """Return what each unit of a fully connected first layer adds up to before its activation, (N, units), on the
        CPU."""
        below = Sequential(*self.network.layers[:2])  # the first one flattens
        return below.forward(self._inputs(self._on_device(x))).cpu()

    def save(self, path: str | Path) -> Path:
        """Write the trained network to `path`, a file ending in .safetensors or a folder; return the file.

        `faces.load` reads it. Raises UsageError for a folder that holds a run already.
        """
        self.check_fitted()
        file = model_file(Path(path))
        atomic_write(file, self.to_bytes())
        return file

    def to_bytes(self, about: Mapping[str, Any] | None = None) -> bytes:
        """Return the trained network as a checkpoint; `about` is what else its reader may want to know, as JSON."""
        own = {
            "model": self.model,
            "seed": self.seed,
            "settings": asdict(self.settings),
            "classes": list(range(CLASSES)),
            "image": {"mode": "L", "size": SIDE, "mean": self.mean, "deviation": self.deviation},
            "layers": self.layer_kinds(),
        }
        return checkpoint.dump({**self.network.state(), TRIAL: self.trial_answers()}, {**(about or {}), **own})

    def layer_kinds(self) -> list[str]:
        """Return the kinds of the network's layers, in order, also before `fit`."""
        return kinds_of(NETWORKS[self.model](Generator()))

    def trial_answers(self) -> Tensor:
        """Return the probabilities for a few images that never change, (n, 10)."""
        with exact_convolutions():
            return self._read(self._on_device(trial_inputs(1, SIDE, SIDE)))

    @classmethod
    def from_checkpoint(cls, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any], **parameters: Any) -> Self:
        """Return what `to_bytes` saved and `nn.checkpoint.load` read. Raises RunError when it is another model's.

        `parameters` take the place of saved ones.
        """
        try:
            if metadata["model"] not in NETWORKS:
                known = ", ".join(NETWORKS)
                raise RunError(f"the checkpoint holds the model {metadata['model']!r}, expected one of {known}")
            own = {field.name for field in fields(cls)}
            saved = {name: value for name, value in metadata["settings"].items() if name in own}
            own_model = {"model": metadata["model"], "seed": int(metadata["seed"])}
            classifier = cls(**{**own_model, **saved, **parameters})
            classifier.mean, classifier.deviation = (float(metadata["image"][key]) for key in ("mean", "deviation"))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"the checkpoint is incomplete: {error!r}; train again") from error
        classifier.check_layers(metadata)
        classifier.network = NETWORKS[classifier.model](Generator()).to(classifier.torch_device)
        classifier.network.load({name: tensor for name, tensor in tensors.items() if name != TRIAL})
        classifier.history = History()
        classifier.check_computes_as_trained(tensors)
        return classifier

    def _checked(self, images: Images | Tensor, labels: ArrayLike) -> tuple[Tensor, Tensor]:
        """Return the images, prepared, and their labels, (N,). UsageError unless there is a digit for each image."""
        x, known = self.prepare(images), np.asarray(labels)
        if known.shape != (len(x),) or not len(x):
            raise UsageError(
                f"{len(x)} images and labels of the shape {known.shape}: expected one label for each image"
            )
        if not np.isin(known, self.classes_).all():
            raise UsageError(
                f"labels are the digits 0 to {CLASSES - 1}, got {known[~np.isin(known, self.classes_)][0]!r}"
            )
        return x, torch.from_numpy(known.astype(np.int64))

    def _weights(self) -> list[Tensor]:
        """The weights of all linear and convolution layers, from the image on, on the CPU."""
        return [parameter.value.cpu() for parameter in self.network.parameters().values() if parameter.value.ndim > 1]

    def _augmented(self, x: Tensor, generator: Generator) -> Tensor:
        """Inputs -> the same, changed a little; beyond its border a digit has paper, the nearest pixel's."""
        s = self.settings
        return Augmentation(mirror=0.0, rotation=s.rotation, shift=s.shift / SIDE, zoom=s.zoom)(x, generator)

    def _read(self, x: Tensor) -> Tensor:
        """Return the probabilities of images in [0, 1], (N, 10): with `moved`, the mean over the views of each."""
        views = moved(x) if self.settings.moved else [x]
        answers = [self._probabilities(self.network.forward(self._inputs(view))) for view in views]
        return answers[0] if len(answers) == 1 else torch.stack(answers).mean(0)

    def _probabilities(self, y: Tensor) -> Tensor:
        """Return the mean over the columns of what each makes of its logits: (N, columns * 10) -> (N, 10)."""
        return y.view(-1, self.settings.columns, CLASSES).softmax(2).mean(1)

    def _scaled(self, pixels: Tensor) -> Tensor:
        """Pixels in 0..255 -> images in [0, 1]."""
        return pixels.float().div_(255)

    def _on_device(self, x: Tensor) -> Tensor:
        return x.to(self.torch_device)

    def _pair(self, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """Images and labels -> inputs and labels on the device."""
        return self._inputs(self._on_device(x)), self._on_device(target)

    def _inputs(self, x: Tensor) -> Tensor:
        return (x - self.mean).div_(self.deviation)

    def _optimiser(self) -> Optimiser:
        parameters, settings = self.network.parameters(), self.settings
        if settings.momentum is None:
            return Muon(parameters, weight_decay=settings.weight_decay)
        return SGD(parameters, momentum=settings.momentum, weight_decay=settings.weight_decay)


def moved(x: Tensor) -> list[Tensor]:
    """Return images (N, C, H, W) as they are, a pixel lower and a pixel higher; at the border a row is repeated."""
    longer = pad(x, (0, 0, 1, 1), mode="replicate")
    return [x, longer[:, :, :-2], longer[:, :, 2:]]
