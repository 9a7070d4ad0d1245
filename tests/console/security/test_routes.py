"""Logging in and out through the API, and who may do what on every route of the console."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import Role
from lineshaft.app.console.security.csrf import SAFE
from lineshaft.app.console.security.door import GuardedDoor
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.policy import HOUR, Policy
from lineshaft.app.console.server import make_app, routers
from lineshaft.core.clock import ManualClock

Browser = Callable[..., TestClient]
PASSWORD = "correct horse battery"
SESSION, LOGIN, LOGOUT = "/api/v1/session", "/api/v1/session/login", "/api/v1/session/logout"


def renew(client: TestClient) -> None:
    client.headers["X-CSRF-Token"] = client.get(SESSION).json()["token"]


def cookies(client: TestClient) -> list[str]:
    return [cookie.value or "" for cookie in client.cookies.jar if cookie.name == "lineshaft-8420"]


# -- every route


@pytest.fixture
def app(door: GuardedDoor, tmp_path: Path) -> FastAPI:
    return make_app(Console(tmp_path, door))


def routes(app: FastAPI) -> list[tuple[str, APIRoute]]:
    """Every method of every route; those of all routers are all that the application answers to."""
    found = [(method, route) for router in routers() for route in router.routes if isinstance(route, APIRoute)
             for method in sorted(route.methods or ())]
    assert {(route.path, method.lower()) for method, route in found} == {
        (path, method) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert len(found) > 15
    return found


def public(route: APIRoute) -> bool:
    return (route.openapi_extra or {}).get("security") == []


def least(dependant: Dependant) -> Role | None:
    """The role that a route asks for."""
    found = [getattr(dependant.call, "least", None), *(least(one) for one in dependant.dependencies)]
    return max((role for role in found if role is not None), default=None)


def ask(client: TestClient, route: APIRoute, method: str) -> int:
    path = route.path.replace("{", "").replace("}", "")
    for name in route.dependant.path_params:
        path = path.replace(name.name, "1")
    answer = client.request(method, path, follow_redirects=False, **({} if method == "GET" else {"json": {}}))
    return int(answer.status_code)


def test_every_route_refuses_whoever_is_not_logged_in_but_those_that_let_in(app: FastAPI, browser: Browser) -> None:
    client, open_ = browser(), set()
    for method, route in routes(app):
        if public(route):
            open_.add(route.path)
        else:
            assert ask(client, route, method) == 401, f"{method} {route.path}"
    assert open_ == {SESSION, LOGIN, "/api/v1/session/oidc", "/api/v1/session/oidc/callback", "/api/v1/shell"}


def test_every_changing_route_refuses_a_request_without_the_token(app: FastAPI, browser: Browser) -> None:
    client, met = browser(Role.ADMIN), 0
    del client.headers["X-CSRF-Token"]
    for method, route in routes(app):
        if method not in SAFE:
            met += 1
            assert ask(client, route, method) == 403, f"{method} {route.path}"
    assert met > 5


def test_every_route_asks_for_a_role_and_refuses_those_below(app: FastAPI, browser: Browser) -> None:
    clients = {role: browser(role) for role in Role}
    for method, route in routes(app):
        needed = least(route.dependant)
        anybody = public(route) or route.path in (LOGOUT, "/api/v1/session/password")
        assert (needed is None) == anybody, f"{route.path} asks for no role"
        for role in Role:
            if needed is not None and role < needed:
                assert ask(clients[role], route, method) == 403, f"{role.word}: {method} {route.path}"


def test_reading_asks_for_no_more_than_it_needs_and_changing_for_more_than_looking(app: FastAPI) -> None:
    for method, route in routes(app):
        if method not in SAFE and not route.path.startswith(SESSION):
            asked = least(route.dependant) or Role.VIEWER
            assert asked >= Role.OPERATOR, f"{method} {route.path} lets viewers change something"


def test_whoever_must_choose_a_password_may_do_nothing_else(app: FastAPI, browser: Browser, door: GuardedDoor) -> None:
    client = browser(Role.ADMIN)
    new = {"name": "ben", "role": "admin", "password": PASSWORD}
    assert client.post("/api/v1/account", json=new).json()["must_change"] is True
    ben = browser()
    assert ben.post(LOGIN, json={"name": "ben", "password": PASSWORD}).json()["must_change"] is True
    renew(ben)
    for method, route in routes(app):
        if least(route.dependant) is not None:
            assert ask(ben, route, method) == 403, f"{method} {route.path}"
    shell = ben.get("/api/v1/shell").json()
    assert (shell["must_change"], shell["plant"]) == (True, "")
    own = {"old": PASSWORD, "new": "a password of my own"}
    assert ben.post("/api/v1/session/password", json=own).status_code == 200
    renew(ben)
    assert ben.get("/api/v1/account").status_code == 200


def test_every_socket_refuses_whoever_is_not_logged_in(browser: Browser) -> None:
    sockets = [route.path for router in routers() for route in router.routes if isinstance(route, APIWebSocketRoute)]
    assert sockets
    for path in sockets:
        with pytest.raises(WebSocketDisconnect) as caught, browser().websocket_connect(f"ws://127.0.0.1:8420{path}"):
            pass
        assert caught.value.code == 1008


# -- logging in


def test_a_login_gives_a_person_a_role_and_a_cookie_that_scripts_cannot_read(browser: Browser) -> None:
    client = browser()
    answer = client.post(LOGIN, json={"name": "ANNA-Operator", "password": PASSWORD})
    assert answer.json()["person"] == {"name": "anna-operator", "role": "operator"}
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("lineshaft-8420=")
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Path=/" in cookie
    assert "max-age" not in cookie.lower()


def test_over_tls_the_cookie_is_bound_to_this_host(tmp_path: Path, passwords: Passwords) -> None:
    door = GuardedDoor(tmp_path, Policy(users=True, proxy=True, names=("line1.example",)), passwords=passwords)
    client = TestClient(make_app(Console(tmp_path, door)), "https://line1.example")
    from lineshaft.app.console.door import Person

    door.people.accounts.add(Person("root", Role.ADMIN), "anna", Role.ADMIN, PASSWORD, must_change=False)
    renew(client)
    answer = client.post(LOGIN, json={"name": "anna", "password": PASSWORD}, headers={"Origin": "https://line1.example"})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-lineshaft-8420=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    renew(client)
    assert client.get("/api/v1/account").status_code == 200
    door.close()


@pytest.mark.parametrize(("name", "password"), [("anna-viewer", "a wrong password"), ("nobody", PASSWORD), ("", "")])
def test_a_refusal_tells_no_names(browser: Browser, name: str, password: str) -> None:
    answer = browser().post(LOGIN, json={"name": name, "password": password})
    assert answer.status_code == 401
    assert answer.json()["error"] == "login: name or password is wrong; try again, or ask an administrator"
    assert "set-cookie" not in answer.headers


def test_after_a_few_failures_the_answer_says_how_long_to_wait(browser: Browser) -> None:
    client = browser()
    for _ in range(5):
        assert client.post(LOGIN, json={"name": "anna-viewer", "password": "wrong"}).status_code == 401
    answer = client.post(LOGIN, json={"name": "anna-viewer", "password": PASSWORD})
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "2"
    assert answer.json()["error"] == "login: too many failed attempts; try again in 2 s"
    assert browser(Role.VIEWER, "10.0.0.8").get("/api/v1/job").status_code == 200


def test_a_planted_cookie_is_no_session_after_the_login(browser: Browser) -> None:
    victim, attacker = browser(), browser(Role.VIEWER)
    planted = cookies(attacker)[0]
    victim.cookies.set("lineshaft-8420", planted, domain="127.0.0.1", path="/")
    renew(victim)
    assert victim.post(LOGIN, json={"name": "anna-admin", "password": PASSWORD}).status_code == 200
    assert planted not in cookies(victim)
    attacker.cookies.set("lineshaft-8420", planted, domain="127.0.0.1", path="/")
    assert attacker.get("/api/v1/job").status_code == 401


def test_logout_ends_it_also_for_whoever_kept_the_cookie(browser: Browser) -> None:
    client = browser(Role.VIEWER)
    kept = cookies(client)[0]
    assert client.post(LOGOUT).json()["person"] is None
    assert cookies(client) == []
    client.cookies.set("lineshaft-8420", kept, domain="127.0.0.1", path="/")
    assert client.get("/api/v1/job").status_code == 401


def test_a_session_that_has_ended_is_said_so_and_taken_off(browser: Browser, clock: ManualClock) -> None:
    client = browser(Role.VIEWER)
    clock.advance(12 * HOUR)
    answer = client.get("/api/v1/job")
    assert answer.status_code == 401
    assert client.get(SESSION).json()["person"] is None
    assert cookies(client) == []
    renew(client)
    assert client.post(LOGIN, json={"name": "anna-viewer", "password": PASSWORD}).status_code == 200


def test_a_changed_role_holds_from_the_next_login(browser: Browser) -> None:
    admin, viewer = browser(Role.ADMIN), browser(Role.VIEWER)
    assert admin.post("/api/v1/account/anna-viewer/role", json={"role": "engineer"}).json()["role"] == "engineer"
    assert viewer.get("/api/v1/job").status_code == 401
    assert browser(Role.VIEWER).get("/api/v1/audit").status_code == 200


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{", b'{"name": 1, "password": "x"}', b'{"name": "a"}', b'{"name":"\\ud800","password":"x"}',
    b'{"name": "a", "password": "b", "role": "admin"}', b'{"name":"a","password":"\\ud800"}',
    b'{"name":"' + b"a" * 300 + b'","password":"x"}'])
def test_a_body_that_makes_no_sense_is_a_sentence(browser: Browser, body: bytes) -> None:
    answer = browser().post(LOGIN, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 401)
    assert answer.json()["error"]


# -- accounts and the audit log


def test_an_administrator_keeps_accounts(browser: Browser) -> None:
    admin = browser(Role.ADMIN)
    new = {"name": "ben", "role": "operator", "password": PASSWORD}
    made = admin.post("/api/v1/account", json=new)
    assert (made.status_code, made.json()["role"], made.json()["seen"]) == (201, "operator", None)
    assert admin.post("/api/v1/account", json=new).status_code == 409
    assert admin.post("/api/v1/account", json=new | {"name": "eve", "password": "short"}).status_code == 400
    assert admin.post("/api/v1/account/ben/disabled", json={"disabled": True}).json()["disabled"] is True
    reset = admin.post("/api/v1/account/ben/password", json={"password": "another good one"})
    assert reset.json()["must_change"] is True
    assert admin.post("/api/v1/account/nobody/role", json={"role": "viewer"}).status_code == 404
    assert admin.post("/api/v1/account/anna-admin/role", json={"role": "viewer"}).status_code == 409
    assert [one["name"] for one in admin.get("/api/v1/account").json()][-1] == "ben"


def test_the_log_is_read_filtered_proved_and_taken_along(browser: Browser) -> None:
    engineer = browser(Role.ENGINEER)
    page = engineer.get("/api/v1/audit", params={"limit": 2}).json()
    assert page["more"] is True
    assert page["lines"][0]["act"] == "logged in"
    assert page["lines"][0]["time"] == 1_700_000_000_000
    assert page["acts"] == ["account added", "logged in"]
    before = page["lines"][-1]["sequence"]
    older = engineer.get("/api/v1/audit", params={"before": before, "act": "account added"}).json()
    assert [line["what"] for line in older["lines"]] == ["anna-engineer", "anna-operator", "anna-viewer"]
    proved = engineer.get("/api/v1/audit/verify").json()
    assert (proved["lines"], proved["why"]) == (5, "")
    assert engineer.get("/api/v1/audit/verify", params={"anchor": "0" * 64}).json()["why"]
    taken = engineer.get("/api/v1/audit/export")
    assert taken.headers["content-type"] == "text/csv; charset=utf-8"
    assert taken.content.startswith("\ufeffsequence,time".encode())
    assert engineer.get("/api/v1/audit").json()["lines"][0]["act"] == "audit log exported"


def test_who_is_refused_at_login_is_in_the_log_but_what_was_typed_is_not(browser: Browser) -> None:
    client = browser()
    client.post(LOGIN, json={"name": "my secret password", "password": "oops"})
    client.post(LOGIN, json={"name": "Anna-Viewer", "password": "a guess"})
    lines = browser(Role.ADMIN).get("/api/v1/audit", params={"act": "login refused"}).json()["lines"]
    assert [(line["person"], line["outcome"], line["address"]) for line in lines] == [
        ("anna-viewer", "refused", "10.0.0.7"), ("", "refused", "10.0.0.7")]
    assert "secret password" not in str(lines)


# -- without accounts


def test_without_accounts_everybody_is_this_machines_user_and_acts_are_noted(
        tmp_path: Path, passwords: Passwords) -> None:
    door = GuardedDoor(tmp_path, Policy(), passwords=passwords)
    client = TestClient(make_app(Console(tmp_path, door)), "http://127.0.0.1:8420")
    shell = client.get("/api/v1/shell").json()
    assert (shell["users"], shell["person"]["role"], shell["must_change"]) == (False, "admin", False)
    client.headers["X-CSRF-Token"] = shell["token"]
    new = {"name": "anna", "role": "admin", "password": PASSWORD}
    assert client.post("/api/v1/account", json=new).status_code == 201
    line = client.get("/api/v1/audit").json()["lines"][0]
    assert (line["person"], line["act"]) == (shell["person"]["name"], "account added")
    assert client.post(LOGIN, json={"name": "anna", "password": PASSWORD}).status_code == 400
    door.close()
