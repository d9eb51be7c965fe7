"""What several ranks draw by chance: together the very numbers that one would draw alone.

All have generators in the same state, and draw the order of the samples alike. For augmentation and dropout a rank
needs the numbers of its own samples: it draws those of the whole batch, and keeps its part. To draw is cheap beside
what is done with the numbers, and so the generators stay in step.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Generator, Tensor
from torch.overrides import TorchFunctionMode

from errors import LayerError
from nn.parallel.ranks import Ranks

_DRAWS: tuple[Any, ...] = (torch.rand, torch.randn, torch.randint)


@contextmanager
def drawn_together(samples: int, generators: Iterable[Generator], ranks: Ranks) -> Iterator[None]:
    """Within: what is drawn for each sample of this rank's part is what one alone would draw for it.

    The batch has so many `samples`; `generators` are all those that are drawn from. A rank without a sample draws
    nothing, and takes over afterwards where the first rank's generators have come to.
    """
    if ranks.size == 1:
        yield
        return
    with _WholeBatch(ranks.place(samples), samples):
        yield
    if ranks.busy(samples) < ranks.size:
        for generator in generators:
            state = generator.get_state()
            ranks.broadcast(state)
            generator.set_state(state)


class _WholeBatch(TorchFunctionMode):
    """Makes a draw for each of a part's samples one for each of the batch's, of which the part's are returned.

    A draw for each sample is one whose first dimension is as large as the part. Only what takes a generator is touched.
    """

    def __init__(self, place: slice, samples: int) -> None:
        super().__init__()
        self._place, self._samples = place, samples

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        if kwargs.get("generator") is None:
            return func(*args, **kwargs)
        if func not in _DRAWS or "size" in kwargs:
            raise LayerError(
                f"{func.__name__}: several ranks draw by torch.rand, randn or randint alone, with the shape last of "
                "what is not named"
            )
        limits, sizes = (args[:-1], args[-1:]) if func is torch.randint else ((), args)
        shape = torch.Size(sizes if isinstance(sizes[0], int) else sizes[0])
        if not shape or shape[0] != self._place.stop - self._place.start:
            return func(*args, **kwargs)
        whole: Tensor = func(*limits, (self._samples, *shape[1:]), **kwargs)
        return whole[self._place]
