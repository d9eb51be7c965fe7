"""What a shell or a disk gives: closed streams, names of any bytes, numbers of any size, too little memory."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import cli
from errors import UsageError
from faces import DigitClassifier, HiddenClassifier, TransferClassifier, load_folder

REPOSITORY = Path(cli.__file__).parent
NOT_UTF8 = os.fsdecode(b"caf\xe9")
SIZES = ("--train", "3", "--validation", "1", "--test", "1", "--epochs", "2", "--hidden", "4", "--quiet")


def run(*arguments: object) -> int:
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as end:
        return int(end.code or 0)


def shell(line: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run `faces` in a shell, `$FACES` in its line, without a stdin of its own."""
    faces = f"{sys.executable} {REPOSITORY / 'cli.py'}"
    environment = os.environ | {"FACES": faces, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run(["sh", "-c", line], cwd=cwd, env=environment, capture_output=True, timeout=120)


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_pictures: None) -> Path:
    """Photos of two people, in a folder whose name is no UTF-8."""
    monkeypatch.chdir(tmp_path)
    generator, folder = np.random.default_rng(7), Path(NOT_UTF8)
    for name in ("Ada", "Bo"):
        (folder / name).mkdir(parents=True)
        for number in range(5):
            Image.fromarray(generator.integers(0, 255, (40, 40), dtype=np.uint8)).save(folder / name / f"{number}.png")
    return folder


