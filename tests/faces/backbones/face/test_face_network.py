"""The face network: dlib's own numbers, one by one and in batches, in both precisions."""

import pickle

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from errors import LayerError
from faces.backbones.face.face import FaceNetwork, installed_file


def crops(count: int) -> Tensor:
    """Smooth pictures of all brightnesses, (count, 3, 150, 150)."""
    coarse = torch.rand(count, 3, 9, 9, generator=torch.Generator().manual_seed(2)) * 320 - 32
    return F.interpolate(coarse, size=150, mode="bicubic").clamp(0, 255).to(torch.uint8)


def dlibs(pixels: Tensor) -> NDArray[np.float64]:
    dlib = pytest.importorskip("dlib", reason="dlib-bin is not installed, beside which the face network is tested")
    model = dlib.face_recognition_model_v1(str(installed_file()))
    pictures = pixels.permute(0, 2, 3, 1).contiguous().numpy()
    return np.array([model.compute_face_descriptor(picture) for picture in pictures])


def test_dlibs_own_numbers(face: FaceNetwork) -> None:
    pixels = crops(20)
    network, expected = face.network(precision="float32"), dlibs(pixels)
    assert np.abs(expected).max() > 0.2
    for features in (network(pixels), torch.cat([network(pixels[:1]), network(pixels[1:])])):
        assert (features.shape, features.dtype) == ((20, 128), torch.float32)
        assert np.abs(features.numpy() - expected).max() < 1e-5


def test_a_crop_and_its_mirror_image(face: FaceNetwork) -> None:
    network, pixels = face.network(precision="float32"), crops(2)
    both = network.both_ways(pixels)
    assert both.shape == (2, 2, 128)
    torch.testing.assert_close(both[:, 0], network(pixels))
    torch.testing.assert_close(both[:, 1], network(pixels.flip(3)))
    both.mul_(2)  # what inference mode makes refuses this


def test_bfloat16_points_the_same_way(face: FaceNetwork) -> None:
    pixels = crops(3)
    exact, rounded = (face.network(precision=how)(pixels) for how in ("float32", "bfloat16"))
    assert rounded.dtype == torch.float32
    assert not torch.equal(exact, rounded)
    assert F.cosine_similarity(exact, rounded).min() > 0.999


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_computes_the_same(face: FaceNetwork) -> None:
    pixels = crops(20)
    exact, on_cuda = (face.network(device=device, precision="float32")(pixels) for device in ("cpu", "cuda"))
    assert F.cosine_similarity(exact, on_cuda.cpu()).min() > 0.9999


def test_crops_of_another_kind_are_refused(face: FaceNetwork) -> None:
    network = face.network()
    for wrong in (crops(1)[..., 1:], crops(1).float(), crops(1)[:, :1]):
        with pytest.raises(LayerError, match=r"face network: .*expected torch.uint8 \(N, 3, 150, 150\)"):
            network(wrong)


def test_its_filters_are_pictures(face: FaceNetwork) -> None:
    pictures = face.filters()
    assert [(picture.shape, picture.dtype.name) for picture in pictures] == [((7, 7, 3), "uint8")] * 32
    assert all(picture.min() == 0 or picture.max() == 255 for picture in pictures)
    assert len({picture.tobytes() for picture in pictures}) == 32


def test_it_pickles(face: FaceNetwork) -> None:
    again = pickle.loads(pickle.dumps(face))
    assert again.identity() == face.identity()
    assert torch.equal(again.network()(crops(1)), face.network()(crops(1)))
