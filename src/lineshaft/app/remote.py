"""A node from outside, over its control server on loopback."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from lineshaft.core.alarm import Alarm
from lineshaft.core.decision import Decision
from lineshaft.core.errors import EnvironmentFailed, Refused, UsageError
from lineshaft.node.buffer import Entry
from lineshaft.node.control import ADDRESS_FILE, TOKEN_FILE
from lineshaft.node.glance import Glance
from lineshaft.node.health import HealthReport
from lineshaft.prepared import prepared

TIMEOUT_S = 30.0
MOST_KEPT = 8
_Shape = TypeVar("_Shape")
_REFUSALS = {409: Refused, 400: UsageError}


class RemoteNode:
    """Calls block for a moment: an event loop makes them in a thread. From any thread, several at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.url = (folder / ADDRESS_FILE).read_text("utf-8").strip().rstrip("/")
            self._token = (folder / TOKEN_FILE).read_text("utf-8").strip()
        except OSError as error:
            raise EnvironmentFailed(f"no node runs in this folder ({error.strerror})", where=str(folder),
                                    do="start one with `lineshaft run` or `lineshaft node run`") from None

    def status(self) -> dict[str, Any]:
        """What runs, and how it compares with a shadow."""
        found: dict[str, Any] = json.loads(self._call("GET", "/status"))
        return found

    def glance(self, after: int = -1, limit: int = 100, outbox: int = 0) -> Glance:
        """All of it at once, made to be asked for twice a second: the newest ``limit`` decisions after ``after``
        (UTC ns), and the first ``outbox`` entries that wait for the centre."""
        return self._typed(f"/glance?after={after}&limit={limit}&outbox={outbox}", Glance)

    def health(self) -> HealthReport:
        return self._typed("/health", HealthReport)

    def metrics(self) -> str:
        return self._call("GET", "/metrics").decode()

    def alarms(self) -> list[Alarm]:
        return self._typed("/alarms", dict[str, list[Alarm]])["alarms"]

    def decisions(self, after: int = -1) -> list[Decision]:
        return self._typed(f"/decisions?after={after}", dict[str, list[Decision]])["decisions"]

    def shadow_decisions(self, after: int = -1) -> list[Decision]:
        """What a shadow said at the same ticks; nothing where there is none."""
        return self._typed(f"/shadow?after={after}", dict[str, list[Decision]])["decisions"]

    def outbox(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """Decisions that the centre has not acknowledged."""
        found = msgspec.json.decode(self._call("GET", f"/outbox?after={after}&limit={limit}"), type=_Outbox)
        return found.entries

    def acknowledge_outbox(self, sequence: int, outbox: str = "") -> None:
        named = {"outbox": outbox} if outbox else {}  # a node of an earlier version knows no names
        self._call("POST", "/outbox/acknowledge", _json({"sequence": sequence, **named}), again=True)

    def act(self, alarm: str, action: str, *, by: str, reason: str = "", until: int | None = None) -> Alarm:
        """Acknowledge, shelve, unshelve, suppress or unsuppress."""
        answer = self._post(f"/alarms/{quote(alarm, safe='')}/{action}",
                            {"by": by, "reason": reason, "until": until})
        return msgspec.json.decode(answer, type=Alarm)

    def bring(self, verb: str, bundle: Path | None = None) -> str:
        """``swap`` and ``shadow`` take a bundle, ``promote`` and ``rollback`` none; the digest that decides or
        shadows now."""
        body = {} if bundle is None else {"bundle": str(bundle.resolve())}
        found: dict[str, str] = json.loads(self._post(f"/{verb}", body))
        return found["bundle"]

    def stop(self) -> None:
        self._post("/stop", {})

    def _typed(self, path: str, kind: type[_Shape]) -> _Shape:
        return msgspec.json.decode(self._call("GET", path), type=kind)

    def _post(self, path: str, body: Mapping[str, object]) -> bytes:
        return self._call("POST", path, _json(body))

    def _call(self, method: str, path: str, body: bytes | None = None, *, again: bool = False) -> bytes:
        """``again``: it does no harm if the node hears it twice, as looking does not."""
        try:
            code, said = _CONNECTIONS.ask(self.url, method, path, body, self._token, again or method == "GET")
        except (OSError, http.client.HTTPException) as error:
            why = str(error) or type(error).__name__
            raise EnvironmentFailed(f"the node does not answer ({why})", where=self.url,
                                    do="see whether its process runs") from None
        if code == http.HTTPStatus.OK:
            return said
        try:
            sentence = str(json.loads(said)["error"])
        except (ValueError, KeyError, TypeError):
            sentence = f"the node answered with status {code}"
        raise _REFUSALS.get(code, EnvironmentFailed)(sentence, where=self.url + path)


class _Connections:
    """Connections that wait for the next call, by the node's address: to open one costs the node a thread each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[tuple[str, http.client.HTTPConnection]] = []

    def ask(self, url: str, method: str, path: str, body: bytes | None, token: str,
            again: bool) -> tuple[int, bytes]:
        """Status and body. One that was kept may be dead by now: only what may be said twice is said on it."""
        kept = self._take(url) if again else None
        if kept is not None:
            try:
                return self._exchange(url, kept, method, path, body, token)
            except TimeoutError:
                raise
            except (OSError, http.client.HTTPException):
                pass
        fresh = http.client.HTTPConnection(url.removeprefix("http://"), timeout=TIMEOUT_S)
        return self._exchange(url, fresh, method, path, body, token)

    def _exchange(self, url: str, connection: http.client.HTTPConnection, method: str, path: str,
                  body: bytes | None, token: str) -> tuple[int, bytes]:
        try:
            connection.request(method, path, body, {"Authorization": f"Bearer {token}"})
            answer = connection.getresponse()
            found = answer.status, answer.read()
        except BaseException:
            connection.close()
            raise
        self._keep(url, connection)
        return found

    def _take(self, url: str) -> http.client.HTTPConnection | None:
        with self._lock:
            for place in range(len(self._idle) - 1, -1, -1):
                if self._idle[place][0] == url:
                    return self._idle.pop(place)[1]
        return None

    def _keep(self, url: str, connection: http.client.HTTPConnection) -> None:
        """The oldest goes where there are too many; one that the node closes after its answer goes at its next use."""
        with self._lock:
            self._idle.append((url, connection))
            spare = [self._idle.pop(0)[1] for _ in range(len(self._idle) - MOST_KEPT)]
        for one in spare:
            one.close()


_CONNECTIONS = _Connections()


def _json(body: Mapping[str, object]) -> bytes:
    return json.dumps(body).encode()


class _Outbox(msgspec.Struct):
    node: str
    entries: list[Entry]


prepared(Glance, HealthReport, Alarm, Decision, _Outbox)
