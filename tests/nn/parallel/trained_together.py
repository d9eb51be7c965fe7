"""What `test_ranks` has every rank do: several small trainings, whose results each rank writes down.

    python tests/nn/parallel/trained_together.py FOLDER        in the environment that torchrun gives a process

FOLDER gets `rank-<r>.json`: training -> what came out. It is a program because ranks are processes of their own.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Generator, Tensor

from errors import RanksError
from nn.layers import BatchNorm, Conv2d, Dropout, Flatten, Layer, Linear, MaxPool2d, ReLU, Sequential
from nn.losses import MSE, CrossEntropy, Loss, PerColumn
from nn.optimisers import SGD, AdamW, Optimiser
from nn.parallel.ranks import Ranks
from nn.parallel.torchrun_env import join_ranks
from nn.schedules import Cosine
from nn.training.history import History
from nn.training.loop import TrainingSettings, train
from nn.training.resume import left_behind
from nn.training.state import TrainingState

Trained = dict[str, Any]
CLASS_WEIGHTS = torch.tensor([0.5, 1.0, 4.0])


def seeded(seed: int = 0) -> Generator:
    return Generator().manual_seed(seed)


def samples(n: int, *shape: int, classes: int = 3, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Samples that can be learned: the class is the largest of the first few numbers."""
    x = torch.randn(n, *shape, generator=seeded(seed))
    return x, x.flatten(1)[:, :classes].argmax(1)


def hidden_layer() -> Sequential:
    return Sequential(Linear(12, 20, generator=seeded()), ReLU(), Linear(20, 3, generator=seeded(1)))


def head() -> Sequential:
    return Sequential(Linear(12, 3, generator=seeded()))


def convolutions() -> Sequential:
    return Sequential(
        Conv2d(1, 4, 3, padding=1, generator=seeded()),
        ReLU(),
        MaxPool2d(2),
        Conv2d(4, 6, 3, generator=seeded(1)),
        ReLU(),
        Flatten(),
        Linear(6 * 3 * 2, 6, generator=seeded(2)),
    )


def by_chance(generator: Generator, *further: Layer) -> Sequential:
    """Dropouts with the training's generator and with one of their own."""
    return Sequential(
        Linear(12, 20, generator=seeded()),
        *further,
        ReLU(),
        Dropout(0.3, generator=generator),
        Linear(20, 3, generator=seeded(1)),
        Dropout(0.1, generator=seeded(4)),
    )


def trained(
    ranks: Ranks,
    network: Layer,
    data: tuple[Tensor, Tensor],
    *,
    loss: Loss | None = None,
    optimiser: Callable[[Any], Optimiser] = lambda parameters: AdamW(parameters, weight_decay=0.1),
    batch_size: int = 10,
    epochs: int = 2,
    **options: Any,
) -> Trained:
    """Train and write down: parameters and buffers as lists of numbers, and the history without its seconds."""
    steps = epochs * -(-len(data[0]) // batch_size)
    patience = options.pop("patience", None)
    history: History = train(
        network,
        loss or CrossEntropy(label_smoothing=0.1),
        optimiser(network.parameters()),
        Cosine(0.02, steps=steps),
        data,
        settings=TrainingSettings(epochs=epochs, batch_size=batch_size, patience=patience, evaluation_batch_size=5),
        generator=options.pop("generator", None) or seeded(7),
        ranks=ranks,
        **options,
    )
    return {
        "state": {name: value.flatten().tolist() for name, value in network.state().items()},
        "history": [{**record.to_json(), "seconds": 0} for record in history.records],
    }


def moved(x: Tensor, generator: Generator) -> Tensor:
    """An augmentation that draws as many numbers as it gets samples."""
    return x + 0.1 * torch.randn(x.shape, generator=generator)


def with_chance(ranks: Ranks, *further: Layer, **options: Any) -> Trained:
    """A training with all kinds of chance; the last batch has a sample and a half for each of two ranks."""
    generator = seeded(7)
    options |= {"generator": generator, "augment": moved, "validation": samples(9, 12, seed=2)}
    return trained(ranks, by_chance(generator, *further), samples(23, 12), epochs=4, **options)


def interrupted(ranks: Ranks) -> dict[str, Trained]:
    """The same with batch normalisation, straight through and resumed after two of four epochs."""
    saved: list[TrainingState] = []
    straight = with_chance(
        ranks, BatchNorm(20), on_epoch=lambda record, state: saved.append(state()) if record.epoch == 2 else None
    )
    first_alone_knows = saved[0] if ranks.is_first else None
    return {"straight": straight, "resumed": with_chance(ranks, BatchNorm(20), resume=first_alone_knows)}


def all_trainings(ranks: Ranks) -> dict[str, Trained]:
    """Every training of the tests, by name."""
    weighted = CrossEntropy(class_weights=CLASS_WEIGHTS, label_smoothing=0.1)
    sgd: dict[str, Any] = {"optimiser": lambda parameters: SGD(parameters, momentum=0.9)}
    plain: dict[str, Any] = {"optimiser": SGD}
    progress: list[tuple[int, int]] = []
    results = {
        "hidden layer": trained(ranks, hidden_layer(), samples(37, 12)),
        "head": trained(ranks, head(), samples(37, 12), loss=weighted),
        "convolutions": trained(ranks, convolutions(), samples(37, 1, 10, 8), loss=PerColumn(CrossEntropy(), 2), **sgd),
        "a summed loss": trained(ranks, head(), samples(37, 12), loss=MSE(reduction="sum"), **plain),
        "a sample a step": trained(ranks, hidden_layer(), samples(11, 12), batch_size=1, **plain),
        "chance": with_chance(ranks),
        "three samples a step": trained(
            ranks, by_chance(seeded(3), BatchNorm(20)), samples(15, 12), batch_size=3, **plain
        ),
        "bfloat16": trained(
            ranks,
            head().to(dtype=torch.bfloat16),
            (samples(300, 12)[0].bfloat16(), samples(300, 12)[1]),
            batch_size=300,
        ),
        "progress": trained(ranks, head(), samples(23, 12), on_batch=lambda *told: progress.append(told)),
    }
    results["progress"]["told"] = progress
    for n in (7, 8, 9):
        options: dict[str, Any] = {"validation": samples(n, 12, seed=n + 1), "patience": 2, "epochs": 12}
        results[f"set of {n}"] = trained(ranks, hidden_layer(), samples(n, 12, seed=n), batch_size=4, **options)
    return results | interrupted(ranks)


def noticed(ranks: Ranks) -> str:
    """What is said to a rank when one of the others has other photos."""
    ranks.check_same("equal", "the photos")
    try:
        ranks.check_same(f"those of {ranks.rank}", "the photos")
    except RanksError as error:
        return str(error)
    return ""


def everything(ranks: Ranks, folder: Path) -> dict[str, Any]:
    """What a rank is told and has learned, by name."""
    finished = {"guard": "g", "accuracy": 0.5} if ranks.is_first else None
    return {
        **all_trainings(ranks),
        "noticed": noticed(ranks),
        "finished": left_behind(folder / "state", lambda: finished, "g", ranks)[1],
    }


def main(folder: Path) -> None:
    with join_ranks(os.environ) as ranks:
        (folder / f"rank-{ranks.rank}.json").write_text(json.dumps(everything(ranks, folder)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
