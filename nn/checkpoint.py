"""Tensors and JSON as bytes: in the safetensors format, so that reading a checkpoint runs no code.

The JSON is under one key of the safetensors header, because several keys would have no fixed order, and the same input
must give the same bytes. It contains a format version, and a hash of everything, because safetensors does not notice a
changed bit. Increase FORMAT when today's code would misunderstand new files.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

from errors import RunError

FORMAT = 1
KEY = "faces"


def dump(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> bytes:
    """Return the bytes of a checkpoint. Tensors have any dtype and device; all numbers in `metadata` are finite."""
    own = {name: t.detach().cpu().clone(memory_format=torch.contiguous_format) for name, t in tensors.items()}
    envelope = {"format": FORMAT, "metadata": metadata, "sha256": _sha256(own, metadata)}
    return safetensors.torch.save(own, {KEY: _json(envelope)})


def load(data: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors, on the CPU, and the metadata.

    Raises RunError for bytes that `dump` did not write, that are damaged, or that a newer version wrote.
    """
    try:
        tensors = safetensors.torch.load(data)
        envelope = _envelope(data)
    except (SafetensorError, ValueError, KeyError) as error:
        raise RunError(f"not a whole checkpoint ({len(data)} bytes): {error}; write it again") from error
    version, metadata = envelope.get("format"), envelope.get("metadata")
    if not isinstance(version, int) or not isinstance(metadata, dict):
        raise RunError(f"not a checkpoint of this program: its header has no {KEY} entry with a format and metadata")
    if version > FORMAT:
        raise RunError(f"the checkpoint has format {version}, this version reads up to {FORMAT}: update the program")
    if envelope.get("sha256") != _sha256(tensors, metadata):
        raise RunError("not a whole checkpoint: its content does not match its SHA-256; write it again")
    return tensors, metadata


def json_number(value: float) -> float | str:
    """Return a number for the metadata: NaN and infinities, which JSON lacks, as "nan", "inf", "-inf" for float()."""
    return value if math.isfinite(value) else str(value)


def _envelope(data: bytes) -> dict[str, Any]:
    """Return the JSON under KEY of the header: 8 bytes for its length, then JSON."""
    end = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:end])
    try:
        envelope = json.loads(header.get("__metadata__", {}).get(KEY, "{}"))
    except json.JSONDecodeError:
        return {}
    return envelope if isinstance(envelope, dict) else {}


def _sha256(tensors: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> str:
    digest = hashlib.sha256(_json(metadata).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, allow_nan=False)
