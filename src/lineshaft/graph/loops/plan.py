"""Where scratch buffers lie: those that are never alive together share memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lineshaft.graph.loops.form import ITEM_BYTES, Buffer, DType, Program, mentioned


@dataclass(frozen=True, slots=True)
class Plan:
    """One arena a type of numbers. ``offsets`` places each scratch buffer by its name, in numbers, not bytes."""

    offsets: Mapping[str, int]
    arenas: Mapping[DType, int]
    ram_bytes: int
    constant_bytes: int
    windows: Mapping[str, str]


@dataclass(slots=True)
class _Life:
    buffer: Buffer
    first: int
    last: int


def plan(program: Program) -> Plan:
    """Places of the scratch buffers; ``ram_bytes`` counts inputs, outputs, states and arenas, ``windows`` says for
    each moving window how it moves and why.
    """
    lives: dict[str, _Life] = {}
    for time, stmt in enumerate(program.body):
        for buffer in mentioned((stmt,)):
            if buffer.kind == "scratch":
                lives.setdefault(buffer.name, _Life(buffer, time, time)).last = time
    offsets: dict[str, int] = {}
    arenas: dict[DType, int] = {}
    placed: list[_Life] = []
    for life in sorted(lives.values(), key=lambda each: -each.buffer.size):
        at = _first_gap(life, placed, offsets)
        offsets[life.buffer.name] = at
        placed.append(life)
        dtype = life.buffer.dtype
        arenas[dtype] = max(arenas.get(dtype, 0), at + life.buffer.size)
    lasting = sum(b.bytes for b in program.buffers if b.kind in ("input", "output", "state"))
    return Plan(offsets, arenas, lasting + sum(ITEM_BYTES[dtype] * size for dtype, size in arenas.items()),
                sum(b.bytes for b in program.of_kind("constant")),
                {s.name: s.sliding.why for s in program.states if s.sliding is not None})


def _first_gap(life: _Life, placed: list[_Life], offsets: Mapping[str, int]) -> int:
    """The lowest place that no buffer alive at the same time takes, on a multiple of 16 numbers."""
    taken = sorted((offsets[other.buffer.name], other.buffer.size) for other in placed
                   if other.buffer.dtype == life.buffer.dtype
                   and other.first <= life.last and life.first <= other.last)
    at = 0
    for start, size in taken:
        if at + life.buffer.size <= start:
            break
        at = max(at, -(-(start + size) // 16) * 16)
    return at
