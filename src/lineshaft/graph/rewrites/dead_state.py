"""A state that no output depends on goes, with all that only it needs; outputs never go.

    (x, quality, a, b) -> (score(x, a), a_o(x, a), b_o(x, b))   ->   (x, quality, a) -> (score(x, a), a_o(x, a))
"""

from __future__ import annotations

from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.view import Edit, View

ORDER = 900
CLEANS = True


def rewrite(graph: View) -> View | str:
    states = {s.name for s in graph.states}
    needed: set[str] = set()
    todo = [p.name for p in graph.results]
    while todo:
        name = todo.pop()
        if name in needed:
            continue
        needed.add(name)
        node = graph.producer(name)
        todo.extend(node.inputs if node is not None else ())
        if name in states:
            todo.append(name + STATE_SUFFIX)
    edit = Edit(graph)
    for name in sorted(states - needed):
        edit.drop_state(name)
    return edit.unchanged("every state reaches an output")
