"""Files in a folder on this machine, or at a URL of one of pyarrow's file systems: s3://, gs://, file:// and others.

A file is there completely or not at all. A local disk uses `atomic_write`; an object store shows an object only after
its last byte has come, and each is sent from memory in one call, so a process killed before that leaves nothing.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from data.atomic_write import atomic_write, atomic_writer, remove_leftovers
from data.reasons import one_line
from errors import StorageError, UsageError

_CHUNK = 8 << 20  # bytes of a large file sent at a time


def is_url(text: str) -> bool:
    """Whether this is a URL, not the path of a folder."""
    return "://" in text


class Storage:
    """Files by their names relative to `place`, with forward slashes. Can be sent to another process."""

    def __init__(self, place: str | Path) -> None:
        """The first use raises UsageError for a URL of an unknown file system."""
        self.place = str(place)

    def __reduce__(self) -> tuple[type["Storage"], tuple[str]]:
        return Storage, (self.place,)

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        """The pyarrow file system, and the folder within it."""
        from pyarrow.fs import FileSystem, LocalFileSystem

        if not is_url(self.place):
            return LocalFileSystem(), str(Path(self.place).absolute())
        if ":" in urlsplit(self.place).netloc.rpartition("@")[0]:
            kind = self.place.partition("://")[0]
            raise UsageError(f"a {kind}:// URL with a password in it: leave it out, and set it in the environment")
        try:
            system, root = FileSystem.from_uri(self.place)
        except (ValueError, OSError, NotImplementedError) as error:
            raise UsageError(f"{self.place} cannot be used: {one_line(error)}") from error
        return system, root.rstrip("/")

    def path(self, name: str) -> str:
        """The path of a file within the file system."""
        return f"{self._opened[1]}/{name}"

    @property
    def is_local(self) -> bool:
        """Whether the files are on a disk of this machine."""
        return bool(self._opened[0].type_name == "local")

    def names(self, folder: str) -> list[str]:
        """The files directly in a folder, sorted, each with the folder's name; none if there is no such folder."""
        from pyarrow.fs import FileSelector, FileType

        with self._errors_of(folder):
            found = self._opened[0].get_file_info(FileSelector(self.path(folder), allow_not_found=True))
        return sorted(f"{folder}/{entry.base_name}" for entry in found if entry.type == FileType.File)

    @contextmanager
    def reading(self, name: str) -> Iterator[Any]:
        """Yield an open file that pyarrow can read."""
        with self._errors_of(name), self._opened[0].open_input_file(self.path(name)) as file:
            yield file

    def atomic_write(self, name: str, data: bytes) -> None:
        """Write a file completely or not at all."""
        if self.is_local:
            atomic_write(Path(self.path(name)), data)
            return
        with self._errors_of(name), self._opened[0].open_output_stream(self.path(name)) as file:
            file.write(data)

    def put(self, name: str, source: Path) -> None:
        """Copy a file of this machine, of any size, to the storage."""
        with source.open("rb") as data:
            if self.is_local:
                with atomic_writer(Path(self.path(name))) as file:
                    shutil.copyfileobj(data, file)
                return
            with self._errors_of(name), self._opened[0].open_output_stream(self.path(name)) as stream:
                shutil.copyfileobj(data, stream, _CHUNK)

    def get(self, name: str, target: Path) -> bool:
        """Copy a file of the storage to this machine; return False if there is none."""
        from pyarrow.fs import FileType

        with self._errors_of(name):
            if self._opened[0].get_file_info(self.path(name)).type != FileType.File:
                return False
        with self.reading(name) as data, target.open("wb") as file:
            shutil.copyfileobj(data, file, _CHUNK)
        return True

    def remove_leftovers(self) -> None:
        """Remove half-written files of killed processes; only a local disk ever has them."""
        if self.is_local and Path(self._opened[1]).is_dir():
            remove_leftovers(Path(self._opened[1]))

    @contextmanager
    def writing(self, name: str) -> Iterator[BinaryIO]:
        """Yield a file to write in parts. It is not atomic: nothing may read it before the block has ended."""
        with self._errors_of(name):
            if self.is_local:
                Path(self.path(name)).parent.mkdir(parents=True, exist_ok=True)
            with self._opened[0].open_output_stream(self.path(name)) as file:
                yield file

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all files in it, if it exists."""
        from pyarrow.fs import FileType

        with self._errors_of(name):
            system, path = self._opened[0], self.path(name)
            kind = system.get_file_info(path).type
            if kind == FileType.Directory:
                system.delete_dir(path)
            elif kind == FileType.File:
                system.delete_file(path)

    @contextmanager
    def _errors_of(self, name: str) -> Iterator[None]:
        """Errors of the file system as a StorageError of one line."""
        try:
            yield
        except OSError as error:
            raise StorageError(f"{self.place}: {name}: {one_line(error)}") from error
