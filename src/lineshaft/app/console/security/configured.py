"""The policy that a project's ``lineshaft.toml`` asks for."""

from __future__ import annotations

from pathlib import Path

from lineshaft.app import config as files
from lineshaft.app.console.door import Role
from lineshaft.app.console.security.policy import OidcPolicy, Policy
from lineshaft.core.clock import parse_duration


def policy_of(folder: Path, *, host: str | None = None, port: int | None = None) -> Policy:
    """``[console]`` of the project; ``host`` and ``port`` of the command line go first.

    A folder without the file has the policy of one that says nothing. A file with a mistake raises: what can't be
    read must not open what it may have closed.
    """
    path = folder / files.FILE
    told = files.load(path).console if path.exists() else files.Console()
    certificate, key = ((folder / name if name else None) for name in (told.certificate, told.private_key))
    return Policy(
        host=told.host if host is None else host, port=told.port if port is None else port, users=told.users,
        certificate=certificate, private_key=key, proxy=told.behind == "proxy", names=told.names,
        idle_ns=parse_duration(told.idle), absolute_ns=parse_duration(told.longest), oidc=_oidc(told.oidc))


def _oidc(told: files.Oidc | None) -> OidcPolicy | None:
    if told is None:
        return None
    roles = {group: Role.named(word) for group, word in told.roles.items()}
    scopes = ("openid", "profile", *(["groups"] if told.role_claim == "groups" else []))
    return OidcPolicy(told.issuer, told.client_id, roles, told.role_claim, told.name_claim, scopes)
