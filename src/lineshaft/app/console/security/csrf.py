"""Requests that a stranger's page made a browser send are turned away, before any route sees them.

Three checks, each enough by itself against one way in: the ``Host`` must be a name of ours (DNS rebinding), the
``Origin`` and ``Sec-Fetch-Site`` of a changing request and of a WebSocket must be ours, and a changing request
carries a token that only our page could read.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from lineshaft.app.console.door import NotAllowed
from lineshaft.app.console.security.policy import Policy
from lineshaft.app.console.security.store import Store

HEADER = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_KEY = "csrf"


class Tokens:
    """A token is made from the session's, so nothing is stored; one for those who aren't logged in."""

    def __init__(self, store: Store) -> None:
        with store.write() as db:
            db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (_KEY, secrets.token_hex(32)))
            self._key = bytes.fromhex(db.execute("SELECT value FROM meta WHERE name = ?", (_KEY,)).fetchone()[0])

    def of(self, session: str) -> str:
        """The token that belongs to a session's token, or to none ("")."""
        told = b"session\0" + session.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, told, hashlib.sha256).hexdigest()

    def fits(self, given: str, session: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.of(session).encode())


class SameSite:
    """ASGI middleware with the three checks."""

    def __init__(self, app: ASGIApp, policy: Policy, tokens: Tokens) -> None:
        self._app, self._policy, self._tokens = app, policy, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        try:
            self._check(scope)
        except NotAllowed as refused:
            await _refuse(refused, scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        check_host(headers.get("host", ""), self._policy.hosts)
        socket = scope["type"] == "websocket"
        if socket or scope["method"] not in SAFE:
            check_origin(headers, "https" if self._policy.encrypted else "http", required=socket)
        if not socket and scope["method"] not in SAFE:
            session = cookie(headers, self._policy.cookie) if self._policy.users else ""
            if not self._tokens.fits(headers.get(HEADER, ""), session):
                raise NotAllowed("the request does not come from an open page of this console", where=HEADER,
                                 do="load the page again; a program reads the token at /api/v1/session")


def check_host(host: str, allowed: frozenset[str]) -> None:
    """``NotAllowed`` for a name that isn't ours, whatever it resolves to."""
    if _name(host) not in allowed:
        raise NotAllowed(f"this console is not called {host[:80]!r}", where="Host",
                         do="open it by a name under [console] names, or by 127.0.0.1 on its own machine")


def check_origin(headers: Mapping[str, str], scheme: str, *, required: bool = False) -> None:
    """``NotAllowed`` for a page of somebody else's.

    A program that is no browser sends neither header; ``required`` wants an origin all the same, since a socket
    carries no token.
    """
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site not in (None, "same-origin"):
        raise NotAllowed("another page sent this request", where="Sec-Fetch-Site", do="use the console's own page")
    if origin is None and not required:
        return
    if origin != f"{scheme}://{headers.get('host', '')}":
        raise NotAllowed(f"a page of {(origin or 'no origin')[:80]} sent this request", where="Origin",
                         do="use the console's own page; a proxy must pass the Host header on")


def cookie(headers: Mapping[str, str], name: str) -> str:
    """The value of a cookie, "" where there is none."""
    try:
        jar = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


def _name(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


async def _refuse(refused: NotAllowed, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await WebSocketClose(code=1008, reason=str(refused)[:120])(scope, receive, send)
        return
    answer = {"error": str(refused), "what": refused.what, "where": refused.where, "do": refused.do}
    await JSONResponse(answer, 403)(scope, receive, send)
