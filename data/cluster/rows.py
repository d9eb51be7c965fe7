"""The rows of partitions in Parquet files: all rows of a host in one partition, in the order of the list.

One process works on a file, so no host gets requests from two. The driver writes the files while it reads the list, and
holds a limited number of rows in memory; a worker reads while it works. Each row has the folder of its person, which
the driver assigns in the order of the list, as a download on one machine does.
"""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

import pyarrow
from pyarrow import parquet

from data.cluster.storage import Storage
from data.journal import PARTITIONS
from data.rows import Box, Row, host_of

_MOST_HELD = 32_000  # rows in memory before they are written, of all partitions together
_READ = 500  # rows read at a time
_SCHEMA = pyarrow.schema(
    [
        pyarrow.field("number", pyarrow.int64(), nullable=False),
        pyarrow.field("name", pyarrow.string(), nullable=False),
        pyarrow.field("url", pyarrow.string(), nullable=False),
        pyarrow.field("box", pyarrow.string()),
        pyarrow.field("sha256", pyarrow.string()),
        pyarrow.field("md5", pyarrow.string()),
        pyarrow.field("person", pyarrow.string(), nullable=False),
    ]
)


class OpenRow(NamedTuple):
    """A row, and the folder of its person."""

    row: Row
    person: str


def rows_file(partition: int) -> str:
    """The file of a partition's rows, relative to the storage."""
    return f"{PARTITIONS}/{partition:05d}/rows.parquet"


class RowFiles:
    """Writes the files of rows; a context manager, at whose end the files are complete."""

    def __init__(self, storage: Storage, partitions: int) -> None:
        self._storage = storage
        self._group = max(1, _MOST_HELD // partitions)
        self._held: list[list[OpenRow]] = [[] for _ in range(partitions)]
        self._writers: dict[int, Any] = {}
        self._files = ExitStack()
        self.counts = [0] * partitions  # rows of each partition

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: Any) -> bool | None:
        with self._files:
            if ended[1] is not None:
                raise ended[1]  # inside the block, so that each file's own block reports what the disk refused
            for partition in range(len(self._held)):
                self._write(partition)
        return None

    def add(self, row: OpenRow) -> None:
        """Add the row to its host's partition."""
        partition = _partition(row.row, len(self._held))
        held = self._held[partition]
        held.append(row)
        self.counts[partition] += 1
        if len(held) >= self._group:
            self._write(partition)

    def _write(self, partition: int) -> None:
        held, self._held[partition] = self._held[partition], []
        if held:
            self._writer(partition).write_table(_table(held))

    def _writer(self, partition: int) -> Any:
        if partition not in self._writers:
            file = self._files.enter_context(self._storage.writing(rows_file(partition)))
            self._writers[partition] = self._files.enter_context(parquet.ParquetWriter(file, _SCHEMA))
        return self._writers[partition]


def read_rows(storage: Storage, partition: int) -> Iterator[list[OpenRow]]:
    """The rows of a partition, in batches."""
    with storage.reading(rows_file(partition)) as file, parquet.ParquetFile(file) as table:
        for batch in table.iter_batches(batch_size=_READ):
            yield [_open_row(*values) for values in zip(*(column.to_pylist() for column in batch.columns), strict=True)]


def _partition(row: Row, partitions: int) -> int:
    """The partition of a row: equal for all rows of a host, on every machine."""
    digest = hashlib.blake2b(host_of(row.url).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % partitions


def _table(rows: list[OpenRow]) -> Any:
    values = [(r.number, r.name, r.url, str(r.box) if r.box else None, r.sha256, r.md5, person) for r, person in rows]
    return pyarrow.Table.from_arrays(
        [pyarrow.array(column, field.type) for column, field in zip(zip(*values, strict=True), _SCHEMA, strict=True)],
        schema=_SCHEMA,
    )


def _open_row(
    number: int, name: str, url: str, box: str | None, sha256: str | None, md5: str | None, person: str
) -> OpenRow:
    return OpenRow(Row(number, name, url, Box.parse(box) if box else None, sha256, md5), person)
