"""A person at the console, the four roles, and the ways of being turned away."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lineshaft.core.errors import Refused, UsageError


class Role(StrEnum):
    """Each may do everything that those before it may.

    >>> [role.value for role in Role if role.at_least(Role.OPERATOR)]
    ['operator', 'engineer', 'admin']
    """

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def at_least(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


def role_named(text: str) -> Role:
    """The role of that name; ``UsageError`` naming those there are."""
    try:
        return Role(text)
    except ValueError:
        raise UsageError(f"no role is called {text!r}", where="role", do=f"use one of: {', '.join(Role)}") from None


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks: ``address`` is the peer's, "" for this machine's command line."""

    name: str
    role: Role
    address: str = ""


class NotLoggedIn(Refused):
    """Nobody is behind the request: no session, or one that has ended."""

    def __init__(self, what: str = "nobody is logged in here", *, where: str = "", do: str = "log in") -> None:
        super().__init__(what, where=where, do=do)


class NotAllowed(Refused):
    """Somebody is, and may not."""


class NoSuchAccount(UsageError):
    """No account has that name."""


class MustWait(Refused):
    """Too many attempts; ``seconds`` is how long nothing is tried."""

    def __init__(self, what: str, *, where: str = "", do: str = "", seconds: int = 1) -> None:
        self.seconds = seconds
        super().__init__(what, where=where, do=do or f"try again in {seconds} s")
