"""Passwords: rules, argon2id, parameters that may change, and equal work for names that nobody has."""

from __future__ import annotations

import threading

import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from lineshaft.app.console.door import Person, Role
from lineshaft.app.console.security.accounts import Accounts
from lineshaft.app.console.security.errors import MustWait
from lineshaft.app.console.security.passwords import Passwords, check_rules
from lineshaft.app.console.security.people import People
from lineshaft.core.clock import ManualClock
from lineshaft.core.errors import UsageError

PASSWORD = "correct horse battery"



@pytest.mark.parametrize(("password", "said"), [
    ("short", "the password has 5 characters; use 10 or more"),
    ("x" * 1025, "the password is endless"),
    ("my Anna-Berg password", "the password has the name in it"),
])
def test_a_poor_password_is_refused_by_a_sentence(password: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_rules(password, "anna-berg")


def test_a_good_one_is_taken() -> None:
    check_rules("four words that nobody guesses", "anna")
    check_rules("密码要足够长才可以用它", "张伟")


def test_what_is_stored_is_argon2id_with_memory_enough() -> None:
    found = extract_parameters(Passwords().hash("correct horse battery"))
    assert found.type is Type.ID
    assert found.memory_cost >= 64 * 1024
    assert found.time_cost >= 3


def test_the_same_password_gives_another_hash_each_time_and_each_fits(passwords: Passwords) -> None:
    first, second = passwords.hash("correct horse"), passwords.hash("correct horse")
    assert first != second
    assert passwords.verify(first, "correct horse")
    assert passwords.verify(second, "correct horse")
    assert not passwords.verify(first, "Correct horse")


def test_a_password_is_the_same_however_its_letters_are_composed(passwords: Passwords) -> None:
    assert passwords.verify(passwords.hash("cafe\u0301 au lait"), "caf\u00e9 au lait")


@pytest.mark.parametrize("stored", ["", "nonsense", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA"])
def test_a_damaged_hash_lets_nobody_in(passwords: Passwords, stored: str) -> None:
    assert not passwords.verify(stored, "correct horse")


def test_for_a_name_that_nobody_has_the_same_hash_is_computed(
        people: People, passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[object] = []
    hasher = passwords._hasher

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            computed.append(extract_parameters(stored))
            return hasher.verify(stored, password)

    monkeypatch.setattr(passwords, "_hasher", Counting())
    assert people.accounts.verify("anna-admin", "a wrong password") is None
    assert people.accounts.verify("nobody", "a wrong password") is None
    assert len(computed) == 2
    assert computed[0] == computed[1]


def test_a_hash_of_older_parameters_is_made_anew_at_login_and_ends_no_session(
        people: People, clock: ManualClock, root: Person) -> None:
    token = people.enter("anna-viewer", PASSWORD, "10.0.0.7").token
    stronger = Passwords(passes=2, memory_kib=128)
    later = Accounts(people.store, stronger, people.audit, clock)

    def stored() -> str:
        with people.store.read() as db:
            return str(db.execute("SELECT hash FROM account WHERE name = 'anna-viewer'").fetchone()[0])

    before = stored()
    assert later.verify("anna-viewer", "a wrong password") is None
    assert stored() == before
    assert later.verify("anna-viewer", PASSWORD) is not None
    assert extract_parameters(stored()).time_cost == 2
    assert later.verify("anna-viewer", PASSWORD) is not None
    assert people.who(token, "10.0.0.7") == Person("anna-viewer", Role.VIEWER, "10.0.0.7")


def test_one_hash_at_a_time_and_few_wait_for_it(passwords: Passwords) -> None:
    begun, go_on = threading.Event(), threading.Event()
    inside: list[int] = []
    most: list[int] = []

    class Slow:
        def hash(self, password: str) -> str:
            inside.append(1)
            most.append(len(inside))
            begun.set()
            go_on.wait()
            inside.pop()
            return password

    passwords._hasher = Slow()  # type: ignore[assignment]
    threads = [threading.Thread(target=passwords.hash, args=("correct horse",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    begun.wait()
    while passwords._places._value:
        threading.Event().wait(0.001)
    with pytest.raises(MustWait, match="many people log in at this moment"):
        passwords.hash("correct horse")
    go_on.set()
    for thread in threads:
        thread.join()
    assert max(most) == 1
