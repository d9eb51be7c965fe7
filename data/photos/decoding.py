"""Open the bytes of a photo safely: its kind is found from the content, and what fails ends as a reason.

The size is read from the header before any pixel is decoded.
"""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image, ImageFile, UnidentifiedImageError

from data.photos.bare import Bare, bare
from data.photos.kinds import FORMATS, HEAD, kind_of, missing, plugin
from data.photos.levels import LEVELS, grey, levels_of
from data.reasons import Failure, Reason, one_line

Result = TypeVar("Result")

MOST_STREAMED = 250_000_000  # pixels of a photo that is decoded to fewer
MOST_WHOLE = 64_000_000  # pixels that are decoded at once
_SCALES = (8, 4, 2)  # how many times smaller a JPEG decoder can make a photo
_MOST_SCANS = 200  # of a progressive JPEG; cameras and editors write about ten
_UPRIGHT = {  # an EXIF orientation -> how stored pixels become upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)  # width and height change places


@dataclass(frozen=True, slots=True)
class Opened:
    """A photo whose header has been read. Nothing is decoded yet, and it can be decoded at a smaller scale first."""

    photo: ImageFile.ImageFile
    orientation: int  # by EXIF, 1 to 8
    turned: bool  # the decoder turns it upright itself
    most: int  # pixels that may be decoded

    @property
    def stored(self) -> tuple[int, int]:
        """Width and height as it is stored."""
        sideways = self.turned and self.orientation in _SIDEWAYS
        return (self.photo.height, self.photo.width) if sideways else self.photo.size

    @property
    def seen(self) -> tuple[int, int]:
        """Width and height as it is shown, upright."""
        width, height = self.stored
        return (height, width) if self.orientation in _SIDEWAYS else (width, height)

    def shrink(self, mode: str, spare: float) -> int:
        """Let the decoder make the photo smaller; return how many times smaller it is now: 1, 2, 4 or 8.

        `spare` is how many times smaller it may become, and it becomes smaller still where it would be too large;
        `mode` is what it is decoded to. Only JPEG can do this.
        """
        if self.photo.format != "JPEG":
            return 1
        width, height = self.photo.size
        scale = next((scale for scale in _SCALES if scale <= spare), 1)
        while scale < _SCALES[0] and width * height > self.most * scale**2:
            scale *= 2
        self.photo.draft(mode, (max(width // scale, 1), max(height // scale, 1)))
        return round(width / self.photo.width)

    def upright(self) -> Image.Image:
        """The photo decoded, as it is shown."""
        turn = None if self.turned else _UPRIGHT.get(self.orientation)
        return self.photo if turn is None else self.photo.transpose(turn)


def decode(
    data: bytes,
    use: Callable[[Opened], Result | Failure],
    *,
    max_pixels: int | None = None,
) -> Result | Failure:
    """Call `use` with the photo, opened but not decoded, and return its result; a Failure if the bytes are no photo.

    Reasons: not_an_image (its detail names the kind of file), truncated (damaged or cut short), bomb (more than
    `max_pixels`, or too many scans). Without `max_pixels` it is `MOST_STREAMED` for a JPEG that can be decoded to fewer
    pixels than it has, and `MOST_WHOLE` for what is decoded whole.
    """
    kind = kind_of(data[:HEAD])
    if kind not in FORMATS:
        return Failure(Reason.NOT_AN_IMAGE, _no_photo(data, kind))
    try:
        if lacking := missing(kind):
            return Failure(Reason.NOT_AN_IMAGE, lacking)
        picture = bare(kind, data)
        if picture.scans > _MOST_SCANS:
            return Failure(Reason.BOMB, f"a JPEG with {picture.scans} scans, more than {_MOST_SCANS}")
        if not picture.ended:
            return Failure(Reason.TRUNCATED, f"a {kind} whose end is missing")
        with plugin(kind)(io.BytesIO(picture.data), "") as photo:
            too_large = _too_large(photo, kind, picture, max_pixels)
            return too_large or use(_opened(photo, kind, picture, max_pixels))
    except Image.DecompressionBombError as error:
        return Failure(Reason.BOMB, one_line(error))
    except UnidentifiedImageError:  # its text is an address in memory
        return Failure(Reason.TRUNCATED, f"begins as a {kind}, but cannot be read as one")
    except Exception as error:  # a decoder raises anything on hostile bytes: OSError, SyntaxError, struct.error ...
        return Failure(Reason.TRUNCATED, one_line(f"{type(error).__name__}: {error}"))


def _opened(photo: ImageFile.ImageFile, kind: str, picture: Bare, max_pixels: int | None) -> Opened:
    if kind == "TIFF" and photo.mode.startswith(("I", "F")):
        photo.info[LEVELS] = levels_of(photo)
    return Opened(
        photo,
        _orientation(photo, kind) if picture.orientation is None else picture.orientation,
        turned=kind == "TIFF",
        most=MOST_WHOLE if max_pixels is None else max_pixels,
    )


def _orientation(photo: Image.Image, kind: str) -> int:
    if kind == "HEIC":  # pillow-heif takes it out of the EXIF block
        return photo.info.get("original_orientation") or 1
    with suppress(Exception):  # a damaged EXIF block does not make the picture unusable: it is shown as stored
        return int(photo.getexif().get(0x0112, 1))
    return 1


def _too_large(photo: Image.Image, kind: str, picture: Bare, max_pixels: int | None) -> Failure | None:
    width, height = photo.size
    limit = max_pixels or (MOST_STREAMED if picture.streams else MOST_WHOLE)
    if width * height <= limit:
        return None
    whole = "" if picture.streams or max_pixels else f", as this {kind} has to be decoded whole"
    return Failure(
        Reason.BOMB,
        f"{width} x {height} = {width * height} pixels, more than {limit}{whole}: --max-pixels N takes up to N",
    )


def _no_photo(data: bytes, kind: str | None) -> str:
    if not data:
        return "an empty file"
    return "no kind of file that is known here" if kind is None else f"a file of the kind {kind}, not a photo"


@contextmanager
def quiet_decoding() -> Iterator[None]:
    """Keep warnings of decoders off stderr. Python has one set of warning filters: enter this before threads start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", module=r"PIL\..*")
        yield


def flat(image: Image.Image) -> Image.Image:
    """Return the picture in mode L or RGB: transparent parts become white, 16 bits and more become 8."""
    if image.mode.startswith("I") or (image.mode == "F" and LEVELS in image.info):
        return grey(image)
    if image.mode == "La":
        image = image.convert("LA")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        page = Image.new("RGB", layer.size, "white")
        page.paste(layer, mask=layer.getchannel("A"))
        return page
    if image.mode in ("1", "F"):
        return image.convert("L")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")
