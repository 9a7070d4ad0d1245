"""What a person may say about an OPC UA connection, checked before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lineshaft.core.errors import UsageError

SECURITY = ("None", "Basic256Sha256-Sign", "Basic256Sha256-SignAndEncrypt")


@dataclass(frozen=True, slots=True)
class Options:
    """Options of ``opc.tcp``; the limits are what keeps a small PLC from being overloaded.

    ``pki`` is a folder with ``own/`` (our certificate, made on first use), ``trusted/`` (server certificates
    that are accepted) and ``rejected/``; ``certificate`` and ``private_key`` replace ``own/``; ``trust`` pins
    server certificates by fingerprint. ``plain_password`` allows a password over a connection without
    encryption. ``keepalive_s`` is how long silence may last, ``publishing_ns`` how often the server sends
    changes (by default a twentieth of the tag period, 1 to 100 ms; 0 is as soon as the server can),
    ``queue_size`` how many values it keeps per tag in between. ``batch`` nodes a request at most (or fewer, if
    the server says so), ``pause_s`` between two requests of a browse, which goes ``depth`` levels and
    ``max_nodes`` nodes far. Reconnection waits between the two figures of ``backoff_s``, doubling.
    """

    security: str = "None"
    user: str = ""
    password: str = field(default="", repr=False)
    pki: Path | None = None
    certificate: Path | None = None
    private_key: Path | None = None
    trust: tuple[str, ...] = ()
    plain_password: bool = False
    timeout_s: float = 4.0
    keepalive_s: float = 5.0
    publishing_ns: int | None = None
    queue_size: int = 32
    batch: int = 500
    pause_s: float = 0.005
    depth: int = 16
    max_nodes: int = 50_000
    backoff_s: tuple[float, float] = (0.2, 30.0)

    @property
    def secured(self) -> bool:
        return self.security != "None"


def parse(uri: str, given: dict[str, object]) -> tuple[str, Options]:
    """The URL without user and password, and the options; ``UsageError`` for what makes no sense.

    >>> url, options = parse("opc.tcp://anna:secret@plc:4840/line", {"plain_password": True})
    >>> url, options.user
    ('opc.tcp://plc:4840/line', 'anna')
    """
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port or 4840
    except ValueError:
        host, port = None, 0
    if not host:
        raise UsageError("the OPC UA address names no host or no valid port", where=redacted(uri),
                         do="write it as opc.tcp://host:4840/path")
    known = {entry.name for entry in fields(Options)}
    if unknown := sorted(set(given) - known):
        raise UsageError(f"no OPC UA option is called {unknown[0]!r}",
                         do=f"use one of: {', '.join(sorted(known))}")
    if parts.username:
        given = {"user": unquote(parts.username), "password": unquote(parts.password or ""), **given}
    for key in ("pki", "certificate", "private_key"):
        if isinstance(text := given.get(key), str):
            given = {**given, key: Path(text)}
    if isinstance(trust := given.get("trust"), str | list):
        given = {**given, "trust": (trust,) if isinstance(trust, str) else tuple(trust)}
    url = f"opc.tcp://{f'[{host}]' if ':' in host else host}:{port}{parts.path}"
    return url, _checked(Options(**given), url)  # type: ignore[arg-type]  # the names are checked, types by use


def _checked(options: Options, url: str) -> Options:
    if options.security not in SECURITY:
        raise UsageError(f"no security policy is called {options.security!r}", where=url,
                         do=f"use one of: {', '.join(SECURITY)}")
    if (options.certificate is None) != (options.private_key is None):
        raise UsageError("certificate and private_key belong together", where=url, do="give both or neither")
    if options.secured and options.pki is None and options.certificate is None:
        raise UsageError("a secured connection needs a certificate of our own", where=url,
                         do="name a folder with pki=... (it is filled on first use) or give certificate and "
                            "private_key")
    if options.password and not options.secured and not options.plain_password:
        raise UsageError("the password would travel unencrypted", where=url,
                         do="set security to Basic256Sha256-SignAndEncrypt, or plain_password to true if that "
                            "is meant")
    return options


def redacted(uri: str) -> str:
    """The URI without user and password, also where it cannot be parsed.

    >>> redacted("opc.tcp://anna:secret@plc:99999/")
    'opc.tcp://plc:99999/'
    """
    scheme, mark, rest = uri.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}"
