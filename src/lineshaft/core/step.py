"""The step function's signature, and what a backend makes of it.

A graph is a pure step ``(x[A,C], quality[A,C], state...) -> (output[A,...]..., state'...)``; A assets share a
call. Every state starts as zeros, so a reset is a fill, and a state tensor ``name`` leaves as ``name_o``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lineshaft.core.target import Target

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Port:
    """A named float32 tensor; ``shape`` leaves out the leading asset axis."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StepSignature:
    """What a step graph takes and gives besides its state.

    Inputs are always ``x`` and ``quality`` [A, channels]; ``quality`` is 1 where a value may be used, else 0,
    and ``x`` is finite everywhere (0 where masked).
    """

    channels: int
    outputs: tuple[Port, ...]
    states: tuple[Port, ...]


class Engine(Protocol):
    """A loaded graph for a fixed number of assets; one thread at a time.

    Write into ``x`` and ``quality``, call ``step``, read ``out`` (arrays valid until the next step).
    """

    signature: StepSignature
    assets: int
    x: Array
    quality: Array

    @property
    def out(self) -> Mapping[str, Array]:
        """Outputs of the newest step by name, each [A, ...]."""

    def step(self) -> None:
        """One tick; state advances inside."""

    def state(self) -> dict[str, Array]:
        """A copy of the state by name, each [A, ...]."""

    def restore(self, state: Mapping[str, Array]) -> None:
        """Continue from a state of the same signature."""

    def reset(self) -> None:
        """Zero state: as if nothing had been seen."""


@dataclass(frozen=True, slots=True)
class Support:
    """Whether a backend takes a graph for a target; a no carries its reasons."""

    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.reasons


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an artifact besides what is measured by running it.

    ``compiler`` names what made it, with its version. ``emulator`` says how ``load`` runs it where this machine isn't
    the target ("qemu-arm 7.2, cortex-m4"; empty: as on the target), and then the times of a step say nothing of the
    target. ``flash_bytes`` and ``ram_bytes`` are 0 where unknown. ``notes`` are the backend's own figures, such as an
    estimate of an FPGA's resources.
    """

    compiler: str
    emulator: str = ""
    flash_bytes: int = 0
    ram_bytes: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)


class Backend(Protocol):
    """One way to run a graph. ``compile`` may import ``onnx``; ``load`` must not.

    A backend whose library or tool is absent says so in ``supports``; importing its module needs neither.
    """

    name: str

    def supports(self, graph: bytes, target: Target) -> Support:
        """Reasons for a no, none for a yes."""

    def compile(self, graph: bytes, target: Target) -> bytes:
        """The artifact that ``load`` takes on the target machine; ``Refused`` for what ``supports`` says no to."""

    def facts(self, artifact: bytes, target: Target) -> Facts:
        """What is known of an artifact that ``compile`` made."""

    def load(self, artifact: bytes, signature: StepSignature, target: Target, *, assets: int = 1) -> Engine:
        """An engine with zero state, its buffers allocated."""


class Executor(Protocol):
    """Runs any ONNX model once: how fitting replays history through the graph so far."""

    def __call__(self, model: bytes, feeds: Mapping[str, NDArray[np.generic]]
                 ) -> dict[str, NDArray[np.generic]]:
        """Outputs by name."""
