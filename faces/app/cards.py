"""What the page shows, as JSON: a card for each group, or for each photo that a run doubts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from faces.groups.doubts import Doubt
from faces.groups.store import Groups
from faces.groups.suggestions import Suggestions
from faces.groups.values import Face, Group, Kind

SHOWN = 9  # faces on a card
_SECTIONS = tuple(Kind)


def cards_of_groups(groups: Groups, suggestions: Suggestions | None) -> list[dict[str, Any]]:
    """Return a card for each group with faces: those without a name first, the largest first."""
    by_group: dict[int, list[Face]] = {}
    for face in groups.faces():
        by_group.setdefault(face.group, []).append(face)
    rejected = groups.rejected()
    shown = [group for group in groups.groups() if group.number in by_group]
    shown.sort(
        key=lambda one: (_SECTIONS.index(one.kind), one.name is not None, -len(by_group[one.number]), one.number)
    )
    cards = []
    for group in shown:
        faces = by_group[group.number]
        unnamed = group.kind is Kind.PERSON and group.name is None
        suggestion = suggestions.of(faces, rejected) if suggestions and unnamed else None
        cards.append(
            {
                "id": f"group-{group.number}",
                **_about(group),
                "n": len(faces),
                "faces": [_shown(face) for face in best(faces)[:SHOWN]],
                "suggestion": suggestion and asdict(suggestion),
            }
        )
    return cards


def cards_of_doubts(groups: Groups, doubts: Sequence[Doubt]) -> list[dict[str, Any]]:
    """Return a card for each doubtful photo that nobody has decided about since, in their order."""
    faces = {face.sha256: face for face in groups.faces()}
    of_group, cards = {group.number: group for group in groups.groups()}, []
    for doubt in doubts:
        face = faces.get(doubt.sha256)
        if face is None or face.is_decided:
            continue
        cards.append(
            {
                "id": f"face-{face.number}",
                **_about(of_group[face.group]),
                "n": 1,
                "faces": [_shown(face)],
                "suggestion": {"name": doubt.name, "probability": doubt.probability},
            }
        )
    return cards


def faces_of_group(groups: Groups, number: int, suggestions: Suggestions | None) -> dict[str, Any]:
    """Return all faces of a group, the best first, each with whom the run takes it for if it has no name."""
    group, faces, rejected = groups.group(number), groups.faces(number), groups.rejected()

    def suggested(face: Face) -> Mapping[str, Any] | None:
        found = suggestions.of([face], rejected) if suggestions and group.name is None else None
        return asdict(found) if found else None

    listed = [_shown(face) | {"suggestion": suggested(face)} for face in best(faces)]
    if group.kind is Kind.UNSORTED:  # what one answer may settle is together
        listed.sort(key=lambda one: (one["suggestion"] is None, (one["suggestion"] or {}).get("name", "")))
    return {**_about(group), "n": len(faces), "faces": listed}


def best(faces: Sequence[Face]) -> list[Face]:
    """Return the faces in which a person is seen best first: large ones that are sharp."""
    return sorted(faces, key=lambda face: (-min(face.side, 100) * face.sharpness, face.number))


def _about(group: Group) -> dict[str, Any]:
    return {"group": group.number, "kind": group.kind, "name": group.name, "version": group.version}


def _shown(face: Face) -> dict[str, Any]:
    return {"face": face.number, "sha256": face.sha256, "file": face.file, "side": face.side}
