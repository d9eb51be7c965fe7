"""`features`: what its help says."""

import pytest

from commands import features
from commands.parser import Parser
from faces.features.extract import default_batch_size


def test_the_help_says_how_many_photos_are_computed_together(capsys: pytest.CaptureFixture[str]) -> None:
    parser = Parser()
    features.add_to(parser.add_subparsers())
    with pytest.raises(SystemExit):
        parser.parse_args(["features", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert f"(default: {default_batch_size('cpu')}, on a GPU {default_batch_size('cuda')})" in said
