"""The last comment of a printed block: where the engine finds inputs, outputs and states.

Loading an artifact imports this module, so the graph package is known here by name only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lineshaft.core.errors import Refused

if TYPE_CHECKING:
    from lineshaft.graph.loops.form import Program, State

_MARK = "(* layout "


def layout(program: Program, block: str, names: Mapping[str, str]) -> str:
    """The comment, as JSON; ``names`` are the block's own for each buffer."""
    from lineshaft.backend._st.measure import figures

    found = figures(program)
    states = [{"name": s.name, "at": names[s.buffer.name], "order": s.order, **_sliding(s, names)}
              for s in program.states]
    content: dict[str, Any] = {
        "block": block, "x": names[program.inputs[0].name], "quality": names[program.inputs[1].name],
        "outputs": {b.name: names[b.name] for b in program.outputs}, "states": states,
        "ram_bytes": found.ram_bytes, "constant_bytes": found.constant_bytes, "operations": found.operations}
    lines = [f"{json.dumps(key)}: {_listed(value)}" for key, value in content.items()]
    return f"{_MARK}{{" + ",\n ".join(lines).replace("*", r"\u002a") + "} *)"


def layout_of(text: str) -> dict[str, Any]:
    """What the last comment of a printed block says. Raises ``Refused`` where there is none."""
    _, mark, rest = text.rpartition(_MARK)
    try:
        found: dict[str, Any] = json.loads(rest.rpartition(" *)")[0])
    except json.JSONDecodeError:
        mark = ""
    if not mark or not isinstance(found, dict) or "block" not in found:
        raise Refused("is no text of the st backend (it has no layout)", do="compile the graph again")
    return found


def _listed(value: Any) -> str:
    """JSON, a list of objects with one on a line."""
    if not isinstance(value, list) or not value:
        return json.dumps(value)
    return "[\n  " + ",\n  ".join(map(json.dumps, value)) + "]"


def _sliding(state: State, names: Mapping[str, str]) -> dict[str, Any]:
    how = state.sliding
    if how is None:
        return {}
    position = names[how.position.name] if how.position is not None else ""
    return {"width": how.width, "span": how.span, "first": how.first(0), "position": position}
