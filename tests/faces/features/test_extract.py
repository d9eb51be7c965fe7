"""From files to features: order, views, progress, errors, and that nothing of torch's settings is changed."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from data.photos.folder import Folder
from data.photos.images import load_images
from errors import DatasetError, UsageError
from faces.backbones.alexnet.alexnet import AlexNet
from faces.backbones.alexnet.network import Network
from faces.features.extract import extract


def test_batches_come_in_order_with_both_views(photos: Folder, original: AlexNet) -> None:
    paths = [photos.path / photo.file for photo in photos.photos]
    seen = []
    batches = list(
        extract(photos.path, photos.photos, original, mirror=True, batch_size=3, on_photo=lambda: seen.append(1))
    )
    assert [batch.shape for batch in batches] == [(3, 2, 9216), (3, 2, 9216), (1, 2, 9216)]
    assert batches[0].dtype == np.float32
    assert len(seen) == len(paths)
    expected = Network(original.weights).both_ways(load_images(paths, 227, "RGB")).numpy()
    np.testing.assert_allclose(np.concatenate(batches), expected, rtol=0, atol=1e-5 * expected.max())


def test_without_the_mirror_image_there_is_one_view(photos: Folder, original: AlexNet) -> None:
    (batch,) = extract(photos.path, photos.photos[:2], AlexNet(original.weights, size=224))
    assert batch.shape == (2, 1, 9216)


def test_no_photo_at_all(original: AlexNet, tmp_path: Path) -> None:
    assert list(extract(tmp_path, [], original)) == []


def test_torchs_threads_stay_as_they_were(photos: Folder, original: AlexNet) -> None:
    before = torch.get_num_threads()
    batches = extract(photos.path, photos.photos, original, batch_size=2)
    next(batches)
    batches.close()  # a reader that stops early
    assert torch.get_num_threads() == before


def test_a_photo_that_is_no_image_is_named(photos: Folder, original: AlexNet) -> None:
    page = b"<html>404</html>"
    (photos.path / "Bo" / "1.png").write_bytes(page)
    listed = [replace(p, sha256=sha256(page).hexdigest()) if p.file == "Bo/1.png" else p for p in photos.photos]
    with pytest.raises(DatasetError, match=r"Bo/1\.png is not an image") as error:
        list(extract(photos.path, listed, original, batch_size=2))
    assert "\n" not in str(error.value)


def test_a_photo_of_more_pixels_than_may_be_opened_is_named(photos: Folder, original: AlexNet) -> None:
    with pytest.raises(DatasetError, match=r"Ada/0\.png .*more than 9: --max-pixels"):
        list(extract(photos.path, photos.photos, original, max_pixels=9))


def test_a_size_the_network_does_not_take(photos: Folder, original: AlexNet) -> None:
    with pytest.raises(UsageError, match="expected a size from"):
        list(extract(photos.path, photos.photos, AlexNet(original.weights, size=64)))
