"""Which pictures look alike, and that finding them stays far from comparing all with all."""

import io
import random
from collections.abc import Callable
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from data.quality import find_near_duplicates
from data.quality.perceptual_hash import CLOSE, close_pairs, perceptual_hash


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def apart(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def test_bits_say_where_a_picture_gets_darker_to_the_right() -> None:
    falling = Image.linear_gradient("L").rotate(90)  # white on the left? the gradient runs from black at the top
    rising = falling.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert {perceptual_hash(jpeg(falling)), perceptual_hash(jpeg(rising))} == {"0" * 64, "f" * 64}


@pytest.mark.parametrize("seed", range(5))
def test_the_same_picture_smaller_paler_or_worse_looks_the_same(picture: Callable[..., Image.Image], seed: int) -> None:
    image = picture(seed, 227, 227)
    look = perceptual_hash(jpeg(image))
    others = [image.resize((100, 100)), ImageEnhance.Brightness(image).enhance(0.8), image.convert("L")]
    for other in others:
        assert apart(look, perceptual_hash(jpeg(other, 70))) <= CLOSE
    assert apart(look, perceptual_hash(jpeg(picture(seed + 100, 227, 227)))) > 40


@given(
    st.lists(st.integers(0, 2**256 - 1), max_size=8), st.lists(st.sets(st.integers(0, 255), max_size=18), max_size=8)
)
def test_close_pairs_are_those_of_comparing_all_with_all(looks: list[int], flips: list[set[int]]) -> None:
    looks += [look ^ sum(1 << bit for bit in flip) for look, flip in zip(looks, flips, strict=False)]
    every = combinations(sorted(set(looks)), 2)
    assert close_pairs(looks) == {(a, b) for a, b in every if (a ^ b).bit_count() <= CLOSE}


def test_many_looks_are_compared_in_a_breath() -> None:
    """All with all would be two hundred million comparisons; that some are nearly flat makes no difference."""
    generator = random.Random(1)
    looks = [generator.getrandbits(256) for _ in range(18_000)] + [generator.getrandbits(40) for _ in range(2_000)]
    looks.append(looks[0] ^ 0b1011)
    assert (min(looks[0], looks[-1]), max(looks[0], looks[-1])) in close_pairs(looks)


def test_twins_are_groups_of_more_than_one_name_or_of_many_files() -> None:
    lines = [
        (0xF0F0, "Ann", "Ann/1"),
        (0xF0F1, "Bob", "Bob/1"),
        (0xF0F3, "Bob", "Bob/2"),
        (0xFFFFFFFFFF << 64, "Ann", "Ann/2"),
        (0xFFFFFFFFFF << 64, "Ann", "Ann/3"),
        (0xAAAAAAAAAAAA << 180, "Ann", "Ann/4"),
        (0xAAAAAAAAAAAA << 180, "Cid", "Cid/1"),
        (0x123456789ABC << 120, "Dan", "Dan/1"),
    ]
    lines += [(0x5555555555 << 30, "Dan", f"Dan/{number}") for number in (2, 3, 4, 5)]
    found = [
        (["Ann/1", "Bob/1", "Bob/2"], True),
        (["Ann/4", "Cid/1"], True),
        (["Dan/2", "Dan/3", "Dan/4", "Dan/5"], False),
    ]
    assert find_near_duplicates(lambda: iter(lines)) == found
    assert find_near_duplicates(lambda: iter([])) == []


@pytest.mark.parametrize(("bits", "close"), [(1, True), (15, True), (16, False), (17, False)])
def test_close_means_at_most_fifteen_bits_wherever_they_are(bits: int, close: bool) -> None:
    spread = sum(1 << 15 * place for place in range(bits))
    low = (1 << bits) - 1
    for other in (spread, low, low << (256 - bits)):
        assert close_pairs([0, other]) == ({(0, other)} if close else set())
