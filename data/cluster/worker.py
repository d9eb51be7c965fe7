"""The work of a worker process of the cluster: one partition, with the same functions as on one machine.

Ray replaces a process that is lost; the partition's journal then says which rows have not ended. An error of `errors`
is returned as its line; any other is a fault in this program, and Ray shows it.
"""

import os
import socket
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from data.cluster.partition_result import PartitionResult
from data.cluster.places import Place
from data.journal import PARTITIONS
from data.reasons import one_line
from data.settings import DownloadSettings
from errors import ClusterError, FacesError, StorageError

LOST_AT_MOST = 20  # times that a partition may lose its process; Ray itself would repeat it for ever

_STARTED = "begun-"  # names of files that count the starts of a partition begin so
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_WEB_VARIABLES = (*_PROXIES, *map(str.upper, _PROXIES), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True)
class PartitionWork:
    """The work on any partition, sent to all workers: destination, settings, proxies and certificates."""

    place: Place
    settings: DownloadSettings
    environment: dict[str, str]

    def __call__(self, line: dict[str, Any]) -> dict[str, Any]:
        """Download partition `line["partition"]`; return a `PartitionResult` as a line."""
        for name in _WEB_VARIABLES:
            os.environ.pop(name, None)
        os.environ.update(self.environment)
        partition = int(line["partition"])
        try:
            self._count_start(partition)
            result = self.place.work(partition, self.settings)
        except FacesError as error:
            result = PartitionResult(partition, error=str(error), kind=type(error).__name__)
        except OSError as error:
            where = f"{socket.gethostname()}, which works on a part of the list"
            result = PartitionResult(partition, error=f"{where}: {one_line(error)}", kind=StorageError.__name__)
        return result.as_line()

    def _count_start(self, partition: int) -> None:
        """Count this start of the partition. ClusterError when it has been started too often."""
        storage, folder = self.place.storage, f"{PARTITIONS}/{partition:05d}"
        storage.atomic_write(f"{folder}/{_STARTED}{uuid4().hex}", b"")
        if sum(name.startswith(f"{folder}/{_STARTED}") for name in storage.names(folder)) > 1 + LOST_AT_MOST:
            raise ClusterError(
                f"a part of the list lost its process {LOST_AT_MOST} times: give the workers more memory, "
                "then run again, and it goes on"
            )


def web_environment() -> dict[str, str]:
    """The environment variables of this process for proxies and certificates; the workers use the same."""
    return {name: os.environ[name] for name in _WEB_VARIABLES if name in os.environ}
