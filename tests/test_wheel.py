"""Installed as a wheel into an environment of its own, the program runs from any folder."""

import functools
import os
import shutil
import subprocess
import sys
import threading
import venv
from collections.abc import Callable, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("commands", "data", "experiments", "faces", "mnist", "nn", "report")
Run = Callable[..., str]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """run(*arguments, cwd=...): the installed `faces`; its stdout.

    The environment has the wheel and, for everything else, the packages of the environment that runs the tests.
    """
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for package in PACKAGES:
        shutil.copytree(REPOSITORY / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("cli.py", "errors.py", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(REPOSITORY / file, source)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build: list[str | Path] = [
        *pip,
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        folder,
        source,
    ]
    subprocess.run(build, check=True)
    venv.create(folder / "venv", symlinks=True)
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    install: list[str | Path] = [*pip, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True)
    (site_packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (site_packages / "others.pth").write_text(str(Path(torch.__file__).parent.parent))
    shutil.rmtree(source)

    def run_installed(*arguments: object, cwd: Path, program: str = "faces") -> str:
        command = [str(folder / "venv" / "bin" / program), *map(str, arguments)]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        ended = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run_installed


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[Path]:
    """A list of twelve photos of two people, which a server on loopback answers with."""
    generator, lines = np.random.default_rng(0), ["name,url"]
    (tmp_path / "web").mkdir()
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path / "web"))
    handler.log_message = lambda *args: None  # type: ignore[attr-defined]
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for number in range(12):
            pixels = generator.integers(0, 128, (40, 40, 3)) + 127 * (number % 2)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "web" / f"{number}.png")
            lines.append(f"{('Ada', 'Bo')[number % 2]},http://127.0.0.1:{server.server_port}/{number}.png")
        (tmp_path / "list.csv").write_text("\n".join(lines))
        yield tmp_path / "list.csv"
        server.shutdown()


def test_download_train_and_look_from_an_empty_folder(run: Run, listed: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("--version", cwd=empty).startswith("faces ")
    assert "12 of 12 rows" in run("download", listed, "--allow-private", cwd=empty)
    sizes = ("--train", 3, "--validation", 1, "--test", 2, "--epochs", 3)
    assert "test accuracy" in run("train-faces", "datasets/list", *sizes, "--out", "run", cwd=empty)
    assert "unit 0 " in run("show-weights", "run", "--unit", 0, cwd=empty)
    page = (empty / "run" / "report.html").read_text()
    assert "<style>" in page
    assert {"report.html", "weights.png", "weights-0.png", "confusion.png"} <= {
        f.name for f in (empty / "run").iterdir()
    }
    photo = next((empty / "datasets" / "list" / "Ada").iterdir())
    program = f"import faces; print(faces.__file__, *faces.load('run').predict({str(photo)!r}))"
    module, name = run("-c", program, cwd=empty, program="python").split()
    assert "site-packages" in module
    assert not Path(module).is_relative_to(REPOSITORY)
    assert name in ("Ada", "Bo")
