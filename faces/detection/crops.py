"""Whole photos are searched for faces, and crops of faces are written, several photos at the same time."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from data.atomic_write import atomic_write
from data.photos.cutting import crop_around, find_regions, jpeg
from data.photos.folder import Photo
from data.photos.images import load_photo, read_photo
from data.photos.placed import Placed
from data.reasons import Failure
from data.settings import DownloadSettings
from faces.detection.detector import FaceDetector
from faces.detection.found_folder import Record, crop_of
from faces.detection.landmarks import placed
from faces.detection.likeness import FaceFeatures, Features


@dataclass(frozen=True)
class Searched:
    """What a photo shows."""

    faces: list[Placed]  # the largest first, in pixels of the photo as it is decoded
    too_small: int
    features: list[Features]  # of the faces, where there are several and one is to be chosen


@dataclass(frozen=True)
class Cutter:
    """Searches photos and writes crops, several at the same time."""

    source: Path
    target: Path
    size: int
    detector: FaceDetector
    features: FaceFeatures | None  # None: nobody asks for them
    max_pixels: int | None
    on_photo: Callable[[], None]
    pool: ThreadPoolExecutor

    def search(self, photos: Sequence[Photo], record: Record) -> dict[Photo, Searched | Failure]:
        """Search the photos. A face that is the only one, or that the record says is taken, becomes a crop."""

        def search(photo: Photo) -> Searched | Failure:
            result: Searched | None = None
            known = record[photo.sha256].taken if photo.sha256 in record else None

            def look(picture: Image.Image) -> Placed | None:
                nonlocal result
                found = self.detector.search(picture)
                faces = [placed(face) for face in found.faces]
                taken = 0 if len(faces) == 1 else known
                alike = len(faces) > 1 and taken is None and self.features is not None
                features = [self._features_in(picture, face) for face in faces] if alike else []
                result = Searched(faces, found.too_small, features)
                return None if taken is None or taken >= len(faces) else faces[taken]

            failure = self._crop(photo, look)
            self.on_photo()
            return failure or result or Searched([], 0, [])

        return dict(zip(photos, self.pool.map(search, photos), strict=True))

    def cut(self, chosen: Mapping[Photo, Placed]) -> dict[Photo, Failure]:
        """Write a crop of each of these faces; return why some cannot be."""
        failures = self.pool.map(lambda photo: self._crop(photo, lambda picture: chosen[photo]), chosen)
        return {photo: failure for photo, failure in zip(chosen, failures, strict=True) if failure}

    def features_of(self, photos: Sequence[Photo]) -> list[Features]:
        """Return the features of the crops that were written of these photos."""
        assert self.features is not None
        size, margin = self.features.size, self.features.margin
        crops = [crop_of(self.target, photo) for photo in photos]
        pictures = self.pool.map(lambda crop: load_photo(crop, size, "RGB", margin=margin), crops)
        return list(map(self.features, pictures))

    def _crop(self, photo: Photo, choose: Callable[[Image.Image], Placed | None]) -> Failure | None:
        """Write a crop of the face that `choose` returns for the photo, if it does; return why it cannot be read."""
        crop: bytes | None = None

        def look(picture: Image.Image, scale: int) -> Sequence[Placed]:
            nonlocal crop
            face = choose(picture)
            crop = crop_file(picture, face, self.size) if face else None
            return ()

        data = read_photo(self.source / photo.file, photo.sha256)
        found = data if isinstance(data, Failure) else find_regions(data, look, 1, "L", max_pixels=self.max_pixels)
        if isinstance(found, Failure):
            return found
        if crop is not None:
            atomic_write(crop_of(self.target, photo), crop)
        return None

    def _features_in(self, picture: Image.Image, face: Placed) -> Features:
        """Return the features of a face as those of its crop, so that it is compared with crops as one of them."""
        assert self.features is not None
        return self.features(self.features.aligned(crop_file(picture, face, self.size)))


def crop_file(picture: Image.Image, face: Placed, size: int) -> bytes:
    """Return the file of an RGB crop of a face, with what is kept around it; its box becomes `size` pixels long."""
    return jpeg(*crop_around(picture, face, size, "RGB", DownloadSettings.around))
