"""The interface of scikit-learn's classifiers, for classes whose parameters are the fields of a dataclass.

`clone`, `cross_val_score`, `GridSearchCV` and `Pipeline` ask for nothing else. scikit-learn itself is not needed:
https://scikit-learn.org/stable/developers/develop.html says what an estimator has to do.
"""

import importlib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, Self

import torch
from torch import Tensor

from errors import RunError, UsageError, not_fitted
from nn import checkpoint
from nn.device import choose_device
from nn.layers import Layer

TRIAL = "trial"  # the name in a checkpoint of what `trial_answers` returns
_TRIALS = 4
_TOLERANCE = 1e-3  # of a probability, between machines: single precision differs by 1e-5, another activation by more


class Estimator:
    """A dataclass with `check`, `fit` and, once fitted, `classes_`. Its parameters are its fields, and nothing more."""

    device: str
    """The parameter: cpu, cuda or auto."""
    _estimator_type = "classifier"  # how scikit-learn before 1.6 asks what this is

    def to_bytes(self) -> bytes:
        """Return what was learned as a checkpoint."""
        raise NotImplementedError

    @classmethod
    def from_checkpoint(cls, tensors: Mapping[str, Tensor], metadata: Mapping[str, Any], **parameters: Any) -> Self:
        """Return what `to_bytes` saved and `nn.checkpoint.load` read; `parameters` take the place of saved ones."""
        raise NotImplementedError

    def layer_kinds(self) -> list[str]:
        """Return the kinds of the network's layers, in order, before or after `fit`: `["Linear", "ReLU", "Linear"]`."""
        raise NotImplementedError

    def trial_answers(self) -> Tensor:
        """Return the probabilities for a few inputs that never change, (n, classes); see `trial_inputs`."""
        raise NotImplementedError

    def check_layers(self, metadata: Mapping[str, Any]) -> None:
        """Raise RunError when the checkpoint is of a network of other layers. Those of earlier versions do not say."""
        saved, kinds = metadata.get("layers"), self.layer_kinds()
        if saved is not None and saved != kinds:
            raise RunError(
                f"the network was trained with the layers {', '.join(map(str, saved))}, this program makes it of "
                f"{', '.join(kinds)}: take back that change, or train again"
            )

    def check_computes_as_trained(self, tensors: Mapping[str, Tensor]) -> None:
        """Raise RunError when the code of the layers has changed since the checkpoint was made, so that this network,
        with the same weights, gives other answers. Checkpoints of earlier versions do not say."""
        if TRIAL in tensors:
            before, now = tensors[TRIAL], self.trial_answers().cpu()
            if before.shape != now.shape or bool((before - now).abs().max() > _TOLERANCE):
                raise RunError(
                    "with the same weights this program gives other answers than the one that trained them: its "
                    "layers, or how images become inputs, have been changed since; take that back, or train again"
                )

    def check(self) -> None:
        """Raise UsageError for a parameter with a value that is not allowed."""

    @property
    def torch_device(self) -> torch.device:
        """Where it computes."""
        return torch.device(choose_device(self.device))

    @property
    def is_fitted(self) -> bool:
        """Whether there is something to predict with."""
        return hasattr(self, "classes_")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters by name. `deep` changes nothing: no parameter is an estimator."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def set_params(self, **parameters: Any) -> Self:
        """Change parameters; what was learned stays until the next `fit`. UsageError for an unknown one or a value."""
        before = self.get_params()
        for name, value in parameters.items():
            if name not in before:
                raise UsageError(f"{type(self).__name__} has no parameter {name!r}: expected {', '.join(before)}")
            setattr(self, name, value)
        try:
            self.check()
        except UsageError:
            for name, value in before.items():
                setattr(self, name, value)
            raise
        return self

    def clone(self) -> Self:
        """Return another one with the same parameters, untrained."""
        return type(self)(**self.get_params())

    def check_fitted(self) -> None:
        """Raise NotFittedError - scikit-learn's where it is installed - unless `fit` or `faces.load` came before."""
        if not self.is_fitted:
            raise not_fitted(type(self).__name__)

    def __getstate__(self) -> dict[str, Any]:
        """What pickle keeps: the parameters, and the checkpoint of what was learned."""
        return {"parameters": self.get_params(), "checkpoint": self.to_bytes() if self.is_fitted else None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state["parameters"])
        if state["checkpoint"] is not None:
            fitted = self.from_checkpoint(*checkpoint.load(state["checkpoint"]), **state["parameters"])
            self.__dict__.update(fitted.__dict__)

    def __sklearn_is_fitted__(self) -> bool:
        return self.is_fitted

    def __sklearn_tags__(self) -> Any:
        utils = importlib.import_module("sklearn.utils")  # which is there: nobody else calls this
        return utils.Tags(
            estimator_type="classifier",
            target_tags=utils.TargetTags(required=True),
            classifier_tags=utils.ClassifierTags(),
            input_tags=utils.InputTags(two_d_array=False, three_d_array=True),
        )

    def __repr__(self) -> str:
        """The class with the parameters that are not its defaults."""
        own = [
            f"{field.name}={getattr(self, field.name)!r}"
            for field in fields(self)  # type: ignore[arg-type]
            if field.default is MISSING or getattr(self, field.name) != field.default
        ]
        return f"{type(self).__name__}({', '.join(own)})"


def kinds_of(layer: Layer) -> list[str]:
    """Return the kinds of all layers that a network is made of, in order."""
    return (
        [type(layer).__name__] if not (inner := layer.children()) else [k for c in inner.values() for k in kinds_of(c)]
    )


def trial_inputs(*shape: int) -> Tensor:
    """Return a few inputs with numbers from 0 to 1 that never change, (n, *shape): the same on every machine."""
    n = _TRIALS * torch.Size(shape).numel()
    return torch.arange(n, dtype=torch.float64).mul_(0.6180339887498949).frac_().float().view(_TRIALS, *shape)
