"""When to stop, decided from one number an epoch."""

import math
from collections.abc import Mapping
from typing import Literal

from nn.checkpoint import json_number
from nn.checks import at_least, one_of
from nn.described import described

Mode = Literal["min", "max"]
Rule = Literal["no_better", "worsened"]


class EarlyStopping:
    """Stops after `patience` bad epochs in a row; with None never. LayerError for settings that are not allowed.

    `mode` is "min" for a loss, "max" for an accuracy. By `rule`, an epoch is bad if its number is

    - "no_better": no better than the best so far,
    - "worsened": worse than that of the epoch before.

    Epochs before `first_epoch` (the first is 1) do not count as bad, but may be the best. NaN is worse than any
    number.
    """

    def __init__(
        self, patience: int | None, *, mode: Mode = "min", rule: Rule = "no_better", first_epoch: int = 1
    ) -> None:
        self.patience, self.mode, self.rule, self.first_epoch = patience, mode, rule, first_epoch
        self.epoch = 0
        self.waited = 0
        self.best_epoch = 0
        self._best = self._previous = math.inf  # as costs: smaller is better in either mode
        one_of("EarlyStopping", "mode", mode, ("min", "max"))
        one_of("EarlyStopping", "rule", rule, ("no_better", "worsened"))
        if patience is not None:
            at_least("EarlyStopping", "patience", patience, 1)

    def __repr__(self) -> str:
        return described(self)

    @property
    def should_stop(self) -> bool:
        """Whether there were `patience` bad epochs in a row."""
        return self.patience is not None and self.waited >= self.patience

    @property
    def is_best(self) -> bool:
        """Whether the last epoch is the best so far; of equal ones it is the first."""
        return self.epoch > 0 and self.best_epoch == self.epoch

    def update(self, value: float) -> bool:
        """Add the number of one more epoch; return `should_stop`."""
        cost = value if self.mode == "min" else -value
        if math.isnan(cost):
            cost = math.inf
        self.epoch += 1
        better = cost < self._best
        waits = not better if self.rule == "no_better" else cost > self._previous or cost == math.inf
        if better:
            self._best, self.best_epoch = cost, self.epoch
        self.waited = self.waited + 1 if waits and self.epoch >= self.first_epoch else 0
        self._previous = cost
        return self.should_stop

    def state(self) -> dict[str, float | str]:
        """Return, as JSON, what `load` needs."""
        state: dict[str, float | str] = {"epoch": self.epoch, "waited": self.waited, "best_epoch": self.best_epoch}
        return state | {"best": json_number(self._best), "previous": json_number(self._previous)}

    def load(self, state: Mapping[str, float | str]) -> None:
        """Continue from a saved state, with this object's own patience."""
        self.epoch, self.waited, self.best_epoch = (int(state[k]) for k in ("epoch", "waited", "best_epoch"))
        self._best, self._previous = (float(state[k]) for k in ("best", "previous"))
