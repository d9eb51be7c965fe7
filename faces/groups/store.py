"""The database of a folder of groups, `DIR/groups.sqlite`: its faces, their groups, and each decision about them.

    meta       the format, how the faces were found, the number of changes so far
    photos     each photo that was searched, by its SHA-256, and how many faces it has
    faces      each face: its crop, `target` while that is moved, its group, its features
    groups     kind and name of each group
    rejected   who a face is not, by the key of the name
    steps      each decision: what it changed, from what to what

A decision is one transaction: after a kill all of it is there or nothing. It is undone by its step alone. One process
has the folder at a time; its threads may use a `Groups` at the same time.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from data.folder_lock import lock_folder
from data.folder_names import candidates, folded
from data.photos.folder import person_key
from data.rows import Box
from data.unnamed import GROUPS, is_nobody
from errors import ConflictError, StorageError, UsageError
from faces.groups.values import NOT_FACES, UNSORTED, Face, Group, Kind, NewFace

FORMAT = "1"
LOCK = ".groups.lock"  # hidden: no command takes it for a photo or a person
_TABLES = f"""
    CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS photos (
        sha256 TEXT PRIMARY KEY, file TEXT NOT NULL, faces INTEGER NOT NULL, too_small INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS faces (
        number INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, target TEXT UNIQUE, grp INTEGER NOT NULL,
        decided INTEGER NOT NULL DEFAULT 0, photo TEXT NOT NULL, file TEXT NOT NULL, box TEXT,
        side INTEGER NOT NULL, sharpness REAL NOT NULL, features BLOB, sha256 TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS faces_of_a_group ON faces (grp);
    CREATE TABLE IF NOT EXISTS groups (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT, key TEXT UNIQUE, folder TEXT, folded TEXT UNIQUE,
        version INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS rejected (face INTEGER, key TEXT, PRIMARY KEY (face, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS steps (
        number INTEGER PRIMARY KEY, about TEXT NOT NULL, changes TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0
    );
    INSERT OR IGNORE INTO meta VALUES ('format', '{FORMAT}'), ('revision', '0');
    INSERT OR IGNORE INTO groups (number, kind) VALUES
        ({UNSORTED}, '{Kind.UNSORTED}'), ({NOT_FACES}, '{Kind.NOT_FACES}');
"""
_FACE = "number, path, grp, decided, photo, file, box, side, sharpness, sha256"


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


class Groups:
    """The database of a folder, open and locked; a context manager. StorageError when the disk refuses."""

    def __init__(self, folder: Path, made_with: Mapping[str, Any] | None = None) -> None:
        """Open the folder's database or make one; `made_with` says how faces are found, None: as they were.

        Raises UsageError when its faces were found in another way, or by a later version of this program, StorageError
        when another process has it.
        """
        self.folder, self._lock = folder, RLock()
        busy = f"another process is working on the groups in {folder}: wait for it, or stop it"
        with ExitStack() as undo:
            undo.callback(lock_folder(folder, busy, LOCK).release)
            with self._disk():
                self._database = sqlite3.connect(folder / GROUPS, check_same_thread=False, isolation_level=None)
                undo.callback(self._database.close)
                self._database.execute("PRAGMA journal_mode = WAL")
                self._database.execute("PRAGMA synchronous = FULL")  # a power cut does not lose a decision either
                self._database.executescript(f"BEGIN; {_TABLES} COMMIT;")
            self._check(made_with)
            self._closing = undo.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.close()

    @property
    def is_of_heap(self) -> bool:
        """Whether its faces were found in whole photos, not brought along with their people."""
        return bool(self._rows("SELECT 1 FROM meta WHERE name = 'made_with'"))

    @property
    def revision(self) -> int:
        """How many changes there have been."""
        return int(self._one("SELECT value FROM meta WHERE name = 'revision'"))

    def is_searched(self, photo: str) -> bool:
        """Whether the faces of the photo with this SHA-256 are known."""
        return bool(self._rows("SELECT 1 FROM photos WHERE sha256 = ?", photo))

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
        """The folder for a new person of this name, which no other person and no group has."""
        taken = {folder for (folder,) in self._rows("SELECT folded FROM groups WHERE folded IS NOT NULL")}
        return next(one for one in candidates(name) if folded(one) not in taken and not is_nobody(folded(one)))

    def add_photo(self, sha256: str, file: str, too_small: int, faces: Sequence[NewFace]) -> None:
        """Note a photo that was searched, and its faces, as unsorted. Their crops are stored already."""
        with self._changing():
            self._note_faces(sha256, file, UNSORTED, faces)
            self._run("INSERT OR REPLACE INTO photos VALUES (?, ?, ?, ?)", sha256, file, len(faces), too_small)

    def add_faces(self, sha256: str, file: str, group: int, faces: Sequence[NewFace]) -> None:
        """Note faces that lie in the folder of a group already."""
        with self._changing(group):
            self._note_faces(sha256, file, group, faces)

    def add_group(self, state: State) -> int:
        """Make a group without a decision; return its number."""
        with self._changing():
            number = self.new_number()
            self._set_group(number, state)
            return number

    def regroup(self, faces: Mapping[int, int]) -> None:
        """Put faces into groups, new ones if they are not there, without a decision."""
        with self._changing(*faces.values()):
            for group in sorted(set(faces.values()) - {group.number for group in self.groups()}):
                self._set_group(group, State(Kind.PERSON))
            self._database.executemany(
                "UPDATE faces SET grp = ? WHERE number = ?", [(group, face) for face, group in faces.items()]
            )
            self._touch(faces.values())

    def drop(self, faces: Iterable[int]) -> None:
        """Forget faces whose crops are gone. The photo stays known: they are not found again."""
        with self._changing():
            for table, column in (("faces", "number"), ("rejected", "face")):
                self._database.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(face,) for face in faces])

    def decide(self, about: str, changes: Changes, seen: Mapping[int, int] | None = None) -> Step:
        """Carry out a decision and note it as a step.

        `seen` has the version of each group as it was when somebody decided: ConflictError when one is another now.
        """
        with self._lock:
            for number, version in (seen or {}).items():
                if self.group(number).version != version:
                    raise ConflictError("this group was changed meanwhile, in another window: look again, and repeat")
            before = {face: self.face(face) for face in {*changes.faces, *(face for face, _ in changes.rejected)}}
            states = {group.number: State(group.kind, group.name, group.named_folder) for group in self.groups()}
            known = self.rejected()
            note = {
                "faces": [
                    [face, before[face].group, before[face].is_decided, group] for face, group in changes.faces.items()
                ],
                "groups": [[number, states.get(number), state] for number, state in changes.groups.items()],
                "rejected": [
                    [face, person_key(name)]
                    for face, name in changes.rejected
                    if person_key(name) not in known.get(face, ())
                ],
            }
            with self._changing():
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

    def targets(self) -> list[tuple[int, str, str]]:
        """The faces whose crops are being moved: number, path, and where it goes."""
        return self._rows("SELECT number, path, target FROM faces WHERE target IS NOT NULL ORDER BY number")

    def set_targets(self, targets: Mapping[int, str]) -> None:
        """Note where crops go, before they are moved."""
        with self._transaction():
            pairs = [(target, face) for face, target in targets.items()]
            self._database.executemany("UPDATE faces SET target = ? WHERE number = ?", pairs)

    def set_moved(self, faces: Mapping[int, str]) -> None:
        """Note where crops are now."""
        with self._transaction():
            pairs = [(path, face) for face, path in faces.items()]
            self._database.executemany("UPDATE faces SET path = ?, target = NULL WHERE number = ?", pairs)

    def misplaced(self) -> list[tuple[Face, Group]]:
        """The faces whose crops lie in another folder than that of their group."""
        groups = {group.number: group for group in self.groups()}
        found = ((face, groups[face.group]) for face in self.faces())
        return [(face, group) for face, group in found if face.path.partition("/")[0] != group.folder]

    def _note_faces(self, photo: str, file: str, group: int, faces: Sequence[NewFace]) -> None:
        for face in faces:
            box = None if face.box is None else str(face.box)
            features = None if face.features is None else face.features.astype("<f4").tobytes()
            self._run(
                "INSERT INTO faces (path, grp, photo, file, box, side, sharpness, features, sha256) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(face.path, group, photo, file, box, face.side, face.sharpness, features, face.sha256),
            )

    def _turn(self, step: Step | None, number: int, *, undone: bool) -> Step:
        if step is None or step.number != number:
            raise ConflictError("something else was decided meanwhile, in another window: look again, and repeat")
        note = json.loads(self._one("SELECT changes FROM steps WHERE number = ?", number))
        with self._transaction():
            (self._take_back if undone else self._apply)(note)
            self._run("UPDATE steps SET undone = ? WHERE number = ?", undone, number)
            self._count()
        return step

    def _apply(self, note: Mapping[str, Any]) -> None:
        for number, _, state in note["groups"]:
            self._set_group(number, State(*state))
        for face, _, _, group in note["faces"]:
            self._run("UPDATE faces SET grp = ?, decided = 1 WHERE number = ?", group, face)
        for face, key in note["rejected"]:
            self._run("INSERT OR IGNORE INTO rejected VALUES (?, ?)", face, key)
            self._run("UPDATE faces SET decided = 1 WHERE number = ?", face)
        self._touch_all(note)

    def _take_back(self, note: Mapping[str, Any]) -> None:
        for face, key in note["rejected"]:
            self._run("DELETE FROM rejected WHERE face = ? AND key = ?", face, key)
        for face, group, decided, _ in note["faces"]:
            self._run("UPDATE faces SET grp = ?, decided = ? WHERE number = ?", group, decided, face)
        for number, state, _ in reversed(note["groups"]):
            has_faces = bool(self._rows("SELECT 1 FROM faces WHERE grp = ? LIMIT 1", number))
            if state is None and not has_faces:
                self._run("DELETE FROM groups WHERE number = ?", number)
            else:  # a later grouping may have put faces into a group that was made by this step
                self._set_group(number, State(Kind.PERSON) if state is None else State(*state))
        self._touch_all(note)

    def _touch_all(self, note: Mapping[str, Any]) -> None:
        """Give a new version to every group whose faces or state have changed."""
        groups = [number for number, *_ in note["groups"]]
        groups += [group for _, before, _, after in note["faces"] for group in (before, after)]
        owners = [self.face(face).group for face, _ in note["rejected"]]
        self._touch([*groups, *owners])

    def _touch(self, groups: Iterable[int]) -> None:
        revision = self.revision + 1
        pairs = [(revision, group) for group in set(groups)]
        self._database.executemany("UPDATE groups SET version = ? WHERE number = ?", pairs)

    def _set_group(self, number: int, state: State) -> None:
        key = None if state.name is None else person_key(state.name)
        columns = (number, state.kind, state.name, key, state.folder, state.folder and folded(state.folder))
        self._run(
            "INSERT INTO groups (number, kind, name, key, folder, folded) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (number) DO UPDATE SET kind = excluded.kind, name = excluded.name, key = excluded.key, "
            "folder = excluded.folder, folded = excluded.folded",
            *columns,
        )

    def _check(self, made_with: Mapping[str, Any] | None) -> None:
        """Note how the faces are found; UsageError where that is not how those that are there were found."""
        known = dict(self._rows("SELECT name, value FROM meta"))
        if known["format"] != FORMAT:
            raise UsageError(
                f"{self.folder / GROUPS} has format {known['format']}, of another version of this program: expected "
                f"format {FORMAT}; use that version"
            )
        if made_with is None:
            return
        wanted = json.dumps(made_with, sort_keys=True)
        if known.get("made_with", wanted) != wanted:
            raise UsageError(
                f"the faces in {self.folder} were found with {known['made_with']}; asked for {wanted}: choose the "
                "same, or another folder"
            )
        with self._transaction():
            self._run("INSERT OR IGNORE INTO meta VALUES ('made_with', ?)", wanted)

    @contextmanager
    def _changing(self, *groups: int) -> Iterator[None]:
        """A transaction of a change behind which nothing that was undone can be done again."""
        with self._transaction():
            self._run("DELETE FROM steps WHERE undone")
            yield
            self._touch(groups)
            self._count()

    def _count(self) -> None:
        self._run("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE name = 'revision'")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock, self._disk():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise

    @contextmanager
    def _disk(self) -> Iterator[None]:
        """SQLite's errors as a StorageError of one line."""
        try:
            yield
        except sqlite3.Error as error:
            raise StorageError(f"cannot use the groups {self.folder / GROUPS}: {error}") from error

    def _run(self, query: str, *values: object) -> None:
        self._database.execute(query, values)

    def _rows(self, query: str, *values: object) -> list[Any]:
        with self._lock, self._disk():
            return self._database.execute(query, values).fetchall()

    def _one(self, query: str, *values: object) -> Any:
        return self._rows(query, *values)[0][0]


def _face(row: Sequence[Any]) -> Face:
    number, path, group, decided, photo, file, box, side, sharpness, sha256 = row
    try:
        where = None if box is None else Box.parse(box)
    except (TypeError, ValueError):  # a stranger's database
        where = None
    return Face(number, path, group, bool(decided), photo, file, where, side, sharpness, sha256)
