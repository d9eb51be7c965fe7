"""`download` on a Ray cluster, into a folder or to a URL: rows, reasons, manifest and report as on one machine.

A URL then holds the shards (`shards`), the lists (`lists`), `manifest.csv` and `report.json`. It cannot be locked: the
user must see to it that only one run at a time writes there.
"""

import tempfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from data.cluster.connection import Located
from data.cluster.engine import RayEngine
from data.cluster.lists import LISTS, add_lists
from data.cluster.locate import locate
from data.cluster.partition_result import PartitionResult
from data.cluster.places import FolderPlace, UrlPlace, record_all
from data.cluster.shards import crop_settings_of, last_run, names
from data.cluster.storage import Storage
from data.download import MANIFEST, REPORT, Report, download
from data.download.pending_rows import Item
from data.download.placeholders import mark_placeholders
from data.inside import is_stored
from data.journal import PARTITIONS, Journal, Outcome
from data.rows import UNKNOWN, Origin
from data.settings import DownloadSettings
from errors import UsageError


def download_on_ray(
    rows: Iterable[Item],
    out: Path | str,
    *,
    address: str | None,
    settings: DownloadSettings,
    retry_failed: bool = False,
    fingerprint: str | None = None,
    origin: Origin = UNKNOWN,
    alone: bool = False,
    on_outcome: Callable[[Outcome], None] = lambda outcome: None,
    on_warning: Callable[[str], None] = lambda warning: None,
    on_partition: Callable[[PartitionResult], None] = lambda done: None,
) -> Report:
    """`data.download.download` on a cluster; `out` is a folder (Path) or a URL (str).

    `address` is "auto", HOST:PORT, or None for a new cluster on this machine. `on_outcome` is called for the rows of a
    partition when it has ended. Raises as `download` does, and UsageError when there is no such cluster.
    """
    located = locate(address)
    if isinstance(out, str):
        return _to_url(rows, out, located, settings, retry_failed, origin, on_outcome, on_warning, on_partition)
    return download(
        rows,
        out,
        settings=settings,
        engine=RayEngine(located, FolderPlace(out), is_stored=partial(is_stored, out), on_partition=on_partition),
        retry_failed=retry_failed,
        fingerprint=fingerprint,
        origin=origin,
        alone=alone,
        on_outcome=on_outcome,
        on_warning=on_warning,
    )


def _to_url(
    rows: Iterable[Item],
    url: str,
    located: Located,
    settings: DownloadSettings,
    retry_failed: bool,
    origin: Origin,
    on_outcome: Callable[[Outcome], None],
    on_warning: Callable[[str], None],
    on_partition: Callable[[PartitionResult], None],
) -> Report:
    """Download with a temporary journal, made from the shards at the URL."""
    storage = Storage(url)
    storage.remove_leftovers()
    shards = names(storage)
    storage.remove(PARTITIONS)  # of a killed run: what it finished is in its shards
    run = 1 + last_run(shards)
    with tempfile.TemporaryDirectory(prefix="faces-") as scratch:
        folder = Path(scratch)
        settings = settings.fitting(crop_settings_of(storage, shards[0]) if shards else {})
        _restore(folder, storage, shards, settings.crop_settings)
        report = download(
            rows,
            folder,
            settings=settings,
            engine=RayEngine(located, UrlPlace(url, run), is_stored=lambda file: True, on_partition=on_partition),
            retry_failed=retry_failed,
            origin=origin,
            on_outcome=on_outcome,
            on_warning=on_warning,
        )
        with Journal(folder, settings.crop_settings) as journal:
            journal.save_lists(folder / LISTS)
        for name in (LISTS, MANIFEST, REPORT):
            storage.put(name, folder / name)
    return report


def _restore(folder: Path, storage: Storage, shards: list[str], crop_settings: dict[str, str]) -> None:
    """Make a journal of the shards and lists at the URL. UsageError when the crops have other settings."""
    for name in shards:
        made = crop_settings_of(storage, name)
        if made != crop_settings:
            raise UsageError(f"{storage.place} was made with {made}; asked for {crop_settings}: choose another URL")
    with Journal(folder, crop_settings) as journal:
        for _ in record_all(journal, storage, shards):
            pass
        add_lists(journal, storage)
        mark_placeholders(journal, folder)  # shards are not changed: a placeholder's crop stays in its own
