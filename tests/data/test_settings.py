"""Settings with values that are not allowed are refused when they are made, in one line."""

from typing import Any

import pytest

from data.settings import DownloadSettings
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
