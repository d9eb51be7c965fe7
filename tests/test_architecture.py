"""The rooms and the arrows between them: who may import whom. The README's map says the same."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = {"benchmarks", "cli", "commands", "data", "experiments", "faces", "mnist", "nn", "report"}
ALLOWED = {
    "cli": {"commands"},
    "commands": {"experiments", "faces", "mnist", "nn", "data", "report"},
    "experiments": {"faces", "mnist", "nn", "data", "report"},
    "faces": {"nn", "data", "report"},
    "mnist": {"nn", "data", "report"},
    "nn": set[str](),
    "data": set[str](),
    "report": set[str](),
    "errors": set[str](),
}


def sources(room: str) -> list[Path]:
    """All modules of a room; none if it is not built yet."""
    return sorted((REPOSITORY / room).rglob("*.py")) or list(REPOSITORY.glob(f"{room}.py"))


def imported(source: Path) -> set[str]:
    """The top-level names of all imports of a file, also those inside functions."""
    names = set[str]()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: a relative import"
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("room", ALLOWED)
def test_arrows_point_one_way(room: str) -> None:
    for source in sources(room):
        forbidden = imported(source) & ROOMS - ALLOWED[room] - {room}
        assert not forbidden, f"{source.relative_to(REPOSITORY)} imports {', '.join(sorted(forbidden))}"


def test_the_core_needs_torch_alone() -> None:
    for source in sources("nn"):
        assert not imported(source) & {"matplotlib", "numpy", "PIL", "requests", "torchvision", "tqdm"}, source


def test_the_core_uses_no_autograd_and_no_ready_made_layers() -> None:
    forbidden = ("torch.nn", "torch.optim", "torch.autograd", "requires_grad")
    for source in sources("nn"):
        nodes = ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        used = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute | ast.ImportFrom)}
        assert not [name for name in used if any(word in name for word in forbidden)], source


def test_a_download_starts_without_torch() -> None:
    program = "import sys, cli, data.download, data.drawn, data.fetch; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0


def test_every_module_says_what_it_is_for() -> None:
    for room in ROOMS | {"errors"}:
        for source in sources(room):
            assert ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))), source
