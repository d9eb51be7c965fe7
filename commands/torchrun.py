"""Training under torchrun, for both training commands. The processes themselves are in `nn/parallel`."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn.parallel import Ranks


@contextmanager
def training_together(options: argparse.Namespace) -> Iterator["Ranks"]:
    """Join the processes that torchrun started, if any; all but rank 0 become quiet."""
    from nn.parallel import join_ranks

    with join_ranks(os.environ) as ranks:
        options.quiet |= not ranks.is_first
        yield ranks
