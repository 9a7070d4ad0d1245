"""Rewrites in their order, what each changed, and the dropping of those that do not pay.

A rewrite is a module of ``graph/rewrites/`` with ``rewrite(graph: View) -> View | str``, a pure function that gives the
changed graph or the reason for leaving it, and with ``ORDER``: its place in the default tuple, or None for one that is
only asked for by name. ``CLEANS = True`` marks one that never costs anything, so it needs no measuring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from lineshaft.core import discovery
from lineshaft.graph import arithmetic
from lineshaft.graph.arithmetic import cost
from lineshaft.graph.view import View, view

FAMILY = "lineshaft.graph.rewrites"
MOST_ROUNDS = 4

Function = Callable[[View], View | str]
Measure = Callable[[bytes], float]
"""What a step of a graph costs, such as the median of its time on a target's engine, or one of the estimates below."""


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One named pass."""

    name: str
    order: int | None
    function: Function
    cleans: bool = False


@dataclass(frozen=True, slots=True)
class Size:
    """How large a graph is; ``arithmetic`` and ``moved`` as ``graph.arithmetic`` counts them, per asset and step."""

    bytes: int
    nodes: int
    arithmetic: int
    moved: int
    state_values: int


@dataclass(frozen=True, slots=True)
class Change:
    """What one rewrite (or a compression) did. ``reason`` says why nothing came of it; it is empty where it was kept.

    ``measured`` holds before and after of whatever was measured, by name: ``cost`` from ``paying``; a task's metric and
    the tail of its score from a compression.
    """

    rewrite: str
    before: Size
    after: Size
    reason: str = ""
    measured: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def kept(self) -> bool:
        return not self.reason


def size(graph: bytes | View) -> Size:
    """The size of a step graph."""
    seen = graph if isinstance(graph, View) else view(graph)
    raw = graph.bytes() if isinstance(graph, View) else graph
    found = cost(seen)
    return Size(len(raw), found.nodes, found.arithmetic, found.moved, arithmetic.state_values(seen))


def changed(name: str, before: bytes, after: bytes, *, reason: str = "",
            measured: Mapping[str, tuple[float, float]] | None = None) -> Change:
    """The record of a change that something else made, such as a compression."""
    return Change(name, size(before), size(after), reason, measured or {})


@cache
def every() -> Mapping[str, Rewrite]:
    """All rewrites by name, those of the default tuple in their order first."""
    found = []
    for name in discovery.names(FAMILY):
        module = discovery.load(FAMILY, name)
        found.append(Rewrite(name, module.ORDER, module.rewrite, getattr(module, "CLEANS", False)))
    found.sort(key=lambda r: (r.order is None, r.order or 0, r.name))
    return {r.name: r for r in found}


def default() -> tuple[Rewrite, ...]:
    """The ordered tuple that every graph goes through."""
    return tuple(r for r in every().values() if r.order is not None)


def named(name: str) -> Rewrite:
    """One rewrite. Raises ``UsageError`` naming those there are."""
    if name not in every():
        discovery.load(FAMILY, name)
    return every()[name]


def apply(graph: bytes, rewrites: Sequence[Rewrite] | None = None) -> tuple[bytes, tuple[Change, ...]]:
    """The graph after all rewrites, and what each did; a second call changes nothing."""
    return paying(graph, rewrites, None)


def paying(graph: bytes, rewrites: Sequence[Rewrite] | None = None, measure: Measure | None = None
           ) -> tuple[bytes, tuple[Change, ...]]:
    """Rewrites that pay: one that does not clean is kept only if ``measure`` falls, or bytes fall at equal measure.

    ``measure`` gives what a step costs (such as the median of its time on the target's engine); it is asked of the
    graph after the cleaning rewrites among ``rewrites``, since another one may leave work for them. Without it all
    are kept. Rounds are repeated until one changes nothing; the ``Change`` of a rewrite is that of its first success.
    """
    passes = default() if rewrites is None else tuple(rewrites)
    cleaning = tuple(r for r in passes if r.cleans)
    found: dict[str, Change] = {}
    dropped: set[str] = set()
    now = view(graph)
    raw = graph
    for _ in range(MOST_ROUNDS):
        start = raw
        for one in passes:
            if one.name in dropped:
                continue
            now, raw, change = _tried(one, now, raw, cleaning, measure)
            if one.name not in found or (change.kept and not found[one.name].kept):
                found[one.name] = change
            if change.measured and not change.kept:
                dropped.add(one.name)
        if raw == start:
            break
    return raw, tuple(found.values())


def interpreted(graph: bytes) -> float:
    """A ``Measure`` without an engine, for runtimes that execute operators one by one."""
    return arithmetic.interpreted(view(graph))


def compiled(graph: bytes) -> float:
    """A ``Measure`` without an engine, for backends that compile loops."""
    return arithmetic.compiled(view(graph))


def _tried(one: Rewrite, now: View, raw: bytes, cleaning: Sequence[Rewrite], measure: Measure | None
           ) -> tuple[View, bytes, Change]:
    before = size(now)
    result = one.function(now)
    if isinstance(result, str):
        return now, raw, Change(one.name, before, before, result)
    if measure is None or one.cleans:
        return result, result.bytes(), Change(one.name, before, size(result))
    cleaned = _cleaned(result, cleaning)
    after, costs = size(cleaned), (measure(raw), measure(cleaned.bytes()))
    if costs[1] < costs[0] or (costs[1] == costs[0] and after.bytes < before.bytes):
        return cleaned, cleaned.bytes(), Change(one.name, before, after, "", {"cost": costs})
    return now, raw, Change(one.name, before, after, "it does not pay", {"cost": costs})


def _cleaned(graph: View, cleaning: Sequence[Rewrite]) -> View:
    for one in cleaning:
        result = one.function(graph)
        graph = graph if isinstance(result, str) else result
    return graph

