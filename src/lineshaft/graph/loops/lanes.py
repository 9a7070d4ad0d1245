"""Long sums with one accumulator a lane: what lies side by side is added side by side, and folded at the end.

Several accumulators are quicker, since additions don't wait for each other, and more exact, since each sums less.
"""

from __future__ import annotations

from collections.abc import Callable

from lineshaft.graph.loops.emit import Emitter
from lineshaft.graph.loops.form import FLOAT, Buffer, Const, Expr, Index, Load, Op, Var
from lineshaft.graph.loops.tensor import Tensor

_ACCUMULATORS = 8
_SIMPLE = frozenset(("add", "sub", "mul", "neg"))

Term = Callable[[Index], Expr]


def side_by_side(cx: Emitter, tensor: Tensor, count: int) -> bool:
    """Whether the last axis of a tensor can be read a vector at a time and is worth it."""
    if cx.lanes == 1 or count < 4 * cx.lanes:
        return False
    lane = Var("lane")
    place = (*(Index(0, ((Var(f"axis{a}"), 1),)) for a in range(len(tensor.shape) - 1)), Index(0, ((lane, 1),)))
    return tensor.dtype == FLOAT and _even(tensor.at(place), lane)


def _even(expr: Expr, lane: Var) -> bool:
    if isinstance(expr, Load):
        return expr.dtype == FLOAT and expr.index.coefficient(lane) in (0, 1)
    if isinstance(expr, Op):
        return expr.kind in _SIMPLE and expr.dtype == FLOAT and all(_even(arg, lane) for arg in expr.args)
    return isinstance(expr, Const)


def sums(cx: Emitter, count: int, outputs: int, x: Term, weigh: Callable[[Expr, int, Index], Expr],
         sink: Callable[[Index, Expr], None], start: Buffer | None = None) -> None:
    """Each output's sum over ``count`` places of ``weigh(x, output, place)``; ``sink`` takes the sums."""
    lanes, strands = cx.lanes, max(1, _ACCUMULATORS // outputs)
    groups = count // lanes
    strands = min(strands, groups)
    totals = cx.buffer(FLOAT, outputs * strands * lanes, "local")
    cx.vectors(outputs * strands, lambda at: cx.store(totals, at, Const(0.0)))

    def group(number: Index, strand: int) -> None:
        values = cx.buffer(FLOAT, lanes, "local")
        cx.vectors(1, lambda at: cx.store(values, at, x(number * lanes + at)))
        for output in range(outputs):
            def add(at: Index, output: int = output) -> None:
                place = at + (output * strands + strand) * lanes
                term = weigh(Load(values, at), output, number * lanes + at)
                cx.store(totals, place, Op("add", (Load(totals, place), term)))

            cx.vectors(1, add)

    cx.loop(groups // strands, lambda g: [group(g * strands + s, s) for s in range(strands)] and None)
    for rest in range(groups - groups % strands, groups):
        group(Index(rest), 0)
    flat = cx.buffer(FLOAT, outputs * lanes, "local")
    for output in range(outputs):
        def fold(at: Index, output: int = output) -> None:
            total: Expr = Load(totals, at + output * strands * lanes)
            for strand in range(1, strands):
                total = Op("add", (total, Load(totals, at + (output * strands + strand) * lanes)))
            cx.store(flat, at + output * lanes, total)

        cx.vectors(1, fold)
    for output in range(outputs):
        sink(Index(output), _folded(cx, flat, output, range(groups * lanes, count), x, weigh, start))


def _folded(cx: Emitter, flat: Buffer, output: int, left: range, x: Term, weigh: Callable[[Expr, int, Index], Expr],
            start: Buffer | None) -> Expr:
    """The lanes of one output by halves, and the places that made no whole vector."""
    parts: list[Expr] = [Load(flat, Index(output * cx.lanes + lane)) for lane in range(cx.lanes)]
    parts += [weigh(x(Index(place)), output, Index(place)) for place in left]
    parts += [] if start is None else [Load(start, Index(output))]
    while len(parts) > 1:
        pairs = [Op("add", (a, b)) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = [*pairs, *parts[2 * len(pairs):]]
    return cx.hold(parts[0])


