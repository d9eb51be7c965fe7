"""What the page shows, as JSON: a card for each group, or for each photo that a run doubts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from threading import Lock
from typing import Any

from faces.groups.doubts import Doubt
from faces.groups.store import Groups
from faces.groups.suggestions import Suggestions
from faces.groups.values import Face, Group, Kind

SHOWN = 9  # faces on a card
_FEW = 9  # groups that are read one by one; of more, all faces are read at once
_SECTIONS = tuple(Kind)
_DIGITS = 12  # of a crop's SHA-256 that the page is told: enough to tell crops apart

Card = dict[str, Any]


class Cards:
    """The cards of a folder's groups. Several threads may use it.

    One is made again when its group has changed: with thousands of groups a decision is answered at once.
    """

    def __init__(self, groups: Groups, suggestions: Suggestions | None = None) -> None:
        self._groups, self._suggestions, self._lock = groups, suggestions, Lock()
        self._made: dict[int, tuple[int, Card | None]] = {}  # group -> its version, and its card; None: no faces

    def of_groups(self) -> list[Card]:
        """Return a card for each group with faces: those without a name first, the largest first."""
        with self._lock:
            groups = self._groups.groups()
            changed = [one for one in groups if self._made.get(one.number, (-1, None))[0] != one.version]
            if changed:
                rejected, faces = self._groups.rejected(), self._faces(changed)
                for group in changed:
                    self._made[group.number] = group.version, self._card(group, faces.get(group.number), rejected)
            made = [card for group in groups if (card := self._made[group.number][1]) is not None]
        return sorted(
            made, key=lambda one: (_SECTIONS.index(one["kind"]), one["name"] is not None, -one["n"], one["group"])
        )

    def of_doubts(self, doubts: Sequence[Doubt]) -> list[Card]:
        """Return a card for each doubtful photo that nobody has decided about since, in their order."""
        faces = {face.sha256: face for face in self._groups.faces()}
        of_group, cards = {group.number: group for group in self._groups.groups()}, []
        for doubt in doubts:
            face = faces.get(doubt.sha256)
            if face is None or face.is_decided or face.group not in of_group:
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

    def faces_of(self, number: int) -> dict[str, Any]:
        """Return all faces of a group, the best first, each with whom the run takes it for if it has no name."""
        group, faces, rejected = self._groups.group(number), self._groups.faces(number), self._groups.rejected()
        listed = []
        for face in best(faces):
            found = self._suggestions.of([face], rejected) if self._suggestions and group.name is None else None
            listed.append(_shown(face) | {"suggestion": found and asdict(found)})
        return {**_about(group), "n": len(faces), "faces": listed}

    def _faces(self, groups: Sequence[Group]) -> dict[int, list[Face]]:
        few = len(groups) <= _FEW
        found = [face for one in groups for face in self._groups.faces(one.number)] if few else self._groups.faces()
        by_group: dict[int, list[Face]] = {}
        for face in found:
            by_group.setdefault(face.group, []).append(face)
        return by_group

    def _card(self, group: Group, faces: list[Face] | None, rejected: Mapping[int, set[str]]) -> Card | None:
        if not faces:
            return None
        unnamed = group.kind is Kind.PERSON and group.name is None
        suggestion = self._suggestions.of(faces, rejected) if self._suggestions and unnamed else None
        return {
            "id": f"group-{group.number}",
            **_about(group),
            "n": len(faces),
            "faces": [_shown(face) for face in best(faces)[:SHOWN]],
            "suggestion": suggestion and asdict(suggestion),
        }


def best(faces: Sequence[Face]) -> list[Face]:
    """Return the faces in which a person is seen best first: large ones that are sharp."""
    return sorted(faces, key=lambda face: (-min(face.side, 100) * face.sharpness, face.number))


def _about(group: Group) -> dict[str, Any]:
    return {"group": group.number, "kind": group.kind, "name": group.name, "version": group.version}


def _shown(face: Face) -> dict[str, Any]:
    return {"face": face.number, "sha256": face.sha256[:_DIGITS], "file": face.file}
