"""The README's examples, run as they stand: those in Python, and each command that needs no network."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.portraits import Gallery

REPOSITORY = Path(__file__).parents[1]
TEXT = (REPOSITORY / "README.md").read_text(encoding="utf-8")
NETWORK, CLASSIFIER = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_a_network_of_your_own_learns(capsys: pytest.CaptureFixture[str]) -> None:
    exec(NETWORK, {})
    assert float(capsys.readouterr().out) > 0.97


def test_a_classifier_is_fitted_and_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    generator = np.random.default_rng(0)
    for name in ("Ada", "Bo"):
        (tmp_path / "datasets" / "portraits" / name).mkdir(parents=True)
        pattern = np.kron(generator.integers(40, 215, (4, 4)), np.ones((12, 12)))
        for number in range(36):
            noisy = (pattern + generator.integers(-40, 40, (48, 48))).clip(0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(tmp_path / "datasets" / "portraits" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    exec(CLASSIFIER, {})
    assert capsys.readouterr().out.splitlines() == ["1.0", "['Ada']"]
    assert Path("weights.png").read_bytes().startswith(b"\x89PNG")


COMMANDS = [
    line[2:].partition("#")[0].strip()
    for block in re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]
LEFT_OUT = {  # command -> why it is not run here
    "make": "installs, and runs these tests",
    "python3 -m venv": "installs",
    ".venv/bin/faces download": "needs the web",
    ".venv/bin/faces name": "serves a page until it is stopped",
    ".venv/bin/faces train-faces datasets/holiday": "needs the names that are given on the page",
    ".venv/bin/faces predict runs/holiday": "needs that run",
    ".venv/bin/faces sort runs/holiday": "needs that run",
    ".venv/bin/faces reproduce": "takes eleven minutes",
    ".venv/bin/faces train-mnist --model best": "takes eleven minutes",
    ".venv/bin/faces train-faces datasets/six --model alexnet": "needs weights from the web",
    ".venv/bin/faces train-faces datasets/six --model torchvision": "needs weights from the web",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the commands expect it: .venv, photos, a data set, the run of the demo."""
    place = tmp_path_factory.mktemp("checkout")
    program = place / ".venv" / "bin" / "faces"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {REPOSITORY / "cli.py"} "$@"\n')
    program.chmod(0o755)
    generator = np.random.default_rng(0)
    for folder in ("photos", "datasets/six"):
        for name in ("Ada Lovelace", "Grace Hopper"):
            (place / folder / name).mkdir(parents=True)
            pattern = np.kron(generator.integers(40, 215, (4, 4)), np.ones((12, 12)))
            for number in range(6):
                noisy = (pattern + generator.integers(-40, 40, (48, 48))).clip(0, 255).astype(np.uint8)
                Image.fromarray(noisy).save(place / folder / name / f"{number}.jpg")
    for folder in ("holiday", "katherine"):
        (place / folder).mkdir()
        (place / folder / "1.jpg").write_bytes(Gallery().draw(0, 0).jpeg)
    demo = [str(program), "train-faces", "photos", "--out", "runs/demo", "--epochs", "2"]
    subprocess.run(demo, cwd=place, check=True, capture_output=True)
    return place


def test_every_command_is_run_or_is_left_out_for_a_reason(place: Path, with_extra: None) -> None:
    """One after the other, each in a shell of its own, as they are pasted."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    ran = 0
    for command in COMMANDS:
        if any(command.startswith(start) for start in LEFT_OUT):
            continue
        done = subprocess.run(
            command, shell=True, cwd=place, env=environment | {"BROWSER": "true", "OMP_NUM_THREADS": "1"},
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{command}\n{done.stderr}"
        ran += 1
    assert ran >= 5
    assert all(any(command.startswith(start) for command in COMMANDS) for start in LEFT_OUT), "one is left out in vain"


def test_commands_are_typed_in_one_way() -> None:
    """Which works in a fresh shell after the two commands: no `python`, no `pip`, no `faces` that is on no path."""
    documents = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md"))]
    for document in documents:
        typed = re.findall(r"(?:^\$ |`)((?:python|pip|faces|ray|torchrun) [^`\n]*)", document.read_text(), re.MULTILINE)
        assert not [command for command in typed if not command.startswith("faces.")], document.name
