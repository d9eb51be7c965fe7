"""A recording as TorchScript, which torch reads without this package, from C++ too."""

import io
import zipfile
from collections.abc import Callable

import torch
from torch import Tensor

from faces.export.recorded import Recorded, examples, recording

ABOUT = "faces.json"  # the extra file of the archive with what the file says of itself
_TRACES = ".debug_pkl"  # which line of which file on this machine recorded each operation
_DATE = (1980, 1, 1, 0, 0, 0)


def torchscript_bytes(recorded: Recorded, shape: tuple[int, ...], outputs: tuple[str, ...], about: str) -> bytes:
    """Return the content of a .pt file; `about` is its extra file `ABOUT`. Its outputs are a tuple: `outputs`."""
    written, stripped = io.BytesIO(), io.BytesIO()
    with recording(), torch.inference_mode():
        traced = torch.jit.trace(recorded, examples(shape), check_trace=False)  # type: ignore[no-untyped-call]
        torch.jit.save(traced, written, _extra_files={ABOUT: about})
    with zipfile.ZipFile(written) as archive, zipfile.ZipFile(stripped, "w") as copy:
        for entry in archive.infolist():
            if not entry.filename.endswith(_TRACES):
                copy.writestr(zipfile.ZipInfo(entry.filename, _DATE), archive.read(entry))
    return stripped.getvalue()


def run_torchscript(data: bytes) -> Callable[[Tensor], list[Tensor]]:
    """Return the function that a .pt file holds."""
    with recording():
        loaded = torch.jit.load(io.BytesIO(data))  # type: ignore[no-untyped-call]

    def run(pixels: Tensor) -> list[Tensor]:
        with torch.inference_mode():
            return list(loaded(pixels))

    return run
