"""The crops follow the decisions a moment later: an answer need not wait for thousands of files to be renamed."""

from threading import Event, Lock, Thread

from errors import FacesError
from faces.groups.files import follow
from faces.groups.store import Groups

_QUIET = 0.5  # seconds without a decision, then crops are moved


class Follower:
    """Moves crops in a thread of its own, after decisions. A kill loses nothing: the next start moves them."""

    def __init__(self, groups: Groups) -> None:
        self.trouble = ""  # why crops cannot be moved
        self._groups, self._moving = groups, Lock()
        self._due, self._held, self._ending = Event(), False, False
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there was a decision."""
        self._due.set()

    def hold(self) -> None:
        """Move the crops now, and then none until `release`: they are being read. StorageError when it fails."""
        with self._moving:
            follow(self._groups)
            self._held = True

    def release(self) -> None:
        """Move crops again."""
        self._held = False
        self.wake()

    def close(self) -> None:
        """Move what is left to be moved, and end."""
        self._ending, self._held = True, False
        self.wake()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending:
            self._due.wait()
            while not self._ending:
                self._due.clear()
                if not self._due.wait(_QUIET):
                    break
            with self._moving:
                if not self._held:
                    self._follow()

    def _follow(self) -> None:
        try:
            follow(self._groups)
            self.trouble = ""
        except FacesError as error:
            self.trouble = f"the decisions are kept, but the files cannot follow: {error}"
