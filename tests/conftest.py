"""Fixtures every room's tests may use."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real lists, photos, digits and weights beside the checkout; absent on a user's machine."""
    folder = Path(os.environ.get("FACES_SHARED", REPOSITORY.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"real data is not on this machine: no folder {folder}")
    return folder
