"""Shards: outcomes with their crops in Parquet files, the result of a download to a URL, and its journal.

A shard is `URL/shards/<run>-<partition>-<digest>.parquet`, with one line per row that ended: the columns of the
journal, the row's number in the list, the crop's bytes; the crop settings are in the table's metadata. Its name ends in
a digest of its bytes, so a shard that is written twice is one file. Of two lines about a row, that of the later run
counts.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow
from pyarrow import parquet

from data.cluster.storage import Storage
from data.journal import COLUMNS, Outcome, Record, outcome_of, record_of
from data.reasons import one_line
from data.settings import MIB
from errors import DatasetError

SHARDS = "shards"
MOST_BYTES = 64 * MIB  # of the crops in a shard, and so at most what a killed worker has to request again
MOST_ROWS = 10_000
_NAME = re.compile(r"\d{4}-\d{5}-[0-9a-f]{16}\.parquet")
_FORMAT = b"faces"  # in the table's metadata: the format's number and the crop settings, as JSON
_VERSION = 2
_ADDED = {1: ("md5", "whole"), 2: ()}  # by a version that can be read: columns that it does not have yet
_BATCH = 500  # lines read at a time
_SCHEMA = pyarrow.schema(
    [
        pyarrow.field("number", pyarrow.int64(), nullable=False),
        pyarrow.field("key", pyarrow.binary(16), nullable=False),
        *(pyarrow.field(name, pyarrow.string()) for name in COLUMNS[1:]),
        pyarrow.field("jpeg", pyarrow.large_binary()),
    ]
)


class Packed(NamedTuple):
    """A line of a shard; `jpeg` is the crop, None if there is none or it was not read."""

    key: bytes
    outcome: Outcome
    jpeg: bytes | None


class Packer:
    """Collects outcomes and the files of their crops, and writes shards to a storage."""

    def __init__(self, storage: Storage, folder: Path, prefix: str, crop_settings: dict[str, str]) -> None:
        """Crops are read from `folder`, and then removed from it. The names of shards begin with `prefix`."""
        self._storage = storage
        self._folder = folder
        self._prefix = prefix
        about = json.dumps({"version": _VERSION, "crop_settings": crop_settings}, sort_keys=True)
        self._schema = _SCHEMA.with_metadata({_FORMAT: about.encode()})
        self._held: dict[bytes, Packed] = {}
        self._bytes = 0
        self.shards: list[str] = []  # written

    def add(self, outcome: Outcome) -> None:
        """Add an outcome, each row once; outcomes of earlier runs are in a shard already, and are left out."""
        key = outcome.row.key
        if not outcome.fresh or key in self._held:
            return
        if self._bytes >= MOST_BYTES or len(self._held) >= MOST_ROWS:
            self.flush()
        jpeg = None if outcome.file is None else (self._folder / outcome.file).read_bytes()
        self._held[key] = Packed(key, outcome, jpeg)
        self._bytes += len(jpeg or b"")

    def flush(self) -> None:
        """Write a shard of what was added, and remove its crops from the folder."""
        if not self._held:
            return
        data = self._packed()
        name = f"{SHARDS}/{self._prefix}{hashlib.sha256(data).hexdigest()[:16]}.parquet"
        self._storage.atomic_write(name, data)
        self.shards.append(name)
        for packed in self._held.values():
            if packed.outcome.file is not None:
                (self._folder / packed.outcome.file).unlink(missing_ok=True)
        self._held.clear()
        self._bytes = 0

    def _packed(self) -> bytes:
        lines = [(p.outcome.row.number, *record_of(p.key, p.outcome), p.jpeg) for p in self._held.values()]
        columns = [
            pyarrow.array(column, field.type)
            for column, field in zip(zip(*lines, strict=True), self._schema, strict=True)
        ]
        file = io.BytesIO()
        table = pyarrow.Table.from_arrays(columns, schema=self._schema)
        parquet.write_table(table, file, compression=dict.fromkeys(COLUMNS[1:], "zstd"), row_group_size=_BATCH)
        return file.getvalue()


def names(storage: Storage, begin: str = "") -> list[str]:
    """The names of the shards in a storage, sorted, whose file names begin with `begin`."""
    found = ((name, name.rpartition("/")[2]) for name in storage.names(SHARDS))
    return [name for name, file in found if _NAME.fullmatch(file) and file.startswith(begin)]


def last_run(shards: list[str]) -> int:
    """The highest run number of the shards, 0 if there are none."""
    return max((int(name.rpartition("/")[2][:4]) for name in shards), default=0)


def read_shard(storage: Storage, name: str, *, with_crops: bool = False) -> Iterator[Packed]:
    """The lines of a shard, with or without their crops. DatasetError when it is not a shard, or damaged."""
    with _opened(storage, name) as table:
        _about(storage, name, table)
        there = set(table.schema_arrow.names)
        columns = [field.name for field in _SCHEMA if with_crops or field.name != "jpeg"]
        try:
            for batch in table.iter_batches(batch_size=_BATCH, columns=[name for name in columns if name in there]):
                nothing = [None] * len(batch)
                lists = [batch.column(name).to_pylist() if name in there else nothing for name in columns]
                for number, *values in zip(*lists, strict=True):
                    yield _packed_line(number, values, with_crops)
        except (AssertionError, ValueError, pyarrow.ArrowException) as error:
            raise DatasetError(
                f"{storage.place}/{name} is damaged: {one_line(error)}; remove it and download again"
            ) from error


def _packed_line(number: int, values: list[Any], with_crops: bool) -> Packed:
    jpeg = values.pop() if with_crops else None
    record = Record(*values)
    return Packed(record.key, outcome_of(record, number), jpeg)


def crop_settings_of(storage: Storage, name: str) -> dict[str, str]:
    """The crop settings of a shard. DatasetError when it is not a shard."""
    with _opened(storage, name) as table:
        return _about(storage, name, table)


def _about(storage: Storage, name: str, table: Any) -> dict[str, str]:
    try:
        about = json.loads(table.schema_arrow.metadata[_FORMAT])
        missing = _ADDED[about["version"]]
        if table.schema_arrow.names == [column for column in _SCHEMA.names if column not in missing]:
            return {str(key): str(value) for key, value in about["crop_settings"].items()}
    except (KeyError, TypeError, ValueError):
        pass
    raise DatasetError(f"{storage.place}/{name} is no shard of this version: expected what download --out URL writes")


@contextmanager
def _opened(storage: Storage, name: str) -> Iterator[Any]:
    """A shard's table, open."""
    with storage.reading(name) as file:
        try:
            table = parquet.ParquetFile(file)
        except pyarrow.ArrowInvalid as error:
            raise DatasetError(f"{storage.place}/{name} is no Parquet file: {one_line(error)}") from error
        yield table
