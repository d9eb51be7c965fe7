"""Read a file that may be gzipped, within a limit.

The content decides, not the name: some servers and browsers decompress a `.gz` and keep its name. No more is
decompressed than is requested, so that a kilobyte cannot become a gigabyte.
"""

import gzip
import zlib
from io import BufferedIOBase

_CHUNK = 1 << 20
_MAGIC = b"\x1f\x8b"


def decompressing(file: BufferedIOBase) -> BufferedIOBase:
    """The content of `file`, which must be at its beginning: decompressed if it is gzipped, else unchanged."""
    gzipped = file.read(len(_MAGIC)) == _MAGIC
    file.seek(0)
    return gzip.GzipFile(fileobj=file, mode="rb") if gzipped else file


def read_up_to(file: BufferedIOBase, size: int) -> bytearray:
    """The next `size` bytes of `file`, fewer at its end; ValueError if its compression is damaged or incomplete.

    Memory grows with the content, not with `size`, which may come from a wrong header.
    """
    data = bytearray()
    try:
        while len(data) < size and (part := file.read(min(size - len(data), _CHUNK))):
            data += part
    except EOFError as error:
        raise ValueError("its gzip packing breaks off") from error
    except (zlib.error, gzip.BadGzipFile) as error:
        raise ValueError("its gzip packing is damaged") from error
    return data
