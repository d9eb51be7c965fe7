"""The folder of a run while it is trained: where it may go, what `--resume` needs, and how it is published.

training.json                   what was asked for: the command's options, so that they need not be given again
training.safetensors            the state after an epoch, saved every few seconds
training.previous.safetensors   the one before it

A finished run that is trained over stays as it is, beside these files, until the new one takes its place as a whole.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from data.atomic_folder import atomic_folder, restore
from data.atomic_write import atomic_write, is_part, remove_leftovers
from data.folder_lock import LOCK, locked
from errors import RunError, StorageError, UsageError
from report.run_folder import (
    FILES,
    METRICS,
    MODEL,
    REQUEST,
    STATE,
    STATE_BEFORE,
    UNFINISHED,
    as_json,
    finished,
    make_out,
    read_metrics,
)

_SYSTEMS_FILES = (".DS_Store", "Thumbs.db", "desktop.ini")  # of programs that show folders


@contextmanager
def training_in(out: Path, *, resume: bool = False, overwrite: bool = False) -> Iterator[None]:
    """Hold the lock of a run's folder. If nothing is written into it, it is left as it was found.

    Raises UsageError when `out` is something else than a run's folder, or holds a run that neither `resume` nor
    `overwrite` asks for, StorageError when another training has it, or the disk refuses.
    """
    check_out(out, resume=resume, overwrite=overwrite)
    restore(out)
    busy = f"another training is working in {out}: wait for it, or choose another --out"
    with locked(out, busy):
        remove_leftovers(out)
        check_out(out, resume=resume, overwrite=overwrite)  # once more: now nobody else changes it
        was_asked = (out / REQUEST).exists()  # by an earlier training, which must be able to go on
        try:
            yield
        except Exception:  # an interrupted training can go on also before its first epoch has ended
            if not was_asked and not any((out / name).exists() for name in (STATE, STATE_BEFORE)):
                (out / REQUEST).unlink(missing_ok=True)
            raise


@contextmanager
def changing(run: Path) -> Iterator[None]:
    """Hold the lock of a finished run that is to be changed.

    Raises RunError when there is none, or a training in it has not ended, StorageError when another process has it.
    """
    restore(run)
    read_metrics(run)  # a folder without a run is left as it is
    busy = f"a training or a change of people is working in {run}: wait for it, then try again"
    with locked(run, busy):
        remove_leftovers(run)
        if any((run / name).exists() for name in UNFINISHED):
            raise RunError(f"{run} holds a training that has not ended: go on with --resume, then change its people")
        yield


def check_out(out: Path, *, resume: bool = False, overwrite: bool = False) -> None:
    """Raise UsageError when a training may not go into `out`, as `training_in` says."""
    try:
        found = {path.name for path in out.iterdir()}
    except FileNotFoundError:
        return
    except NotADirectoryError as error:
        raise UsageError(f"{out} is a file, or in one: expected a folder for the run; choose another --out") from error
    except OSError as error:
        raise UsageError(f"{out} cannot be read: {error.strerror}; choose another --out") from error
    foreign = sorted(name for name in found if not _is_ours(name))
    if foreign:
        raise UsageError(
            f"{out} holds files that are no run's, such as {ascii(foreign[0])[1:-1]}: move them, or choose another "
            "--out, or an empty folder"
        )
    if resume or overwrite:
        return
    if METRICS in found or (MODEL in found and STATE not in found):
        raise UsageError(f"{out} holds a finished run: replace it with --overwrite, or choose another --out")
    if found & {STATE, STATE_BEFORE}:
        raise UsageError(
            f"{out} holds an interrupted training: go on with --resume, begin anew with --overwrite, or choose another "
            "--out"
        )


def begin(out: Path, request: Mapping[str, Any]) -> None:
    """Note what was asked for, and remove what an earlier training that was interrupted has left."""
    try:
        for name in (STATE, STATE_BEFORE):
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot write {out}: {error.strerror}; choose another --out") from error
    atomic_write(out / REQUEST, as_json(request))


def save_state(out: Path, state: bytes) -> None:
    """Write the state that `--resume` goes on from; the one before it is kept."""
    with suppress(FileNotFoundError):
        (out / STATE).replace(out / STATE_BEFORE)
    atomic_write(out / STATE, state)


def saved_states(out: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the files of the saved states, the latest first. RunError when one cannot be read."""
    for file in (out / STATE, out / STATE_BEFORE):
        try:
            yield file, file.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunError(f"{file} cannot be read ({error.strerror}): mend that, or remove it") from error


def finished_before(out: Path) -> dict[str, Any] | None:
    """Return the metrics of the finished run in `out`; None where there is none, or a training over it has begun.

    RunError when its people have been changed since: it is no longer what that training ended with.
    """
    found = None if (out / REQUEST).exists() else finished(out)
    if found is not None and found.get("changes"):
        raise RunError(
            f"{out} was changed by enroll since its training, which has nothing to go on with: leave out --resume, and "
            "with --overwrite train again without the changes"
        )
    return found


def read_request(out: Path) -> dict[str, Any] | None:
    """Return what was asked for in this folder, by the training that runs or was interrupted, or else by the finished
    one; None where there is none, or it is not known. RunError when the files cannot be read."""
    try:
        data = (out / REQUEST).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        request = read_metrics(out).get("request") if (out / METRICS).exists() else None
    except OSError as error:
        raise RunError(f"{out / REQUEST} cannot be read ({error.strerror}): mend that, or remove it") from error
    else:
        try:
            request = json.loads(data.decode())
        except (ValueError, RecursionError) as error:
            raise RunError(f"{out / REQUEST} is damaged ({error}): remove it, and give DIR and flags again") from error
    return request if isinstance(request, dict) and request else None


def publish_run(out: Path, contents: Iterable[tuple[str, bytes | None]], metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Put a run into its folder as a whole, and nothing else; return metrics.json with the SHA-256 of each file.

    `contents` yields the name and the content of each file; None: there is no such file.
    """
    digests: dict[str, str] = {}
    with atomic_folder(out, METRICS) as part:
        for name, content in contents:
            if content is not None:
                atomic_write(part / name, content)
                digests[name] = hashlib.sha256(content).hexdigest()
        whole = {**metrics, "files": digests}
        atomic_write(part / METRICS, as_json(whole))
    return whole


def free_out(runs: Path, name: str) -> Path:
    """Make the first of `runs/name`, `runs/name-2`, ... that does not exist, and return it.

    A folder is taken by making it: two trainings that start together get two. StorageError when the disk refuses.
    """
    number = 1
    while True:
        path = runs / (name if number == 1 else f"{name}-{number}")
        make_out(runs)
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        except FileNotFoundError:  # another one has just removed `runs`, which was empty
            continue
        except OSError as error:
            raise StorageError(f"cannot make {path}: {error.strerror}; name another folder with --out") from error
        else:
            return path


def leave_out(out: Path) -> None:
    """Remove what `free_out` made if nothing was written into it."""
    with suppress(OSError):  # it holds files: it stays
        out.rmdir()
        out.parent.rmdir()


def _is_ours(name: str) -> bool:
    """Whether a training, or a picture of its weights, may have left a file of this name, or a system beside it."""
    return (
        name in FILES
        or name in UNFINISHED
        or name == LOCK
        or name in _SYSTEMS_FILES
        or (name.startswith("weights-") and name.endswith(".png"))
        or is_part(name)
    )
