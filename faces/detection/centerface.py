"""CenterFace: a network that says for each 4 x 4 pixels of a picture whether the centre of a face lies there, how large
the face is, and where its eyes, nose and mouth are (Xu et al., CenterFace: joint face detection and alignment using
face as point, Scientific Programming 2020). The weights are those of its authors, MIT licence.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from faces.backbones.precision import Precision, choose_precision
from faces.detection.centerface_file import Step, read_steps

MULTIPLE = 32  # of which a picture's height and width must be one
_STEP = 4  # pixels, each way, for which the network has one answer
_EARLY = 12  # steps at the beginning, whose maps are large: a processor takes them in bands of the picture
_BAND = 96 * 1024  # pixels of a band: its maps stay in the cache, and their memory is used again for the next band
_ABOVE, _BELOW = 16, 8  # rows of pixels beside a band on which its rows of the early maps depend
_INPUT = "input.1"
_OUTPUTS = ("537", "538", "539", "540")


@dataclass(frozen=True, eq=False)
class Candidates:
    """What the network takes for faces in one picture, in pixels of it: one face is found at several places."""

    scores: NDArray[np.float32]  # (N,), probabilities
    boxes: NDArray[np.float32]  # (N, 4): x1, y1, x2, y2
    points: NDArray[
        np.float32
    ]  # (N, 5, 2): x, y of the left and the right eye, nose, left and right corner of the mouth


class CenterFace:
    """The network. Several threads may use one at the same time. Raises UsageError and RunError as `read_steps`."""

    def __init__(self, *, device: str = "cpu", precision: Precision | None = None) -> None:
        self.device, self.precision = device, precision or choose_precision(device)
        self._dtype = {"float32": torch.float32, "bfloat16": torch.bfloat16}[self.precision]
        self._steps = [self._ready(step) for step in read_steps()]
        last = {name: number for number, step in enumerate(self._steps) for name in step.inputs}
        self._done_after = [[name for name in last if last[name] == number] for number in range(len(self._steps))]

    def _ready(self, step: Step) -> Step:
        if step.weight is None or step.bias is None:
            return step
        weight = step.weight.to(self.device, self._dtype, memory_format=torch.channels_last)
        return Step(**vars(step) | {"weight": weight, "bias": step.bias.to(self.device, self._dtype)})

    @torch.inference_mode()
    def maps(self, pixels: Tensor) -> list[Tensor]:
        """Return the network's four maps of RGB pictures (N, 3, height, width) with values in 0..255, float32.

        They are the probability (N, 1, height / 4, width / 4), logarithms of a quarter of height and width, offsets
        (y, x) of the centre, and five points (y, x) as shares of the box from its corner.
        """
        pixels = pixels.to(self.device, self._dtype, memory_format=torch.channels_last)
        height, width = pixels.shape[2:]
        rows = max(_BAND // width // MULTIPLE, 1) * MULTIPLE if pixels.is_cpu else height
        bands = [self._early(pixels, top, min(top + rows, height)) for top in range(0, height, rows)]
        values = {name: torch.cat([band[name] for band in bands], 2) for name in bands[0]}
        self._compute(values, _EARLY, len(self._steps))
        return [values[name].float().cpu() for name in _OUTPUTS]

    def _early(self, pixels: Tensor, top: int, bottom: int) -> dict[str, Tensor]:
        """Return what later steps need of the early ones, for these rows of the picture."""
        first, last = max(top - _ABOVE, 0), min(bottom + _BELOW, pixels.shape[2])
        values = {_INPUT: pixels[:, :, first:last]}
        self._compute(values, 0, _EARLY)
        steps = {name: (last - first) // values[name].shape[2] for name in values}  # pixels for a row of the map
        return {name: values[name][:, :, (top - first) // n : (bottom - first) // n] for name, n in steps.items()}

    def _compute(self, values: dict[str, Tensor], first: int, end: int) -> None:
        """Replace maps by those that the steps from `first` to `end` - 1 make of them."""
        for step, done in zip(self._steps[first:end], self._done_after[first:end], strict=True):
            values[step.output] = _computed(step, [values[name] for name in step.inputs])
            for name in done:
                del values[name]

    def __call__(self, picture: NDArray[np.uint8], threshold: float) -> Candidates:
        """Return what is a face with at least this probability in a picture (height, width, 3), RGB, of any size."""
        height, width = picture.shape[:2]
        pixels = torch.from_numpy(picture)[None].permute(0, 3, 1, 2)
        probability, size, offset, points = (
            values[0].numpy() for values in self.maps(F.pad(pixels, (0, -width % MULTIPLE, 0, -height % MULTIPLE)))
        )
        row, column = np.nonzero(probability[0] >= threshold)
        h, w = _STEP * np.exp(size[:, row, column])
        top = _STEP * (row + offset[0, row, column] + 0.5) - h / 2
        left = _STEP * (column + offset[1, row, column] + 0.5) - w / 2
        yx = points[:, row, column].reshape(5, 2, -1)
        places = np.stack((left + w * yx[:, 1], top + h * yx[:, 0]), axis=-1).transpose(1, 0, 2)
        boxes = np.stack((left, top, left + w, top + h), axis=-1)
        return Candidates(probability[0, row, column], boxes.astype(np.float32), places.astype(np.float32))


def _computed(step: Step, inputs: list[Tensor]) -> Tensor:
    if step.kind == "Conv":
        assert step.weight is not None
        output = F.conv2d(inputs[0], step.weight, step.bias, step.stride, step.padding, groups=step.groups)
    elif step.kind == "ConvTranspose":
        assert step.weight is not None
        output = F.conv_transpose2d(inputs[0], step.weight, step.bias, step.stride, step.padding, groups=step.groups)
    else:
        output = inputs[0] + inputs[1] if step.kind == "Add" else inputs[0].sigmoid()
    return output.relu_() if step.relu else output
