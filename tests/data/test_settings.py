"""Settings with values that are not allowed are refused when they are made, in one line."""

from typing import Any

import pytest

from data.settings import USER_AGENT, DownloadSettings, SplitSizes, check_seed
from errors import UsageError


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0},
        {"size": 5000},
        {"filter": "sinc"},
        {"workers": 0},
        {"per_host": 0},
        {"retries": -1},
        {"timeout": 0},
        {"deadline": float("inf")},
        {"timeout": float("nan")},
        {"max_bytes": 0},
    ],
)
def test_a_value_out_of_range_is_named(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=next(iter(change))) as caught:
        DownloadSettings(**change)
    assert str(next(iter(change.values()))) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", " ", "a\r\nCookie: b", "a\x1b[31m", "a\x00", "a\tb", "Jürgen", " a", "a\x7f", "\udc80"]
)
def test_a_user_agent_is_one_line_of_text_and_a_message_is_too(text: str) -> None:
    with pytest.raises(UsageError, match=r"user_agent must be one line of ASCII text") as caught:
        DownloadSettings(user_agent=text)
    assert str(caught.value).isprintable()
    assert repr(text) in str(caught.value) or text in str(caught.value)


LEAST = {
    **dict.fromkeys(("size", "workers", "per_host", "max_bytes", "give_up_after", "max_pixels"), (1, 0)),
    **dict.fromkeys(("retries", "max_redirects"), (0, -1)),
    **dict.fromkeys(("timeout", "deadline"), (1e-9, 0.0)),
}


@pytest.mark.parametrize("name", LEAST)
def test_the_least_value_is_allowed_and_what_is_below_is_not(name: str) -> None:
    least, below = LEAST[name]
    assert vars(DownloadSettings(**{name: least}))[name] == least  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"{name} must be"):
        DownloadSettings(**{name: below})  # type: ignore[arg-type]


def test_a_crop_has_at_most_4096_pixels_a_side() -> None:
    assert DownloadSettings(size=4096).size == 4096
    with pytest.raises(UsageError, match="size must be"):
        DownloadSettings(size=4097)


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert vars(DownloadSettings()) == {
        **{
            "size": 227,
            "around": 0.3,
            "find_points": None,
            "gray": False,
            "filter": "bicubic",
            "workers": 16,
            "per_host": 4,
            "timeout": 10.0,
        },
        **{"deadline": 120.0, "retries": 2, "max_bytes": 33_554_432, "max_pixels": None, "max_redirects": 10},
        **{"give_up_after": 5, "allow_private": False, "respect_robots": False, "user_agent": USER_AGENT},
    }
    assert vars(SplitSizes()) == {"train": 70, "validation": 10, "test": 20, "proportional": True}


@pytest.mark.parametrize("seed", [0, 1, 2**63 - 1])
def test_a_seed_is_what_fits_a_machines_integers(seed: int) -> None:
    check_seed(seed)


@pytest.mark.parametrize("seed", [-1, 2**63, 0.5, "1", None])
def test_another_seed_is_refused(seed: object) -> None:
    with pytest.raises(UsageError, match="seed must be a whole number from 0 to 9223372036854775807, got"):
        check_seed(seed)


def test_what_decides_a_crop_is_kept_and_comes_back() -> None:
    chosen = DownloadSettings(size=32, gray=True, filter="box", workers=3)
    assert chosen.crop_settings == {"size": "32", "mode": "gray", "filter": "box", "around": "0.3"}
    assert DownloadSettings(workers=3).cropping_as(chosen.crop_settings) == chosen
    assert chosen.cropping_as(DownloadSettings().crop_settings) == DownloadSettings(workers=3)


def test_a_folder_of_an_earlier_version_has_nothing_around_its_boxes() -> None:
    before = {"size": "227", "mode": "RGB", "filter": "bicubic"}
    assert DownloadSettings(around=0.0).crop_settings == before
    assert DownloadSettings().cropping_as(before) == DownloadSettings().fitting(before) == DownloadSettings(around=0.0)
    assert DownloadSettings().fitting({}) == DownloadSettings().fitting(DownloadSettings().crop_settings)
    assert DownloadSettings().fitting({}).around == 0.3
