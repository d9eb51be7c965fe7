"""What runs in a process of the cluster: one partition, worked through by the same function as on one machine.

A process that is lost is Ray's to replace; the partition's journal then says what is left to do. An error that a person
can act on is handed back as its line; anything else is a fault of ours, and Ray shows it.
Neighbours: `places` knows how, `engine` gives the work.
"""

import os
from dataclasses import dataclass
from typing import Any

from data.cluster.done import Done
from data.cluster.places import Place
from data.settings import DownloadSettings
from errors import FacesError

_OF_THE_WEB = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE")


@dataclass(frozen=True)
class Work:
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
            done = self.place.work(partition, self.settings)
        except FacesError as error:
            done = Done(partition, error=str(error))
        return done.as_line()


def way_to_the_web() -> dict[str, str]:
    """The variables that say how this process reaches the web: the workers are to go the same way."""
    return {name: os.environ[name] for name in _OF_THE_WEB if name in os.environ}
