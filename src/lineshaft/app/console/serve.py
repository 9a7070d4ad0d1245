"""The console as a process: opened on a port, until it is told to end."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import OpenDoor
from lineshaft.app.console.server import make_app
from lineshaft.core.errors import EnvironmentFailed

PORT, HOST = 8420, "127.0.0.1"
BACKLOG = 128


def serve(folder: Path, *, host: str | None = None, port: int | None = None,
          ready: Callable[[str], None] = print) -> None:
    """Serve the project in ``folder`` until SIGTERM or SIGINT; ``ready`` is given the URL once it answers."""
    console = Console(folder, OpenDoor())
    door = _bound(host or HOST, PORT if port is None else port)
    with door:
        server = _Server(uvicorn.Config(
            make_app(console), log_level="warning", access_log=False, server_header=False, ws="websockets-sansio",
            ws_max_size=64 * 1024, timeout_graceful_shutdown=3, lifespan="on"))
        server.when_ready = lambda: ready(f"http://{host or HOST}:{door.getsockname()[1]}")
        server.run(sockets=[door])


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
