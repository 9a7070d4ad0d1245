"""Accounts: an administrator's work."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field, SecretStr

from lineshaft.app.console.context import Admin
from lineshaft.app.console.door import Role
from lineshaft.app.console.routes.session import Guarded
from lineshaft.app.console.security.accounts import Account as Kept

router = APIRouter(prefix="/api/v1/account", tags=["account"])
_MS = 1_000_000
Word = Literal["viewer", "operator", "engineer", "admin"]
Name = Annotated[str, Path(max_length=256, description="of the account, in any case")]


class Account(BaseModel):
    """One account; nobody ever sees a password or its hash."""

    name: str
    role: Word
    disabled: bool = Field(description="whether it is kept out")
    must_change: bool = Field(description="whether somebody else has set the password last")
    foreign: bool = Field(description="whether it is of the identity provider, which also says its role")
    created: int = Field(description="ms")
    seen: int | None = Field(description="ms of the last login, null where there was none")


class NewAccount(BaseModel, extra="forbid"):
    """A local account; its person has to choose another password at the first login."""

    name: str = Field(max_length=256)
    role: Word
    password: SecretStr = Field(max_length=4096, description="ten characters or more, without the name in it")


class NewRole(BaseModel, extra="forbid"):
    """What the person may do from now on."""

    role: Word


class Disabled(BaseModel, extra="forbid"):
    """Whether the person is kept out."""

    disabled: bool


class Reset(BaseModel, extra="forbid"):
    """A password for one login."""

    password: SecretStr = Field(max_length=4096)


@router.get("")
def accounts(door: Guarded, _: Admin) -> list[Account]:
    """All of them, by name."""
    return [_told(one) for one in door.people.accounts.all()]


@router.post("", status_code=201)
def add(door: Guarded, person: Admin, wish: NewAccount) -> Account:
    """A new local account."""
    return _told(door.people.accounts.add(person, wish.name, Role.named(wish.role), wish.password.get_secret_value()))


@router.post("/{name}/role")
def role(door: Guarded, person: Admin, name: Name, wish: NewRole) -> Account:
    """Change the role; the account's sessions end."""
    return _told(door.people.accounts.set_role(person, name, Role.named(wish.role)))


@router.post("/{name}/disabled")
def disabled(door: Guarded, person: Admin, name: Name, wish: Disabled) -> Account:
    """Keep the person out, and end their sessions; or let them in again."""
    return _told(door.people.accounts.set_disabled(person, name, wish.disabled))


@router.post("/{name}/password")
def reset(door: Guarded, person: Admin, name: Name, wish: Reset) -> Account:
    """Set a password, which the person has to change; the account's sessions end."""
    return _told(door.people.accounts.set_password(person, name, wish.password.get_secret_value()))


def _told(kept: Kept) -> Account:
    return Account.model_validate({
        "name": kept.name, "role": kept.role.word, "disabled": kept.disabled, "must_change": kept.must_change,
        "foreign": kept.foreign, "created": kept.created // _MS,
        "seen": None if kept.seen is None else kept.seen // _MS})
