"""A small HTTP server on loopback: look at the node, act on alarms, swap bundles, empty the outbox.

Looking is open to this machine; everything that changes something needs the token in ``control.token`` (readable
by the node's user only). The ``Host`` header must be loopback, so that no web page can reach it by a name of
its own (DNS rebinding).
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Protocol, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from lineshaft.core.alarm import Alarm
from lineshaft.core.decision import Decision
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused, UsageError
from lineshaft.core.health import Health
from lineshaft.core.private import require_private
from lineshaft.node.alarms import Transition
from lineshaft.node.bounded import BoundedHandler, BoundedServer, Denied
from lineshaft.node.buffer import Entry
from lineshaft.node.glance import Glance
from lineshaft.node.health import HealthReport
from lineshaft.prepared import prepared

TOKEN_FILE, ADDRESS_FILE = "control.token", "control.url"
_LARGEST_BODY = 64 * 1024
_MOST_ROWS = 10_000
_Shape = TypeVar("_Shape", bound=msgspec.Struct)
_STATUS: Mapping[type[LineshaftError], int] = {Refused: 409, UsageError: 400, EnvironmentFailed: 503}


class Controlled(Protocol):
    """What the server may ask of a node; every method may be called from any thread."""

    name: str

    def health(self) -> HealthReport: ...
    def metrics(self) -> bytes: ...
    def status(self) -> dict[str, object]: ...
    def glance(self, after: int, limit: int, outbox: int) -> Glance: ...
    def decisions(self, after: int, limit: int) -> list[Decision]: ...
    def shadow_decisions(self, after: int, limit: int) -> list[Decision]: ...
    def alarm_list(self) -> tuple[Alarm, ...]: ...
    def journal(self, limit: int) -> list[Transition]: ...
    def act_on_alarm(self, name: str, action: str, *, by: str, reason: str, until: int | None) -> Alarm: ...
    def outbox(self, after: int, limit: int) -> list[Entry]: ...
    def acknowledge_outbox(self, sequence: int, outbox: str = "") -> int: ...
    def swap(self, reference: str) -> str: ...
    def start_shadow(self, reference: str) -> str: ...
    def promote(self) -> str: ...
    def rollback(self) -> str: ...
    def stop(self, why: str = "") -> None: ...


class _AlarmAction(msgspec.Struct, forbid_unknown_fields=True):
    by: str
    reason: str = ""
    until: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


class _Bundle(msgspec.Struct, forbid_unknown_fields=True):
    bundle: str


class _Sequence(msgspec.Struct, forbid_unknown_fields=True):
    sequence: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    outbox: str = ""


class _Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


class ControlServer:
    """Serves until ``close``; ``url`` is also in ``folder/control.url``."""

    def __init__(self, node: Controlled, folder: Path, *, port: int = 0) -> None:
        self.token = _token(folder / TOKEN_FILE)
        try:
            self._server = _Server(port, _Routes(node), self.token)
        except OSError as error:
            raise EnvironmentFailed(f"port {port} cannot be opened ({error.strerror})", where="node control",
                                    do="choose another control port, or 0 for a free one") from error
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._address = folder / ADDRESS_FILE
        self._address.write_text(self.url, "utf-8")
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="lineshaft-control",
                                        daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving; safe to call twice."""
        self._server.shutdown()
        self._server.server_close()
        self._address.unlink(missing_ok=True)


