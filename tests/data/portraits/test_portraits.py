"""The portraits: the same for a seed on every machine, people who differ, boxes around faces, addresses that draw."""

import io
import subprocess
import sys
from dataclasses import asdict, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from data.portraits import Gallery, contact_sheet
from data.portraits.backdrop import BACKDROPS
from data.portraits.casting import GROUP, MEASURES, name_of, traits_of
from data.portraits.clothes import GARMENTS
from data.portraits.extras import EXTRAS
from data.portraits.gallery import VERSION
from data.portraits.glasses import RIMS
from data.portraits.layer import OVERSAMPLE
from data.portraits.names import slug
from data.portraits.portrait import face_box, paint, seat
from data.portraits.styles import BEARDS, HERS, HIS, STYLES
from data.portraits.traits import Traits
from data.portraits.variation import SIDES
from errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[3]
EVERYONE = range(GROUP)

# What photos of seed 0 look like: 8 x 8 grey pixels of the picture before JPEG, whose encoder differs between builds.
# Libraries may round a pixel of an edge differently, hence thumbnails and not a digest.
THUMBNAILS = {
    (0, 7): (
        "bebdbcbab5b6b7b7c0bf97777e7fb0b5c0c07190b19297b2c0b96e91a6899baf"
        "be915f968f887aabbd90687d927277a7bb9d6b70806983a1a3575e636463627d"
    ),
    (5, 0): (
        "dcdcdbdbdcdcdcdccebb937670b6c1bfb793bac4766c877f9188c19d7f688189"
        "98837571576a7594a29075545f758693adddcdafa1a18e91e6e1d6c8b8a78b71"
    ),
    (8, 3): (
        "999d8266708e9e9a9d8d2a4c5f51959da06029688c507ba1a16e2956795187a2"
        "a0a588405992a5a19ca0824e6997a19d987c3f50565b8f98882c354248455194"
    ),
}


def thumbnail(picture: Image.Image, side: int = 8) -> NDArray[np.int16]:
    return np.asarray(picture.convert("L").resize((side, side), Image.Resampling.BOX)).astype(np.int16)


def spread(traits: Traits) -> NDArray[np.float64]:
    """A person's measures, each in 0..1 of all that are cast."""
    values = asdict(traits)
    ranges = {name: (min(hers[0], his[0]), max(hers[1], his[1])) for name, (hers, his) in MEASURES.items()}
    return np.array([(values[name] - least) / (most - least) for name, (least, most) in ranges.items()])


@pytest.mark.parametrize("number", THUMBNAILS)
def test_a_seed_gives_the_same_pixels_on_every_machine(number: tuple[int, int]) -> None:
    picture, _ = Gallery(seed=0).picture(*number)
    expected = np.frombuffer(bytes.fromhex(THUMBNAILS[number]), dtype=np.uint8).astype(np.int16)
    assert np.abs(thumbnail(picture).ravel() - expected).max() <= 2


def test_a_photo_drawn_twice_is_the_same_to_the_byte() -> None:
    assert Gallery(seed=5).draw(3, 4) == Gallery(seed=5, people=40, photos=7).draw(3, 4)


def test_seeds_people_and_photos_differ() -> None:
    gallery = Gallery(seed=0)
    pictures = [gallery.picture(0, 0), gallery.picture(0, 1), gallery.picture(1, 0), Gallery(seed=1).picture(0, 0)]
    for (first, _), (second, _) in combinations(pictures, 2):
        assert np.abs(thumbnail(first) - thumbnail(second)).max() > 20


def test_names_are_unique_and_plain() -> None:
    names = Gallery(people=400).names
    assert len(set(names)) == len({slug(name) for name in names}) == 400
    for name in names:
        first, family = name.split(" ")
        assert (first + family).isascii()
        assert (first + family).isalpha()


def test_names_do_not_run_out() -> None:
    some = [name_of(0, person) for person in range(2_400, 9_000, 10)]
    assert len(set(some)) == len(some)


def test_an_address_draws_its_photo_again() -> None:
    gallery = Gallery(seed=3, people=14, photos=2)
    photo = gallery.draw(13, 1)
    assert photo.url == gallery.urls[-1] == f"portrait://{VERSION}/seed-3/{slug(gallery.names[13])}/001"
    assert Gallery.draw_url(photo.url) == photo


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/portrait.jpg",
        "portrait://1/seed-0/mira-okafor",
        f"portrait://{VERSION + 1}/seed-0/mira-okafor/000",
        f"portrait://{VERSION}/seed-0/nobody-atall/000",
    ],
)
def test_an_address_without_a_photo_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        Gallery.draw_url(url)


@pytest.mark.parametrize("wrong", [{"seed": -1}, {"people": 0}, {"people": 10_001}, {"photos": 0}])
def test_impossible_galleries_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        Gallery(**wrong)


def test_a_photo_beyond_the_gallery_is_refused() -> None:
    with pytest.raises(UsageError, match="no photo 3 of person 0"):
        Gallery(photos=3).draw(0, 3)


def test_the_file_is_a_jpeg_of_the_size_and_box_it_says() -> None:
    photo = Gallery().draw(2, 3)
    with Image.open(io.BytesIO(photo.jpeg)) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert all(SIDES[0] <= side <= SIDES[1] for side in image.size)
        left, top, right, bottom = photo.box
        assert 0 <= left < right <= image.width
        assert 0 <= top < bottom <= image.height


