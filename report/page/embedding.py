"""Pictures as parts of the page itself: their address, and the size at which they are shown."""

import base64
import struct

_PNG = b"\x89PNG\r\n\x1a\n"
_DOTS_PER_INCH, _CSS_PER_INCH = 150, 96  # of the figures; of the web


def data_uri(picture: bytes) -> str:
    """Return a PNG or JPEG as an address that holds it."""
    kind = "png" if picture.startswith(_PNG) else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def css_size(png: bytes) -> tuple[int, int]:
    """Return width and height of a PNG of 150 dots per inch in CSS pixels. ValueError when it is no PNG."""
    if not png.startswith(_PNG) or len(png) < 24:
        raise ValueError(f"expected a PNG, got {len(png)} bytes that begin with {png[:8]!r}")
    width, height = struct.unpack(">II", png[16:24])
    return round(width * _CSS_PER_INCH / _DOTS_PER_INCH), round(height * _CSS_PER_INCH / _DOTS_PER_INCH)
