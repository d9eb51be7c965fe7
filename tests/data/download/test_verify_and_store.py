"""Bytes that came become a file in its place, or none: whatever the bytes, the name and the box are.

`FACES_FUZZ=5000` mutates so many real photos instead of a few.
"""

import hashlib
import os
import random
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.download.verify_and_store import verify_and_store
from data.journal import Journal, Outcome
from data.photos import quiet_decoding
from data.quality import perceptual_hash
from data.reasons import Reason
from data.rows import Box, Row
from data.settings import DownloadSettings

SETTINGS = DownloadSettings(size=24, max_pixels=4_000_000)
FUZZ = int(os.environ.get("FACES_FUZZ", "40"))
MAY_END = {Reason.OK, Reason.NOT_AN_IMAGE, Reason.TRUNCATED, Reason.BOMB, Reason.BAD_BOX}
Change = tuple[str, int, bytes]
changes = st.lists(
    st.tuples(st.sampled_from(["replace", "insert", "cut", "repeat"]), st.integers(0, 10**6), st.binary(max_size=6)),
    max_size=6,
)


def mutated(data: bytes, changes: list[Change]) -> bytes:
    for how, place, put in changes:
        at = place % (len(data) + 1)
        if how == "replace":
            data = data[:at] + put + data[at + len(put) :]
        elif how == "insert":
            data = data[:at] + put + data[at:]
        elif how == "cut":
            data = data[:at]
        else:
            data = data[:at] + data[at : at + 500] * 3 + data[at:]
    return data


def kept(folder: Path, name: str, data: bytes, box: Box | None) -> Outcome:
    with Journal(folder, {}) as journal, quiet_decoding():
        person = journal.folder_of(name)
        return verify_and_store(
            Row(1, name, "http://a.example/", box, None), data, folder, person, SETTINGS, nullcontext()
        )


def check(folder: Path, outcome: Outcome, data: bytes) -> None:
    """A whole crop in a person's folder, noted as it is; or no file at all."""
    assert outcome.reason in MAY_END
    assert outcome.photo == hashlib.sha256(data).hexdigest()
    files = [path for path in folder.rglob("*") if path.is_file() and path.parent != folder]
    assert [path.relative_to(folder).as_posix() for path in files] == ([outcome.file] if outcome.file else [])
    assert (outcome.file is None) == (outcome.reason is not Reason.OK)
    for path in files:
        assert path.parent.parent == folder
        assert hashlib.sha256(path.read_bytes()).hexdigest() == outcome.crop
        assert perceptual_hash(path.read_bytes()) == outcome.perceptual_hash
        with Image.open(path) as image:
            image.load()
            assert SETTINGS.size <= max(image.size) <= 2 * SETTINGS.size


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]),
    st.text(max_size=20),
    st.none() | st.builds(Box, *[st.integers(-50, 120)] * 4),
    changes,
)
def test_a_mutated_photo_is_a_crop_in_its_place_or_none(
    tmp_path_factory: pytest.TempPathFactory, format: str, name: str, box: Box | None, changes: list[Change]
) -> None:
    folder = tmp_path_factory.mktemp("keep")
    path = folder.parent / "photo"
    Image.effect_noise((64, 48), 50).convert("RGB").save(path, format)
    data = mutated(path.read_bytes(), changes)
    check(folder, kept(folder, name or "Ann", data, box), data)


def test_mutated_real_photos(shared: Path, tmp_path: Path) -> None:
    generator = random.Random(0)
    files = sorted((shared / "facescrub" / "responses").iterdir())
    for turn in range(FUZZ):
        folder = tmp_path / str(turn)
        data = generator.choice(files).read_bytes()
        hows = generator.choices(["replace", "replace", "insert", "cut", "repeat"], k=generator.randint(1, 5))
        some: list[Change] = [(how, generator.randrange(10**6), generator.randbytes(4)) for how in hows]
        if generator.random() < 0.5:  # where the header is
            some = [(how, place % 600, put) for how, place, put in some if how != "cut"]
        data = mutated(data, some)
        check(folder, kept(folder, "Ann", data, Box(10, 10, 200, 200)), data)


def test_the_listed_hash_comes_first(tmp_path: Path, photo: Callable[..., bytes]) -> None:
    row = Row(1, "Ann", "http://a.example/", None, "0" * 64)
    outcome = verify_and_store(row, photo(), tmp_path, "Ann", SETTINGS, nullcontext())
    assert (outcome.reason, outcome.file) == (Reason.HASH_MISMATCH, None)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("sha256", "md5", "reason"),
    [
        (None, "right", Reason.OK),
        ("right", "right", Reason.OK),
        (None, "wrong", Reason.HASH_MISMATCH),
        ("right", "wrong", Reason.HASH_MISMATCH),
        ("wrong", "right", Reason.HASH_MISMATCH),
    ],
)
def test_a_photo_has_every_digest_that_is_listed_before_it_is_decoded(
    photo: Callable[..., bytes],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sha256: str | None,
    md5: str,
    reason: Reason,
) -> None:
    data = photo()
    if reason is not Reason.OK:
        monkeypatch.setattr("data.download.verify_and_store.crop", lambda *args: pytest.fail("decoded"))
    listed = {
        (None, 64): None,
        ("right", 64): hashlib.sha256(data).hexdigest(),
        ("wrong", 64): "0" * 64,
        ("right", 32): hashlib.md5(data).hexdigest(),
        ("wrong", 32): "0" * 32,
    }
    row = Row(1, "Ann", "http://a.example/", None, listed[sha256, 64], listed[md5, 32])
    with quiet_decoding():
        outcome = verify_and_store(row, data, tmp_path, "Ann", SETTINGS, nullcontext())
    assert outcome.reason is reason
    assert outcome.photo == hashlib.sha256(data).hexdigest()
    assert bool(list(tmp_path.rglob("*.jpg"))) is (reason is Reason.OK)
