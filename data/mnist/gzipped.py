"""A file that may be gzipped, read as what is in it, within a limit.

Bytes decide, not names: some servers and browsers unpack a `.gz` on the way and keep its name. No more is unpacked than
is asked for, so that a kilobyte cannot become a gigabyte.
"""

import gzip
import zlib
from io import BufferedIOBase

_CHUNK = 1 << 20
_MAGIC = b"\x1f\x8b"


def unpacking(file: BufferedIOBase) -> BufferedIOBase:
    """What is in `file`, which stands at its beginning: unpacked if it is gzipped, else as it is."""
    gzipped = file.read(len(_MAGIC)) == _MAGIC
    file.seek(0)
    return gzip.GzipFile(fileobj=file, mode="rb") if gzipped else file


def take(file: BufferedIOBase, size: int) -> bytearray:
    """The next `size` bytes of `file`, fewer at its end; ValueError where its packing is damaged or breaks off.

    Memory grows with what is there, not with `size`, which a header may have made up.
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
