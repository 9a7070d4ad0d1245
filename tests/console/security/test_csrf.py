"""Pages of strangers can make a browser send requests; none of them changes anything or opens a socket."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import Role
from lineshaft.app.console.security.csrf import check_host
from lineshaft.app.console.security.door import GuardedDoor
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.policy import Policy
from lineshaft.app.console.server import make_app

Browser = Callable[..., TestClient]
BASE = "http://127.0.0.1:8420"
LOGOUT = "/api/v1/session/logout"
LIVE = "ws://127.0.0.1:8420/api/v1/live"


def test_a_changing_request_needs_the_token_of_this_session(browser: Browser) -> None:
    anna, ben = browser(Role.OPERATOR), browser(Role.VIEWER)
    for token in ("", "nonsense", ben.headers["X-CSRF-Token"], browser().headers["X-CSRF-Token"], "ü"):
        answer = anna.post(LOGOUT, headers={"X-CSRF-Token": token.encode()})
        assert answer.status_code == 403
        assert "does not come from an open page of this console; load the page again" in answer.json()["error"]
    assert anna.post(LOGOUT).status_code == 200


def test_without_the_header_there_is_no_change(browser: Browser) -> None:
    client = browser(Role.OPERATOR)
    del client.headers["X-CSRF-Token"]
    assert client.post(LOGOUT).status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_browser_that_says_another_site_is_refused(browser: Browser, site: str) -> None:
    answer = browser(Role.OPERATOR).post(LOGOUT, headers={"Sec-Fetch-Site": site})
    assert answer.status_code == 403
    assert "another page sent this request" in answer.json()["error"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1:8420", "http://127.0.0.1:8421",
                                    "http://127.0.0.1", "http://127.0.0.1:8420.evil.example", "http://localhost:8420"])
def test_an_origin_that_is_not_ours_is_refused(browser: Browser, origin: str) -> None:
    answer = browser(Role.OPERATOR).post(LOGOUT, headers={"Origin": origin})
    assert answer.status_code == 403
    assert "Origin" in answer.json()["where"]


def test_our_own_page_and_a_program_without_an_origin_are_heard(browser: Browser) -> None:
    page = browser(Role.OPERATOR)
    assert page.post(LOGOUT, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    program = browser(Role.OPERATOR)
    del program.headers["Origin"]
    assert program.post(LOGOUT).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8420", "127.0.0.1.evil.example", "", "localhost.evil",
                                  "[::1", "192.168.0.5:8420", "user@evil.example"])
@pytest.mark.parametrize("path", ["/", "/api/v1/session", "/static/app.js", "/api/v1/openapi.json"])
def test_a_name_that_is_not_ours_reads_nothing(browser: Browser, host: str, path: str) -> None:
    answer = browser().get(path, headers={"Host": host})
    assert answer.status_code == 403
    assert "this console is not called" in answer.json()["error"]


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost", "LOCALHOST:1", "[::1]:8420", "localhost."])
def test_loopback_names_are_ours(browser: Browser, host: str) -> None:
    assert browser().get("/api/v1/session", headers={"Host": host}).status_code == 200


def test_configured_names_are_ours_and_so_is_the_address_bound_to() -> None:
    policy = Policy(host="192.168.0.5", names=("Line1.example",))
    for host in ("line1.example:8420", "192.168.0.5:8420", "localhost"):
        check_host(host, policy.hosts)
    assert "0.0.0.0" not in Policy(host="0.0.0.0").hosts


def socket_code(client: TestClient, **headers: str) -> int:
    with pytest.raises(WebSocketDisconnect) as caught, client.websocket_connect(LIVE, headers=headers):
        pass
    return int(caught.value.code)


def test_a_socket_from_another_origin_or_from_none_is_refused(browser: Browser) -> None:
    client = browser(Role.VIEWER)
    assert socket_code(client, Origin="http://evil.example") == 1008
    assert socket_code(client, Origin="null") == 1008
    assert socket_code(client, Host="evil.example", Origin="http://evil.example") == 1008
    del client.headers["Origin"]
    assert socket_code(client) == 1008


def test_a_socket_needs_a_session(browser: Browser) -> None:
    assert socket_code(browser()) == 1008
    accepted = False
    with suppress(CancelledError), browser(Role.VIEWER).websocket_connect(LIVE):  # the test's client cancels it at last
        accepted = True
    assert accepted


def test_without_accounts_strangers_pages_are_kept_out_all_the_same(tmp_path: Path, passwords: Passwords) -> None:
    door = GuardedDoor(tmp_path, Policy(), passwords=passwords)
    client = TestClient(make_app(Console(tmp_path, door)), BASE)
    new = {"name": "mallory", "role": "admin", "password": "correct horse battery"}
    assert client.get("/api/v1/session").json()["person"]["role"] == "admin"
    assert client.post("/api/v1/account", json=new).status_code == 403
    client.headers["X-CSRF-Token"] = client.get("/api/v1/session").json()["token"]
    assert client.post("/api/v1/account", json=new, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/v1/account", json=new, headers={"Host": "evil.example"}).status_code == 403
    assert socket_code(client, Origin="http://evil.example") == 1008
    assert door.people.accounts.all() == []
    door.close()
