"""How much a model from a stranger may ask for; docs/limits-of-imported-models.md explains each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes beyond which a model is refused before anything is built from it.

    ``file_bytes`` with external data; ``memory_bytes`` what its messages would take once parsed; ``messages`` of
    protobuf in all, ``depth`` of their nesting; ``nodes`` with local functions inlined; ``rank`` of a tensor;
    ``elements`` of one tensor of one asset, stored or computed; ``computed`` of all computed tensors together.
    """

    file_bytes: int = 512 * 2**20
    memory_bytes: int = 2 * 2**30
    messages: int = 1_000_000
    depth: int = 32
    nodes: int = 50_000
    rank: int = 8
    elements: int = 2**26
    computed: int = 2**28


LIMITS = Limits()
