"""What can be said in a plant's URI: ``plant:?seed=7&speed=10&fault=pump-wear&after=30``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TypeVar
from urllib.parse import parse_qsl, urlsplit

from lineshaft.connect.plant.faults import FAULTS
from lineshaft.core.errors import UsageError

N = TypeVar("N", int, float)


@dataclass(frozen=True, slots=True)
class Options:
    """``fault`` starts ``after`` seconds of source time at ``severity`` (0..1); none when empty."""

    seed: int = 7
    speed: float = 10.0
    fault: str = ""
    after: float = 30.0
    severity: float = 1.0


def parse(uri: str, given: Mapping[str, object]) -> Options:
    """Options of the URI's query, then of the call; ``UsageError`` names what is wrong.

    >>> parse("plant:?seed=3&fault=tank-leak", {"after": 5})
    Options(seed=3, speed=10.0, fault='tank-leak', after=5.0, severity=1.0)
    """
    said: dict[str, object] = dict(parse_qsl(urlsplit(uri).query, keep_blank_values=True))
    said.update(given)
    known = [field.name for field in fields(Options)]
    if unknown := sorted(set(said) - set(known)):
        raise UsageError(f"no plant option is called {unknown[0]!r}", where=uri,
                         do=f"use one of: {', '.join(known)}")
    base = Options()
    options = Options(
        seed=_number(said, "seed", base.seed, int, uri), speed=_number(said, "speed", base.speed, float, uri),
        fault=str(said.get("fault", base.fault)), after=_number(said, "after", base.after, float, uri),
        severity=_number(said, "severity", base.severity, float, uri))
    if options.fault and options.fault not in FAULTS:
        raise UsageError(f"no fault is called {options.fault!r}", where=uri,
                         do=f"use one of: {', '.join(FAULTS)}")
    return options


def _number(said: Mapping[str, object], key: str, default: N, kind: Callable[[str], N], uri: str) -> N:
    if key not in said:
        return default
    try:
        return kind(str(said[key]))
    except ValueError:
        raise UsageError(f"{key}={said[key]} is not a number", where=uri,
                         do=f"write it like plant:?{key}={default}") from None
