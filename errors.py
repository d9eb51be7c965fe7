"""Every error a user can meet, as one tree. A leaf of the project: each room may import it, it imports none.

    FacesError                 the root, for which `cli.py` prints one line
    ├── UsageError             a flag or an argument with a value that is not allowed
    ├── ListError              a list of photos that is not one
    ├── DatasetError           a folder of photos or digits that cannot be trained on
    ├── RunError               a run folder or checkpoint that cannot be read here
    ├── DivergedError          a training whose numbers grew beyond all bounds
    ├── RanksError             processes that train together, and one of them is gone
    ├── ProcessError           a process that worked for this one, and died
    ├── ClusterError           a cluster that lost what it was working on
    ├── ImageError             what was given in the place of an image is none
    ├── NotFittedError         a classifier that was asked before it was trained
    ├── LayerError             tensors of the wrong shape, or backward before forward
    ├── ConflictError          a decision about what another window has changed meanwhile
    ├── FetchError             a file that no server gave as it should be
    └── StorageError           the disk refused: full, read-only, in use by another process

    Terminated                 SIGTERM; no FacesError, but a KeyboardInterrupt

A message is one line a person can act on: what was wrong, what was expected, what came, what to do.
"""


class FacesError(Exception):
    """The root. `exit_code` is what the command line ends with (2: not what the command needs)."""

    exit_code = 2


class UsageError(FacesError):
    """A flag or an argument with a value that is not allowed."""


class ListError(FacesError):
    """A list of photos that is missing, unreadable or without a single good row."""


class DatasetError(FacesError):
    """A folder of photos or digits that is missing, empty, damaged, or too small for what was asked."""


class RunError(FacesError):
    """A run folder or a checkpoint that is missing, damaged, or of another format."""


class DivergedError(FacesError):
    """A training whose loss or parameters are no longer finite: its settings let it take too large steps."""


class RanksError(FacesError):
    """A process that trains together with this one has ended, or cannot be reached."""

    exit_code = 1


class ProcessError(FacesError):
    """A process that worked for this one has died."""

    exit_code = 1


class ClusterError(FacesError):
    """A cluster lost its machines, or one of them again and again, before the work was done."""

    exit_code = 1


class ImageError(FacesError, ValueError):
    """What was given in the place of an image has the wrong dtype, range or shape, or is a file that is no image."""


class NotFittedError(FacesError, ValueError, AttributeError):
    """A classifier was asked before it was trained."""


def not_fitted(name: str) -> Exception:
    """Return the error of a classifier that is not trained yet: scikit-learn's own where it is installed."""
    message = f"this {name} is not trained yet: call fit(images, names) first, or read a run with faces.load"
    try:
        from sklearn.exceptions import NotFittedError as Theirs
    except ImportError:
        return NotFittedError(message)
    kind = type("NotFittedError", (NotFittedError, Theirs), {"__doc__": NotFittedError.__doc__})
    error: Exception = kind(message)
    return error


class LayerError(FacesError, ValueError):
    """A layer, loss or optimiser was given what its contract forbids."""


class ConflictError(FacesError):
    """A decision about a group of faces that is no longer as it was seen: another window has changed it."""


class FetchError(FacesError):
    """No server gave the file that was asked for, or none the right one; what had come before it is stored."""

    exit_code = 1


class StorageError(FacesError):
    """The disk refused to keep a file; nothing half-written is left under its final name."""

    exit_code = 1


class Terminated(KeyboardInterrupt):
    """SIGTERM, raised in the main thread. Code that saves its work on Ctrl-C so saves it on TERM too.

    The program then ends with `exit_code`, Ctrl-C with 130.
    """

    exit_code = 143
