"""Logging in and out, one's own password, and the way to the company's identity provider and back."""

from __future__ import annotations

import html
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field, SecretStr

from lineshaft.app.console.context import PUBLIC, Anybody, Here
from lineshaft.app.console.door import NotAllowed, NotLoggedIn, Person
from lineshaft.app.console.security.csrf import cookie
from lineshaft.app.console.security.door import GuardedDoor, address
from lineshaft.app.console.security.oidc import TRIP_NS
from lineshaft.app.console.security.people import Entered
from lineshaft.app.console.security.policy import Policy
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import LineshaftError, UsageError

router = APIRouter(prefix="/api/v1/session", tags=["session"])
CALLBACK = "/oidc/callback"
_LONGEST = 4096
_AS_PAGE: dict[int | str, dict[str, Any]] = {403: {"description": "A page that says why, since the browser shows it by "
                                                   "itself", "content": {"text/html": {}}}}
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Lineshaft</title>
<script src="/static/theme.js"></script><link rel="stylesheet" href="/static/console.css"></head>
<body><main><div class="panel"><h1>Lineshaft</h1><p>{sentence}</p><p><a href="/">&larr; Lineshaft</a></p></div></main>
</body></html>"""


class Somebody(BaseModel):
    """A person who is logged in."""

    name: str
    role: str = Field(description="viewer, operator, engineer or admin")


class Session(BaseModel):
    """Who is at this browser."""

    users: bool = Field(description="whether this console has accounts; without, everybody at this machine is admin")
    person: Somebody | None = Field(description="null where somebody must log in first")
    must_change: bool = Field(description="whether they have to choose a password before anything else")
    provider: bool = Field(description="whether people may log in at the company's identity provider")
    token: str = Field(description="to be sent as X-CSRF-Token with everything that changes something")


class Login(BaseModel, extra="forbid"):
    """A local account."""

    name: str = Field(max_length=256)
    password: SecretStr = Field(max_length=_LONGEST)


class NewPassword(BaseModel, extra="forbid"):
    """One's own."""

    old: SecretStr = Field(max_length=_LONGEST)
    new: SecretStr = Field(max_length=_LONGEST, description="ten characters or more, without the name in it")


def guarded(here: Here) -> GuardedDoor:
    """The door, where it has accounts behind it."""
    if not isinstance(here.door, GuardedDoor):
        raise UsageError("this console keeps no accounts", where="door")
    return here.door


def logged_in(person: Anybody) -> Person:
    """Whoever is there, also one who has to choose a password first."""
    if person is None:
        raise NotLoggedIn("nobody is logged in here", do="log in")
    return person


Guarded = Annotated[GuardedDoor, Depends(guarded)]
LoggedIn = Annotated[Person, Depends(logged_in)]


@router.get("", openapi_extra=PUBLIC)
def session(door: Guarded, request: Request, response: Response, person: Anybody) -> Session:
    """Who is asking, and the token for what changes something; a session that has ended is taken off the browser."""
    had = door.session(request)
    if had and person is None:
        _forget(response, door.policy)
        had = ""
    return _told(door, person, had)


@router.post("/login", openapi_extra=PUBLIC)
def login(door: Guarded, request: Request, response: Response, wish: Login) -> Session:
    """Begin a session. After a few failures the answer is 429, and Retry-After says for how long."""
    if not door.users:
        raise UsageError("this console is open to everybody at this machine", where="login",
                         do="set users = true under [console] in lineshaft.toml to have people log in")
    entered = door.people.enter(wish.name, wish.password.get_secret_value(), address(request),
                                old=door.session(request))
    return _began(door, entered, response)


@router.post("/logout")
def logout(door: Guarded, request: Request, response: Response, person: LoggedIn) -> Session:
    """End the session."""
    door.people.leave(door.session(request), person.address)
    _forget(response, door.policy)
    return _told(door, None if door.users else person, "")


@router.post("/password")
def password(door: Guarded, response: Response, person: LoggedIn, wish: NewPassword) -> Session:
    """Change one's own; every other session of the account ends."""
    if not door.users:
        raise NotAllowed("nobody is logged in by a password here", where="password", do="see [console] users")
    entered = door.people.change_password(person, wish.old.get_secret_value(), wish.new.get_secret_value())
    return _began(door, entered, response)


@router.get("/oidc", openapi_extra=PUBLIC, response_class=RedirectResponse, status_code=303, responses=_AS_PAGE)
def to_provider(door: Guarded, request: Request) -> Response:
    """Send the browser to the identity provider."""
    if door.people.provider is None:
        raise UsageError("no identity provider is configured", where="login", do="see [console.oidc]")
    try:
        url, ticket = door.people.provider.start(_redirect(door.policy, request))
    except LineshaftError as error:
        return _failed(error)
    answer = RedirectResponse(url, 303)
    # Lax, since the way back is a link from another site, which a strict cookie does not take part in.
    answer.set_cookie(_trip(door.policy), ticket, max_age=TRIP_NS // SECOND, httponly=True, samesite="lax",
                      secure=door.policy.encrypted)
    return answer


@router.get(CALLBACK, openapi_extra=PUBLIC, response_class=RedirectResponse, status_code=303, responses=_AS_PAGE)
def from_provider(door: Guarded, request: Request, state: Annotated[str, Query(max_length=256)] = "",
                  code: Annotated[str, Query(max_length=_LONGEST)] = "",
                  error: Annotated[str, Query(max_length=256)] = "") -> Response:
    """Where the identity provider sends the browser back to."""
    ticket = cookie(request.headers, _trip(door.policy))
    answer: Response
    try:
        entered = door.people.come_back(state, code, ticket, address(request), error=error, old=door.session(request))
    except LineshaftError as failed:
        answer = _failed(failed)
    else:
        answer = RedirectResponse("/", 303)
        _keep(answer, door.policy, entered.token)
    answer.delete_cookie(_trip(door.policy), httponly=True, samesite="lax", secure=door.policy.encrypted)
    return answer


def _began(door: GuardedDoor, entered: Entered, response: Response) -> Session:
    _keep(response, door.policy, entered.token)
    account = entered.account
    return _told(door, Person(account.name, account.role, must_change=account.must_change), entered.token)


def _told(door: GuardedDoor, person: Person | None, token: str) -> Session:
    return Session(
        users=door.users, person=Somebody(name=person.name, role=person.role.word) if person else None,
        must_change=person is not None and person.must_change, provider=door.provider,
        token=door.people.tokens.of(token if door.users else ""))


def _keep(response: Response, policy: Policy, token: str) -> None:
    """Until the browser is closed; how long it holds is the session's own."""
    response.set_cookie(policy.cookie, token, httponly=True, samesite="strict", secure=policy.encrypted)


def _forget(response: Response, policy: Policy) -> None:
    response.delete_cookie(policy.cookie, httponly=True, samesite="strict", secure=policy.encrypted)


def _trip(policy: Policy) -> str:
    return f"{policy.cookie}-trip"


def _redirect(policy: Policy, request: Request) -> str:
    """Our own address as the browser knows it; ``SameSite`` has found the host to be one of ours."""
    return f"{'https' if policy.encrypted else 'http'}://{request.headers['host']}{router.prefix}{CALLBACK}"


def _failed(error: LineshaftError) -> Response:
    """A page of its own, since no page of ours is open at this moment."""
    return HTMLResponse(_PAGE.format(sentence=html.escape(str(error))), 403)
