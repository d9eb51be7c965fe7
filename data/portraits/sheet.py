"""A contact sheet: one row per person, a few photos each."""

from collections.abc import Sequence

from PIL import Image, ImageOps

from data.portraits.gallery import Gallery

PAPER = (250, 248, 244)


def contact_sheet(
    gallery: Gallery, *, people: Sequence[int] | None = None, photos: int = 8, cell: int = 160, gap: int = 6
) -> Image.Image:
    """Photos 0 to `photos` - 1 of everyone, or of the numbered `people`, in square cells of `cell` pixels."""
    rows = range(gallery.people) if people is None else people
    step = cell + gap
    sheet = Image.new("RGB", (photos * step + gap, len(rows) * step + gap), PAPER)
    for row, person in enumerate(rows):
        for column in range(photos):
            picture, _ = gallery.picture(person, column)
            square = ImageOps.fit(picture, (cell, cell), Image.Resampling.LANCZOS, centering=(0.5, 0.4))
            sheet.paste(square, (gap + column * step, gap + row * step))
    return sheet