def _token(path: Path) -> str:
    """The token in the file; a new one, readable by its owner only, where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
    require_private(path, "the control token")
    token = path.read_text("utf-8").strip()
    if len(token) < 16:
        raise Refused("the control token is too short", where=str(path), do="delete the file; the node makes a new one")
    return token


class _Routes:
    """Path and method to an answer that becomes JSON (bytes leave as they are)."""

    def __init__(self, node: Controlled) -> None:
        self._node = node
        self._get: dict[str, Callable[[Mapping[str, str]], object]] = {
            "/metrics": lambda _: node.metrics(),
            "/health": lambda _: node.health(),
            "/status": lambda _: node.status(),
            "/glance": lambda q: node.glance(_number(q, "after", -1), _number(q, "limit", 100),
                                             _number(q, "outbox", 0)),
            "/alarms": lambda _: {"alarms": node.alarm_list()},
            "/journal": lambda q: {"transitions": node.journal(_number(q, "limit", 1000))},
            "/decisions": lambda q: {"decisions": node.decisions(_number(q, "after", -1),
                                                                 _number(q, "limit", 1000))},
            "/shadow": lambda q: {"decisions": node.shadow_decisions(_number(q, "after", -1),
                                                                     _number(q, "limit", 1000))},
            "/outbox": lambda q: {"node": node.name, "entries": node.outbox(_number(q, "after", 0),
                                                                           _number(q, "limit", 1000))},
        }
        self._post: dict[str, Callable[[bytes], object]] = {
            "/swap": lambda b: {"bundle": node.swap(_body(b, _Bundle).bundle)},
            "/shadow": lambda b: {"bundle": node.start_shadow(_body(b, _Bundle).bundle)},
            "/promote": lambda b: {"bundle": _body(b, _Nothing) and node.promote()},
            "/rollback": lambda b: {"bundle": _body(b, _Nothing) and node.rollback()},
            "/outbox/acknowledge": self._acknowledge,
            "/stop": self._stop,
        }

    def get(self, path: str, query: Mapping[str, str]) -> object:
        return self._found(self._get, path)(query)

    def post(self, path: str, body: bytes) -> object:
        parts = path.split("/")
        if len(parts) == 4 and parts[1] == "alarms":
            asked = _body(body, _AlarmAction)
            return self._node.act_on_alarm(unquote(parts[2]), parts[3], by=asked.by, reason=asked.reason,
                                           until=asked.until)
        return self._found(self._post, path)(body)

    def _acknowledge(self, body: bytes) -> object:
        asked = _body(body, _Sequence)
        return {"removed": self._node.acknowledge_outbox(asked.sequence, asked.outbox)}

    def _stop(self, body: bytes) -> object:
        _body(body, _Nothing)
        self._node.stop("stopped through the control server")
        return {"state": Health.STOPPED}

    def _found(self, routes: Mapping[str, Callable[..., object]], path: str) -> Callable[..., object]:
        if path not in routes:
            raise UsageError(f"there is no {path}", do=f"use one of: {', '.join([*self._get, *self._post])}")
        return routes[path]


class _Server(BoundedServer):
    def __init__(self, port: int, routes: _Routes, token: str) -> None:
        self.routes, self.token = routes, token
        super().__init__(port, _Handler)


class _Handler(BoundedHandler):
    server: _Server

    def do_GET(self) -> None:  # noqa: N802 (the base class's name)
        self._answer(changes=False)

    def do_POST(self) -> None:  # noqa: N802
        self._answer(changes=True)

    def turned_away(self, denied: Denied) -> None:
        self._send(denied.status, {"error": str(denied)})

    def _answer(self, *, changes: bool) -> None:
        self._check(changes)
        body = self._read(changes)
        self.server.has_read(self.connection)
        try:
            self._send(200, self._found(changes, body))
        except (OSError, Denied):
            raise
        except LineshaftError as error:
            self._send(_STATUS.get(type(error), 500), {"error": str(error)})
        except Exception as error:  # noqa: BLE001 (the caller gets a sentence, the server lives on)
            self._send(500, {"error": f"the node failed on this request: {type(error).__name__}: {error}"})

    def _found(self, changes: bool, body: bytes) -> object:
        routes = self.server.routes
        try:
            where = urlsplit(self.path)
        except ValueError:
            raise Denied(400, "the path is not understood") from None
        query = {name: values[-1] for name, values in parse_qs(where.query).items()}
        return routes.post(where.path, body) if changes else routes.get(where.path, query)

    def _check(self, changes: bool) -> None:
        host = self.headers.get("Host", "").rsplit(":", 1)[0]
        if host not in ("127.0.0.1", "localhost"):
            raise Denied(403, "the Host header is not this machine's loopback; use 127.0.0.1")
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if changes and not hmac.compare_digest(given.encode("utf-8", "replace"), self.server.token.encode()):
            raise Denied(401, f"the bearer token is missing or wrong; it is in the node's {TOKEN_FILE}")

    def _read(self, wanted: bool) -> bytes:
        """The whole body; a request that only looks has none, or what follows would be taken for another request."""
        length = self.headers.get("Content-Length", "" if wanted else "0")
        if not length.isdecimal() or self.headers.get("Transfer-Encoding"):
            raise Denied(411, "the request has no Content-Length; send one")
        if len(length) > 9 or int(length) > _LARGEST_BODY:
            raise Denied(413, f"the request is longer than {_LARGEST_BODY} bytes")
        return self.body(int(length))

    def _send(self, status: int, answer: object) -> None:
        plain = isinstance(answer, bytes)
        body = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; version=0.0.4" if plain else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"-?[0-9]{1,19}", text) or abs(int(text)) >= 2**63:
        raise UsageError(f"{text!r} is not a whole number", where=name, do="write at most 19 digits")
    return int(text) if name == "after" else max(0, min(int(text), _MOST_ROWS))


def _body(raw: bytes, kind: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(raw or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise UsageError(f"the request's JSON is not understood ({error})", where="body",
                         do=f"send an object with {', '.join(kind.__struct_fields__) or 'nothing in it'}") from error


prepared(_AlarmAction, _Bundle, _Sequence, _Nothing)
