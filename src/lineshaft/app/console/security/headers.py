"""What every answer says to the browser, and how long a request may be."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lineshaft.core.errors import EnvironmentFailed, UsageError

POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data: blob:", "font-src 'self'",
    "connect-src 'self'", "frame-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"))
# A report is one file with its style and script inside, and says itself which script is its own; it is shown in a frame
# of the console, without its rights.
REPORT_POLICY = ("default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; "
                 "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-scripts")
_UNUSED = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid", "magnetometer",
           "microphone", "midi", "payment", "serial", "usb")
# No Strict-Transport-Security: it would hold for every other port of the machine, too, and this port speaks TLS only.
FIXED = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": ", ".join(f"{name}=()" for name in _UNUSED),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_API = "/api/"


class SafeAnswers:
    """ASGI middleware: headers on every answer (a route's own stay), and bodies no longer than ``largest``."""

    def __init__(self, app: ASGIApp, *, largest: int = 2**20) -> None:
        self._app, self._largest = app, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def say(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add(message, scope["path"])
            await send(message)

        await self._answered(scope, receive, say)

    async def _answered(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdecimal() or len(length) > 18 or int(length) > self._largest:
            await self._too_long()(scope, receive, send)
            return
        body = _Measured(receive, send, self._largest)
        try:
            await self._app(scope, body.receive, body.send)
        except Exception as error:
            if not body.over:
                if not body.started:  # the library's own answer would come without our headers
                    await _failed(error)(scope, receive, send)
                raise
        if body.over and not body.started:
            await self._too_long()(scope, receive, send)

    def _too_long(self) -> JSONResponse:
        error = UsageError(f"the request is longer than {self._largest:,} bytes", where="body", do="send less at once")
        answer = {"error": str(error), "what": error.what, "where": error.where, "do": error.do}
        return JSONResponse(answer, 413, {"Connection": "close"})


class _Measured:
    """Counts the bytes of a request as they come; one that is ``over`` gets no answer from the app behind."""

    def __init__(self, receive: Receive, send: Send, largest: int) -> None:
        self._receive, self._send, self._left = receive, send, largest
        self.started = self.over = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self.over = self.over or self._left < 0
        return {"type": "http.disconnect"} if self.over else message

    async def send(self, message: Message) -> None:
        if self.started or not self.over:
            self.started = True
            await self._send(message)


def _failed(error: Exception) -> JSONResponse:
    """What went wrong is for the log; its words may have more in them than a stranger should read."""
    told = EnvironmentFailed(f"the console failed on this request ({type(error).__name__})",
                             do="try again, and report what the console's log says")
    return JSONResponse({"error": str(told), "what": told.what, "where": "", "do": told.do}, 500)


def _add(message: Message, path: str) -> None:
    headers = MutableHeaders(scope=message)
    for name, value in FIXED.items():
        headers.setdefault(name, value)
    headers.setdefault("Cache-Control", "no-store" if path.startswith(_API) else "no-cache")
