"""`name` with what it cannot serve: one line that says what to do, and nothing is left in the folder."""

from pathlib import Path

import pytest

import cli


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["nowhere"], "nowhere is not a folder: expected one that `group` has made"),
        (["heap"], "heap has no folder of a person: group its photos first, faces group heap --out datasets/heap"),
        (["heap", "--worst"], "--worst shows the mistakes of a run: name it with --run RUN"),
    ],
)
def test_what_cannot_be_served_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    flags: list[str],
    said: str,
) -> None:
    pytest.importorskip("uvicorn", reason="the extra `app` is not installed")
    monkeypatch.chdir(tmp_path)
    Path("heap").mkdir()
    Path("heap", "1.jpg").write_bytes(b"-")
    assert cli.main(["name", *flags]) == 2
    assert capsys.readouterr().err == f"faces name: {said}\n"
    assert [path.name for path in Path("heap").iterdir()] == ["1.jpg"]


@pytest.mark.parametrize("port", ["65536", "99999", "-1", "x"])
def test_a_port_that_is_none_is_wrong_usage(capsys: pytest.CaptureFixture[str], port: str) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["name", "heap", f"--port={port}"])
    assert end.value.code == 2
    assert "expected a whole number from 0 on, at most 65535" in capsys.readouterr().err
