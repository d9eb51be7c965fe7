"""The groups of a folder as the page works on them: what is shown, what is decided, a training and its report."""

import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Any

from errors import ConflictError, FacesError, UsageError
from faces.app.cards import Cards
from faces.app.crops import shown_crop
from faces.app.following import Follower
from faces.app.training import Training, train_command
from faces.groups.doubts import Doubt, doubts_of, is_run_of
from faces.groups.store import Groups, Step
from faces.groups.suggestions import Suggestions
from faces.groups.values import Face, Kind
from faces.settings import PORT
from report.run_folder import PAGE, read_file

_SHOW_AFTER = 2.0  # seconds in which a run is asked, then what it has said so far is shown
_MOST_DIGITS = 19  # of a revision
_TRIES = 3  # a crop may be moved while the run is asked about it


class Naming:
    """The groups of a folder on a page, and the run whose suggestions it shows."""

    def __init__(self, groups: Groups, run: Path | None, new_run: Callable[[], Path], model: str) -> None:
        """`new_run` makes the folder for a training of `model`. Raises RunError when `run` cannot be read."""
        self.groups, self.run, self._new_run, self._model = groups, run, new_run, model
        self._training: Training | None = None
        self._starting = Lock()  # one training at a time
        self._follower = Follower(groups)
        self._trouble = ""  # why a run cannot be used
        self._doubts: list[Doubt] = []
        self._asking: _Asking | None = None
        self._show(None)
        if run is not None:
            self._use(run)

    def state(self, *, worst: bool, known: str = "") -> dict[str, Any]:
        """Return all that the page shows. Of cards that are as they were at the state `known`, the "id" alone, and of
        cards that all are so, None."""
        shown, cards, stamp = self._shown, None, f"{self._shown}.{self.groups.revision}"
        if stamp != known:
            revision = known.removeprefix(f"{shown}.")
            before = int(revision) if revision.isdecimal() and len(revision) < _MOST_DIGITS else -1
            cards = self._cards.of_doubts(self._doubts) if worst else self._cards.of_groups()
            cards = [card if card["version"] > before else {"id": card["id"]} for card in cards]
        last, undone, asking = self.groups.last_step(), self.groups.undone_step(), self._asking
        return {
            "stamp": stamp,
            "cards": cards,
            "names": None if cards is None else self._names(),
            "undo": last and {"number": last.number, "about": last.about},
            "redo": undone and {"number": undone.number, "about": undone.about},
            "run": None if self.run is None else self.run.name,
            "asked": asking.asked if asking else 0,
            "to_ask": asking.to_ask if asking else 0,
            "training": self._training and self._training.as_json(),
            "trouble": self._follower.trouble or self._trouble,
        }

    def group(self, number: int) -> dict[str, Any]:
        """Return all faces of a group."""
        return self._cards.faces_of(number)

    def crop(self, number: int) -> tuple[bytes, str] | None:
        """Return the crop of a face and its media type, if it is there."""
        for _ in range(_TRIES):  # it may be moved between the two
            path = self.groups.face(number).path
            if crop := shown_crop(self.groups.folder, path):
                return crop
            time.sleep(0.05)
        return None

    def change(self, change: Callable[[Groups], Step]) -> Step:
        """Carry out a decision, or take one back. It is on the disk before this returns; its crops follow."""
        step = change(self.groups)
        self._follower.wake()
        return step

    def train(self) -> None:
        """Begin a training on the people who have names. ConflictError while one is running."""
        with self._starting:
            if self._training is not None and self._training.is_running:
                raise ConflictError("a training is running: wait for its end")
            self._follower.hold()
            try:
                out = self._new_run()
                command = train_command(self.groups.folder, out, self._model)
                self._training = Training(command, lambda right: self._trained(out, right))
            except BaseException:
                self._follower.release()
                raise

    def report(self) -> str:
        """Return the page of the run, whose links lead here. RunError when there is none."""
        if self.run is None:
            raise UsageError("there is no run yet: train one")
        return read_file(self.run, PAGE).decode(errors="replace").replace(f"http://127.0.0.1:{PORT}/", "/")

    def close(self) -> None:
        """End what is running, and move the crops that are left to be moved."""
        if self._training is not None:
            self._training.stop()
        if self._asking is not None:
            self._asking.stop()
        self._follower.close()

    def _trained(self, run: Path, right: bool) -> None:
        self._follower.release()
        if not right:
            with suppress(OSError):  # what was trained so far stays
                run.rmdir()
            return
        try:
            self._use(run)
        except FacesError as error:
            self._trouble = str(error)

    def _use(self, run: Path) -> None:
        """Show what this run says, as it is asked about the faces."""
        from faces.run import load_faces  # torch, which a page without a run does not need

        classifier = load_faces(run)
        self._doubts = doubts_of(run, self.groups.folder) if is_run_of(run, self.groups.folder) else []
        if self._asking is not None:
            self._asking.stop()
        self.run, self._trouble, suggestions = run, "", Suggestions(classifier)
        self._asking = _Asking(self.groups, suggestions, lambda: self._show(suggestions))

    def _show(self, suggestions: Suggestions | None) -> None:
        self._cards = Cards(self.groups, suggestions)
        self._shown = secrets.token_hex(4)

    def _names(self) -> list[str]:
        return sorted({group.name for group in self.groups.groups() if group.kind is Kind.PERSON and group.name})


class _Asking:
    """Asks a run about every face in a thread, those of the largest groups first; `on_news` is called now and then."""

    def __init__(self, groups: Groups, suggestions: Suggestions, on_news: Callable[[], None]) -> None:
        self._groups, self._suggestions, self._on_news = groups, suggestions, on_news
        self._ending, self._told = Event(), time.monotonic()
        self.asked, self.to_ask = 0, len(groups.faces())
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask no more."""
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for last in (*[False] * (_TRIES - 1), True):
                self._suggestions.learn(self._groups.folder, self._faces(), self._count, last=last)
        except InterruptedError:
            return
        finally:
            self.asked = self.to_ask
            self._on_news()

    def _faces(self) -> list[Face]:
        faces = self._groups.faces()
        sizes = dict[int, int]()
        for face in faces:
            sizes[face.group] = sizes.get(face.group, 0) + (face.group > 0)
        return sorted(faces, key=lambda face: (-sizes[face.group], face.group, face.number))

    def _count(self) -> None:
        if self._ending.is_set():
            raise InterruptedError
        self.asked += 1
        if time.monotonic() - self._told > _SHOW_AFTER:
            self._told = time.monotonic()
            self._on_news()
