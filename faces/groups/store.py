"""The database of a folder of groups, open: its faces, their groups, and each decision about them.

A decision is one transaction: after a kill all of it is there or nothing. It is undone by its step alone. One process
has the folder at a time; its threads may use a `Groups` at the same time.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from data.folder_lock import lock_folder
from data.folder_names import candidates, folded
from data.inside import is_name
from data.photos.folder import PARTS, person_key
from data.photos.photo_files import is_leftover
from data.rows import Box
from data.unnamed import is_nobody
from errors import ConflictError, UsageError
from faces.groups.schema import LOCK, damaged, disk, opened
from faces.groups.values import UNSORTED, Face, Group, Kind, NewFace

_FACE = """number, path, grp, decided, decided OR EXISTS (SELECT 1 FROM rejected WHERE face = number), photo, file, box,
    side, sharpness, sha256, stat"""
_MADE_WITH = "SELECT value FROM meta WHERE name = 'made_with'"
_OWNER = "SELECT grp FROM faces WHERE number = ?"


class State(NamedTuple):
    """What is said of a group: its kind, and of a person the name and the folder, if there is one."""

    kind: Kind
    name: str | None = None
    folder: str | None = None


@dataclass
class Changes:
    """What a decision changes: the group of faces, the state of groups, whom a face is not."""

    faces: dict[int, int] = field(default_factory=dict)  # face -> its group from now on
    groups: dict[int, State] = field(default_factory=dict)
    rejected: list[tuple[int, str]] = field(default_factory=list)  # face and name


@dataclass(frozen=True, slots=True)
class Step:
    """A decision."""

    number: int
    about: str  # in words


class _Note(NamedTuple):
    """What a step changes, as it is kept."""

    faces: list[tuple[int, int, int, int]]  # face, its group before, whether it was decided, its group after
    groups: list[tuple[int, State | None, State]]  # number, before, after
    rejected: list[tuple[int, str, bool]]  # face, key of the name, whether that was known before

    @classmethod
    def read(cls, text: str) -> Self:
        """Raise ValueError for what is none."""
        try:
            faces, groups, rejected = json.loads(text)
            return cls(
                [(int(face), int(before), int(bool(decided)), int(after)) for face, before, decided, after in faces],
                [(int(number), before and _state(*before), _state(*after)) for number, before, after in groups],
                [(int(face), str(key), bool(known)) for face, key, known in rejected],
            )
        except TypeError as error:
            raise ValueError(text) from error


class Groups:
    """The database of a folder, open and locked; a context manager. StorageError when the disk refuses."""

    def __init__(self, folder: Path, made_with: Mapping[str, Any] | None = None) -> None:
        """Open the folder's database or make one; `made_with` says how faces are found, None: as they were.

        Raises UsageError when its faces were found in another way, or by a later version of this program, StorageError
        when another process has it, or it is not as this program makes it.
        """
        self.folder, self._lock = folder, RLock()
        busy = f"another process is working on the groups in {folder}: wait for it, or stop it"
        with ExitStack() as undo:
            undo.callback(lock_folder(folder, busy, LOCK).release)
            self._database = opened(folder)
            undo.callback(self._database.close)
            self._check_made(made_with)
            self._closing = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    def at_end(self, work: Callable[[], object]) -> None:
        """Do this once before the database is closed."""
        self._closing.callback(work)

    @property
    def is_of_heap(self) -> bool:
        """Whether its faces were found in whole photos, not brought along with their people."""
        return bool(self._rows(_MADE_WITH))

    @property
    def revision(self) -> int:
        """How many changes there have been."""
        return int(self._one("SELECT value FROM meta WHERE name = 'revision'"))

    def is_searched(self, photo: str) -> bool:
        """Whether the faces of the photo with this SHA-256, or one that begins so, are known."""
        return bool(self._rows("SELECT 1 FROM photos WHERE sha256 BETWEEN ?1 AND ?1 || 'g' LIMIT 1", photo))

    def groups(self) -> list[Group]:
        """All groups, with faces or without."""
        rows = self._rows("SELECT number, kind, name, folder, version FROM groups ORDER BY number")
        return [Group(number, Kind(kind), *rest) for number, kind, *rest in rows]

    def group(self, number: int) -> Group:
        """One group. ConflictError when there is none."""
        rows = self._rows("SELECT number, kind, name, folder, version FROM groups WHERE number = ?", number)
        if not rows:
            raise ConflictError(f"there is no group {number} any more: another window has changed it")
        (number, kind, *rest), *_ = rows
        return Group(number, Kind(kind), *rest)

    def person(self, name: str) -> Group | None:
        """The group of the person of this name, however it is spelled."""
        rows = self._rows("SELECT number FROM groups WHERE key = ?", person_key(name))
        return self.group(rows[0][0]) if rows else None

    def faces(self, group: int | None = None) -> list[Face]:
        """The faces of a group, or of all, in the order in which they were found."""
        where = "" if group is None else "WHERE grp = ?"
        rows = self._rows(f"SELECT {_FACE} FROM faces {where} ORDER BY number", *(() if group is None else (group,)))
        return list(map(_face, rows))

    def face(self, number: int) -> Face:
        """One face. ConflictError when there is none."""
        rows = self._rows(f"SELECT {_FACE} FROM faces WHERE number = ?", number)
        if not rows:
            raise ConflictError(f"there is no face {number} any more: load the page again")
        return _face(rows[0])

    def features(self) -> tuple[list[int], NDArray[np.float32]]:
        """The faces whose features are known, and these, (N, numbers)."""
        rows = self._rows("SELECT number, features FROM faces WHERE features IS NOT NULL ORDER BY number")
        vectors = [np.frombuffer(features, "<f4") for _, features in rows]
        return [number for number, _ in rows], np.stack(vectors) if vectors else np.empty((0, 0), np.float32)

    def rejected(self) -> dict[int, set[str]]:
        """Whom each face is not, by the keys of the names."""
        found: dict[int, set[str]] = {}
        for face, key in self._rows("SELECT face, key FROM rejected"):
            found.setdefault(face, set()).add(key)
        return found

    def keys(self) -> dict[str, int]:
        """The group of each person with a name, by the key of the name."""
        return dict(self._rows("SELECT key, number FROM groups WHERE key IS NOT NULL"))

    def new_number(self) -> int:
        """The number of the next group."""
        return int(self._one("SELECT max(0, max(number)) + 1 FROM groups"))

    def free_folder(self, name: str) -> str:
        """The folder for a new person of this name, which no other person and no group has.

        None that commands pass over, or take for a part of a split; none in whose place there is a file or a link.
        """
        taken = {folder for (folder,) in self._rows("SELECT folded FROM groups WHERE folded IS NOT NULL")}

        def is_free(one: str) -> bool:
            if folded(one) in taken or is_nobody(folded(one)) or one.casefold() in PARTS:
                return False
            path = self.folder / one
            return (
                not is_leftover(one, is_folder=True) and not path.is_symlink() and (path.is_dir() or not path.exists())
            )

        return next(filter(is_free, candidates(name)))

    def has_path(self, path: str) -> bool:
        """Whether a crop is there, or is going there, also one that is gone meanwhile."""
        return bool(self._rows("SELECT 1 FROM faces WHERE path = ?1 OR target = ?1", path))

    def add_photo(self, sha256: str, file: str, too_small: int, faces: Sequence[NewFace]) -> None:
        """Note a photo that was searched, and its faces, as unsorted. Their crops are stored already."""
        with self._changing({UNSORTED}):
            for face in faces:
                self._note_face(sha256, file, UNSORTED, face)
            self._run("INSERT OR REPLACE INTO photos VALUES (?, ?, ?, ?)", sha256, file, len(faces), too_small)

    def add_faces(self, faces: Sequence[tuple[int, NewFace]]) -> None:
        """Note photos that lie in the folder of a group already, each a face: the number of the group, and the face."""
        with self._changing({group for group, _ in faces}):
            for group, face in faces:
                self._note_face(face.sha256, "", group, face)

    def add_group(self, state: State) -> int:
        """Make a group without a decision; return its number."""
        with self._changing(()):
            number = self.new_number()
            self._set_group(number, state)
            return number

    def regroup(self, faces: Mapping[int, int]) -> None:
        """Put unsorted faces into groups, new ones if they are not there, without a decision."""
        if not faces:
            return
        with self._changing({UNSORTED, *faces.values()}):
            for group in sorted(set(faces.values()) - {group.number for group in self.groups()}):
                self._set_group(group, State(Kind.PERSON))
            pairs = [(group, face) for face, group in faces.items()]
            self._database.executemany("UPDATE faces SET grp = ? WHERE number = ?", pairs)

    def drop(self, faces: Sequence[Face]) -> None:
        """Forget faces whose crops are gone. The photo stays known: they are not found again."""
        with self._changing({face.group for face in faces}):
            for table, column in (("faces", "number"), ("rejected", "face")):
                numbers = [(face.number,) for face in faces]
                self._database.executemany(f"DELETE FROM {table} WHERE {column} = ?", numbers)

    def decide(self, about: str, changes: Changes, seen: Mapping[int, int] | None = None) -> Step:
        """Carry out a decision and note it as a step.

        `seen` has the version of each group as it was when somebody decided: ConflictError when one is another now.
        UsageError for a decision about nothing.
        """
        if not changes.faces and not changes.rejected:
            raise UsageError("no face was chosen: choose at least one")
        with self._lock:
            for number, version in (seen or {}).items():
                if self.group(number).version != version:
                    raise ConflictError("this group was changed meanwhile, in another window: look again, and repeat")
            before = {face: rest for face, *rest in self._rows("SELECT number, grp, decided FROM faces")}
            for face in {*changes.faces, *(face for face, _ in changes.rejected)} - before.keys():
                self.face(face)  # ConflictError: it is gone
            states = {group.number: State(group.kind, group.name, group.named_folder) for group in self.groups()}
            known = self.rejected() if changes.rejected else {}
            keys = dict.fromkeys((face, person_key(name)) for face, name in changes.rejected)
            note = _Note(
                [(face, *before[face], group) for face, group in changes.faces.items()],
                [(number, states.get(number), state) for number, state in changes.groups.items()],
                [(face, key, key in known.get(face, ())) for face, key in keys],
            )
            with self._changing(()):
                self._run("INSERT INTO steps (about, changes) VALUES (?, ?)", about, json.dumps(note))
                number = int(self._one("SELECT last_insert_rowid()"))
                self._apply(note)
            return Step(number, about)

    def last_step(self) -> Step | None:
        """The decision that `undo` takes back."""
        rows = self._rows("SELECT number, about FROM steps WHERE NOT undone ORDER BY number DESC LIMIT 1")
        return Step(*rows[0]) if rows else None

    def undone_step(self) -> Step | None:
        """The decision that `redo` carries out again."""
        rows = self._rows("SELECT number, about FROM steps WHERE undone ORDER BY number LIMIT 1")
        return Step(*rows[0]) if rows else None

    def undo(self, number: int) -> Step:
        """Take back the last decision, which has this number. ConflictError when another one is the last."""
        with self._lock:
            return self._turn(self.last_step(), number, undone=True)

    def redo(self, number: int) -> Step:
        """Carry out again the decision that was taken back last, which has this number."""
        with self._lock:
            return self._turn(self.undone_step(), number, undone=False)

    def forget(self, name: str, faces: Collection[Face]) -> None:
        """Delete these faces and all that is kept about the person of this name, for ever. Other steps stay."""
        key, numbers, person = person_key(name), {face.number for face in faces}, self.person(name)
        group = None if person is None else person.number
        named = re.compile(rf"(?<!\w){re.escape(key)}(?!\w)")  # not Ann in Joanne
        with self._changing({face.group for face in faces}):
            for number, about, changes in self._rows("SELECT number, about, changes FROM steps"):
                if named.search(person_key(about)) or _is_about(changes, key, group, numbers):
                    self._run("DELETE FROM steps WHERE number = ?", number)
            for face in numbers:
                self._run("DELETE FROM rejected WHERE face = ?", face)
                self._run("DELETE FROM faces WHERE number = ?", face)
            self._run("DELETE FROM rejected WHERE key = ?", key)
            self._run("DELETE FROM groups WHERE number = ?", group)
        self._rows("PRAGMA wal_checkpoint(TRUNCATE)")  # the log that SQLite keeps still holds what was deleted

    def targets(self) -> list[tuple[Face, str]]:
        """The faces whose crops are being moved, and where each goes."""
        rows = self._rows(f"SELECT target, {_FACE} FROM faces WHERE target IS NOT NULL ORDER BY number")
        return [(_face(row), target) for target, *row in rows]

    def set_targets(self, targets: Mapping[int, str]) -> None:
        """Note where crops go, before they are moved."""
        with self._transaction():
            pairs = [(target, face) for face, target in targets.items()]
            self._database.executemany("UPDATE faces SET target = ? WHERE number = ?", pairs)

    def set_moved(self, faces: Mapping[int, str], stats: Mapping[int, str] | None = None) -> None:
        """Note where crops are now, and the new `stat` of some."""
        with self._transaction():
            numbers = [(face,) for face in faces]  # two crops may have changed places: no path is there twice
            self._database.executemany("UPDATE faces SET path = '/' || number, target = NULL WHERE number = ?", numbers)
            pairs = [(path, face) for face, path in faces.items()]
            self._database.executemany("UPDATE faces SET path = ? WHERE number = ?", pairs)
            self._database.executemany("INSERT OR IGNORE INTO meta VALUES ('moved', ?)", [("yes",)] if pairs else [])
            pairs = [(stat, face) for face, stat in (stats or {}).items()]
            self._database.executemany("UPDATE faces SET stat = ? WHERE number = ?", pairs)

    def places(self) -> list[tuple[int, str, str | None, str, str, int, float]]:
        """Of each face, in order of its path: group, path, box, file and SHA-256 of the photo, side and sharpness."""
        return self._rows(
            "SELECT grp, path, box, iif(file = '', path, file), photo, side, sharpness FROM faces ORDER BY path"
        )

    @property
    def has_moved(self) -> bool:
        """Whether crops were moved since `note_tables`."""
        return bool(self._rows("SELECT 1 FROM meta WHERE name = 'moved'"))

    def note_tables(self) -> None:
        """Note that the tables of the folder say where the crops are."""
        with self._transaction():
            self._run("DELETE FROM meta WHERE name = 'moved'")

    def misplaced(self) -> list[tuple[Face, Group]]:
        """The faces whose crops lie in another folder than that of their group."""
        groups = {group.number: group for group in self.groups()}
        folders = {number: group.folder for number, group in groups.items()}
        places = self._rows("SELECT number, path, grp FROM faces ORDER BY number")
        found = [face for face, path, group in places if path.partition("/")[0] != folders[group]]
        return [(face, groups[face.group]) for face in map(self.face, found)]

    def _note_face(self, photo: str, file: str, group: int, face: NewFace) -> None:
        box = None if face.box is None else str(face.box)
        features = None if face.features is None else face.features.astype("<f4").tobytes()
        self._run(
            "INSERT INTO faces (path, grp, photo, file, box, side, sharpness, features, sha256, stat) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            *(face.path, group, photo, file, box, face.side, face.sharpness, features, face.sha256, face.stat),
        )

    def _turn(self, step: Step | None, number: int, *, undone: bool) -> Step:
        if step is None or step.number != number:
            raise ConflictError("something else was decided meanwhile, in another window: look again, and repeat")
        try:
            note = _Note.read(self._one("SELECT changes FROM steps WHERE number = ?", number))
        except ValueError as error:
            raise damaged(self.folder, f"step {number} cannot be read") from error
        with self._transaction():
            (self._take_back if undone else self._apply)(note)
            self._run("UPDATE steps SET undone = ? WHERE number = ?", undone, number)
            self._count()
            if self._rows("SELECT 1 FROM faces WHERE grp NOT IN (SELECT number FROM groups)"):
                raise damaged(self.folder, f"step {number} is about groups that are not there")
        return step

    def _apply(self, note: _Note) -> None:
        for number, _, state in note.groups:
            self._set_group(number, state)
        moves = [(group, face) for face, _, _, group in note.faces]
        self._database.executemany("UPDATE faces SET grp = ?, decided = 1 WHERE number = ?", moves)
        keys = [(face, key) for face, key, _ in note.rejected]
        self._database.executemany("INSERT OR IGNORE INTO rejected VALUES (?, ?)", keys)
        self._touch_all(note)

    def _take_back(self, note: _Note) -> None:
        keys = [(face, key) for face, key, known in note.rejected if not known]
        self._database.executemany("DELETE FROM rejected WHERE face = ? AND key = ?", keys)
        moves = [(group, decided, face) for face, group, decided, _ in note.faces]
        self._database.executemany("UPDATE faces SET grp = ?, decided = ? WHERE number = ?", moves)
        for number, state, _ in reversed(note.groups):
            has_faces = bool(self._rows("SELECT 1 FROM faces WHERE grp = ? LIMIT 1", number))
            if state is None and not has_faces:
                self._run("DELETE FROM groups WHERE number = ?", number)
            else:  # a later grouping may have put faces into a group that was made by this step
                self._set_group(number, state or State(Kind.PERSON))
        self._touch_all(note)

    def _touch_all(self, note: _Note) -> None:
        """Give a new version to every group whose faces or state have changed."""
        owners = [group for face, *_ in note.rejected for (group,) in self._rows(_OWNER, face)]
        moved = [group for _, before, _, after in note.faces for group in (before, after)]
        self._touch([*(number for number, *_ in note.groups), *moved, *owners])

    def _touch(self, groups: Iterable[int]) -> None:
        revision = self.revision + 1
        pairs = [(revision, group) for group in set(groups)]
        self._database.executemany("UPDATE groups SET version = ? WHERE number = ?", pairs)

    def _set_group(self, number: int, state: State) -> None:
        """Set the state of a group. A name or a folder that another one has by now, made by hand, stays that one's."""
        key, name = None if state.name is None else person_key(state.name), state.folder and folded(state.folder)
        if self._rows("SELECT 1 FROM groups WHERE number <> ? AND (key = ? OR folded = ?)", number, key, name):
            state, key, name = State(state.kind), None, None
        self._run(
            "INSERT INTO groups (number, kind, name, key, folder, folded) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (number) DO UPDATE SET kind = excluded.kind, name = excluded.name, key = excluded.key, "
            "folder = excluded.folder, folded = excluded.folded",
            *(number, state.kind, state.name, key, state.folder, name),
        )
        self._touch([number])

    def _check_made(self, made_with: Mapping[str, Any] | None) -> None:
        """Note how the faces are found; UsageError where that is not how those that are there were found."""
        if made_with is None:
            return
        known = next((json.loads(text) for (text,) in self._rows(_MADE_WITH)), None)
        if known is None and self._rows("SELECT 1 FROM faces UNION SELECT 1 FROM steps"):
            raise UsageError(f"{self.folder} is a folder of people, not of groups: name a new or an empty folder")
        wanted = json.loads(json.dumps(made_with))
        if known not in (None, wanted):
            found, asked = _different(known, wanted), _different(wanted, known)
            raise UsageError(
                f"the faces in {self.folder} were found with {found}; asked for {asked}: choose the same, or another "
                "folder"
            )
        with self._transaction():
            self._run("INSERT OR IGNORE INTO meta VALUES ('made_with', ?)", json.dumps(made_with, sort_keys=True))

    @contextmanager
    def _changing(self, groups: Iterable[int]) -> Iterator[None]:
        """A transaction that changes these groups, behind which nothing that was undone can be done again."""
        with self._transaction():
            self._run("DELETE FROM steps WHERE undone")
            yield
            self._touch(groups)
            self._count()

    def _count(self) -> None:
        self._run("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'revision'")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, disk(self.folder):
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # SQLite ends it itself when the disk is full
                    self._database.execute("ROLLBACK")
                raise

    def _run(self, query: str, *values: object) -> None:
        self._database.execute(query, values)

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock, disk(self.folder):
            return self._database.execute(query, values).fetchall()

    def _one(self, query: str, *values: object) -> Any:
        return self._rows(query, *values)[0][0]


