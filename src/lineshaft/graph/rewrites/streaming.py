"""Layers over a sliding window compute their newest column only; earlier ones are kept.

    w = window of x [T, C]; y = Relu(Conv(Transpose(w)))     every tick: T - 2 columns
 ->
    v = the newest 3 rows of x; c = Relu(Conv(Transpose(v)))   every tick: 1 column
    y = Concat(Slice(old y, 1:), c - r) + r                    only where something looks at all of y

``r`` is what the layers answer to the empty window at start, so that ``old y`` may start as zeros (see ``streams``).
Taken are convolutions and pools with stride 1 along time that pad nothing or the oldest side, products, elementwise
operators, and reductions, slices and reshapes that leave time alone; the oldest columns of a padded layer only where
nothing looks at them. Not taken are layers that stride or pad at the newest side: their columns are new at each tick.
"""

from __future__ import annotations

from lineshaft.graph.arithmetic import unprofitable
from lineshaft.graph.rewrites import dead_state
from lineshaft.graph.sliding import Slides, slides
from lineshaft.graph.streams import Plan, Stream
from lineshaft.graph.view import Edit, View

ORDER = 600


def rewrite(graph: View) -> View | str:
    plan, reasons = _plan(graph)
    computed = [name for name in plan.need if name not in plan.slides.windows]
    if all(plan.whole(name) for name in computed):
        return reasons or "no layer works on a sliding window"
    edit = Edit(graph)
    stream = Stream(plan, edit)
    for name in computed:
        if not plan.whole(name) and _taken_whole(graph, plan, name):
            edit.replace(name, stream.all_needed(name))
    result = edit.done()
    cleaned = dead_state.rewrite(result)
    result = result if isinstance(cleaned, str) else cleaned
    poor = unprofitable(graph, result)
    return "; ".join(filter(None, (reasons, poor))) if poor else result


def _plan(graph: View) -> tuple[Plan, str]:
    """Without the tensors of which more columns are looked at than slide; and why some are left out."""
    blocked: frozenset[str] = frozenset()
    while True:
        found = slides(graph, blocked)
        plan = Plan(graph, found, {name: found.of[name].length for name in _looked_at(graph, found)})
        if not plan.beyond():
            border = [f"{graph.producers[name].kind} {name}: its oldest columns see the padding, and are looked at"
                      for name in sorted(blocked)]
            return plan, "; ".join([*found.refusals, *border])
        blocked |= plan.beyond()


def _looked_at(graph: View, found: Slides) -> list[str]:
    """Sliding tensors that something takes which does not slide, in the graph's order."""
    own = {p.name for p in graph.outputs[len(graph.results):]} & _windowed(graph, found)
    outputs = {p.name for p in graph.outputs} - own
    return [name for node in graph.nodes for name in node.outputs if name in found.of and (
        name in outputs or any(user.outputs[0] not in found.of and user.outputs[0] not in own
                               for user in graph.consumers.get(name, ())))]


def _taken_whole(graph: View, plan: Plan, name: str) -> bool:
    """Whether something takes all columns: what doesn't slide, or what is computed as it was."""
    if name in graph.ports:
        return True
    users = [user.outputs[0] for user in graph.consumers.get(name, ())]
    return any(user not in plan.slides.of or (user in plan.width and plan.whole(user)) for user in users)


def _windowed(graph: View, found: Slides) -> set[str]:
    """Next values of states that are windows."""
    return {f"{w.state}_o" for w in found.windows.values()}
