"""Get MNIST's four files, from the web or from a folder, verified, into a folder.

They are stored uncompressed, under the names that they have in their archives: so their SHA-256 can be compared with
what is stored, and with `--out DIR/MNIST/raw`, `torchvision.datasets.MNIST("DIR")` reads them. A file that is there and
right, also compressed, is not fetched again; one that is there and wrong belongs to the user, and is not overwritten.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from data.atomic_write import atomic_write, remove_leftovers
from data.mnist.files import FILES, MnistFile, files_named, files_that_may_be
from data.mnist.gzipped import decompressing, read_up_to
from data.mnist.names import LOOKED_FOR
from data.reasons import Failure, Reason
from data.settings import MIB, DownloadSettings
from errors import DatasetError, FetchError

MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "http://yann.lecun.com/exdb/mnist/")  # torchvision's

_Answers = Iterable[tuple[str, bytes | Failure]]  # a place, and the bytes there, or why there are none


def download_mnist(
    folder: Path,
    *,
    source: Path | str | None = None,
    settings: DownloadSettings,
    on_file: Callable[[str], None] = lambda name: None,
) -> dict[str, str | None]:
    """Put the four files into `folder`; return for each the URL or path that it came from, None if it was there.

    `source` is a folder with the files, gzipped or not, or the URL of one; None: the mirrors, in their order. `on_file`
    is called with the name of each file that is stored. `settings` say how the web is used; `max_bytes` is replaced,
    because the files' sizes are known.
    Raises at the first file that cannot be found, and keeps those before it: DatasetError when `folder` has another
    file with such a name, or `source` is a folder without the right ones; FetchError when no server has the right
    files, StorageError when the disk refuses.
    """
    present = {file.name for file in FILES if _is_present(folder, file)}
    if folder.is_dir():
        remove_leftovers(folder)
    origins: dict[str, str | None] = {}
    with _finder(source, settings) as find:
        for file in FILES:
            origins[file.name] = None if file.name in present else _store(file, folder, find(file.name), source)
            on_file(file.name)
    return origins


def _is_present(folder: Path, file: MnistFile) -> bool:
    paths = files_named(folder, file.name)
    content = _content(_read(paths[0]), file) if paths else None
    if isinstance(content, Failure) and paths[0].name == file.name:
        raise DatasetError(
            f"{paths[0]} is not MNIST's, and is left as it is ({_describe(content)}): "
            "move it away, or choose another folder with --out"
        )
    return isinstance(content, bytearray)


@contextmanager
def _finder(source: Path | str | None, settings: DownloadSettings) -> Iterator[Callable[[str], _Answers]]:
    """Yield a function from a file's name to the places where it may be, each with the bytes there."""
    if isinstance(source, Path):
        try:
            next(source.iterdir(), None)
        except OSError as error:
            expected = "expected a folder with MNIST's four files, gzipped or not"
            raise DatasetError(f"{source} cannot be read: {error.strerror}; {expected}") from error
        yield lambda name: ((str(path), _read(path)) for path in files_that_may_be(source, name))
    else:
        from data.mnist.mirrors import mirrors  # requests takes a fifth of a second to import

        largest = max(file.size for file in FILES)
        with mirrors([source] if source else MIRRORS, replace(settings, max_bytes=largest + MIB)) as find:
            yield find


def _store(file: MnistFile, folder: Path, answers: _Answers, source: Path | str | None) -> str:
    """Store the first right content; return its place. DatasetError or FetchError when there is none."""
    problems = []
    for place, answer in answers:
        content = answer if isinstance(answer, Failure) else _content(answer, file)
        if not isinstance(content, Failure):
            atomic_write(folder / file.name, content)
            return place
        problems.append(f"{place}: {_describe(content)}")
    what = f"{file.name} of MNIST could not be found"
    if isinstance(source, Path):
        raise DatasetError(
            f"{what} ({'; '.join(problems) or f'not in {source}'}): expected it there, or {file.name}.gz, "
            f"{LOOKED_FOR}, with SHA-256 {file.sha256[:12]}... unpacked"
        )
    raise FetchError(f"{what} ({'; '.join(problems)}): copy the four files into a folder, and add --from FOLDER")


def _content(data: bytes, file: MnistFile) -> bytearray | Failure:
    """The content of the file, if the bytes are it, gzipped or not; else a Failure."""
    try:
        content = read_up_to(decompressing(BytesIO(data)), file.size + 1)
    except ValueError as error:
        return Failure(Reason.TRUNCATED, str(error))
    if len(content) > file.size:
        return Failure(Reason.TOO_LARGE, f"more than {file.size} bytes")
    if len(content) < file.size:
        return Failure(Reason.HASH_MISMATCH, f"{len(content)} bytes, expected {file.size}")
    digest = hashlib.sha256(content).hexdigest()
    if digest != file.sha256:
        return Failure(Reason.HASH_MISMATCH, f"SHA-256 {digest[:12]}..., expected {file.sha256[:12]}...")
    return content


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from error


def _describe(failure: Failure) -> str:
    return f"{failure.reason}: {failure.detail}" if failure.detail else failure.reason
