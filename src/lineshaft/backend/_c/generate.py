"""Graph -> source and layout. The only module of the backend that needs the graph package and onnx."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lineshaft.backend._c.write import Source, write
from lineshaft.core.target import Target
from lineshaft.graph.loops.form import ITEM_BYTES, For, If, Program, State, Stmt
from lineshaft.graph.loops.lower import lower
from lineshaft.graph.loops.plan import Plan, plan

STACK = 512  # bytes that a step may need besides its struct


def generate(graph: bytes, target: Target, lanes: int = 1) -> tuple[Source, dict[str, Any]]:
    """C source of a graph, and where an engine finds what in the struct."""
    program, places = _fitting(graph, target.memory_bytes, lanes)
    source = write(program, places)
    return source, layout(program, places, source)


def layout(program: Program, places: Plan, source: Source) -> dict[str, Any]:
    """Where an engine finds what in the struct, and what else is known of it."""
    offsets, size = _offsets(source)
    return {
        "size": size, "x": offsets["x"], "quality": offsets["quality"],
        "outputs": {b.name: offsets[b.name] for b in program.outputs},
        "states": [_state(state, offsets) for state in program.states],
        "ram_bytes": size, "constant_bytes": places.constant_bytes, "operations": _operations(program.body),
        "windows": {f"window {name}": why for name, why in places.windows.items()}}


def _fitting(graph: bytes, memory: int, lanes: int) -> tuple[Program, Plan]:
    """With rings in what memory the rest leaves; the second look knows how much that is."""
    program = lower(graph, lanes=lanes, memory_bytes=0)
    left = memory - STACK - plan(program).ram_bytes
    program = lower(graph, lanes=lanes, memory_bytes=max(left, 0))
    return program, plan(program)


def _state(state: State, offsets: Mapping[str, int]) -> dict[str, Any]:
    at = {"name": state.name, "shape": state.shape, "offset": offsets[state.buffer.name], "size": state.buffer.size,
          "order": state.order}
    how = state.sliding
    if how is None:
        return at
    position = offsets[how.position.name] if how.position is not None else -1
    return at | {"rows": how.rows, "width": how.width, "span": how.span, "first": how.first(0), "position": position}


def _offsets(source: Source) -> tuple[dict[str, int], int]:
    """Byte offset of each field as C lays a struct out, and the size of the whole."""
    offsets, end, largest = [], 0, 4
    for field in (*source.fields.values(), *source.arenas.values()):
        item = ITEM_BYTES[field.dtype]
        largest = max(largest, item)
        offsets.append(-(-end // item) * item)
        end = offsets[-1] + item * field.size
    return dict(zip(source.fields, offsets, strict=False)), -(-end // largest) * largest


def _operations(body: tuple[Stmt, ...]) -> int:
    """Stores of one step: what there is to do, in rough."""
    total = 0
    for stmt in body:
        if isinstance(stmt, For):
            total += stmt.extent * _operations(stmt.body)
        elif isinstance(stmt, If):
            total += max(_operations(stmt.then), _operations(stmt.otherwise))
        else:
            total += 1
    return total


