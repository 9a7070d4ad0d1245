"""Laws of programs: what is stored, where it lies, and how windows move."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.backend.c.small import CHANNELS, GRAPHS, graph

from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.loops.form import Buffer, For, If, Program, Stmt, Store, loads, mentioned
from lineshaft.graph.loops.lower import lower
from lineshaft.graph.loops.node import lowerings
from lineshaft.graph.loops.plan import plan
from lineshaft.graph.operators import FOREST, OPERATORS


def program(name: str, lanes: int = 1) -> Program:
    return lower(graph(name), lanes=lanes)


def test_every_operator_of_a_step_graph_has_a_lowering() -> None:
    assert OPERATORS | {FOREST} <= set(lowerings())


@pytest.mark.parametrize("lanes", [1, 8])
@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_nothing_is_read_before_it_has_a_value_and_no_constant_is_written(name: str, lanes: int) -> None:
    made = program(name, lanes)
    known = {b.name for b in made.buffers if b.kind in ("input", "state", "constant")}
    for stmt in _stores(made.body):
        for load in loads(stmt.value):
            assert load.buffer.name in known, load.buffer
        assert stmt.buffer.kind not in ("input", "constant")
        known.add(stmt.buffer.name)
    assert {b.name for b in made.outputs} <= known


@pytest.mark.parametrize("name", sorted(GRAPHS))
def test_scratch_buffers_that_live_at_once_do_not_overlap(name: str) -> None:
    made = program(name, 8)
    places = plan(made)
    lives: dict[Buffer, list[int]] = {}
    for time, stmt in enumerate(made.body):
        for buffer in mentioned((stmt,)):
            if buffer.kind == "scratch":
                lives.setdefault(buffer, []).append(time)
    for one, other in ((a, b) for a in lives for b in lives if a.name < b.name and a.dtype == b.dtype):
        apart = max(lives[one]) < min(lives[other]) or max(lives[other]) < min(lives[one])
        first, second = places.offsets[one.name], places.offsets[other.name]
        assert apart or first + one.size <= second or second + other.size <= first


def test_elementwise_chains_and_views_take_no_memory() -> None:
    g = StepBuilder(CHANNELS)
    wire = g.transpose(g.reshape(g.tanh(g.multiply(g.subtract(g.x, 1.0), 2.0)), (2, 3)), (1, 0))
    made = lower(g.model({"y": g.relu(wire)}))
    assert not made.of_kind("scratch") or sum(b.size for b in made.of_kind("scratch")) <= CHANNELS


@settings(max_examples=25, deadline=None)
@given(length=st.integers(2, 200), memory=st.integers(0, 20_000))
def test_a_window_is_a_ring_only_where_it_is_dear_to_move_and_fits(length: int, memory: int) -> None:
    g = StepBuilder(CHANNELS)
    made = lower(g.model({"y": g.window("w", g.x, length)}), memory_bytes=memory)
    how = made.states[0].sliding
    assert how is not None
    row = 4 * CHANNELS
    assert (how.position is not None) == (length * row >= 256 and (length + 1) * row + 4 <= memory)
    assert how.why in plan(made).windows.values()


def _stores(body: tuple[Stmt, ...]) -> list[Store]:
    found: list[Store] = []
    for stmt in body:
        if isinstance(stmt, For):
            found += _stores(stmt.body)
        elif isinstance(stmt, If):
            found += [*_stores(stmt.then), *_stores(stmt.otherwise)]
        else:
            found.append(stmt)
    return found
