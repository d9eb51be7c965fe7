"""Replace a folder as a whole: its files are written into a new one beside it, which then takes its name.

    .NAME.part-<pid>-<machine and random>   the new folder while its files are written
    .NAME.replaced-by-faces                 the former one, between the two renames and while it is removed

After a kill at any moment the folder is the former one or the new one: `restore` ends what was begun. Where a folder
cannot be renamed - a volume's mount, a parent that may not be written, open files on some systems - the files take
their places one by one, the file `last` after all others: by it a reader sees that they belong together.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from data.atomic_write import disk_error, is_abandoned, part_of


@contextmanager
def atomic_folder(folder: Path, last: str) -> Iterator[Path]:
    """Yield an empty folder for all files of `folder`; after the block it takes that name, on an error it is removed.

    Raises StorageError when the disk refuses.
    """
    folder = folder.resolve()  # of a link, what it leads to is replaced
    part = _made(folder)
    try:
        yield part
        if part.parent == folder or not _renamed(part, folder):
            _replace_files(part, folder, last)
    except OSError as error:
        raise disk_error(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def restore(folder: Path) -> None:
    """Give a folder its name back if a process was killed between the two renames; remove what dead processes left."""
    folder = folder.resolve()
    former = _former(folder)
    with suppress(OSError):
        if former.is_dir() and not folder.exists():
            former.rename(folder)
        shutil.rmtree(former, ignore_errors=True)
        places = ((folder.parent, f".{folder.name}.part-"), (folder, ".new.part-"))
        for place, beginning in places:
            for entry in os.scandir(place) if place.is_dir() else ():
                if entry.name.startswith(beginning) and entry.is_dir(follow_symlinks=False) and is_abandoned(entry):
                    shutil.rmtree(entry.path, ignore_errors=True)


def _made(folder: Path) -> Path:
    """Make the new folder: beside `folder`, or in it if that is refused."""
    try:
        part = part_of(folder.with_name(f".{folder.name}"))
        part.mkdir(parents=True)
    except OSError:
        try:
            part = part_of(folder / ".new")
            part.mkdir()
        except OSError as error:
            raise disk_error(folder, error) from error
    return part


def _former(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.replaced-by-faces")


def _renamed(part: Path, folder: Path) -> bool:
    """Whether the two folders could change places."""
    former = _former(folder)
    try:
        if folder.exists():
            folder.rename(former)
        part.rename(folder)
    except OSError:
        with suppress(OSError):
            if not folder.exists():
                former.rename(folder)
        return False
    shutil.rmtree(former, ignore_errors=True)
    return True


def _replace_files(part: Path, folder: Path, last: str) -> None:
    """Put the files of `part` into `folder` one by one, and remove its others; the former `last` goes before all."""
    folder.mkdir(exist_ok=True)
    (folder / last).unlink(missing_ok=True)
    names = sorted((path.name for path in part.iterdir()), key=lambda name: (name == last, name))
    for path in folder.iterdir():
        if path.name not in names and path.is_file():
            path.unlink()
    for name in names:
        (part / name).replace(folder / name)
