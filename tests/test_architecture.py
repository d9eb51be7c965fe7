"""The rooms and the arrows between them: who may import whom. The README's map says the same."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = {"benchmarks", "cli", "commands", "data", "experiments", "faces", "mnist", "nn", "report"}
ALLOWED = {
    "cli": {"commands", "faces"},
    "commands": {"experiments", "faces", "mnist", "nn", "data", "report"},
    "experiments": {"faces", "mnist", "nn", "data", "report"},
    "faces": {"mnist", "nn", "data", "report"},  # faces.load reads runs of digits too
    "mnist": {"nn", "data", "report"},
    "nn": set[str](),
    "data": set[str](),
    "report": {"data"},  # files of a run are written as all files are
    "errors": set[str](),
}


def sources(room: str) -> list[Path]:
    """All modules of a room; none if it is not built yet."""
    return sorted((REPOSITORY / room).rglob("*.py")) or list(REPOSITORY.glob(f"{room}.py"))


def imported(source: Path) -> set[str]:
    """The modules that a file imports, also inside functions."""
    names = set[str]()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{source}: a relative import"
            modules = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if is_module(name) else str(node.module) for name in modules}
    return names


def is_module(name: str) -> bool:
    path = REPOSITORY.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


@pytest.mark.parametrize("room", ALLOWED)
def test_arrows_between_rooms_point_one_way(room: str) -> None:
    for source in sources(room):
        rooms = {name.partition(".")[0] for name in imported(source)}
        forbidden = rooms & ROOMS - ALLOWED[room] - {room}
        assert not forbidden, f"{source.relative_to(REPOSITORY)} imports {', '.join(sorted(forbidden))}"


@pytest.mark.parametrize("room", ["data", "faces", "nn", "report"])
def test_arrows_inside_a_room_make_no_circle(room: str) -> None:
    arrows: dict[str, set[str]] = {}
    for source in sources(room):
        me = part_of(".".join(source.relative_to(REPOSITORY).with_suffix("").parts))
        parts = {part_of(name) for name in imported(source) if name.partition(".")[0] == room}
        arrows.setdefault(me, set()).update(parts - {me, f"{room}.__init__"})
    arrows.pop(f"{room}.__init__")
    TopologicalSorter(arrows).prepare()  # CycleError names the circle


def test_the_parts_that_a_download_is_made_of_know_none_of_each_other() -> None:
    parts = {"data.journal", "data.photos", "data.portraits", "data.quality", "data.web"}
    users = {"data.cluster", "data.download", "data.mnist"}
    for part in parts:
        for source in sources(part.replace(".", "/")):
            others = {part_of(name) for name in imported(source)} & (parts | users)
            allowed = {part} | ({"data.quality"} if part == "data.photos" else set())  # near copies stay together
            assert others <= allowed, f"{source.relative_to(REPOSITORY)} imports {', '.join(sorted(others - allowed))}"


def part_of(module: str) -> str:
    """The sub-package, or the module beside the sub-packages, that a module belongs to."""
    return ".".join([*module.split("."), "__init__"][:2])


def test_the_core_needs_torch_alone() -> None:
    for source in sources("nn"):
        packages = {name.partition(".")[0] for name in imported(source)}
        assert not packages & {"matplotlib", "numpy", "PIL", "requests", "torchvision", "tqdm"}, source


def test_the_core_uses_no_autograd_and_no_ready_made_layers() -> None:
    forbidden = ("torch.nn", "torch.optim", "torch.autograd", "requires_grad")
    for source in sources("nn"):
        nodes = ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        used = {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute | ast.ImportFrom)}
        assert not [name for name in used if any(word in name for word in forbidden)], source


def test_a_download_starts_without_torch() -> None:
    program = (
        "import sys, cli, data.download, data.download.portrait_source, data.web; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0


def test_every_module_says_what_it_is_for() -> None:
    for room in ROOMS | {"errors"}:
        for source in sources(room):
            assert ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))), source
