"""A window whose readers do not mind the order of its ticks is written in place, round and round.

    w = Concat(Slice(old, 1:), x)                       every value moves by a row, each twice
 ->
    at = where(at + 1 = T, 0, at + 1); w = Where(rows = at, x, old)     each value once, and a few operators more

By name only. A shift or a ring is one decision and is taken once: a compiler of loops (``c``, ``st``) sees the shift
and keeps a ring of its own, which writes one row; there this rewrite would hide it. For a runtime that executes
operators one by one it pays where the window is large, which ``paying`` measures.
"""

from __future__ import annotations

import numpy as np

from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.sliding import REDUCTIONS, Window, reduced, window
from lineshaft.graph.view import Edit, View

ORDER = None


def rewrite(graph: View) -> View | str:
    edit = Edit(graph)
    positions: dict[int, str] = {}
    for state in graph.states:
        found = window(graph, state.name)
        if found is None or found.step > 1 or found.slide.length < 2 or not _any_order(graph, found):
            continue
        length, axis = found.slide.length, found.slide.axis
        if length not in positions:
            positions[length] = _position(edit, length)
        rows = np.arange(length, dtype=np.float32).reshape(1, *(1,) * axis, length,
                                                            *(1,) * (len(state.shape) - axis - 1))
        at = edit.add("Reshape", [positions[length], edit.integers(-1, *(1,) * len(state.shape))])
        here = edit.add("Equal", [at, edit.constant(rows)])
        written = edit.add("Where", [here, found.newest, state.name])
        edit.replace(found.value, written)
        edit.keep(state.name, written)
    return edit.unchanged("no window is read in any order")


def _position(edit: Edit, length: int) -> str:
    """The row that is written at this tick [1]; it counts up from 1 and begins again."""
    state = edit.state("ring", (1,))
    after = edit.add("Add", [state, edit.constant([1.0])])
    done = edit.add("Equal", [after, edit.constant([float(length)])])
    at = edit.add("Where", [done, edit.constant([0.0]), after])
    edit.keep(state, at)
    return at


def _any_order(graph: View, found: Window) -> bool:
    """All readers reduce over time; the state is the window itself and nothing else reads it."""
    own = {found.state + STATE_SUFFIX}
    users = [u for u in graph.consumers.get(found.value, ()) if u.outputs[0] not in own]
    readers = graph.consumers.get(found.state, ())
    same = graph.shape(found.value) == graph.shape(found.state)
    return same and bool(users) and len(readers) == 1 and found.value not in {p.name for p in graph.results} and all(
        u.kind in REDUCTIONS and found.slide.axis in reduced(graph, u) for u in users)
