"""The processes that torchrun started to train together, as the two trainings meet them.

Who they are and how they speak with each other is in `nn/parallel`; here is only what a command adds to it: one of
them shows progress.
"""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nn.parallel.ranks import Ranks


@contextmanager
def training_together(options: argparse.Namespace) -> Iterator["Ranks"]:
    """The processes that torchrun started to train together, or this one alone; only the first shows progress."""
    from nn.parallel.torchrun_env import join_ranks

    with join_ranks(os.environ) as ranks:
        options.quiet |= not ranks.is_first
        yield ranks
