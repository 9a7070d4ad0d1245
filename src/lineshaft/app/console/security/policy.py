"""The policy of one console: where it listens, who may come in, and whether that is safe enough to start."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lineshaft.app.console.door import Role
from lineshaft.core.clock import SECOND
from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.private import require_private

HOUR = 3_600 * SECOND
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class OidcPolicy:
    """``[console.oidc]``: an identity provider of the company; its client secret is never in a file.

    ``roles`` maps a value of the claim ``role_claim`` to a role; a person gets the highest that fits.
    """

    issuer: str
    client_id: str
    roles: dict[str, Role] = field(default_factory=dict)
    role_claim: str = "groups"
    name_claim: str = "preferred_username"
    scopes: tuple[str, ...] = ("openid", "profile")


@dataclass(frozen=True, slots=True)
class Policy:
    """``names`` are host names that browsers may use besides loopback; ``proxy`` says that TLS ends before us.

    A session ends ``idle_ns`` after its last request and ``absolute_ns`` after its login, whichever comes first.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    users: bool = False
    certificate: Path | None = None
    private_key: Path | None = None
    proxy: bool = False
    names: tuple[str, ...] = ()
    idle_ns: int = 12 * HOUR
    absolute_ns: int = 7 * 24 * HOUR
    largest_body: int = 2**20
    oidc: OidcPolicy | None = None

    @property
    def loopback(self) -> bool:
        """Whether only this machine reaches the console."""
        return is_loopback(self.host) and not self.proxy

    @property
    def encrypted(self) -> bool:
        """Whether browsers speak TLS, to us or to the proxy before us."""
        return self.certificate is not None or self.proxy

    @property
    def cookie(self) -> str:
        """The session cookie's name; browsers share cookies among the ports of one host, so it has the port."""
        return f"{'__Host-' if self.encrypted else ''}lineshaft-{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """Host names that a request may be addressed to."""
        bound = () if self.host in ("", "0.0.0.0", "::") else (self.host,)
        return frozenset(name.lower().strip("[]") for name in (*LOOPBACK, *bound, *self.names))

    def url(self, port: int) -> str:
        """Where a browser on this machine finds it.

        >>> Policy(host="::1").url(8420)
        'http://[::1]:8420'
        """
        at = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{at}:{port}"

    def serving(self) -> dict[str, Any]:
        """Keyword arguments for uvicorn: TLS, no guessing of addresses, nothing of a request in its log."""
        certificate = {"ssl_certfile": str(self.certificate), "ssl_keyfile": str(self.private_key)} if (
            self.certificate) else {}
        return {"proxy_headers": self.proxy, "access_log": False, "server_header": False, "ws_max_size": 64 * 1024,
                **certificate}


def is_loopback(host: str) -> bool:
    """
    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("0.0.0.0"), is_loopback("pc7")
    (True, True, False, False)
    """
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check(policy: Policy, *, anybody: bool, where: str = "lineshaft.toml [console]") -> None:
    """Refuse a console that would be open to strangers; ``anybody`` says whether an administrator can come in."""
    if not policy.users and not policy.loopback:
        raise Refused(f"without accounts the console may only listen on this machine, not on {_place(policy)}",
                      where=where, do="set users = true, or host = \"127.0.0.1\" and no proxy")
    if not is_loopback(policy.host) and not policy.encrypted:
        raise Refused(f"passwords would cross the network in clear: {_place(policy)} has no certificate", where=where,
                      do="set certificate and private-key, or behind = \"proxy\" where a proxy speaks TLS")
    if policy.users and not anybody:
        raise Refused("users = true, and no account could administer it", where=where,
                      do="make the first with `lineshaft console user add NAME --role admin`")
    _check_certificate(policy, where)


def _place(policy: Policy) -> str:
    return "a proxy" if policy.proxy else policy.host or "every address"


def _check_certificate(policy: Policy, where: str) -> None:
    if (policy.certificate is None) != (policy.private_key is None):
        raise UsageError("a certificate needs its private key, and the other way round", where=where,
                         do="set both certificate and private-key")
    for key, path in (("certificate", policy.certificate), ("private-key", policy.private_key)):
        if path is not None and not path.is_file():
            raise UsageError(f"{key}: there is no file {path}", where=where, do="mend the path")
    if policy.private_key is not None:
        require_private(policy.private_key, "the private key")
