"""A screen of the console in a real browser, which fails its test when anything on it goes wrong unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect

CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")
SIZE = (1366, 768)
LEFT_OUT = ("net::ERR_ABORTED",)
"""A page that is left stops asking."""
MISSING = re.compile(r"\[[a-z]+(\.[\w-]+)+\]|\{\w+\}|\bundefined\b|\bNaN\b|\[object ")
"""What stands on a page where a word or a value was not found."""
WAIT_MS = 60_000.0
expect.set_options(timeout=WAIT_MS)


class Screen:
    """One browser window with a memory: ``urls`` it asked for, and ``complaints`` about what happened on it.

    Everything that a browser's developer would see in red is a complaint: script errors, errors of the console
    (violations of the content security policy among them), requests that failed.
    """

    def __init__(self, browser: Browser, url: str, *, lang: str = "en", theme: str = "light",
                 size: tuple[int, int] = SIZE, touch: bool = False) -> None:
        self.url, self.urls, self.complaints = url, list[str](), list[str]()
        self._forgiven: list[re.Pattern[str]] = []
        self.context: BrowserContext = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, locale="zh-CN" if lang == "zh" else "en-GB",
            timezone_id="UTC", color_scheme="dark" if theme == "dark" else "light", has_touch=touch,
            accept_downloads=True)
        self.context.set_default_timeout(WAIT_MS)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=url)
        self.context.on("request", self._asked)
        self.context.on("requestfailed", self._failed)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self._complain(f"script: {error.error}"))
        self.page = self.context.new_page()
        self.page.on("websocket", lambda socket: self.urls.append(socket.url))

    def open(self, view: str = "", *, ready: str = "main h1") -> Page:
        """A page of the console by its address after ``#/``; there once its heading is."""
        self.page.goto(f"{self.url}/#/{view}")
        if ready:
            expect(self.page.locator(ready).first).to_be_visible()
        return self.page

    @contextmanager
    def forgiving(self, *patterns: str) -> Iterator[None]:
        """Inside it such complaints are what the test wants to happen."""
        added = [re.compile(pattern) for pattern in patterns]
        self._forgiven += added
        yield
        self._forgiven = [one for one in self._forgiven if one not in added]

    def strangers(self) -> list[str]:
        """What was asked of anybody but the console."""
        home = urlsplit(self.url).netloc
        return [url for url in self.urls if urlsplit(url).scheme not in ("data", "blob", "about")
                and urlsplit(url).netloc != home]

    def text(self) -> str:
        """What a reader sees."""
        return self.page.locator("body").inner_text()

    def close(self) -> None:
        """Close the window; what went wrong on it fails the test."""
        missing = MISSING.findall(self.text()) if self.page.url.startswith("http") else []
        self.context.close()
        assert not self.complaints, "\n".join(self.complaints)
        assert not missing, f"the page shows {missing}"
        assert not self.strangers()

    def _asked(self, request: Request) -> None:
        self.urls.append(request.url)

    def _failed(self, request: Request) -> None:
        if request.failure not in LEFT_OUT:
            self._complain(f"request: {request.method} {request.url} {request.failure}")

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning", "assert"):
            self._complain(f"{message.type}: {message.text} {message.location.get('url', '')}")

    def _complain(self, text: str) -> None:
        if not any(pattern.search(text) for pattern in self._forgiven):
            self.complaints.append(text)