def _face(row: Sequence[Any]) -> Face:
    number, path, group, placed, decided, photo, file, box, *rest = row
    try:
        where = None if box is None else Box.parse(box)
    except (TypeError, ValueError):  # a stranger's database
        where = None
    return Face(number, path, group, bool(placed), bool(decided), photo, file or path, where, *rest)


def _is_about(changes: str, key: str, group: int | None, faces: Collection[int]) -> bool:
    """Whether a step is about one of these faces, or a person: the key of the name, and the group."""
    try:
        note = _Note.read(changes)
    except ValueError:  # nobody can undo it
        return True
    states = [state for _, *both in note.groups for state in both if state is not None and state.name is not None]
    return (
        any(face in faces or group in (before, after) for face, before, _, after in note.faces)
        or any(number == group for number, *_ in note.groups)
        or any(person_key(state.name or "") == key for state in states)
        or any(face in faces or rejected == key for face, rejected, _ in note.rejected)
    )


def _state(kind: str, name: object, folder: object) -> State:
    """Raise ValueError for what is none."""
    if isinstance(name, str) and isinstance(folder, str) and is_name(folder):
        return State(Kind(kind), name, folder)
    if name is not None or folder is not None:
        raise ValueError(name, folder)
    return State(Kind(kind))


def _different(one: Any, other: Any) -> str:
    """Return in words what is different in `one`, of JSON."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return json.dumps(one)
    return ", ".join(f"{key} {_different(one[key], other.get(key))}" for key in one if one[key] != other.get(key))
