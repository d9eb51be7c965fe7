"""The room is written by hand: no autograd, no ready-made layer, loss or optimiser, no file, no print."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOM = Path(__file__).resolve().parents[2] / "nn"
FILES = sorted(ROOM.rglob("*.py"))
READY_MADE = ("torch.nn", "torch.optim", "torch.autograd", "torch.func")
each = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOM)))


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@each
def test_it_imports_torch_safetensors_the_standard_library_and_errors(file: Path) -> None:
    allowed = {"torch", "safetensors", "errors", "nn", *sys.stdlib_module_names}
    names = set(imported(ast.parse(file.read_text())))
    assert {name.split(".")[0] for name in names} <= allowed
    assert not [name for name in names if name.startswith(READY_MADE)]


@each
def test_it_uses_no_ready_made_part_and_prints_and_opens_nothing(file: Path) -> None:
    tree = ast.parse(file.read_text())
    attributes = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert not [name for name in attributes if name.startswith(READY_MADE)]
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    assert not called & {"print", "open", "input"}


def test_there_are_files_to_look_at() -> None:
    assert len(FILES) > 20
