"""What is computed twice is computed once; a window kept twice is kept once; equal constants are stored once.

    a = Sub(x, c); b = Sub(x, c); y = Mul(a, b)      ->  a = Sub(x, c); y = Mul(a, a)
    u_o = window of z; v_o = window of z, as long    ->  v is read from u

Two states whose next values are made alike of their own old value and of the same others are equal at every tick, since
both start as zeros.
"""

from __future__ import annotations

from typing import Any

from lineshaft.graph.builder import STATE_SUFFIX
from lineshaft.graph.view import Edit, Node, View

ORDER = 300
CLEANS = True

OWN = "its own old value"


def rewrite(graph: View) -> View | str:
    edit = Edit(graph)
    same = _constants(graph)
    numbers = dict(same)
    seen: dict[Any, Node] = {}
    for node in graph.nodes:
        key = _key(node, tuple(same.get(i, i) for i in node.inputs), numbers)
        twin = seen.setdefault(key, node)
        copied = node.kind == "Identity" and node.outputs[0] in graph.ports
        if twin is not node and not copied:
            same |= dict(zip(node.outputs, twin.outputs, strict=True))
    for name, first in same.items():
        if name != first and not (name in graph.ports and first in graph.ports and _copy(graph, name)):
            edit.replace(name, first)
    _states(graph, edit, same)
    return edit.unchanged("nothing is computed twice")


def _copy(graph: View, name: str) -> bool:
    return graph.producer(name, "Identity") is not None


def _constants(graph: View) -> dict[str, str]:
    """Each repeated constant by the first one's name."""
    first: dict[tuple[str, tuple[int, ...], bytes], str] = {}
    found = {}
    for name, array in graph.constants.items():
        kept = first.setdefault((array.dtype.str, array.shape, array.tobytes()), name)
        if kept != name:
            found[name] = kept
    return found


def _key(node: Node, inputs: tuple[str, ...], numbers: dict[str, str]) -> Any:
    return (node.kind, node.domain, inputs, tuple((k, _plain(v)) for k, v in sorted(node.attributes.items())),
            len(node.outputs))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _states(graph: View, edit: Edit, same: dict[str, str]) -> None:
    """States that follow one another are merged by how their next value is made."""
    first: dict[Any, str] = {}
    for state in graph.states:
        made = _made(graph, state.name + STATE_SUFFIX, state.name, same, depth=4)
        kept = first.setdefault((state.shape, made), state.name)
        if kept != state.name:
            edit.replace(state.name, kept)
            edit.keep(state.name, kept + STATE_SUFFIX)
            edit.drop_state(state.name)


def _made(graph: View, name: str, state: str, same: dict[str, str], depth: int) -> Any:
    """The expression of a value down to ``depth`` operators, with the state's own name left out."""
    name = same.get(name, name)
    if name == state:
        return OWN
    node = graph.producer(name)
    if node is None or depth == 0:
        return name
    if node.kind == "Identity":
        return _made(graph, node.inputs[0], state, same, depth)
    inputs = tuple(_made(graph, i, state, same, depth - 1) for i in node.inputs)
    if OWN not in repr(inputs):
        return name
    return (node.kind, inputs, tuple((k, _plain(v)) for k, v in sorted(node.attributes.items())))
