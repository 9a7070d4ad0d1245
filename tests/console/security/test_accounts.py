"""Accounts: names, roles, the last administrator, and that every change is noted."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from lineshaft.app.console.door import Person, Role
from lineshaft.app.console.security.errors import NoSuchAccount
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.people import People
from lineshaft.app.console.security.policy import Policy
from lineshaft.core.clock import ManualClock
from lineshaft.core.errors import LineshaftError, Refused, UsageError

PASSWORD = "correct horse battery"


def test_a_name_is_one_whatever_its_case_and_keyboard(people: People, root: Person) -> None:
    with pytest.raises(Refused, match="'anna-admin' is taken"):
        people.accounts.add(root, "ANNA-Admin", Role.VIEWER, PASSWORD)
    with pytest.raises(Refused, match="is taken"):
        people.accounts.add(root, "ａｎｎａ-admin", Role.VIEWER, PASSWORD)
    assert people.accounts.get(" Anna-ADMIN ").name == "anna-admin"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "<script>", "=cmd()", "a/b", "-x", "x" * 65, "a\u202eb", "a,b"])
def test_what_could_mislead_a_reader_is_no_name(people: People, root: Person, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be a name"):
        people.accounts.add(root, name, Role.VIEWER, PASSWORD)


@pytest.mark.parametrize("name", ["anna", "Anna Berg", "anna.berg@works.example", "张伟", "O'Neil", "k"])
def test_names_of_people_are_names(people: People, root: Person, name: str) -> None:
    assert people.accounts.add(root, name, Role.VIEWER, PASSWORD).name == name


def test_the_last_administrator_stays_one_and_stays_enabled(people: People, root: Person) -> None:
    with pytest.raises(Refused, match="anna-admin is the last administrator"):
        people.accounts.set_disabled(root, "anna-admin", True)
    with pytest.raises(Refused, match="anna-admin is the last administrator"):
        people.accounts.set_role(root, "anna-admin", Role.ENGINEER)
    assert people.accounts.get("anna-admin").role is Role.ADMIN
    people.accounts.add(root, "ben", Role.ADMIN, PASSWORD)
    people.accounts.set_role(root, "anna-admin", Role.ENGINEER)
    with pytest.raises(Refused, match="ben is the last administrator"):
        people.accounts.set_disabled(root, "ben", True)


def test_a_disabled_administrator_is_none(people: People, root: Person) -> None:
    people.accounts.add(root, "ben", Role.ADMIN, PASSWORD)
    people.accounts.set_disabled(root, "ben", True)
    with pytest.raises(Refused, match="last administrator"):
        people.accounts.set_disabled(root, "anna-admin", True)


def test_an_unknown_name_is_a_sentence(people: People, root: Person) -> None:
    said = "no account is called 'nobody'; see the list"
    with pytest.raises(NoSuchAccount, match=said):
        people.accounts.set_role(root, "nobody", Role.VIEWER)
    with pytest.raises(NoSuchAccount, match=said):
        people.accounts.set_disabled(root, "nobody", True)
    with pytest.raises(NoSuchAccount, match=said):
        people.accounts.set_password(root, "nobody", PASSWORD)


def test_every_change_is_in_the_log_with_who_and_what(people: People, root: Person) -> None:
    people.accounts.add(root, "ben", Role.VIEWER, PASSWORD)
    people.accounts.set_role(root, "ben", Role.OPERATOR)
    people.accounts.set_disabled(root, "ben", True)
    people.accounts.set_disabled(root, "ben", False)
    people.accounts.set_password(root, "ben", PASSWORD + "!")
    found = [(line.person, line.act, line.what, line.detail) for line in reversed(people.audit.lines(limit=5))]
    assert found == [("root", "account added", "ben", '{"role": "viewer"}'),
                     ("root", "role changed", "ben", '{"from": "viewer", "to": "operator"}'),
                     ("root", "account disabled", "ben", "{}"), ("root", "account enabled", "ben", "{}"),
                     ("root", "password set", "ben", "{}")]


def test_a_change_that_could_not_be_noted_did_not_happen(people: People, root: Person) -> None:
    with people.store.write() as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(LineshaftError, match="cannot be written"):
        people.accounts.set_role(root, "anna-viewer", Role.ADMIN)
    assert people.accounts.get("anna-viewer").role is Role.VIEWER


def test_the_command_line_and_the_console_see_the_same_accounts(
        people: People, tmp_path: Path, clock: ManualClock, passwords: Passwords, root: Person) -> None:
    other = People(tmp_path, Policy(), clock=clock, passwords=passwords)
    other.accounts.add(root, "ben", Role.OPERATOR, PASSWORD)
    other.close()
    assert people.enter("ben", PASSWORD, "10.0.0.7").account.role is Role.OPERATOR


def test_no_password_is_in_the_file(people: People) -> None:
    people.close()
    content = b"".join(path.read_bytes() for path in people.store.path.parent.iterdir())
    assert b"anna-admin" in content
    assert PASSWORD.encode() not in content
    with sqlite3.connect(people.store.path) as db:
        assert all(found.startswith("$argon2id$") for (found,) in db.execute("SELECT hash FROM account"))
