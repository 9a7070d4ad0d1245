"""Sessions: random, stored as digests, ended by time and by every change of the account."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lineshaft.app.console.door import NotAllowed, NotLoggedIn, Person, Role
from lineshaft.app.console.security.people import People
from lineshaft.app.console.security.policy import HOUR
from lineshaft.core.clock import SECOND, ManualClock

PASSWORD = "correct horse battery"
HERE = "10.0.0.7"
DAY = 24 * HOUR


def enter(people: People, role: str = "operator") -> str:
    return people.enter(f"anna-{role}", PASSWORD, HERE).token


def test_a_token_has_256_random_bits_and_only_its_digest_is_stored(people: People) -> None:
    first, second = enter(people), enter(people)
    assert first != second
    assert len(first) >= 43
    people.close()
    content = b"".join(path.read_bytes() for path in people.store.path.parent.iterdir())
    assert first.encode() not in content


@pytest.mark.parametrize("token", ["", "nonsense", "x" * 10_000, "\ud800"])
def test_a_made_up_token_is_nobody(people: People, token: str) -> None:
    assert people.who(token, HERE) is None


def test_it_ends_when_nothing_was_asked_for_too_long(people: People, clock: ManualClock) -> None:
    token = enter(people)
    for _ in range(3):
        clock.advance(12 * HOUR - SECOND)
        assert people.who(token, HERE) is not None
    clock.advance(12 * HOUR)
    assert people.who(token, HERE) is None


def test_it_ends_a_week_after_the_login_however_busy(people: People, clock: ManualClock) -> None:
    token = enter(people)
    for _ in range(7 * 24 - 1):
        clock.advance(HOUR)
        assert people.who(token, HERE) is not None
    clock.advance(HOUR)
    assert people.who(token, HERE) is None


def test_a_socket_that_stays_open_does_not_keep_it_alive(people: People, clock: ManualClock) -> None:
    token = enter(people)
    for _ in range(11):
        clock.advance(HOUR)
        assert people.who(token, HERE, prolong=False) is not None
    clock.advance(HOUR)
    assert people.who(token, HERE, prolong=False) is None


CHANGES: dict[str, Callable[[People, Person], object]] = {
    "role": lambda people, by: people.accounts.set_role(by, "anna-operator", Role.VIEWER),
    "password": lambda people, by: people.accounts.set_password(by, "anna-operator", "another good password"),
    "disabled": lambda people, by: people.accounts.set_disabled(by, "anna-operator", True),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_ends_with_a_change_of_the_account_and_nobody_elses_does(people: People, root: Person, change: str) -> None:
    token, other = enter(people), enter(people, "viewer")
    CHANGES[change](people, root)
    assert people.who(token, HERE) is None
    assert people.who(other, HERE) is not None


def test_a_change_to_what_it_was_ends_nothing(people: People, root: Person) -> None:
    token = enter(people)
    people.accounts.set_role(root, "anna-operator", Role.OPERATOR)
    people.accounts.set_disabled(root, "anna-operator", False)
    assert people.who(token, HERE) is not None


def test_login_gives_a_new_token_and_ends_the_one_that_the_browser_had(people: People) -> None:
    planted = enter(people)
    fresh = people.enter("anna-operator", PASSWORD, HERE, old=planted).token
    assert fresh != planted
    assert people.who(planted, HERE) is None
    assert people.who(fresh, HERE) is not None


def test_logout_ends_this_one_only(people: People) -> None:
    here, there = enter(people), enter(people)
    people.leave(here, HERE)
    assert people.who(here, HERE) is None
    assert people.who(there, HERE) is not None
    people.leave(here, HERE)


def test_ones_own_new_password_ends_all_and_begins_one(people: People) -> None:
    here, there = enter(people), enter(people)
    person = people.who(here, HERE)
    assert person is not None
    fresh = people.change_password(person, PASSWORD, "another good password").token
    assert people.who(here, HERE) is people.who(there, HERE) is None
    assert people.who(fresh, HERE) == person
    with pytest.raises(NotLoggedIn, match="name or password is wrong"):
        people.enter("anna-operator", PASSWORD, HERE)


def test_the_old_password_has_to_be_right_and_the_new_one_another(people: People) -> None:
    person = people.who(enter(people), HERE)
    assert person is not None
    with pytest.raises(NotAllowed, match="the old password is wrong"):
        people.change_password(person, "not my password", "another good password")
    with pytest.raises(NotAllowed, match="the new password is the old one"):
        people.change_password(person, PASSWORD, PASSWORD)


def test_an_account_has_twenty_at_most_and_the_oldest_ends(people: People, clock: ManualClock) -> None:
    tokens = []
    for _ in range(22):
        tokens.append(enter(people))
        clock.advance(SECOND)
    assert [people.who(token, HERE) is not None for token in tokens] == [False] * 2 + [True] * 20


def test_sessions_that_have_ended_are_cleared_away(people: People, clock: ManualClock) -> None:
    enter(people, "viewer")
    clock.advance(DAY)
    enter(people)
    with people.store.read() as db:
        assert db.execute("SELECT count(*) FROM session").fetchone() == (1,)


def test_a_disabled_account_is_told_so_only_with_its_password(people: People, root: Person) -> None:
    people.accounts.set_disabled(root, "anna-operator", True)
    with pytest.raises(NotLoggedIn, match="name or password is wrong"):
        people.enter("anna-operator", "a wrong password", HERE)
    with pytest.raises(NotAllowed, match="this account is disabled"):
        people.enter("anna-operator", PASSWORD, HERE)
