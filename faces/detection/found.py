"""What `--detect` says of a folder of whole photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from data.wording import count
from faces.detection.found_folder import LIST, Looked

Several = Literal["fit", "largest", "skip"]
"""Of several faces in a photo: take the one like the person's other photos, or the largest, or leave the photo out."""

_MOST_NAMED = 10  # photos in a line
_TAKEN = {
    "fit": "the one like the person's other photos is taken",
    "largest": "the largest is taken, whoever it is (--several fit takes the one like the person's other photos)",
}
_LEFT_OUT = {"fit": "none of which is like the person's other photos, left out", "skip": "left out"}
_WHICH = {"fit": "the one like the others", "largest": "the largest"}
_NONE = {"fit": "none like the others", "skip": "left out"}


def in_words(looked: Looked, several: Several) -> str:
    """Return what was found in a photo, in few words."""
    if looked.faces > 1:
        return f"several faces, {_NONE[several] if looked.taken is None else _WHICH[several]}"
    return "one face, unlike the others" if looked.unlike else "one face" if looked.faces else "no face"


@dataclass(frozen=True, kw_only=True)
class Found:
    """The result of `detect_folder`. Files of photos are relative to the folder."""

    target: Path
    photos: int
    fresh: int  # photos that were searched in this run, not in an earlier one
    looked: dict[str, Looked]  # photo -> what is known of it; not of one that is unreadable
    several: Several  # what was done with photos of several faces
    too_small: int  # faces in the photos searched in this run that are not used,
    min_face: int  # as they have fewer pixels a side
    unreadable: dict[str, str]  # photo -> the reason why it cannot be opened
    notes: tuple[str, ...]  # lines about the folder: what was left out, joined or recognised
    originals: dict[str, str]  # crop, relative to the target -> the photo it was cut from

    @property
    def without(self) -> tuple[str, ...]:
        """Return the photos without a face."""
        return tuple(file for file, looked in self.looked.items() if not looked.faces)

    @property
    def crowded(self) -> tuple[str, ...]:
        """Return the photos with more than one face."""
        return tuple(file for file, looked in self.looked.items() if looked.faces > 1)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the photos with more than one face of which none is taken."""
        return tuple(file for file in self.crowded if self.looked[file].taken is None)

    @property
    def lines(self) -> list[str]:
        """Return the result as lines: how many faces were found, and which photos need a look."""
        failed = len(self.without) + len(self.unreadable)
        lines = [f"faces found in {self.photos - failed} of {self.photos} photos, {self.fresh} of them searched now"]
        if self.without:
            lines.append(f"no face found in {count(len(self.without), 'photo')}: {self._some(self.without)}")
        if self.too_small:
            small = f"{count(self.too_small, 'face')} of fewer than {self.min_face} pixels"
            lines.append(f"{small} in the photos searched now: not used (--min-face)")
        for file, why in self.unreadable.items():
            lines.append(f"cannot be read, left out: {file}: {why}")
        taken = [file for file in self.crowded if self.looked[file].taken is not None]
        for files, what in ((taken, _TAKEN), (self.left_out, _LEFT_OUT)):
            if files:
                some = self._some(files)
                lines.append(f"{count(len(files), 'photo')} with several faces, {what[self.several]}: {some}")
        if unlike := [file for file, looked in self.looked.items() if looked.unlike]:
            how = "unlike those in the person's other photos, and used all the same"
            lines.append(f"{count(len(unlike), 'photo')} with one face, {how}: {self._some(unlike)}")
        return [*self.notes, *lines]

    def _some(self, files: Sequence[str]) -> str:
        shown = ", ".join(files[:_MOST_NAMED])
        return shown if len(files) <= _MOST_NAMED else f"{shown}, ...; all are in {self.target / LIST}"
