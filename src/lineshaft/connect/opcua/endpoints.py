"""What a server offers before anybody logs in: policies, its certificate, whom it lets in."""

from __future__ import annotations

from asyncua import Client, ua

from lineshaft.connect.opcua import faults, security
from lineshaft.connect.opcua.link import spoken
from lineshaft.connect.opcua.options import SECURITY, parse
from lineshaft.core.endpoint import Endpoint

_WAYS = {ua.UserTokenType.Anonymous: "anonymous", ua.UserTokenType.UserName: "password"}


async def endpoints(uri: str, **options: object) -> list[Endpoint]:
    """What the server at ``uri`` offers, the safest first; nothing is sent that is a secret."""
    url, asked = parse(uri, {key: value for key, value in options.items() if key == "timeout_s"})
    try:
        offered = await Client(url, timeout=asked.timeout_s).connect_and_get_server_endpoints()
    except faults.LINK_ERRORS as error:
        raise faults.explain(error, url, asked) from None
    found = {spoken(point): point for point in sorted(offered, key=lambda point: int(point.SecurityLevel))}
    return [Endpoint(name, name in SECURITY, security.fingerprint(security.first_of(point.ServerCertificate))
                     if point.ServerCertificate else "", _logins(point))
            for name, point in sorted(found.items(), key=lambda one: _rank(one[0]), reverse=True)]


def _logins(point: ua.EndpointDescription) -> tuple[str, ...]:
    kinds = {token.TokenType for token in point.UserIdentityTokens}
    return tuple(word for kind, word in _WAYS.items() if kind in kinds)


def _rank(name: str) -> tuple[bool, int]:
    return name in SECURITY, SECURITY.index(name) if name in SECURITY else 0
