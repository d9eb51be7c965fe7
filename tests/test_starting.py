"""A Python that cannot run the program is told the one that can, and messages name commands as they are typed."""

import subprocess
import sys
from pathlib import Path

import pytest

import cli
from data import program

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in whose folder the program is started."""
    monkeypatch.setattr(cli, "__file__", str(tmp_path / "cli.py"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("missing", "command"), [("torch", "train-faces"), ("filelock", "download"), ("numpy", "predict")]
)
def test_a_python_without_the_packages_is_one_line(missing: str, command: str) -> None:
    asked = {"train-faces": ["photos"], "download": ["list.csv"], "predict": ["run", "photo.jpg"]}[command]
    start = f"import sys; sys.modules[{missing!r}] = None; import cli; sys.exit(cli.main({[command, *asked]!r}))"
    done = subprocess.run([sys.executable, "-c", start], cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"faces: this Python, {sys.executable}, lacks {missing}: ")


def test_the_python_that_can_is_named(checkout: Path) -> None:
    assert cli._other_python("lacks torch").endswith(
        f": `make demo` in {checkout} makes .venv/bin/faces, which has all"
    )
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / ".venv" / "bin" / "faces").write_text("")
    assert cli._other_python("lacks torch").endswith(", lacks torch: type .venv/bin/faces in its place")


def test_an_old_python_is_one_line(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    with pytest.raises(SystemExit) as end:
        cli.program()
    assert end.value.code == 2
    assert "is Python 3.9, and faces needs 3.11 or newer: " in capsys.readouterr().err


def test_an_extra_is_installed_for_the_python_that_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.setattr(program, "_CHECKOUT", tmp_path)
    monkeypatch.chdir(tmp_path)
    assert program.install("heic").startswith(".venv/bin/python -m pip install 'pillow-heif")
    (tmp_path / "pyproject.toml").write_text("")
    assert program.install("heic") == ".venv/bin/python -m pip install -e '.[heic]'"
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path / "photos")
    assert program.install("heic") == f"{tmp_path}/.venv/bin/python -m pip install -e '{tmp_path}[heic]'"


@pytest.mark.parametrize("name", ["Ada", "Ada Lovelace"])
def test_forgetting_somebody_in_a_folder_of_ones_own_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("photos", name).mkdir(parents=True)
    assert cli.main(["forget", "photos", name]) == 2
    assert f"photos is a folder of your own, which no download has filled: remove photos/{name} yourself" in (
        capsys.readouterr().err
    )
    assert Path("photos", name).exists()
