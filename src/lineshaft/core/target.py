"""Target: where a graph is to run, and what it may cost there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """A machine as data (``backend/targets/<name>.toml``).

    ``deadline_ns`` is the longest one step may take, ``memory_bytes`` the most an engine may hold,
    ``backends`` those allowed, in order of preference; ``threads`` per engine.
    """

    name: str
    architecture: str
    deadline_ns: int
    memory_bytes: int
    backends: tuple[str, ...]
    precision: str = "float32"
    threads: int = 1
    description: str = ""
