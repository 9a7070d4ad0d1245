"""Endpoint: one way in that a source offers before anybody is logged in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``security`` is the connector's name of it, ``usable`` whether we can use it.

    ``certificate`` is the fingerprint of the source's certificate, empty where it has none; ``logins`` are
    "anonymous" and "password", as far as the source lets people in that way.
    """

    security: str
    usable: bool
    certificate: str = ""
    logins: tuple[str, ...] = ()
