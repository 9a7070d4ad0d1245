"""The console as a process: opened on a port, until it is told to end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from lineshaft.app.console.bounded import LARGEST_HEAD, BoundedProtocol
from lineshaft.app.console.context import Console
from lineshaft.app.console.security.configured import policy_of
from lineshaft.app.console.security.door import GuardedDoor
from lineshaft.app.console.server import make_app
from lineshaft.core.errors import EnvironmentFailed, LineshaftError

BACKLOG = 128


def serve(folder: Path, *, host: str | None = None, port: int | None = None,
          ready: Callable[[str], None] = print) -> None:
    """Serve the project in ``folder`` until SIGTERM or SIGINT; ``ready`` is given the URL once it answers."""
    policy = policy_of(folder, host=host, port=port)
    door = GuardedDoor(folder, policy)
    try:
        door.people.check()
        listener = _bound(policy.host, policy.port)
    except LineshaftError:
        door.close()
        raise
    with listener:
        server = _Server(uvicorn.Config(
            make_app(Console(folder, door)), log_level="error", http=BoundedProtocol, ws="websockets-sansio",
            h11_max_incomplete_event_size=LARGEST_HEAD, timeout_graceful_shutdown=3, lifespan="on",
            **policy.serving()))
        server.when_ready = lambda: ready(policy.url(listener.getsockname()[1]))
        server.run(sockets=[listener])


class _Server(uvicorn.Server):
    when_ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self.when_ready()


def _bound(host: str, port: int) -> socket.socket:
    """Bound here and not by the library, so that a port that is taken is a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
        door.listen(BACKLOG)
    except OSError as error:
        door.close()
        raise EnvironmentFailed(f"port {port} cannot be opened ({error.strerror})", where=f"console {host}",
                                do="choose another with port under [console], or 0 for a free one") from None
    return door
