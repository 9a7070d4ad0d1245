"""Login at an identity provider: a real one on loopback, with real keys; every lie of it is a refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from joserfc.jwk import RSAKey
from tests.console.security.provider import CLIENT, SECRET, IdentityProvider

from lineshaft.app.console.context import Console
from lineshaft.app.console.door import NotAllowed, Person, Role
from lineshaft.app.console.security.door import GuardedDoor
from lineshaft.app.console.security.oidc import TRIP_NS, Provider
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.policy import OidcPolicy, Policy
from lineshaft.app.console.server import make_app
from lineshaft.core.clock import SECOND, ManualClock
from lineshaft.core.errors import EnvironmentFailed, Refused

REDIRECT = "http://127.0.0.1:8420/api/v1/session/oidc/callback"
ROLES = {"operators": Role.OPERATOR, "shift-leads": Role.ENGINEER, "chiefs": Role.ADMIN}
PASSWORD = "correct horse battery"
BASE = "http://127.0.0.1:8420"


@pytest.fixture
def idp(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[IdentityProvider]:
    monkeypatch.setenv("LINESHAFT_OIDC_SECRET", SECRET)
    found = IdentityProvider(clock.now)
    yield found
    found.close()


@pytest.fixture
def ours(idp: IdentityProvider, clock: ManualClock) -> Iterator[Provider]:
    found = Provider(OidcPolicy(idp.issuer, CLIENT, ROLES), clock)
    yield found
    found.close()


def there_and_back(ours: Provider, idp: IdentityProvider) -> Any:
    url, ticket = ours.start(REDIRECT)
    back = idp.log_in(url)
    return ours.finish(back["state"], back["code"], ticket)


def test_an_honest_login_names_the_person_and_the_highest_role_that_fits(ours: Provider, idp: IdentityProvider) -> None:
    idp.claims["groups"] = ["operators", "shift-leads", "canteen"]
    found = there_and_back(ours, idp)
    assert (found.subject, found.name, found.role) == (f"{idp.issuer}|4711", "carla", Role.ENGINEER)


def test_nothing_is_asked_of_the_provider_before_somebody_logs_in(ours: Provider, idp: IdentityProvider) -> None:
    assert idp.asked == []
    there_and_back(ours, idp)
    there_and_back(ours, idp)
    assert idp.asked.count("/.well-known/openid-configuration") == idp.asked.count("/keys") == 1


LIES: dict[str, tuple[Callable[[IdentityProvider, ManualClock], object], str]] = {
    "another nonce": (lambda idp, _: idp.claims.update(nonce="x" * 43), "its nonce is not ours"),
    "no nonce": (lambda idp, _: idp.claims.update(nonce=None), "its nonce is not ours"),
    "another audience": (lambda idp, _: idp.claims.update(aud="somebody-else"), "meant for another program"),
    "no audience": (lambda idp, _: idp.claims.update(aud=None), "meant for another program"),
    "given to another": (lambda idp, _: idp.claims.update(aud=[CLIENT, "x"], azp="x"), "given to another program"),
    "two audiences": (lambda idp, _: idp.claims.update(aud=[CLIENT, "x"]), "given to another program"),
    "another issuer": (lambda idp, _: idp.claims.update(iss="https://evil.example"), "of another issuer"),
    "expired": (lambda idp, clock: idp.claims.update(exp=clock.now() // SECOND - 61), "has expired"),
    "never expires": (lambda idp, _: idp.claims.update(exp=None), "has no exp"),
    "expires at a word": (lambda idp, _: idp.claims.update(exp="tomorrow"), "has no exp"),
    "of the future": (lambda idp, clock: idp.claims.update(iat=clock.now() // SECOND + 120), "is of the future"),
    "not yet": (lambda idp, clock: idp.claims.update(nbf=clock.now() // SECOND + 120), "is of the future"),
    "changed": (lambda idp, _: setattr(idp, "sign", idp.changed), "not signed as it must be .BadSignature"),
    "unsigned": (lambda idp, _: setattr(idp, "sign", idp.unsigned), "not signed as it must be"),
    "shared secret": (lambda idp, _: setattr(idp, "sign", idp.with_public_key_as_secret), "not signed as it must be"),
    "no token": (lambda idp, _: setattr(idp, "sign", lambda claims: None), "gave no id_token"),
    "nonsense": (lambda idp, _: setattr(idp, "sign", lambda claims: "a.b.c"), "not signed as it must be"),
    "nobody": (lambda idp, _: idp.claims.update(sub=""), "names nobody"),
    "no name": (lambda idp, _: idp.claims.update(preferred_username=None), "no claim 'preferred_username'"),
    "no role": (lambda idp, _: idp.claims.update(groups=["canteen"]), "carla has no role here"),
    "roles of a wrong kind": (lambda idp, _: idp.claims.update(groups={"chiefs": 1}), "carla has no role here"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_of_the_provider_is_refused_by_a_sentence(
        ours: Provider, idp: IdentityProvider, clock: ManualClock, lie: str) -> None:
    tell, said = LIES[lie]
    tell(idp, clock)
    with pytest.raises(Refused, match=said):
        there_and_back(ours, idp)


def test_a_key_that_is_not_published_proves_nothing(ours: Provider, idp: IdentityProvider) -> None:
    idp.keys["second"] = RSAKey.generate_key(2048, {"kid": "second"})
    idp.sign = lambda claims: idp.honest(claims, kid="second")
    with pytest.raises(Refused, match="a key that the provider does not publish"):
        there_and_back(ours, idp)


def test_a_stolen_key_id_proves_nothing(ours: Provider, idp: IdentityProvider) -> None:
    there_and_back(ours, idp)
    idp.keys["first"] = RSAKey.generate_key(2048, {"kid": "first"})
    with pytest.raises(Refused, match="BadSignature"):
        there_and_back(ours, idp)


def test_new_keys_are_fetched_when_one_is_unknown_but_not_with_every_request(
        ours: Provider, idp: IdentityProvider, clock: ManualClock) -> None:
    there_and_back(ours, idp)
    idp.keys["second"] = RSAKey.generate_key(2048, {"kid": "second"})
    idp.published.append("second")
    idp.sign = lambda claims: idp.honest(claims, kid="second")
    with pytest.raises(Refused):
        there_and_back(ours, idp)
    clock.advance(61 * SECOND)
    assert there_and_back(ours, idp).name == "carla"
    assert idp.asked.count("/keys") == 2


def test_a_state_is_good_once(ours: Provider, idp: IdentityProvider) -> None:
    url, ticket = ours.start(REDIRECT)
    back = idp.log_in(url)
    ours.finish(back["state"], back["code"], ticket)
    with pytest.raises(Refused, match="was not begun here, is over, or took too long"):
        ours.finish(back["state"], idp.log_in(url)["code"], ticket)


def test_a_state_of_nobody_or_too_old_is_refused(ours: Provider, idp: IdentityProvider, clock: ManualClock) -> None:
    with pytest.raises(Refused, match="was not begun here"):
        ours.finish("made-up", "code", "ticket")
    url, ticket = ours.start(REDIRECT)
    back = idp.log_in(url)
    clock.advance(TRIP_NS)
    with pytest.raises(Refused, match="took too long"):
        ours.finish(back["state"], back["code"], ticket)


def test_a_login_that_another_browser_began_is_refused(ours: Provider, idp: IdentityProvider) -> None:
    """Else somebody could log a colleague in as himself."""
    url, _ = ours.start(REDIRECT)
    _, others = ours.start(REDIRECT)
    back = idp.log_in(url)
    for ticket in (others, ""):
        with pytest.raises(Refused, match=r"another browser|not begun here"):
            ours.finish(back["state"], back["code"], ticket)


def test_somebody_elses_code_is_worth_nothing_here(ours: Provider, idp: IdentityProvider) -> None:
    """PKCE: the code of one trip does not fit the verifier of another."""
    first, _ = ours.start(REDIRECT)
    second, ticket = ours.start(REDIRECT)
    stolen = idp.log_in(first)["code"]
    with pytest.raises(EnvironmentFailed, match=r"does not answer as it should .invalid_grant"):
        ours.finish(idp.log_in(second)["state"], stolen, ticket)


def test_the_providers_no_is_told_without_its_markup(ours: Provider, idp: IdentityProvider) -> None:
    url, ticket = ours.start(REDIRECT)
    with pytest.raises(Refused, match=r"let nobody in \(access_deniedscript\)"):
        ours.finish(idp.log_in(url)["state"], "", ticket, error="access_denied<script>")


@pytest.mark.parametrize(("document", "said"), [
    ({"issuer": "https://evil.example"}, "calls itself 'https://evil.example', and not as configured"),
    ({"token_endpoint": "http://evil.example/token"}, "its token_endpoint is not an https address"),
    ({"jwks_uri": "file:///etc/passwd"}, "its jwks_uri is not an https address"),
    ({"authorization_endpoint": None}, "its authorization_endpoint is not an https address"),
])
def test_a_description_that_does_not_fit_is_a_sentence(
        ours: Provider, idp: IdentityProvider, document: dict[str, Any], said: str) -> None:
    idp.document = document
    with pytest.raises(EnvironmentFailed, match=said):
        there_and_back(ours, idp)


def test_a_provider_that_is_away_is_a_sentence(clock: ManualClock) -> None:
    gone = Provider(OidcPolicy("http://127.0.0.1:9", CLIENT, ROLES), clock)
    with pytest.raises(EnvironmentFailed, match=r"does not answer as it should .*accounts with a password still work"):
        gone.start(REDIRECT)
    gone.close()


def test_trips_that_nobody_ends_take_no_more_than_their_room(ours: Provider) -> None:
    for _ in range(1100):
        ours.start(REDIRECT)
    assert len(ours._trips) == 1000


# -- in the browser


@pytest.fixture
def door_(tmp_path: Path, idp: IdentityProvider, clock: ManualClock, passwords: Passwords) -> Iterator[GuardedDoor]:
    policy = Policy(users=True, oidc=OidcPolicy(idp.issuer, CLIENT, ROLES))
    found = GuardedDoor(tmp_path, policy, clock=clock, passwords=passwords)
    found.people.accounts.add(Person("root", Role.ADMIN), "anna", Role.ADMIN, PASSWORD, must_change=False)
    yield found
    found.close()


@pytest.fixture
def client(door_: GuardedDoor, tmp_path: Path) -> TestClient:
    return TestClient(make_app(Console(tmp_path, door_)), BASE, client=("10.0.0.7", 1), follow_redirects=False)


def log_in(client: TestClient, idp: IdentityProvider) -> Any:
    away = client.get("/api/v1/session/oidc")
    assert away.status_code == 303
    assert away.headers["location"].startswith(f"{idp.issuer}/authorize?")
    return client.get("/api/v1/session/oidc/callback", params=idp.log_in(away.headers["location"]))


def test_a_person_of_the_provider_comes_in_and_gets_an_account(
        client: TestClient, idp: IdentityProvider, door_: GuardedDoor) -> None:
    answer = log_in(client, idp)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    told = client.get("/api/v1/session").json()
    assert (told["person"], told["provider"]) == ({"name": "carla", "role": "engineer"}, True)
    assert [line.act for line in door_.people.audit.lines(limit=2)] == ["logged in", "account added"]
    assert client.get("/api/v1/audit").status_code == 200


def test_the_way_back_needs_its_ticket_and_leaves_none(client: TestClient, idp: IdentityProvider) -> None:
    cookie = client.get("/api/v1/session/oidc").headers["set-cookie"].lower()
    assert cookie.startswith("lineshaft-8420-trip=")
    assert "samesite=lax" in cookie
    assert "httponly" in cookie
    log_in(client, idp)
    assert [one.name for one in client.cookies.jar] == ["lineshaft-8420"]


def test_a_refusal_is_a_page_with_the_sentence_and_no_markup(client: TestClient, idp: IdentityProvider) -> None:
    idp.claims |= {"groups": [], "preferred_username": "<b>carla</b>"}
    answer = log_in(client, idp)
    assert answer.status_code == 403
    assert "&lt;b&gt;carla&lt;/b&gt; has no role here" in answer.text
    assert "<b>" not in answer.text
    assert client.get("/api/v1/session").json()["person"] is None


def test_the_role_follows_the_provider_at_each_login_and_not_the_console(
        client: TestClient, idp: IdentityProvider, door_: GuardedDoor) -> None:
    log_in(client, idp)
    with pytest.raises(Refused, match="the role of carla comes from the identity provider"):
        door_.people.accounts.set_role(Person("root", Role.ADMIN), "carla", Role.ADMIN)
    with pytest.raises(Refused, match="carla logs in at the identity provider"):
        door_.people.accounts.set_password(Person("root", Role.ADMIN), "carla", PASSWORD)
    idp.claims["groups"] = ["operators"]
    log_in(client, idp)
    assert client.get("/api/v1/session").json()["person"]["role"] == "operator"


def test_a_name_that_an_account_has_does_not_become_that_account(
        client: TestClient, idp: IdentityProvider, door_: GuardedDoor) -> None:
    idp.claims["preferred_username"] = "Anna"
    answer = log_in(client, idp)
    assert answer.status_code == 403
    assert "&#x27;anna&#x27; is taken" in answer.text
    assert client.get("/api/v1/session").json()["person"] is None


def test_a_subject_keeps_its_account_when_its_name_changes(
        client: TestClient, idp: IdentityProvider, door_: GuardedDoor) -> None:
    log_in(client, idp)
    idp.claims["preferred_username"] = "carla-married"
    log_in(client, idp)
    assert client.get("/api/v1/session").json()["person"]["name"] == "carla"
    assert len(door_.people.accounts.all()) == 2


def test_a_foreign_person_can_be_kept_out(client: TestClient, idp: IdentityProvider, door_: GuardedDoor) -> None:
    log_in(client, idp)
    door_.people.accounts.set_disabled(Person("root", Role.ADMIN), "carla", True)
    assert client.get("/api/v1/session").json()["person"] is None
    with pytest.raises(NotAllowed, match="disabled"):
        door_.people.welcome(door_.people.accounts.get("carla"), "10.0.0.7")
    with pytest.raises(Refused):
        door_.people.enter("carla", PASSWORD, "10.0.0.7")
