"""Target: where a graph is to run, and what it may cost there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FLOAT32 = "float32"


@dataclass(frozen=True, slots=True)
class Target:
    """A machine as data (``backend/targets/<name>.toml``).

    ``deadline_ns`` is the longest one step may take, ``memory_bytes`` the most an engine may hold (on a
    microcontroller its RAM), ``flash_bytes`` the most that code and constants may take where that is a limit of its
    own (0: it is not). ``backends`` are those allowed, in order of preference; ``threads`` per engine; ``parity`` and
    ``flips`` the declared bound for this precision. ``options`` are each backend's own, by its name.

    ``precision`` is ``float32``, ``float16``, ``int8`` (the graph is quantised before it is compiled) or ``fixed``
    (integers with a binary point, chosen by the backend that prints them).
    """

    name: str
    architecture: str
    deadline_ns: int
    memory_bytes: int
    backends: tuple[str, ...]
    precision: str = FLOAT32
    threads: int = 1
    description: str = ""
    flash_bytes: int = 0
    parity: float = 1e-4
    flips: int = 0
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def runs_on(self, machine: str) -> bool:
        """Whether a machine (``platform.machine()``) is of this target's kind.

        >>> Target("pi", "aarch64", 1, 1, ("c",)).runs_on("x86_64"), Target("pc", "any", 1, 1, ("c",)).runs_on("AMD64")
        (False, True)
        """
        return self.architecture in ("any", machine)

    def option(self, backend: str, name: str, default: str = "") -> str:
        """One option of one backend.

        >>> Target("m4", "cortex-m4", 1, 1, ("c",), options={"c": {"compiler": "arm-none-eabi-gcc"}}).option(
        ...     "c", "compiler", "cc")
        'arm-none-eabi-gcc'
        """
        return self.options.get(backend, {}).get(name, default)
