"""FastAPI's questions to the door: ``person: Operator`` in a route lets in operators and those above."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from lineshaft.app.console.security.csrf import cookie
from lineshaft.app.console.security.door import Door
from lineshaft.app.console.security.person import NotAllowed, Person, Role


def door(connection: HTTPConnection) -> Door:
    found: Door = connection.app.state.door
    return found


def token(connection: HTTPConnection) -> str:
    """The session's token as the browser sent it, "" where it sent none."""
    return cookie(connection.headers, door(connection).policy.cookie)


def address(connection: HTTPConnection) -> str:
    return connection.client.host if connection.client else ""


class Needs:
    """Lets a person of the role through; with ``due`` also one who has to choose a new password first."""

    def __init__(self, role: Role, *, due: bool = False) -> None:
        self.role, self.due = role, due

    def __call__(self, connection: HTTPConnection) -> Person:
        person, due = door(connection).who(token(connection), address(connection))
        if due and not self.due:
            raise NotAllowed("the password was set by somebody else", where=person.name,
                             do="choose one of your own first")
        if not person.role.at_least(self.role):
            raise NotAllowed(f"{person.name} is {_a(person.role)}, and this takes {_a(self.role)}", where=person.name,
                             do="ask an administrator for the role")
        return person


def _a(role: Role) -> str:
    return f"{'an' if role.value[0] in 'aeiou' else 'a'} {role}"


Anybody = Annotated[Person, Depends(Needs(Role.VIEWER, due=True))]
Viewer = Annotated[Person, Depends(Needs(Role.VIEWER))]
Operator = Annotated[Person, Depends(Needs(Role.OPERATOR))]
Engineer = Annotated[Person, Depends(Needs(Role.ENGINEER))]
Admin = Annotated[Person, Depends(Needs(Role.ADMIN))]
