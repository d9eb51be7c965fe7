"""What runs in a process of the cluster: one partition, worked through by the same function as on one machine.

A process that is lost is Ray's to replace; the partition's journal then says what is left to do. An error that a person
can act on is handed back as its line; anything else is a fault of ours, and Ray shows it.
"""

import os
import socket
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from data.cluster.done import Done
from data.cluster.places import Place
from data.journal.journal import PARTITIONS
from data.reasons import one_line
from data.settings import DownloadSettings
from errors import ClusterError, FacesError, StorageError

LOST_AT_MOST = 20  # times that a partition may lose its process: Ray itself would go on for ever

_BEGUN = "begun-"  # how the files' names begin that count it
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
_OF_THE_WEB = (*_PROXIES, *map(str.upper, _PROXIES), "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@dataclass(frozen=True)
class PartitionWork:
    """What every worker is told: where crops go, how they are asked for, and the way to the web."""

    place: Place
    settings: DownloadSettings
    environment: dict[str, str]

    def __call__(self, line: dict[str, Any]) -> dict[str, Any]:
        """Work through `line["partition"]`; return what a `Done` says."""
        for name in _OF_THE_WEB:
            os.environ.pop(name, None)
        os.environ.update(self.environment)
        partition = int(line["partition"])
        try:
            self._begin(partition)
            done = self.place.work(partition, self.settings)
        except FacesError as error:
            done = Done(partition, error=str(error), kind=type(error).__name__)
        except OSError as error:
            where = f"{socket.gethostname()}, which works on a part of the list"
            done = Done(partition, error=f"{where}: {one_line(error)}", kind=StorageError.__name__)
        return done.as_line()

    def _begin(self, partition: int) -> None:
        """Note that the partition is begun once more. ClusterError when that never leads to an end."""
        storage, folder = self.place.storage, f"{PARTITIONS}/{partition:05d}"
        storage.atomic_write(f"{folder}/{_BEGUN}{uuid4().hex}", b"")
        if sum(name.startswith(f"{folder}/{_BEGUN}") for name in storage.names(folder)) > 1 + LOST_AT_MOST:
            raise ClusterError(
                f"a part of the list lost its process {LOST_AT_MOST} times: give the workers more memory, "
                "then run again, and it goes on"
            )


def way_to_the_web() -> dict[str, str]:
    """The variables that say how this process reaches the web: the workers are to go the same way."""
    return {name: os.environ[name] for name in _OF_THE_WEB if name in os.environ}
