"""Who is asking, and may they: the roles of the console."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal, Protocol

from lineshaft.core.errors import Refused, UsageError

if TYPE_CHECKING:
    from starlette.middleware import Middleware
    from starlette.requests import HTTPConnection

Outcome = Literal["done", "refused", "failed"]


class Role(IntEnum):
    """Each may do what those before it may: look; act on alarms; train, deploy and set up; keep accounts."""

    VIEWER = 0
    OPERATOR = 1
    ENGINEER = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """As it is written in files and answers."""
        return self.name.lower()

    @classmethod
    def named(cls, word: str) -> Role:
        """The role of that name; ``UsageError`` naming those there are."""
        found = next((role for role in cls if role.word == word), None)
        if found is None:
            raise UsageError(f"no role is called {word!r}", where="role",
                             do=f"use one of: {', '.join(role.word for role in cls)}")
        return found


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at a screen; ``address`` is where the request came from, "" for this machine's command line.

    Whoever ``must_change`` a password that somebody else has set may do nothing before.
    """

    name: str
    role: Role
    address: str = ""
    must_change: bool = False


class NotLoggedIn(Refused):
    """Nobody knows who is asking."""


class NotAllowed(Refused):
    """Known, but the role is too small."""


class Door(Protocol):
    """Lets people in, and notes what they did."""

    @property
    def users(self) -> bool:
        """Whether everybody logs in."""

    @property
    def provider(self) -> bool:
        """Whether people may log in at the company's identity provider."""

    def who(self, connection: HTTPConnection) -> Person | None:
        """The person who asks, None where nobody is logged in."""

    def admit(self, connection: HTTPConnection, least: Role) -> Person:
        """The person, if their role is at least this; ``NotLoggedIn`` or ``NotAllowed``."""

    def note(self, person: Person, act: str, what: str, detail: object = None, *,
             outcome: Outcome = "done") -> None:
        """An act for the audit log."""

    def token(self, connection: HTTPConnection) -> str:
        """What a page sends with everything that changes something, so that no other page can."""

    def middleware(self) -> list[Middleware]:
        """What stands before every route, the outermost first."""

    def close(self) -> None:
        """Release files."""


def admitted(person: Person | None, least: Role) -> Person:
    """The person, if somebody is there and their role suffices."""
    if person is None:
        raise NotLoggedIn("nobody is logged in here", do="log in")
    if person.must_change:
        raise NotAllowed("somebody else has set this password", where="password", do="choose one of your own first")
    if person.role < least:
        raise NotAllowed(f"{person.name} is {person.role.word}, and this takes {least.word}", where="role",
                         do=f"ask somebody who is {least.word}")
    return person


class OpenDoor:
    """No accounts: whoever can reach this machine's loopback is its user, who may do everything."""

    users = provider = False

    def who(self, connection: HTTPConnection) -> Person | None:
        address = connection.client.host if connection.client else ""
        return Person(local_name(), Role.ADMIN, address)

    def admit(self, connection: HTTPConnection, least: Role) -> Person:
        return admitted(self.who(connection), least)

    def note(self, person: Person, act: str, what: str, detail: object = None, *,
             outcome: Outcome = "done") -> None:
        """Nothing is kept without a place to keep it."""

    def token(self, connection: HTTPConnection) -> str:
        return ""

    def middleware(self) -> list[Middleware]:
        return []

    def close(self) -> None:
        """Nothing is held."""


def local_name() -> str:
    """This machine's user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "local"
