"""The README's examples in Python, run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
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
