"""Which function brings which operator in: modules of ``operators/`` say so themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from lineshaft.core import discovery
from lineshaft.graph.importing.values import Value

if TYPE_CHECKING:
    from lineshaft.graph.importing.node import Node

Handler = Callable[["Node"], Value | Sequence[Value]]
FAMILY = "lineshaft.graph.importing.operators"
_FOUND: dict[tuple[str, str], Handler] = {}


def operator(*kinds: str, domain: str = "") -> Callable[[Handler], Handler]:
    """Mark the function that brings these operators in."""
    def mark(handler: Handler) -> Handler:
        for kind in kinds:
            if (domain, kind) in _FOUND:
                raise ValueError(f"two functions bring {kind} in")
            _FOUND[domain, kind] = handler
        return handler
    return mark


@cache
def domains() -> frozenset[str]:
    """Domains of operators that can be brought in."""
    return frozenset(domain for domain, _ in handlers()) | {"ai.onnx"}


@cache
def handlers() -> Mapping[tuple[str, str], Handler]:
    """Every operator that can be brought in, by domain and name."""
    for name in discovery.names(FAMILY):
        discovery.load(FAMILY, name)
    return _FOUND
