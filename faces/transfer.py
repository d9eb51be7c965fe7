"""Transfer: a head on features of a frozen network, which are computed once; trained by the one loop, or computed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from torch.nn.functional import normalize

from data.photos.folder import Photo, person_key, shown_name
from data.photos.pixels import Images
from errors import RunError, StorageError, UsageError
from faces.backbones.backbone import Backbone
from faces.backbones.catalogue import load_backbone
from faces.classifier import Classifier
from faces.features.cache import VIEWS, cache_features, features_of, once_per_photo
from faces.features.statistics import deviation_and_mean, first_of_each, together
from faces.features.stored import StoredFeatures, store_features
from faces.features.stream import FeatureStream
from faces.photos import PhotoArray, Photos
from faces.settings import TransferSettings
from nn.discriminant import discriminant
from nn.initialisers import glorot, normal, zeros
from nn.layers import Dropout, Linear, ReLU, Sequential, UnitLength
from nn.training import Data, History
from report.hidden_units import UnitClass, unit_classes

READ_AT_ONCE = 64  # images in one forward pass
MOST_SPANNED = 1024  # photos whose span the head lda looks at, where features have more numbers than that,
LEAST_SPANNED = 3  # but so many of each person
SHARPNESS = 10.0  # the head lda's logits are so many times a cosine
HELD = 4  # features, roots, directions among the neighbours, the head lda, again while people are left out: measured


class TransferClassifier(TransferSettings, Classifier):
    """A head on the features of a frozen network, such as AlexNet's conv5.

    >>> model = faces.TransferClassifier(model="alexnet", weights="imagenet").fit(images, names)
    >>> model.predict(["photo.jpg"])

    Prepared photos are the features of a crop and of its mirror image, (N, 2, numbers) float32. Of features that are
    never below 0 the square root is taken, which keeps the few strongest from deciding alone, and brought to length 1.

    The head `lda` is not trained: its weights are computed (`nn.discriminant`) from unit vectors, from the training
    photos' mean to the mean of a photo and its mirror image. So people can be added and removed later: `enroll`,
    `remove`. Another head is trained on features divided by their deviation; a photo is shown as itself or mirrored, at
    random, and answers average both.
    """

    image_mode = "RGB"
    rounds = 12
    compared = "features"

    scale: Tensor
    """The training features' deviation."""
    centre: Tensor
    """Their mean, (numbers,)."""

    _backbone: tuple[str, str | None, Backbone] | None = None
    _rank: int = 1  # directions that the head lda looks at

    @property
    def kind(self) -> str:
        """The name of the model in a run folder: that of the frozen network."""
        return self.model

    @property
    def is_computed(self) -> bool:
        """Whether the head is computed, not trained."""
        return self.head == "lda" or (self.head == "auto" and not self.hidden)

    def enroll(self, name: str, images: Images | Photos) -> Self:
        """Add a person, or photos of one who is there, without a training; one photo is enough, more are better.

        With x the features of a photo, c the mean of the training photos and u = (x - c) / |x - c|, the head is
        computed again (`nn.discriminant`) of the u that are kept of all people and those of the new photos. c stays as
        the training found it, and so do `threshold_` and `temperature_`, which know nothing of the person.

        Raises UsageError for another head than `lda`, for no images and for an empty name.
        """
        self.check_can_enroll()
        photos = self._fitted(images)
        shown = self.name_of(name)
        if not shown or not len(photos):
            raise UsageError(f"enroll needs a name and at least one image, got {name!r} and {len(photos)} images")
        added = self._kept_directions(photos, torch.arange(len(photos)))
        names = np.concatenate([self._neighbour_names, np.repeat(shown, len(photos))])
        return self._set_people(torch.cat([self.neighbours, added]), names)

    def remove(self, name: str) -> Self:
        """Take out a person without a training: the vectors, and the person's part in the head.

        What the training measured on all photos together stays: their mean `centre`, their deviation `scale`, the
        threshold and the temperature. Raises UsageError for another head than `lda`, for somebody who is not there, and
        when fewer than two people would stay.
        """
        self.check_can_enroll()
        self.check_fitted()
        shown = self.name_of(name)
        others = self._neighbour_names != shown
        if shown not in self.classes_:
            raise UsageError(f"{name!r} is none of the people {', '.join(map(str, self.classes_))}")
        if len(self.classes_) < 3:
            raise UsageError(f"without {shown!r} one person would be left: expected two or more who stay")
        return self._set_people(self.neighbours[torch.as_tensor(others)], self._neighbour_names[others])

    def check_can_enroll(self) -> None:
        """Raise UsageError unless the head is one that people can be added to."""
        if not self.is_computed:
            raise UsageError(
                "people can be added and removed only where the head is computed, and this one was trained: train "
                "again with head lda, without hidden units"
            )

    def name_of(self, name: str) -> str:
        """Return a person's name as it stands in `classes_`, however it is spelled; of somebody new, as it is shown."""
        known = {person_key(str(one)): str(one) for one in self.classes_}
        return known.get(person_key(name), shown_name(name))

    @property
    def backbone(self) -> Backbone:
        """The frozen network. Raises RunError when there are no such weights."""
        if self._backbone is None or self._backbone[:2] != (self.model, self.weights):
            self._backbone = (self.model, self.weights, load_backbone(self.model, self.weights))
        return self._backbone[2]

    @property
    def image_size(self) -> int:
        """Side of the images that the network sees, in pixels."""
        return self.backbone.size

    @property
    def image_margin(self) -> float:
        """What an aligned image shows around the face."""
        return self.backbone.margin

    @property
    def bytes_a_photo(self) -> int:
        """Of a photo's features, and what is made of them: a training holds HELD times as much."""
        return HELD * VIEWS * self.backbone.numbers * 4

    def filters(self) -> list[NDArray[np.uint8]]:
        """Return the filters of the backbone's first convolution as RGB pictures (height, width, 3)."""
        return self.backbone.filters()

    def identity(self) -> dict[str, Any]:
        """Return the settings and the weights of the backbone."""
        backbone = self.backbone
        about = {"name": backbone.name, "from": backbone.source, "sha256": backbone.sha256, "numbers": backbone.numbers}
        head = "lda" if self.is_computed else "hidden" if self.hidden else "softmax"
        return {**super().identity(), "backbone": about, "head": head}

    def clone(self) -> Self:
        """Return another one with the same parameters, untrained; the backbone is not loaded again."""
        other = super().clone()
        other._backbone = self._backbone
        return other

    def read(self, pixels: NDArray[np.uint8]) -> PhotoArray:
        """Images (N, 3, size, size) in 0..255 -> features of each and of its mirror image, (N, 2, numbers)."""
        read, starts = self.reader(), range(0, len(pixels), READ_AT_ONCE)
        batches = [read(torch.from_numpy(pixels[at : at + READ_AT_ONCE])).cpu() for at in starts]
        none = np.empty((0, VIEWS, self.backbone.numbers), np.float32)
        return PhotoArray(torch.cat(batches).numpy() if batches else none)

    def reader(self) -> Callable[[Tensor], Tensor]:
        """Return the function that computes the features of images and of their mirror images."""
        return self.backbone.network(device=self.torch_device.type, precision=self.precision).both_ways

    def open(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        """Photos of a folder -> their features, from the cache beside it where they are there."""
        return PhotoArray(features_of(folder, photos, self.backbone, on_photo=on_photo, **self._options))

    def cache(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> None:
        """Compute the features that the cache beside the folder does not have; a disk that refuses keeps none."""
        with suppress(StorageError):
            cache_features(folder, photos, self.backbone, on_photos=once_per_photo(on_photo), **self._options)

    def open_stored(self, folder: Path, photos: Sequence[Photo], on_photo: Callable[[], None] = lambda: None) -> Photos:
        """Photos of a folder -> where their features lie on the disk. StorageError when it refuses to keep them."""
        return store_features(folder, photos, self.backbone, on_photo=on_photo, **self._options)

    @property
    def _options(self) -> dict[str, Any]:
        return {"device": self.torch_device.type, "max_pixels": self.max_pixels, "align": self.align}

    def unit_classes(self) -> list[UnitClass]:
        """Return for each hidden unit the person that its output weights raise most; without a hidden layer each
        output is a unit of its own."""
        names = [str(name) for name in self.classes_]
        if not self.hidden:
            return [UnitClass(unit, name, 1.0) for unit, name in enumerate(names)]
        return unit_classes(list(self.network.parameters().values())[-2].value.cpu().numpy(), names)

    def _opened_tensor(self, photos: Tensor) -> Tensor:
        return normalize(photos.sqrt(), dim=-1) if self.backbone.has_roots else photos

    def _learn_inputs(self, photos: Tensor, target: Tensor) -> None:
        self.scale, self.centre = photos.std(), photos.mean((0, 1))

    def _training_data(self, photos: Photos, target: Tensor) -> Data:
        if not isinstance(photos, StoredFeatures):
            x = together(len(photos), map(self._opened, photos.pieces()))
            self._learn_inputs(x, target)
            return x, target
        self.scale, self.centre = deviation_and_mean(map(self._opened, photos.pieces()))
        return FeatureStream(photos, target, self._opened)

    def _validation(self, photos: Photos, names: NDArray[Any]) -> Data:
        if not isinstance(photos, StoredFeatures):
            inputs = (self._inputs(self._opened(piece)) for piece in photos.pieces())
            return together(len(photos), inputs), self._targets(names)
        return FeatureStream(photos, self._targets(names), lambda piece: self._inputs(self._opened(piece)))

    def _keep_neighbours(self, photos: Photos, target: Tensor) -> None:
        super()._keep_neighbours(photos, target)
        if self.is_computed:
            self._compute_head()

    @property
    def sure(self) -> str:
        """What `known_scores` takes of the head's answer, in words."""
        return "cosine with the person's mean" if self.is_computed else super().sure

    def _sureness(self, x: Tensor, probability: Tensor) -> Tensor:
        if not self.is_computed:
            return super()._sureness(x, probability)
        return self.network.forward(self._inputs(x)).amax(1) / SHARPNESS

    def _directions(self, photos: Tensor) -> Tensor:
        """Return unit vectors from the training photos' mean to each photo, (N, numbers)."""
        return normalize(photos.mean(1) - self.centre, dim=1)

    def _train(self, data: Data, target: Tensor, generator: Generator, *others: Any) -> History:
        if self.is_computed:  # of the photos that are kept, once they are
            return History()
        return super()._train(data, target, generator, *others)

    def _set_people(self, vectors: Tensor, names: NDArray[Any]) -> Self:
        """Become the classifier of these vectors (N, numbers), each with its person's name (N,); return it."""
        order = np.argsort(names, kind="stable")
        self.classes_, people = np.unique(names[order], return_inverse=True)
        self.neighbours = vectors[torch.as_tensor(order, device=vectors.device)]
        self.neighbour_classes = torch.as_tensor(people, device=vectors.device)
        self._compute_head()
        return self

    @property
    def _neighbour_names(self) -> NDArray[Any]:
        names: NDArray[Any] = self.classes_[self.neighbour_classes.cpu().numpy()]
        return names

    def _compute_head(self) -> None:
        """Make the head `lda` of the training photos that are kept."""
        classes = len(self.classes_)
        vectors, people = self.neighbours, self.neighbour_classes
        if len(vectors) > MOST_SPANNED and vectors.shape[1] > MOST_SPANNED:
            chosen = first_of_each(people, max(LEAST_SPANNED, MOST_SPANNED // classes))
            vectors, people = vectors[chosen], people[chosen]
        whitening, means = discriminant(vectors, people, classes)
        self._rank = len(whitening)
        self.network = self._built(whitening.shape[1], classes, Generator())
        first, last = (layer for layer in self.network.layers if isinstance(layer, Linear))
        first.weight.value.copy_(whitening)
        last.weight.value.copy_(SHARPNESS * normalize(means, dim=1))

    def _inputs(self, photos: Tensor) -> Tensor:
        return self._directions(photos) if self.is_computed else photos[:, 0] / self.scale

    def _augmented(self, photos: Tensor, generator: Generator) -> Tensor:
        side = torch.randint(0, 2, (len(photos),), generator=generator, device=generator.device).to(photos.device)
        return photos[torch.arange(len(photos), device=photos.device), side] / self.scale

    def _views(self, photos: Tensor) -> Iterator[Tensor]:
        yield photos
        if not self.is_computed:
            yield photos.flip(1)

    def _build(self, inputs: int, classes: int, generator: Generator) -> Sequential:
        small = normal(self.start)
        if self.is_computed:
            made: dict[str, Any] = {"generator": generator, "initialiser": zeros}
            return Sequential(Linear(inputs, self._rank, **made), UnitLength(), Linear(self._rank, classes, **made))
        if not self.hidden:
            return Sequential(Linear(inputs, classes, generator=generator, initialiser=small))
        return Sequential(
            Linear(inputs, self.hidden, generator=generator, initialiser=small),
            ReLU(),
            Dropout(self.dropout, generator=generator),
            Linear(self.hidden, classes, generator=generator, initialiser=glorot),
        )

    def _photo_shape(self) -> tuple[int, ...]:
        return VIEWS, len(self.centre)

    def _saved(self) -> dict[str, Tensor]:
        return {
            "scale": self.scale,
            "centre": self.centre,
            "neighbours": self.neighbours.half(),  # a cosine needs no more digits
            "neighbour_classes": self.neighbour_classes,
        }

    def _restore(self, tensors: Mapping[str, Tensor]) -> int:
        self.scale, self.centre = tensors["scale"], tensors["centre"]
        self.neighbours, self.neighbour_classes = tensors["neighbours"].float(), tensors["neighbour_classes"]
        self._rank = len(tensors["network.0.weight"])
        return len(self.centre)

    @classmethod
    def from_checkpoint(
        cls, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any], *, device: str = "auto", **parameters: Any
    ) -> Self:
        """Return what `to_bytes` saved, with the backbone it was trained on; the parameter `weights` says where its
        weights are now. RunError when they are others, which are then not read, or it is another model's."""
        try:
            source, settings = str(metadata["backbone"]["from"]), dict(metadata["settings"])
        except (KeyError, TypeError, ValueError) as error:
            raise RunError("the checkpoint does not say which weights its features came from; train again") from error
        settings.setdefault("head", "softmax")  # the only one without hidden units, before there were others
        weights = parameters.pop("weights", None) or source
        return super().from_checkpoint(
            tensors, {**metadata, "settings": settings}, device=device, weights=weights, **parameters
        )

    def check_source(self, metadata: Mapping[str, Any]) -> None:
        """Load the frozen network. RunError when its weights are others than those of the training: then they are not
        read."""
        sha256 = str(metadata["backbone"]["sha256"])

        def accept(found: str) -> None:
            if found != sha256:
                raise RunError(
                    f"the network was trained on features of other weights: expected SHA-256 {sha256[:12]}..., "
                    f"{self.weights} has {found[:12]}...; name the right file with --weights"
                )

        self._backbone = (self.model, self.weights, load_backbone(self.model, self.weights, accept))