def test_names_of_any_bytes_and_any_length_are_lines_and_never_a_stop(
    people: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """DIR, --out, RUN and photos whose names are no UTF-8; a NUL, links in a circle, a name too long."""
    out = Path(f"{NOT_UTF8}-run")
    assert run("train-faces", people, *SIZES, "--out", out) == 0
    for command in ("show-weights", "report"):
        assert run(command, out) == 0
    assert run("train-faces", people, *SIZES, "--out", out, "--resume", "--json") == 0
    Path("loop").symlink_to("loop")
    long, photo = "l" * 300, f"{people}/Ada/0.png"
    Path("boxes.csv").write_bytes(
        os.fsencode("file,box\n" + "".join(f"{name},\n" for name in (photo, "a\0b", "loop", "loop/x", long)))
    )
    capfd.readouterr()
    assert run("predict", out, photo, "loop", "loop/x", long, NOT_UTF8 + ".jpg", "--boxes", "boxes.csv") == 1
    printed = capfd.readouterr()
    statuses = [line.split(",")[-2] for line in printed.out.splitlines()[1:]]
    assert statuses[0] in ("ok", "unknown")
    assert statuses[1:] == ["unreadable"] * 4
    assert "1 of its photos were not given, the first is 'a\\x00b'" in printed.err
    listed = subprocess.run(
        [sys.executable, REPOSITORY / "cli.py", "predict", out, "-"],
        input=b"a\0b\nloop\n" + long.encode() + b"\ncaf\xe9.jpg\n",
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        timeout=120,
    )
    assert listed.returncode == 1, listed.stderr
    assert [line.split(b",")[-2] for line in listed.stdout.splitlines()[1:]] == [b"unreadable"] * 4
    for line, code, says in (
        (
            f"$FACES predict {out} - <&-",
            2,
            b"faces predict: - stands for names on stdin, one a line, but stdin is closed",
        ),
        (f"$FACES predict {out} {people}/Ada/0.png <&-", 0, b""),
        (f"$FACES predict {out} {people}/Ada/0.png >&-", 0, b""),
        ("$FACES verify nowhere <&- 2>&-", 2, b""),
    ):
        ended = shell(os.fsencode(line).decode("utf-8", "surrogateescape"), Path.cwd())
        assert (ended.returncode, ended.stderr.strip()) == (code, says), line


@pytest.mark.parametrize("folder", ["loop", "loop/x", "l" * 300])
@pytest.mark.parametrize("command", ["train-faces", "features", "verify", "predict", "show-weights", "report"])
def test_a_folder_that_is_no_place_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loop").symlink_to("loop")
    more = {"predict": ["x.jpg"], "features": ["--weights", "random"]}.get(command, [])
    assert run(command, folder, *more) in (1, 2)
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("seed", ["18446744073709551616", "9223372036854775808", "-1", "1.5", "9" * 5000, "²", "x"])
@pytest.mark.parametrize("command", ["train-faces", "train-mnist"])
def test_a_seed_is_a_whole_number_that_a_machine_holds(
    capsys: pytest.CaptureFixture[str], command: str, seed: str
) -> None:
    assert run(command, "--seed", seed) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("seed", [-1, 1 << 63, 1 << 64, 1.5, "1", None])
def test_a_classifiers_seed_too(seed: object, people: Path) -> None:
    for kind in (HiddenClassifier, TransferClassifier, DigitClassifier):
        with pytest.raises(UsageError, match="seed must be a whole number from 0 to 9223372036854775807"):
            kind(seed=seed)  # type: ignore[arg-type]
        kind(seed=np.int64(3), **({} if kind is DigitClassifier else {"hidden": 1}))  # type: ignore[arg-type]
        kind(seed=(1 << 63) - 1)
    with pytest.raises(UsageError, match="seed must be"):
        load_folder(people).split(seed=seed)  # type: ignore[arg-type]


CUDA_IS_FULL = torch.OutOfMemoryError(
    "CUDA out of memory. Tried to allocate 2.00 GiB.\nGPU 0 has a total capacity of 79"
)
PHOTOS = "lower --batch-size or --memory-limit or --max-pixels"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            CUDA_IS_FULL,
            f"on the GPU, 2.00 GiB more did not fit: {PHOTOS}, or compute on the processor with --device cpu, or give "
            "it fewer photos",
        ),
        (
            RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be"),
            f"on the GPU: {PHOTOS}, or compute on the processor with --device cpu, or give it fewer photos",
        ),
        (
            RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
            f"on the GPU: {PHOTOS}, or compute on the processor with --device cpu, or give it fewer photos",
        ),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried"),
            f": {PHOTOS}, or give it fewer photos",
        ),
        (
            MemoryError("Unable to allocate 9 GiB for an array"),
            f", 9 GiB more did not fit: {PHOTOS}, or give it fewer photos",
        ),
    ],
    ids=["CUDA", "CUDA's start", "cuBLAS", "torch", "numpy"],
)
def test_too_little_memory_is_one_line_that_says_what_to_lower(
    people: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, line: str
) -> None:
    monkeypatch.setattr(HiddenClassifier, "fit", raising(error))
    assert run("train-faces", people, *SIZES) == 1
    space = "" if line[0] in ":," else " "
    assert capsys.readouterr().err == f"faces train-faces: out of memory{space}{line}\n"


def raising(error: Exception) -> Callable[..., None]:
    def fails(*arguments: object, **options: object) -> None:
        raise error

    return fails


@pytest.mark.parametrize(
    ("command", "lower"),
    [
        ("train-mnist", "--batch-size"),
        ("reproduce tensor-framework", "--workers"),
        ("features .", "--batch-size or --max-pixels"),
        ("predict run .", "--max-pixels"),
        ("group . --out found", "--max-pixels"),
    ],
)
def test_each_command_says_which_of_its_flags_to_lower(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, lower: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nn.device.choose_device", raising(CUDA_IS_FULL))
    assert run(*command.split()) == 1
    printed = capsys.readouterr().err
    advice = f"lower {lower}, or compute on the processor with --device cpu"
    assert f" out of memory on the GPU, 2.00 GiB more did not fit: {advice}" in printed
    assert printed.count("\n") == 1


def test_a_fault_of_the_program_is_no_lack_of_memory(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HiddenClassifier, "fit", raising(RuntimeError("a fault")))
    with pytest.raises(RuntimeError, match="a fault"):
        run("train-faces", people, *SIZES)
