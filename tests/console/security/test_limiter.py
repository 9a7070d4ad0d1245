"""Login attempts: who guesses has to wait, who errs a few times does not, and nobody locks out a colleague."""

from __future__ import annotations

import pytest

from lineshaft.app.console.door import NotLoggedIn
from lineshaft.app.console.security.errors import MustWait
from lineshaft.app.console.security.limiter import Limiter
from lineshaft.app.console.security.people import People
from lineshaft.core.clock import SECOND, ManualClock

HERE, THERE = "10.0.0.7", "10.0.0.8"
PASSWORD = "correct horse battery"


@pytest.fixture
def limiter(clock: ManualClock) -> Limiter:
    return Limiter(clock)


def fail(limiter: Limiter, times: int, name: str = "anna", address: str = HERE) -> None:
    for _ in range(times):
        limiter.begin(name, address)


def wait_of(limiter: Limiter, name: str = "anna", address: str = HERE) -> int:
    with pytest.raises(MustWait) as caught:
        limiter.begin(name, address)
    return caught.value.seconds


def test_the_wait_after_the_fifth_failure_doubles_up_to_five_minutes(limiter: Limiter, clock: ManualClock) -> None:
    fail(limiter, 5)
    waits = []
    for _ in range(10):
        waits.append(wait_of(limiter))
        clock.advance(waits[-1] * SECOND)
        limiter.begin("anna", HERE)
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_the_answer_says_how_long_to_wait(limiter: Limiter, clock: ManualClock) -> None:
    fail(limiter, 5)
    clock.advance(SECOND // 2)
    with pytest.raises(MustWait, match="too many failed attempts; try again in 2 s"):
        limiter.begin("anna", HERE)


def test_trying_while_one_must_wait_makes_it_no_longer(limiter: Limiter, clock: ManualClock) -> None:
    fail(limiter, 5)
    for _ in range(100):
        wait_of(limiter)
    clock.advance(2 * SECOND)
    limiter.begin("anna", HERE)


def test_success_starts_anew(limiter: Limiter) -> None:
    fail(limiter, 4)
    limiter.begin("anna", HERE)
    limiter.succeeded("anna", HERE)
    fail(limiter, 5)
    assert wait_of(limiter) == 2


def test_failures_are_forgotten_after_an_hour(limiter: Limiter, clock: ManualClock) -> None:
    fail(limiter, 4)
    clock.advance(3_601 * SECOND)
    fail(limiter, 5)
    assert wait_of(limiter) == 2


def test_somebody_who_fails_on_purpose_does_not_lock_out_a_colleague(limiter: Limiter) -> None:
    fail(limiter, 5, address=THERE)
    assert wait_of(limiter, address=THERE) == 2
    limiter.begin("anna", HERE)


def test_one_address_that_tries_many_names_has_to_wait(limiter: Limiter) -> None:
    for number in range(20):
        limiter.begin(f"name{number}", HERE)
    assert wait_of(limiter, "another") == 2
    limiter.begin("another", THERE)


def test_an_own_account_does_not_clear_what_an_address_failed_at_others(limiter: Limiter) -> None:
    for number in range(19):
        limiter.begin(f"name{number}", HERE)
        limiter.begin("mine", HERE)
        limiter.succeeded("mine", HERE)
    limiter.begin("name19", HERE)
    assert wait_of(limiter, "name20") == 2


def test_many_addresses_that_guess_at_one_name_are_slowed(limiter: Limiter) -> None:
    for number in range(50):
        limiter.begin("anna", f"10.0.1.{number}")
    assert wait_of(limiter, "ANNA ", "10.0.2.1") == 2


def test_an_ipv6_subscriber_is_one_whatever_address_it_takes(limiter: Limiter) -> None:
    for number in range(20):
        limiter.begin(f"name{number}", f"2001:db8:0:1::{number:x}")
    assert wait_of(limiter, "another", "2001:db8:0:1:ffff::1") == 2
    limiter.begin("another", "2001:db8:0:2::1")


def test_attempts_at_the_same_time_gain_nothing(limiter: Limiter) -> None:
    """All begin before the first has failed."""
    begun = 0
    with pytest.raises(MustWait):
        for _ in range(100):
            limiter.begin("anna", HERE)
            begun += 1
    assert begun == 5


def test_its_memory_is_bounded_and_who_guesses_is_remembered(clock: ManualClock) -> None:
    limiter = Limiter(clock, most=100)
    fail(limiter, 5)
    for number in range(90):
        limiter.begin(f"name{number % 15}-{number}", f"10.1.{number}.1")
        assert len(limiter) <= 100
    limiter = Limiter(clock, most=100)
    for number in range(25):
        try:
            limiter.begin(f"name{number}", HERE)
        except MustWait:
            break
    else:
        pytest.fail("names pushed the address out")


def test_login_is_limited_and_the_right_password_waits_too(people: People, clock: ManualClock) -> None:
    for _ in range(5):
        with pytest.raises(NotLoggedIn):
            people.enter("anna-viewer", "a wrong password", HERE)
    with pytest.raises(MustWait):
        people.enter("anna-viewer", PASSWORD, HERE)
    clock.advance(2 * SECOND)
    people.enter("anna-viewer", PASSWORD, HERE)


def test_changing_ones_password_is_no_way_around(people: People) -> None:
    person = people.who(people.enter("anna-viewer", PASSWORD, HERE).token, HERE)
    assert person is not None
    for number in range(5):
        with pytest.raises(Exception, match="the old password is wrong"):
            people.change_password(person, f"a guess {number}", "another good password")
    with pytest.raises(MustWait):
        people.change_password(person, "a guess more", "another good password")
