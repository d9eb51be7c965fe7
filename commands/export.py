"""`export`: a run as one file that other programs compute with, ONNX or TorchScript."""

import argparse
from pathlib import Path
from typing import Any

from commands.console import log, print_json
from commands.flags import add_json
from commands.parser import add_command


def add_to(commands: Any) -> None:
    """Add the command and its flags."""
    about = (
        "Write a run as one file that other programs compute with, ONNX or TorchScript. In: pixels, uint8 (N, "
        "channels, height, width), of crops as the run's network takes them. Out: probabilities (N, classes) and, of "
        "faces, score (N,): below the threshold it is nobody of the classes. All in between is in the file, in single "
        "precision: scaling, the frozen network, the mirror image, the head, the temperature. As metadata (JSON; ONNX: "
        "metadata_props `faces`, TorchScript: the extra file `faces.json`) it says the classes in order, the "
        "threshold, size and mode, how a crop is made - the box resized, or where the five points of an aligned face "
        "lie - and the accuracy on the test photos. The file is run and compared with the run before it is written."
    )
    example, brief = "export runs/six --format onnx", "write a run as one file for other programs: ONNX, TorchScript"
    add = add_command(commands, "export", export, about, example, brief)
    add("run", type=Path, metavar="RUN", help="a run folder of train-faces or train-mnist")
    add("--format", choices=("onnx", "torchscript"), required=True, help="onnx needs an extra")
    add(
        "--out",
        type=Path,
        metavar="FILE",
        help="the file (default: the run's name with .onnx or .pt, in the current folder)",
    )
    add("--overwrite", action="store_true", help="replace FILE")
    add("--weights", metavar="W", help="the frozen network's, if they are no longer where the training found them")
    add_json(add)


def export(options: argparse.Namespace) -> int:
    """Write the file, and print what it is and how far it is from the run."""
    from faces.export.export import export_run

    done = export_run(options.run, options.format, options.out, weights=options.weights, overwrite=options.overwrite)
    if options.json:
        print_json(
            {
                "file": str(done.file),
                "bytes": done.bytes,
                "difference": done.difference,
                "compared_on": done.images,
                "about": done.about,
            }
        )
        return 0
    image, threshold = done.about["image"], done.about["threshold"]
    print(f"{done.file}: {done.bytes:,} bytes, {len(done.about['classes'])} classes")
    print(f"in         pixels, uint8 (N, {3 if image['mode'] == 'RGB' else 1}, {image['size']}, {image['size']})")
    score = "" if len(done.about["outputs"]) == 1 else f", score (N,), threshold {threshold}"
    print(f"out        probabilities (N, {len(done.about['classes'])}){score}")
    if done.difference is None:
        log("not compared with the run, only checked: ONNX Runtime is not installed (pip install onnxruntime)")
    else:
        print(f"compared   differs from the run by at most {done.difference:.1e}, on {done.images}")
    return 0
