"""The small trainings that `test_ranks` runs on every rank; each rank writes its results to a file.

    python tests/nn/parallel/trained_together.py FOLDER        in the environment that torchrun gives a process

FOLDER gets `rank-<r>.json`: name of a training -> its results. It is a program because each rank is a process.
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
from nn.parallel import Ranks, join_ranks
from nn.schedules import Cosine
from nn.training import History, TrainingSettings, TrainingState, fingerprint_of, left_behind, train

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


def with_dropout(generator: Generator, *further: Layer) -> Sequential:
    """One dropout draws from the training's generator, the other from its own."""
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
    """Train; return parameters and buffers as lists of numbers, and the history without its seconds."""
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


def random_training(ranks: Ranks, *further: Layer, **options: Any) -> Trained:
    """A training with augmentation and dropout; the last batch has a sample and a half for each of two ranks."""
    generator, noise = seeded(7), []

    def augment(x: Tensor, generator: Generator) -> Tensor:
        noise.append(torch.randn(x.shape, generator=generator))
        return x + 0.1 * noise[-1]

    options |= {"generator": generator, "augment": augment, "validation": samples(9, 12, seed=2)}
    result = trained(ranks, with_dropout(generator, *further), samples(23, 12), epochs=4, **options)
    return result | {
        "noise": [float(drawn.sum()) for drawn in noise],
        "next": torch.rand(1, generator=generator).item(),
    }


def interrupted(ranks: Ranks) -> dict[str, Trained]:
    """The same with batch normalisation: without interruption, and resumed after two of four epochs."""
    saved: list[TrainingState] = []
    straight = random_training(
        ranks, BatchNorm(20), on_epoch=lambda record, state: saved.append(state()) if record.epoch == 2 else None
    )
    of_rank_zero = saved[0] if ranks.is_first else None
    resumed = random_training(ranks, BatchNorm(20), resume=of_rank_zero)
    straight["noise"] = straight["noise"][len(straight["noise"]) - len(resumed["noise"]) :]
    return {"straight": straight, "resumed": resumed}


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
        "random": random_training(ranks),
        "random again": random_training(ranks),
        "three samples a step": trained(
            ranks, Sequential(head(), BatchNorm(3)), samples(15, 12), batch_size=3, **plain
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
    """The error of a rank when the ranks have different photos."""
    ranks.check_same("equal", "the photos")
    try:
        ranks.check_same(f"those of {ranks.rank}", "the photos")
    except RanksError as error:
        return str(error)
    return ""


def everything(ranks: Ranks, folder: Path) -> dict[str, Any]:
    """All results of a rank, by name."""
    asked = {"seed": 1}
    finished = {"guard": fingerprint_of(asked), "accuracy": 0.5} if ranks.is_first else None
    return {
        **all_trainings(ranks),
        "noticed": noticed(ranks),
        "finished": left_behind(folder, lambda: (), lambda: finished, asked, ranks, print)[1],
    }


def main(folder: Path) -> None:
    with join_ranks(os.environ) as ranks:
        (folder / f"rank-{ranks.rank}.json").write_text(json.dumps(everything(ranks, folder)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
