"""The face network with the weights of the installed package, or a reason why there are none."""

import pytest

from errors import UsageError
from faces.backbones.face.face import FaceNetwork, load_face


@pytest.fixture(scope="session")
def face() -> FaceNetwork:
    try:
        return load_face()
    except UsageError as error:
        pytest.skip(str(error))
