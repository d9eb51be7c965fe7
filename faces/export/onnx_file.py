"""A recording as ONNX, which ONNX Runtime and many other programs read.

Like TorchScript's, torch's exporter of recordings is no longer developed; its successor needs onnxscript, and a network
whose shapes it can reason about.
"""

import importlib
import io
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor

import faces
from data.program import install
from errors import UsageError
from faces.export.recorded import Recorded, examples, recording

ABOUT = "faces"  # the key in metadata_props of what the file says of itself
INPUT = "pixels"
OPSET = 17  # of 2022: what reads ONNX today knows it


def check_installed() -> None:
    """Raise UsageError when what writes ONNX is not installed."""
    if find_spec("onnx") is None:
        raise UsageError(f"--format onnx needs a package that is not installed: {install('onnx')}")


def onnx_bytes(recorded: Recorded, shape: tuple[int, ...], outputs: tuple[str, ...], about: str) -> bytes:
    """Return the content of an .onnx file with the input `INPUT` and these outputs, whose first axis is of any size;
    `about` is in its metadata. ValueError when it would exceed the 2 GiB that ONNX allows."""
    onnx: Any = importlib.import_module("onnx")
    written = io.BytesIO()
    with recording():
        torch.onnx.export(
            recorded,
            (examples(shape),),
            written,  # type: ignore[arg-type]
            dynamo=False,
            opset_version=OPSET,
            do_constant_folding=False,  # it would write a matrix, transposed, for each time it is used
            input_names=[INPUT],
            output_names=list(outputs),
            dynamic_axes={name: {0: "N"} for name in (INPUT, *outputs)},
        )
    model = onnx.load_model_from_string(written.getvalue())
    _each_once(model.graph)
    model.producer_name, model.producer_version = "faces", faces.__version__
    model.metadata_props.add(key=ABOUT, value=about)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def run_onnx(data: bytes) -> Callable[[Tensor], list[Tensor]] | None:
    """Return the function that an .onnx file holds; None where ONNX Runtime is not installed."""
    if find_spec("onnxruntime") is None:
        return None
    runtime: Any = importlib.import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3  # errors alone
    session = runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return lambda pixels: [torch.from_numpy(output) for output in session.run(None, {INPUT: pixels.numpy()})]


def _each_once(graph: Any) -> None:
    """Make the tensors that nodes hold initializers, each once: the tracer writes one for each time it is used."""
    first: dict[bytes, str] = {}
    names: dict[str, str] = {}
    nodes = []
    for node in graph.node:
        node.input[:] = [names.get(name, name) for name in node.input]
        if node.op_type != "Constant" or node.attribute[0].name != "value":
            nodes.append(node)
            continue
        (name,), tensor = node.output, node.attribute[0].t
        tensor.ClearField("name")
        known = first.setdefault(tensor.SerializeToString(deterministic=True), name)
        names[name] = known
        if known == name:
            tensor.name = name
            graph.initializer.append(tensor)
    del graph.node[:]
    graph.node.extend(nodes)
