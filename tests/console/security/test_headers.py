"""Every answer tells the browser to be strict, and no request is longer than it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from lineshaft.app.console.door import Role
from lineshaft.app.console.security.headers import FIXED, SafeAnswers

Browser = Callable[..., TestClient]
ANSWERS = ["/", "/static/app.js", "/static/console.css", "/static/none.js", "/api/v1/session", "/api/v1/shell",
           "/api/v1/account", "/api/v1/none", "/api/v1/session/oidc/callback", "/api/v1/audit?limit=x"]


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_has_the_headers_also_a_refusal(browser: Browser, path: str) -> None:
    answer = browser().get(path, follow_redirects=False)
    assert {name: answer.headers.get(name) for name in FIXED} == FIXED
    assert "server" not in answer.headers


def test_a_refusal_before_any_route_has_them_too(browser: Browser) -> None:
    answer = browser().get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert answer.headers["Content-Security-Policy"] == FIXED["Content-Security-Policy"]


def test_nothing_inline_and_nothing_of_another_host_may_run() -> None:
    policy = dict(part.split(" ", 1) for part in FIXED["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in FIXED["Content-Security-Policy"]


def test_the_page_itself_has_nothing_inline(browser: Browser) -> None:
    page = browser().get("/").text
    assert "<style" not in page
    assert " style=" not in page
    assert " on" not in page.replace(" only", "")
    assert all("src=" in piece.split(">", 1)[0] for piece in page.split("<script")[1:])


def test_what_the_api_says_is_kept_nowhere(browser: Browser) -> None:
    client = browser(Role.ADMIN)
    for path in ("/api/v1/account", "/api/v1/audit", "/api/v1/audit/export", "/api/v1/none"):
        assert client.get(path).headers["Cache-Control"] == "no-store"


def test_a_long_body_is_refused_by_a_sentence(browser: Browser) -> None:
    client = browser(Role.ADMIN)
    answer = client.post("/api/v1/account", content=b"x" * (2**20 + 1))
    assert answer.status_code == 413
    assert answer.json()["error"] == "body: the request is longer than 1,048,576 bytes; send less at once"


def test_a_long_body_that_does_not_say_so_is_refused_as_well(browser: Browser) -> None:
    read = []

    def pieces() -> Iterator[bytes]:
        for number in range(64):
            read.append(number)
            yield b"x" * 2**16

    answer = browser(Role.ADMIN).post("/api/v1/account", content=pieces())
    assert answer.status_code == 413
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("length", ["-1", "1e3", "9" * 30, "٣"])
def test_a_length_that_is_none_is_refused(browser: Browser, length: str) -> None:
    answer = browser(Role.ADMIN).post("/api/v1/account", content=b"{}", headers={"Content-Length": length.encode()})
    assert answer.status_code == 413


def test_a_route_may_say_more_strictly_what_it_allows() -> None:
    app = FastAPI()

    @app.get("/")
    def frame() -> None:
        """Nothing."""

    app.add_middleware(SafeAnswers)
    assert TestClient(app).get("/").headers["Cache-Control"] == "no-cache"


def test_a_failure_of_ours_is_a_sentence_with_the_headers(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser(Role.ADMIN)

    def broken(*_: object) -> None:
        """Fails in a way that nobody has foreseen."""
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr("lineshaft.app.console.security.accounts.Accounts.all", broken)
    answer = client.get("/api/v1/account")
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == FIXED["Content-Security-Policy"]
    assert "the console failed on this request" in answer.json()["error"]
    assert "secret" not in answer.text
