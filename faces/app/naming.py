"""The groups of a folder as the page works on them: what is shown, what is decided, a training and its report."""

import threading
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

from data.inside import inside
from data.photos.images import read_photo
from errors import ConflictError, UsageError
from faces.app.cards import cards_of_doubts, cards_of_groups, faces_of_group
from faces.app.training import Training, train_command
from faces.groups.doubts import Doubt, doubts_of, is_run_of
from faces.groups.files import follow
from faces.groups.store import Groups, Step
from faces.groups.suggestions import Suggestions
from faces.groups.values import Kind
from faces.run import load_faces
from faces.settings import PORT
from report.run_folder import PAGE, read_file


class Naming:
    """The groups of a folder on a page, and the run whose suggestions it shows."""

    def __init__(self, groups: Groups, run: Path | None, new_run: Callable[[], Path], model: str) -> None:
        """`new_run` makes the folder for a training of `model`. Raises RunError when `run` cannot be read."""
        self.groups, self.run, self._new_run, self._model = groups, run, new_run, model
        self.training: Training | None = None
        self._changing = Lock()  # one change at a time, from its step to the end of its moves
        self._doubts: list[Doubt] = []
        self._suggestions: Suggestions | None = None
        self._asked = self._to_ask = 0  # faces that the run was asked about
        if run is not None:
            self._use(run)

    def state(self, *, worst: bool) -> dict[str, Any]:
        """Return all that the page shows."""
        last, undone = self.groups.last_step(), self.groups.undone_step()
        groups = self.groups.groups()
        cards = cards_of_doubts(self.groups, self._doubts) if worst else cards_of_groups(self.groups, self._suggestions)
        return {
            "revision": self.groups.revision,
            "cards": cards,
            "names": sorted({group.name for group in groups if group.kind is Kind.PERSON and group.name}),
            "undo": last and {"number": last.number, "about": last.about},
            "redo": undone and {"number": undone.number, "about": undone.about},
            "run": None if self.run is None else self.run.name,
            "asked": self._asked,
            "to_ask": self._to_ask,
            "training": self.training and self.training.as_json(),
        }

    def group(self, number: int) -> dict[str, Any]:
        """Return all faces of a group."""
        return faces_of_group(self.groups, number, self._suggestions)

    def crop(self, number: int) -> bytes | None:
        """Return the crop of a face, if it is there."""
        path = inside(self.groups.folder, self.groups.face(number).path)
        data = None if path is None else read_photo(path)
        return data if isinstance(data, bytes) else None

    def change(self, change: Callable[[Groups], Step]) -> Step:
        """Carry out a decision, or take one back. It is on the disk before this returns."""
        with self._changing:
            step = change(self.groups)
            if not self.is_training:  # it reads the crops: they follow at its end
                follow(self.groups)
            return step

    @property
    def is_training(self) -> bool:
        """Whether a training is running."""
        return self.training is not None and self.training.is_running

    @property
    def is_busy(self) -> bool:
        """Whether the state changes though nobody decides anything."""
        return self.is_training or self._asked < self._to_ask

    def train(self) -> None:
        """Begin a training on the people who have names. ConflictError while one is running."""
        with self._changing:
            if self.is_training:
                raise ConflictError("a training is running: wait for its end")
            follow(self.groups)
            out = self._new_run()
            self.training = Training(train_command(self.groups.folder, out, self._model), out, self._trained)

    def report(self) -> str:
        """Return the page of the run, whose links lead here. RunError when there is none."""
        if self.run is None:
            raise UsageError("there is no run yet: train one")
        return read_file(self.run, PAGE).decode(errors="replace").replace(f"http://127.0.0.1:{PORT}/", "/")

    def close(self) -> None:
        """End a training that is running."""
        if self.training is not None:
            self.training.stop()

    def _trained(self, right: bool) -> None:
        with self._changing:
            follow(self.groups)
        if right and self.training is not None:
            self._use(self.training.out)

    def _use(self, run: Path) -> None:
        """Show what this run says, as soon as it was asked about every face."""
        classifier = load_faces(run)
        self._doubts = doubts_of(run, self.groups.folder) if is_run_of(run, self.groups.folder) else []
        self.run, suggestions = run, Suggestions(classifier)
        faces = self.groups.faces()
        self._asked, self._to_ask = 0, len(faces)

        def count() -> None:
            self._asked += 1

        def ask() -> None:
            suggestions.learn(self.groups.folder, faces, count)
            self._asked, self._suggestions = self._to_ask, suggestions

        threading.Thread(target=ask, daemon=True).start()
