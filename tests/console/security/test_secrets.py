"""What must stay secret is in no answer, no log and no file, whatever happens."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from lineshaft.app.console.door import Role
from lineshaft.app.console.pages import STATIC
from lineshaft.app.console.security.people import People
from lineshaft.app.console.server import routers

Browser = Callable[..., TestClient]
PASSWORD = "correct horse battery"
OTHER = "another good password"


def test_no_password_token_or_hash_is_in_any_answer_log_or_file(
        browser: Browser, people: People, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    caplog.set_level(logging.DEBUG)
    admin = browser(Role.ADMIN)
    told: list[str] = []

    def heard(client: TestClient, method: str, path: str, **more: object) -> None:
        answer = client.request(method, path, **more)  # type: ignore[arg-type]
        headers = [f"{name}: {value}" for name, value in answer.headers.items() if name != "set-cookie"]
        told.extend([answer.text, *headers])

    login = "/api/v1/session/login"
    heard(admin, "POST", "/api/v1/account", json={"name": "ben", "role": "viewer", "password": PASSWORD})
    heard(admin, "POST", "/api/v1/account", json={"name": "eve", "role": "chief", "password": PASSWORD})
    heard(admin, "POST", "/api/v1/account", json={"name": "eve", "role": "viewer", "password": [PASSWORD]})
    heard(admin, "POST", "/api/v1/account/ben/password", json={"password": OTHER})
    heard(admin, "POST", "/api/v1/account/none/password", json={"password": OTHER})
    heard(browser(), "POST", login, json={"name": "anna-viewer", "password": OTHER})
    heard(browser(), "POST", login, json={"name": "anna-viewer", "password": PASSWORD})
    heard(browser(), "POST", login, json={"name": PASSWORD, "password": "x"})
    heard(browser(), "POST", login, content=f'{{"name": "anna", "password": "{PASSWORD}"')
    heard(admin, "POST", "/api/v1/session/password", json={"old": OTHER, "new": PASSWORD})
    for router in routers():
        for route in router.routes:
            path = getattr(route, "path", "")
            if "GET" in getattr(route, "methods", ()) and "{" not in path:
                heard(admin, "GET", path)
    session = next(one.value for one in admin.cookies.jar)
    assert session
    with people.store.read() as db:
        hashes = [str(found) for (found,) in db.execute("SELECT hash FROM account")]
        key = str(db.execute("SELECT value FROM meta WHERE name = 'csrf'").fetchone()[0])
    out, err = capfd.readouterr()
    everywhere = "\n".join([*told, caplog.text, out, err])
    for secret in (PASSWORD, OTHER, session, key, "$argon2", *hashes):
        assert secret not in everywhere


def test_the_log_of_acts_has_none_either(browser: Browser, people: People) -> None:
    admin = browser(Role.ADMIN)
    admin.post("/api/v1/account", json={"name": "ben", "role": "viewer", "password": PASSWORD})
    admin.post("/api/v1/account/ben/password", json={"password": OTHER})
    session = next(one.value for one in admin.cookies.jar)
    exported = "".join(people.audit.export())
    assert "account added" in exported
    for secret in (PASSWORD, OTHER, session, admin.headers["X-CSRF-Token"]):
        assert secret is not None
        assert secret not in exported


def test_no_page_keeps_a_password_or_a_session_in_the_browser() -> None:
    """The cookie is out of reach for scripts, and nothing else is worth keeping."""
    for path in sorted(STATIC.rglob("*.js")):
        if "vendor" not in path.parts:
            text = path.read_text("utf-8")
            assert "document.cookie" not in text, path.name
            assert not re.search(r"(localStorage|sessionStorage|kept\().*(password|token)", text), path.name


def test_the_database_that_went_into_a_backup_lets_nobody_in(people: People, tmp_path: Path) -> None:
    token = people.enter("anna-admin", PASSWORD, "10.0.0.7").token
    with people.store.read() as db:
        [(digest,)] = db.execute("SELECT hex(digest) FROM session").fetchall()
    assert people.who(token, "10.0.0.7") is not None
    for found in (digest, digest.lower(), bytes.fromhex(digest).decode("latin-1")):
        assert people.who(found, "10.0.0.7") is None
