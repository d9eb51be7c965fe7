"""The page's server: on this machine alone, until Ctrl-C or TERM."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from errors import StorageError
from faces.app.guard import HOST, Guard, new_token
from faces.app.naming import Naming
from faces.app.routes import routes
from faces.groups.files import follow, take_over
from faces.groups.store import Groups

_STOPPING = 3  # seconds for requests that are being answered


@contextmanager
def served(
    folder: Path, run: Path | None, port: int, new_run: Callable[[], Path], model: str, on_note: Callable[[str], None]
) -> Iterator[tuple[str, threading.Thread]]:
    """Serve the page of a folder of groups; yield its address, with the token, and the thread that serves it.

    `port` 0 is any that is free; the rest as `Naming` has it. Raises StorageError when the folder or the port is in
    use, RunError and UsageError when the run cannot be used.
    """
    with Groups(folder) as groups, _listening(port) as listening:
        for line in take_over(groups):
            on_note(line)
        follow(groups)
        naming = Naming(groups, run, new_run, model)
        token, port = new_token(), listening.getsockname()[1]
        app = Guard(routes(naming), token, port)
        config = uvicorn.Config(
            app, ws="none", lifespan="off", log_level="critical", access_log=False, timeout_graceful_shutdown=_STOPPING
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        try:
            thread.start()
            yield f"http://{HOST}:{port}/?token={token}", thread
        finally:
            server.should_exit = True
            thread.join()
            naming.close()


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((HOST, port))
        except OSError as error:
            why = error.strerror or error
            raise StorageError(
                f"port {port} of this machine cannot be used ({why}): choose another with --port"
            ) from error
        listening.listen()
        yield listening
