"""A node from outside, over its control server on loopback."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
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
from lineshaft.node.health import HealthReport

TIMEOUT_S = 30.0
_Shape = TypeVar("_Shape")
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback is never behind a proxy
_REFUSALS = {409: Refused, 400: UsageError}


class RemoteNode:
    """Calls block for a moment: an event loop makes them in a thread."""

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

    def health(self) -> HealthReport:
        return self._typed("/health", HealthReport)

    def metrics(self) -> str:
        return self._call("GET", "/metrics").decode()

    def alarms(self) -> list[Alarm]:
        return self._typed("/alarms", dict[str, list[Alarm]])["alarms"]

    def decisions(self, after: int = -1) -> list[Decision]:
        return self._typed(f"/decisions?after={after}", dict[str, list[Decision]])["decisions"]

    def outbox(self, after: int = 0, limit: int = 1000) -> list[Entry]:
        """Decisions that the centre has not acknowledged."""
        found = msgspec.json.decode(self._call("GET", f"/outbox?after={after}&limit={limit}"), type=_Outbox)
        return found.entries

    def acknowledge_outbox(self, sequence: int) -> None:
        self._post("/outbox/acknowledge", {"sequence": sequence})

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
        return self._call("POST", path, json.dumps(body).encode())

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(self.url + path, body, {"Authorization": f"Bearer {self._token}"},
                                         method=method)
        try:
            with _OPENER.open(request, timeout=TIMEOUT_S) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            said = json.loads(error.read() or b"{}").get("error", error.reason)
            raise _REFUSALS.get(error.code, EnvironmentFailed)(said, where=self.url + path) from None
        except OSError as error:
            raise EnvironmentFailed(f"the node does not answer ({error})", where=self.url,
                                    do="see whether its process runs") from None


class _Outbox(msgspec.Struct):
    node: str
    entries: list[Entry]
