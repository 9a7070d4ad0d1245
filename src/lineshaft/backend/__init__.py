"""Graph + target -> engine: one file a backend, one TOML file a target, no list of either."""

from __future__ import annotations

import re
import tomllib
from importlib import resources

from lineshaft.core import discovery
from lineshaft.core.clock import parse_duration
from lineshaft.core.errors import Refused, UsageError
from lineshaft.core.step import Backend
from lineshaft.core.target import Target

_SIZE = re.compile(r"([0-9.]+)\s*(KiB|MiB|GiB)")
_FACTOR = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def backends() -> tuple[str, ...]:
    """Names of the backends there are."""
    return discovery.names(__name__)


def backend(name: str) -> Backend:
    """The backend of that name."""
    found: Backend = discovery.load(__name__, name).BACKEND
    return found


def targets() -> tuple[str, ...]:
    """Names of the targets there are."""
    folder = resources.files(__name__) / "targets"
    return tuple(sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml")))


def target(name: str) -> Target:
    """The target of that name (``targets/<name>.toml``).

    >>> target("pc").backends
    ('c', 'onnxruntime')
    """
    if name not in targets():
        raise UsageError(f"no target is called {name!r}", do=f"use one of: {', '.join(targets())}")
    where = f"targets/{name}.toml"
    data = tomllib.loads((resources.files(__name__) / "targets" / f"{name}.toml").read_text("utf-8"))
    return Target(name, data["architecture"], parse_duration(data["deadline"], where=f"{where} deadline"),
                  _bytes(data["memory"], f"{where} memory"), tuple(data["backends"]), data["precision"],
                  data["threads"], data["description"],
                  _bytes(data["flash"], f"{where} flash") if "flash" in data else 0,
                  data.get("parity", 1e-4), data.get("flips", 0), data.get("options", {}))


def choose(graph: bytes, target: Target) -> Backend:
    """The first backend of the target's list that takes the graph; ``Refused`` with every reason."""
    reasons = []
    for name in target.backends:
        candidate = backend(name)
        support = candidate.supports(graph, target)
        if support:
            return candidate
        reasons.append(f"{name}: {', '.join(support.reasons)}")
    raise Refused("no backend takes this graph: " + "; ".join(reasons), where=f"target {target.name}",
                  do="choose another target or another learner")


def _bytes(text: str, where: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is not a size", where=where, do="write a number with KiB, MiB or GiB")
    return round(float(match[1]) * _FACTOR[match[2]])
