"""A value does not change once it is made: a dataclass is frozen, but for those that collect, count or are trained."""

import ast
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
ROOMS = ("commands", "data", "experiments", "faces", "mnist", "nn", "report")
CHANGE = {
    *("ClassifierSettings", "HiddenSettings", "TransferSettings", "DigitParameters"),  # as scikit-learn has them
    *("PartitionResult", "VerifyResult", "_ListTally", "Skipped", "QueuedRow", "_Host", "History", "Progress"),
    *("Changes", "Heap", "Sorted"),
}


def dataclasses() -> Iterator[tuple[str, dict[str, bool]]]:
    """The name of each dataclass, and what its decorator is told."""
    for source in (path for room in ROOMS for path in (REPOSITORY / room).rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for decorator in node.decorator_list:
                    if ast.unparse(decorator).partition("(")[0] == "dataclass":
                        keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                        yield node.name, {str(word.arg): ast.literal_eval(word.value) for word in keywords}


def test_all_dataclasses_but_these_are_frozen() -> None:
    assert {name for name, told in dataclasses() if not told.get("frozen")} == CHANGE


def test_equal_numbers_make_none_of_these_equal() -> None:
    """Tensors have no one answer to ==, and a row that waits is itself."""
    by_identity = {"RankOneGradient", "Weights", "FaceWeights", "Step", "Candidates", "Mnist", "Digits", "Parts"}
    by_identity |= {"QueuedRow", "_Host", "NewFace", "FaceInPhoto", "Graph"}
    parameters = {name for name in CHANGE if name.endswith(("Settings", "Parameters"))}
    assert {name for name, told in dataclasses() if told.get("eq") is False} == by_identity | parameters


def test_settings_are_given_by_name() -> None:
    settings = {name: told for name, told in dataclasses() if name.endswith(("Settings", "Sizes", "Parameters"))}
    assert len(settings) > 9
    assert [name for name, told in settings.items() if not told.get("kw_only")] == []
