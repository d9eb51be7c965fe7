"""HTML that is safe by construction: whatever is put into an element is escaped, unless it was made here.

Names of people and of files come from strangers. An f-string of `Html` is a plain `str` again and is escaped again, so
forgetting something shows on the page and opens nothing.
"""

import base64
import html
import re
import struct

_VOID = {"br", "img", "link", "meta"}
_PNG = b"\x89PNG\r\n\x1a\n"
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")  # no HTML may


class Html(str):
    """Text that is HTML already. Made by the functions of this module, and of literals."""

    __slots__ = ()


def text(value: str | int) -> Html:
    """Return `value` as HTML: escaped, what cannot stand in a page replaced; `Html` as it is."""
    return value if isinstance(value, Html) else Html(_escaped(value))


def join(*parts: str | int) -> Html:
    """Return the parts one after another."""
    return Html("".join(map(text, parts)))


def tag(name: str, /, *children: str | int, **attributes: str | int | None) -> Html:
    """Return an element. Attributes: `class_` is written class, `aria_label` aria-label; None leaves one out."""
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    opened = "".join([name, *(f' {key}="{_escaped(value)}"' for key, value in pairs)])
    return Html(f"<{opened}>" if name in _VOID else f"<{opened}>{join(*children)}</{name}>")


def _escaped(value: str | int) -> str:
    return html.escape(_NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", str(value)))


def person(name: str) -> Html:
    """Return a name that may be written from right to left without disturbing the words around it."""
    return tag("bdi", name)


def data_uri(picture: bytes) -> str:
    """Return a PNG or JPEG as an address that holds it."""
    kind = "png" if picture.startswith(_PNG) else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def png_size(picture: bytes) -> tuple[int, int]:
    """Return width and height in pixels, read off the header. ValueError when it is no PNG."""
    if not picture.startswith(_PNG) or len(picture) < 24:
        raise ValueError(f"expected a PNG, got {len(picture)} bytes that begin with {picture[:8]!r}")
    width, height = struct.unpack(">II", picture[16:24])
    return int(width), int(height)
