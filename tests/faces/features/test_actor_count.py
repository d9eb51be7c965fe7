"""How many actors fit on a cluster: by whole machines, by processors, and by GPUs or parts of them."""

from typing import Any

import pytest

from errors import UsageError
from faces.features.cluster import actor_count


def node(cpus: float, gpus: float = 0.0, *, alive: bool = True) -> dict[str, Any]:
    return {"Alive": alive, "Resources": {"CPU": cpus, "GPU": gpus}}


@pytest.mark.parametrize(
    ("nodes", "threads", "num_gpus", "actors"),
    [
        ([node(4)], 1, 0.0, 4),
        ([node(4)], 4, 0.0, 1),
        ([node(7), node(5)], 2, 0.0, 3 + 2),  # none spans two machines
        ([node(4), node(4, alive=False)], 2, 0.0, 2),
        ([node(16, 2)], 1, 1.0, 2),
        ([node(1, 2)], 1, 1.0, 1),
        ([node(16, 0.3)], 1, 0.1, 3),  # 0.3 / 0.1 comes out a little below 3
        ([node(16), node(16, 1)], 1, 0.5, 2),
        ([{"Alive": True, "Resources": {}}, node(1)], 1, 0.0, 1),
    ],
)
def test_actors_fit(nodes: list[dict[str, Any]], threads: int, num_gpus: float, actors: int) -> None:
    assert actor_count(nodes, threads, num_gpus) == actors


@pytest.mark.parametrize(
    ("nodes", "threads", "num_gpus", "wanted"),
    [
        ([node(3)], 4, 0.0, "4 CPU for"),
        ([node(8)], 1, 0.5, r"1 CPU and 0\.5 GPU for"),
        ([node(8, alive=False)], 1, 0.0, "1 CPU for"),
        ([], 1, 0.0, "1 CPU for"),
    ],
)
def test_none_fits(nodes: list[dict[str, Any]], threads: int, num_gpus: float, wanted: str) -> None:
    with pytest.raises(UsageError, match=f"no machine of the cluster has {wanted}"):
        actor_count(nodes, threads, num_gpus)
