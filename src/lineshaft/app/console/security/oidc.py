"""Login at the company's identity provider: OpenID Connect, authorization code flow with PKCE.

What comes back is believed only when state, browser, signature, issuer, audience, age and nonce all fit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from lineshaft.app.console.door import Role
from lineshaft.app.console.security.policy import OidcPolicy, is_loopback
from lineshaft.core.clock import SECOND, Clock
from lineshaft.core.errors import EnvironmentFailed, LineshaftError, Refused

if TYPE_CHECKING:
    import httpx

SECRET = "LINESHAFT_OIDC_SECRET"
TRIP_NS = 600 * SECOND
_MOST_TRIPS = 1000
_LEEWAY_S = 60
_FRESH_NS = 3_600 * SECOND
_AGAIN_NS = 60 * SECOND
_TIMEOUT_S = 10.0
_LARGEST = 2**20
# Signatures with a public key only: with a shared secret, or none, anybody's token could fit.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_WHERE = "identity provider"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is; ``subject`` never changes, the name may."""

    subject: str
    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class _Trip:
    """One browser's way to the provider and back."""

    nonce: str
    verifier: str
    ticket: bytes
    redirect: str
    until: int


class Provider:
    """The provider of a policy; nothing is asked of it before somebody logs in."""

    def __init__(self, policy: OidcPolicy, clock: Clock, *, client: httpx.Client | None = None) -> None:
        self.policy, self._clock = policy, clock
        self._client = client or _client()
        self._secret = os.environ.get(SECRET, "")
        self._trips: OrderedDict[str, _Trip] = OrderedDict()
        self._lock = threading.Lock()
        self._described: tuple[int, dict[str, Any]] | None = None
        self._keys: tuple[int, Any] | None = None

    def start(self, redirect: str) -> tuple[str, str]:
        """Where to send the browser, and the ticket it must show when it comes back."""
        endpoint = self._endpoint("authorization_endpoint")
        state, nonce, verifier, ticket = (secrets.token_urlsafe(32) for _ in range(4))
        with self._lock:
            self._trips[state] = _Trip(nonce, verifier, _sha(ticket), redirect, self._clock.now() + TRIP_NS)
            while len(self._trips) > _MOST_TRIPS:
                self._trips.popitem(last=False)
        challenge = base64.urlsafe_b64encode(_sha(verifier)).decode().rstrip("=")
        asked = urlencode({"response_type": "code", "client_id": self.policy.client_id, "redirect_uri": redirect,
                           "scope": " ".join(self.policy.scopes), "state": state, "nonce": nonce,
                           "code_challenge": challenge, "code_challenge_method": "S256"})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{asked}", ticket

    def finish(self, state: str, code: str, ticket: str, *, error: str = "") -> Identity:
        """The person behind a code; ``Refused`` says which of the proofs failed."""
        trip = self._trip(state, ticket)
        if error or not code:
            told = "".join(letter for letter in error[:60] if letter.isalnum() or letter in "_-") or "no code"
            raise _refused(f"the identity provider let nobody in ({told})")
        claims = self._claims(self._token(code, trip))
        self._check(claims, trip.nonce)
        return self._identity(claims)

    def close(self) -> None:
        self._client.close()

    def _trip(self, state: str, ticket: str) -> _Trip:
        """Each state is good for once, in the browser that set out with it."""
        with self._lock:
            trip = self._trips.pop(state, None)
        if trip is None or self._clock.now() >= trip.until:
            raise _refused("this login was not begun here, is over, or took too long")
        if not hmac.compare_digest(trip.ticket, _sha(ticket)):
            raise _refused("this login was begun in another browser")
        return trip

    def _token(self, code: str, trip: _Trip) -> str:
        """The signed token that the provider gives for a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": trip.redirect,
                "code_verifier": trip.verifier, "client_id": self.policy.client_id}
        headers = {}
        if self._secret and self._by_post():
            form["client_secret"] = self._secret
        elif self._secret:
            pair = f"{quote(self.policy.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        answer = self._ask("POST", self._endpoint("token_endpoint"), data=form, headers=headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise _refused("the identity provider gave no id_token")
        return token

    def _by_post(self) -> bool:
        """Whether the provider wants the secret in the form and not in the header."""
        methods = self._description().get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return "client_secret_basic" not in methods and "client_secret_post" in methods

    def _claims(self, token: str) -> Mapping[str, Any]:
        """What the token says, once its signature is proved; keys are fetched again where one is unknown."""
        from joserfc import jwt
        from joserfc.errors import InvalidKeyIdError, JoseError

        for again in (False, True):
            try:
                return jwt.decode(token, self._key_set(again=again), algorithms=list(_ALGORITHMS)).claims
            except InvalidKeyIdError:
                continue
            except (JoseError, ValueError, TypeError) as error:
                raise _refused(f"the identity provider's token is not signed as it must be "
                               f"({type(error).__name__.removesuffix('Error')})") from None
        raise _refused("the identity provider's token is signed with a key that the provider does not publish")

    def _check(self, claims: Mapping[str, Any], nonce: str) -> None:
        now = self._clock.now() / SECOND
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
        if claims.get("iss") != self.policy.issuer:
            raise _refused("the token is of another issuer")
        if self.policy.client_id not in audiences:
            raise _refused("the token is meant for another program")
        if claims.get("azp", self.policy.client_id if len(audiences) == 1 else None) != self.policy.client_id:
            raise _refused("the token was given to another program")
        if _number(claims, "exp") + _LEEWAY_S <= now:
            raise _refused("the token has expired", do="see that both clocks are right, and log in again")
        begins = max(_number(claims, "iat"), _number(claims, "nbf") if "nbf" in claims else 0.0)
        if begins - _LEEWAY_S > now:
            raise _refused("the token is of the future", do="see that both clocks are right, and log in again")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode("utf-8", "replace"), nonce.encode()):
            raise _refused("the token belongs to another login (its nonce is not ours)")

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject, policy = claims.get("sub"), self.policy
        if not isinstance(subject, str) or not subject:
            raise _refused("the token names nobody (no sub)")
        name = claims.get(policy.name_claim)
        if not isinstance(name, str) or not name.strip():
            raise _refused(f"the token has no claim {policy.name_claim!r} with a name",
                           do="set name-claim under [console.oidc] to one that it has")
        given = claims.get(policy.role_claim, [])
        values = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        roles = [role for value, role in policy.roles.items() if value in values]
        if not roles:
            raise _refused(f"{name[:80]} has no role here: nothing of the claim {policy.role_claim!r} is under "
                           "[console.oidc.roles]", do="ask an administrator")
        return Identity(f"{policy.issuer}|{subject}", name, max(roles))

    # -- what the provider publishes

    def _endpoint(self, name: str) -> str:
        url = self._description().get(name)
        return _safe(url if isinstance(url, str) else "", name)

    def _description(self) -> dict[str, Any]:
        """The discovery document, kept for an hour."""
        now = self._clock.monotonic()
        if self._described is None or now - self._described[0] > _FRESH_NS:
            url = f"{_safe(self.policy.issuer, 'issuer').rstrip('/')}/.well-known/openid-configuration"
            found = self._ask("GET", url)
            if found.get("issuer") != self.policy.issuer:
                raise EnvironmentFailed(f"calls itself {str(found.get('issuer'))[:120]!r}, and not as configured",
                                        where=self.policy.issuer, do="mend issuer under [console.oidc]")
            self._described = now, found
        return self._described[1]

    def _key_set(self, *, again: bool) -> Any:
        """The provider's public keys; asked ``again`` once a minute at most."""
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        now = self._clock.monotonic()
        if self._keys is None or now - self._keys[0] > (_AGAIN_NS if again else _FRESH_NS):
            found: Any = self._ask("GET", self._endpoint("jwks_uri"))
            try:
                self._keys = now, KeySet.import_key_set(found)
            except (JoseError, KeyError, TypeError, ValueError) as error:
                raise EnvironmentFailed(f"its keys are not understood ({type(error).__name__})", where=_WHERE,
                                        do="ask who runs it") from None
        return self._keys[1]

    def _ask(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        """A JSON object; nothing that was sent is ever part of the error."""
        import httpx

        try:
            with self._client.stream(method, url, **more) as answer:
                body = b""
                for piece in answer.iter_bytes():
                    body += piece
                    if len(body) > _LARGEST:
                        raise EnvironmentFailed("answers without end", where=_WHERE, do="ask who runs it")
                failed, found = answer.status_code != 200, httpx.Response(200, content=body).json()
        except (httpx.HTTPError, ValueError) as error:
            raise _away(url, type(error).__name__) from None
        if failed or not isinstance(found, dict):
            why = found.get("error", "") if isinstance(found, dict) else ""
            raise _away(url, str(why)[:60] or "no JSON object")
        return found


def _client() -> httpx.Client:
    try:
        import httpx
        import joserfc  # noqa: F401 (only whether it is there)
    except ModuleNotFoundError as error:
        raise EnvironmentFailed(f"login at an identity provider needs the Python package {error.name!r}",
                                do="install it with: pip install 'lineshaft[oidc]'") from None
    return httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)


def _safe(url: str, what: str) -> str:
    """Only over TLS, but for a provider on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return url
    raise EnvironmentFailed(f"its {what} is not an https address", where=_WHERE, do="see [console.oidc] issuer")


def _number(claims: Mapping[str, Any], name: str) -> float:
    found = claims.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise _refused(f"the token has no {name}")
    return float(found)


def _sha(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _refused(what: str, *, do: str = "log in again") -> Refused:
    return Refused(what, where="login", do=do)


def _away(url: str, why: str) -> LineshaftError:
    parts = urlsplit(url)
    return EnvironmentFailed(f"the identity provider does not answer as it should ({why})",
                             where=f"{parts.scheme}://{parts.netloc}{parts.path}",
                             do="see that this machine reaches it; accounts with a password still work")
