"""The text of a layer, loss or optimiser: its kind and what it was made with, in one line, without the tensors."""

import inspect
from collections.abc import Mapping, Sequence

from torch import Generator, Tensor

_LINE = 120  # letters
_PART = 40  # of one part of a longer text


def described(owner: object) -> str:
    """Return the kind, and the arguments of its constructor that the object has under their names.

    Those passed by name alone are shown where they are not the default: `Linear(1024, 300)`, `MSE(reduction='sum')`.
    """
    parts: list[str] = []
    for name, parameter in inspect.signature(type(owner)).parameters.items():
        value = getattr(owner, name, None)  # not there: not kept, or not yet in an error of the constructor
        if parameter.kind is parameter.VAR_POSITIONAL:
            parts += map(_text, value or ())
        elif value is None or isinstance(value, Generator):
            continue
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            parts.append(_text(value))
        elif isinstance(value, Tensor) or value != parameter.default:
            parts.append(f"{name}={_text(value)}")
    return in_a_line(type(owner).__name__, parts)


def in_a_line(kind: str, parts: Sequence[str]) -> str:
    """Return `kind(part, part, ...)`. Too long for a line, long parts are cut, then the middle is left out."""
    if len(whole := f"{kind}({', '.join(parts)})") <= _LINE:
        return whole
    parts = [part if len(part) <= _PART else f"{part.partition('(')[0][:_PART]}(...)" for part in parts]
    *first, last = parts
    for left_out in range(len(parts)):
        middle = [f"... {left_out} more ..."] if left_out else []
        if len(text := f"{kind}({', '.join([*first[: len(first) - left_out], *middle, last])})") <= _LINE:
            break
    return text


def form(tensor: Tensor) -> str:
    """Return `(300, 1024), float32`."""
    return f"{tuple(tensor.shape)}, {str(tensor.dtype).removeprefix('torch.')}"


def counted(number: int, what: str) -> str:
    """Return `4 parameters`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _text(value: object) -> str:
    if isinstance(value, Tensor):
        return f"Tensor({form(value)})"
    if isinstance(value, Mapping):
        return counted(len(value), "parameter")
    return str(getattr(value, "__name__", None) or repr(value))  # of a function its name
