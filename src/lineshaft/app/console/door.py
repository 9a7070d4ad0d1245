"""Who is asking, and may they: the roles of the console."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from fastapi.requests import HTTPConnection

from lineshaft.core.errors import Refused


class Role(IntEnum):
    """Each may do what those before it may: look; act on alarms; train, deploy and set up; keep accounts."""

    VIEWER = 0
    OPERATOR = 1
    ENGINEER = 2
    ADMIN = 3


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a screen; ``address`` is where the request came from."""

    name: str
    role: Role
    address: str = ""


class NotLoggedIn(Refused):
    """Nobody knows who is asking."""


class NotAllowed(Refused):
    """Known, but the role is too small."""


class Door(Protocol):
    """Lets people in, and notes what they did."""

    users: bool

    def who(self, connection: HTTPConnection) -> Person | None:
        """The person who asks, None where nobody is logged in."""

    def admit(self, connection: HTTPConnection, least: Role) -> Person:
        """The person, if their role is at least this; ``NotLoggedIn`` or ``NotAllowed``."""

    def note(self, person: Person, act: str, what: str, detail: object = None) -> None:
        """An act for the audit log."""

    def close(self) -> None:
        """Release files."""


def admitted(person: Person | None, least: Role) -> Person:
    """The person, if somebody is there and their role suffices."""
    if person is None:
        raise NotLoggedIn("nobody is logged in here", do="log in")
    if person.role < least:
        raise NotAllowed(f"a {person.role.name.lower()} may not do this", where=person.name,
                         do=f"ask somebody who is {least.name.lower()}")
    return person


class OpenDoor:
    """No accounts: whoever can reach this machine's loopback is its user, who may do everything."""

    users = False

    def who(self, connection: HTTPConnection) -> Person | None:
        address = connection.client.host if connection.client else ""
        return Person(_user(), Role.ADMIN, address)

    def admit(self, connection: HTTPConnection, least: Role) -> Person:
        return admitted(self.who(connection), least)

    def note(self, person: Person, act: str, what: str, detail: object = None) -> None:
        """Nothing is kept without a place to keep it."""

    def close(self) -> None:
        """Nothing is held."""


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "local"
