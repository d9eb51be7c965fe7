"""What people decide about faces and groups. Each function carries out one decision and returns it.

`seen` has the versions of the groups that somebody was looking at, as `Groups.decide` takes them. Raises UsageError for
a name that is none and for no face, ConflictError when a group or a face is no longer as it was.
"""

from collections.abc import Mapping, Sequence

from data.photos.folder import shown_name
from data.wording import count
from errors import UsageError
from faces.groups.store import Changes, Groups, State, Step
from faces.groups.values import NOT_FACES, UNSORTED, Kind

MOST_LETTERS = 500  # of a name

Seen = Mapping[int, int]


def name_group(groups: Groups, number: int, name: str, seen: Seen) -> Step:
    """Give a group a name; if another group has it, its faces join that one."""
    group, shown = groups.group(number), checked(name)
    known = groups.person(shown)
    faces = [face.number for face in groups.faces(number)]
    if number <= 0 or (known and known.number != number):
        return name_faces(groups, faces, name, seen)
    folder = group.named_folder if known else groups.free_folder(shown)
    changes = Changes(faces=dict.fromkeys(faces, number), groups={number: State(Kind.PERSON, shown, folder)})
    return groups.decide(f"{count(len(faces), 'face')} of {shown}", changes, seen)


def name_faces(groups: Groups, faces: Sequence[int], name: str, seen: Seen) -> Step:
    """Put faces into the group of a person, a new one if there is none."""
    shown = checked(name)
    known = groups.person(shown)
    number = groups.new_number() if known is None else known.number
    changes = Changes(faces=dict.fromkeys(faces, number))
    if known is None:
        changes.groups[number] = State(Kind.PERSON, shown, groups.free_folder(shown))
    whose = known.name if known and known.name else shown
    return groups.decide(f"{count(len(changes.faces), 'face')} of {whose}", changes, seen)


def merge(groups: Groups, numbers: Sequence[int], seen: Seen) -> Step:
    """Make one group of several: the one with a name, or else the first. Different names are an error."""
    found = [groups.group(number) for number in dict.fromkeys(numbers)]
    named = [group for group in found if group.name is not None]
    if len(named) > 1:
        names = " and ".join(str(group.name) for group in named)
        raise UsageError(f"{names} have names of their own: give one of them the other's name to make them one person")
    into = named[0] if named else found[0]
    faces = [face.number for group in found if group is not into for face in groups.faces(group.number)]
    what = into.name or f"group {into.number}"
    changes = Changes(faces=dict.fromkeys(faces, into.number))
    return groups.decide(f"{count(len(faces), 'face')} merged into {what}", changes, seen)


def split(groups: Groups, faces: Sequence[int], seen: Seen) -> Step:
    """Make a new group of faces."""
    number = groups.new_number()
    changes = Changes(faces=dict.fromkeys(faces, number), groups={number: State(Kind.PERSON)})
    return groups.decide(f"{count(len(changes.faces), 'face')} in a group of their own", changes, seen)


def strangers(groups: Groups, faces: Sequence[int], seen: Seen) -> Step:
    """Make a group of faces of somebody who is not to be named; whole groups of them stay what they are."""
    owners = {groups.face(face).group for face in faces}
    whole = len(owners) == 1 and min(owners) > 0 and {face.number for face in groups.faces(*owners)} == set(faces)
    number = owners.pop() if whole else groups.new_number()
    changes = Changes(faces=dict.fromkeys(faces, number), groups={number: State(Kind.STRANGERS)})
    return groups.decide(f"{count(len(changes.faces), 'face')} of nobody you know", changes, seen)


def not_faces(groups: Groups, faces: Sequence[int], seen: Seen) -> Step:
    """Put what is no face aside."""
    changes = Changes(faces=dict.fromkeys(faces, NOT_FACES))
    return groups.decide(f"{count(len(changes.faces), 'picture')} without a face", changes, seen)


def take_out(groups: Groups, faces: Sequence[int], seen: Seen) -> Step:
    """Take faces out of their groups: they are unsorted again, and never again taken for the people of these groups."""
    names = {group.number: group.name for group in groups.groups()}
    owners = {face: names[groups.face(face).group] for face in faces}
    changes = Changes(
        faces=dict.fromkeys(faces, UNSORTED), rejected=[(face, name) for face, name in owners.items() if name]
    )
    whose = " and ".join(sorted({name for name in owners.values() if name}))
    return groups.decide(f"{count(len(owners), 'face')} not of {whose or 'that group'}", changes, seen)


def reject(groups: Groups, faces: Sequence[int], name: str, seen: Seen) -> Step:
    """Say that faces are not of this person: the name is never suggested for them again."""
    shown = checked(name)
    changes = Changes(rejected=[(face, shown) for face in dict.fromkeys(faces)])
    return groups.decide(f"{count(len(changes.rejected), 'face')} not of {shown}", changes, seen)


def checked(name: str) -> str:
    """Return a name as it is shown. UsageError when it is none."""
    shown = shown_name(name)
    if not shown or len(shown) > MOST_LETTERS:
        raise UsageError(f"expected a name of 1 to {MOST_LETTERS} letters, got {len(shown)}")
    return shown
