"""A decision as the page sends it, JSON -> a step: what to do, on which group or faces, and what the page had seen."""

from typing import Any

from errors import UsageError
from faces.groups import steps
from faces.groups.store import Groups, Step

_LARGEST = 2**63 - 1


def decided(groups: Groups, wanted: dict[str, Any]) -> Step:
    """Carry out the decision that a request describes. UsageError when it describes none."""
    what, seen = wanted.get("do"), _seen(wanted)
    if what == "merge":
        return steps.merge(groups, _numbers(wanted, "groups"), seen)
    if what == "name" and "group" in wanted:
        return steps.name_group(groups, whole(wanted, "group"), _text(wanted, "name"), seen)
    if "group" in wanted:
        faces = [face.number for face in groups.faces(whole(wanted, "group"))]
    else:
        faces = _numbers(wanted, "faces")
    match what:
        case "name":
            return steps.name_faces(groups, faces, _text(wanted, "name"), seen)
        case "reject":
            return steps.reject(groups, faces, _text(wanted, "name"), seen)
        case "split":
            return steps.split(groups, faces, seen)
        case "strangers":
            return steps.strangers(groups, faces, seen)
        case "not-faces":
            return steps.not_faces(groups, faces, seen)
        case "take-out":
            return steps.take_out(groups, faces, seen)
    raise UsageError(f"{str(what)[:40]!r} is no decision of this page")


def _seen(wanted: dict[str, Any]) -> dict[int, int]:
    seen = wanted.get("seen")
    if not isinstance(seen, dict):
        raise UsageError("seen: expected the version of each group")
    try:
        return {check_number(int(group)): int(version) for group, version in seen.items()}
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError("seen: expected the version of each group") from error


def _numbers(wanted: dict[str, Any], name: str) -> list[int]:
    numbers = wanted.get(name)
    if not isinstance(numbers, list) or not numbers or not all(type(number) is int for number in numbers):
        raise UsageError(f"{name}: expected numbers")
    return list(dict.fromkeys(map(check_number, numbers)))


def whole(wanted: dict[str, Any], name: str) -> int:
    """Return a whole number of a request. UsageError when there is none."""
    return _numbers({name: [wanted.get(name)]}, name)[0]


def check_number(number: int) -> int:
    """Return the number of a group or face. UsageError for one that no database can have."""
    if abs(number) > _LARGEST:
        raise UsageError("expected the number of a group or a face, got a larger one")
    return number


def _text(wanted: dict[str, Any], name: str) -> str:
    text = wanted.get(name)
    if not isinstance(text, str) or any("\ud800" <= letter <= "\udfff" for letter in text):  # half a letter
        raise UsageError(f"{name}: expected a text")
    return text
