"""People, a door and a browser, with cheap password hashes and a clock turned by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import Person, Role
from lineshaft.app.console.security.door import GuardedDoor
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.people import People
from lineshaft.app.console.security.policy import Policy
from lineshaft.app.console.server import make_app
from lineshaft.core.clock import SECOND, ManualClock

BASE = "http://127.0.0.1:8420"
PASSWORD = "correct horse battery"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_700_000_000 * SECOND)


@pytest.fixture
def passwords() -> Passwords:
    return Passwords(passes=1, memory_kib=64)


@pytest.fixture
def root() -> Person:
    """Who made the first accounts, at the command line."""
    return Person("root", Role.ADMIN)


@pytest.fixture
def door(tmp_path: Path, clock: ManualClock, passwords: Passwords, root: Person) -> Iterator[GuardedDoor]:
    """One account of each role, named by it."""
    found = GuardedDoor(tmp_path, Policy(users=True), clock=clock, passwords=passwords)
    for role in Role:
        found.people.accounts.add(root, f"anna-{role.word}", role, PASSWORD, must_change=False)
    yield found
    found.close()


@pytest.fixture
def people(door: GuardedDoor) -> People:
    return door.people


Browser = Callable[..., TestClient]


@pytest.fixture
def browser(door: GuardedDoor, tmp_path: Path) -> Browser:
    """A browser of its own cookies; logged in where a role is named."""
    app = make_app(Console(tmp_path, door))

    def opened(role: Role | None = None, address: str = "10.0.0.7") -> TestClient:
        client = TestClient(app, BASE, client=(address, 50000), raise_server_exceptions=False)
        client.headers["Origin"] = BASE
        renew(client)
        if role is not None:
            answer = client.post("/api/v1/session/login", json={"name": f"anna-{role.word}", "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            renew(client)
        return client

    return opened


def renew(client: TestClient) -> None:
    """What the page does after each change of who is logged in."""
    client.headers["X-CSRF-Token"] = client.get("/api/v1/session").json()["token"]
