"""The door with accounts behind it: from a browser's request to a person."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import HTTPConnection

from lineshaft.app.console.door import Outcome, Person, Role, admitted
from lineshaft.app.console.security.csrf import SameSite, cookie
from lineshaft.app.console.security.headers import SafeAnswers
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.people import People
from lineshaft.app.console.security.policy import Policy
from lineshaft.core.clock import Clock


class GuardedDoor:
    """The console's door after its policy; where accounts are off it still keeps strangers' pages out and notes."""

    def __init__(self, project: Path, policy: Policy | None = None, *, clock: Clock | None = None,
                 passwords: Passwords | None = None) -> None:
        self.people = People(project, policy, clock=clock, passwords=passwords)
        self.policy = self.people.policy

    @property
    def users(self) -> bool:
        return self.policy.users

    @property
    def provider(self) -> bool:
        return self.people.provider is not None

    def who(self, connection: HTTPConnection) -> Person | None:
        """A socket that stays open is asked about again and again, and does not keep its session alive by that."""
        asks = connection.scope["type"] == "http"
        return self.people.who(self.session(connection), address(connection), prolong=asks)

    def admit(self, connection: HTTPConnection, least: Role) -> Person:
        return admitted(self.who(connection), least)

    def note(self, person: Person, act: str, what: str, detail: object = None, *, outcome: Outcome = "done") -> None:
        told = detail if isinstance(detail, Mapping) or detail is None else {"detail": detail}
        self.people.audit.note(person, act, what, told, outcome=outcome)

    def token(self, connection: HTTPConnection) -> str:
        return self.people.tokens.of(self.session(connection) if self.users else "")

    def session(self, connection: HTTPConnection) -> str:
        """The session's token as the browser sent it, "" where it sent none."""
        return cookie(connection.headers, self.policy.cookie)

    def middleware(self) -> list[Middleware]:
        return [Middleware(SafeAnswers, largest=self.policy.largest_body),
                Middleware(SameSite, policy=self.policy, tokens=self.people.tokens)]

    def close(self) -> None:
        self.people.close()


def address(connection: HTTPConnection) -> str:
    """The other end of the connection; a proxy's word for it is heeded only where one is configured (serve.py)."""
    return connection.client.host if connection.client else ""