def test_the_box_lies_in_the_photo_and_holds_the_face() -> None:
    gallery = Gallery()
    for person in EVERYONE:
        traits = traits_of(0, person)
        for photo in range(60):
            variation = gallery.variation(person, photo)
            sitter = seat(traits, variation)
            left, top, right, bottom = face_box(sitter, variation)
            eyes = [(-traits.eye_gap, 0.0, 0.6), (traits.eye_gap, 0.0, 0.6)]
            mouth = [(0.0, traits.mouth_height + traits.lip_lower, 0.6)]
            x, y = (sitter.pose.project(eyes + mouth) / OVERSAMPLE).T
            width, height = variation.size
            assert 0 <= left < x.min() < x.max() < right <= width
            assert 0 <= top < y.min() < y.max() < bottom <= height
            assert 0.8 < (right - left) / (bottom - top) < 1.25


def test_people_do_not_depend_on_how_many_there_are() -> None:
    assert Gallery(people=40).names[:12] == Gallery(people=12).names
    assert Gallery(people=40).picture(37, 0)[1] == Gallery(people=38).picture(37, 0)[1]


def test_no_two_people_of_a_company_look_alike() -> None:
    for seed in range(8):
        cast = [traits_of(seed, person) for person in EVERYONE]
        assert len({traits.hair_style for traits in cast}) == GROUP
        assert len({traits.skin for traits in cast}) == GROUP
        distances = [np.abs(spread(first) - spread(second)).mean() for first, second in combinations(cast, 2)]
        assert min(distances) > 0.15


def test_a_measure_is_spread_over_a_company() -> None:
    values = np.sort([spread(traits_of(0, person)) for person in EVERYONE], axis=0)
    assert (values[-1] - values[0] > 0.6).all()


def grey_face(gallery: Gallery, person: int, photo: int) -> NDArray[np.float64]:
    """A face as the classifiers see it, only smaller: 12 x 12 grey pixels, mean 0, deviation 1."""
    picture, box = gallery.picture(person, photo)
    face = np.asarray(picture.convert("L").crop(box).resize((12, 12), Image.Resampling.BOX), dtype=np.float64)
    standardised: NDArray[np.float64] = (face - face.mean()).ravel() / face.std()
    return standardised


def test_photos_of_one_person_are_more_alike_than_photos_of_two() -> None:
    gallery = Gallery()
    faces = np.array([[grey_face(gallery, person, photo) for photo in range(10)] for person in range(4)])
    means = faces[:, :6].mean(axis=1)
    nearest = ((faces[:, 6:, None] - means) ** 2).sum(axis=-1).argmin(axis=-1)
    assert (nearest == np.arange(4)[:, None]).mean() > 0.5  # by chance 0.25


def test_processes_draw_the_same_in_the_same_order() -> None:
    gallery = Gallery(seed=2, people=2, photos=2)
    assert list(gallery.draw_all(processes=2)) == list(gallery.draw_all(processes=1))


@pytest.mark.parametrize(
    "changed",
    [
        *({"hair_style": style} for style in STYLES if style != "bald"),
        *({"beard": beard} for beard in BEARDS),
        *({"glasses": kind} for kind in RIMS),
        {"earrings": True, "freckles": 1.0, "mole": -1.0, "age": 1.0},
    ],
    ids=str,
)
def test_every_trait_can_be_seen(changed: dict[str, Any]) -> None:
    plain = replace(traits_of(0, 3), hair_style="bald", beard="none", glasses="none", freckles=0.0, mole=0.0, age=0.0)
    variation = replace(Gallery().variation(3, 0), size=(120, 130), extra="none")
    before, _ = paint(plain, variation)
    after, _ = paint(replace(plain, **changed), variation)
    assert np.abs(np.asarray(before).astype(int) - np.asarray(after)).max() > 30


@pytest.mark.parametrize(
    "changed",
    [
        *({"backdrop": kind} for kind in BACKDROPS),
        *({"garment": kind} for kind in GARMENTS),
        *({"extra": kind} for kind in EXTRAS),
        *({"yaw": yaw, "pitch": pitch, "roll": -yaw} for yaw in (-0.6, 0.6) for pitch in (-0.3, 0.3)),
        *({"place": (x, y)} for x in (-0.2, 1.2) for y in (-0.2, 1.2)),
        {"face": 2.0},
        {"face": 0.05},
    ],
    ids=str,
)
def test_every_photo_can_be_painted(changed: dict[str, Any]) -> None:
    variation = replace(Gallery().variation(2, 0), **{"size": (121, 93)} | changed)
    picture, (left, top, right, bottom) = paint(traits_of(0, 2), variation)
    assert picture.size == (121, 93)
    assert 0 <= left < right <= 121
    assert 0 <= top < bottom <= 93


def test_the_decks_hold_only_what_can_be_painted() -> None:
    assert set(HERS) | set(HIS) == set(STYLES)
    for person in range(60):
        traits = traits_of(1, person)
        assert traits.beard in {"none", *BEARDS}
        assert traits.glasses in {"none", *RIMS}


def test_a_contact_sheet_has_a_row_a_person() -> None:
    sheet = contact_sheet(Gallery(), people=(1, 5), photos=3, cell=40, gap=2)
    assert sheet.size == (3 * 42 + 2, 2 * 42 + 2)
    assert len(np.unique(np.asarray(sheet.crop((44, 44, 84, 84))).reshape(-1, 3), axis=0)) > 50


def test_drawing_needs_neither_torch_nor_the_network() -> None:
    program = "import sys, data.portraits; sys.exit(bool({'torch', 'requests'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=True)
