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
Weigh = Callable[[Expr, int, Index], Expr]


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


def sums(cx: Emitter, count: int, outputs: int, x: Term, weigh: Weigh, sink: Callable[[Index, Expr], None]) -> None:
    """Each output's sum over ``count`` places of ``weigh(x, output, place)``; ``sink`` takes the sums."""
    groups = count // cx.lanes
    strands = min(max(1, _ACCUMULATORS // outputs), groups)
    totals = cx.buffer(FLOAT, outputs * strands * cx.lanes, "local")
    cx.vectors(outputs * strands, lambda at: cx.store(totals, at, Const(0.0)))

    def together(number: Index) -> None:
        for strand in range(strands):
            _group(cx, totals, number * strands + strand, range(strand, outputs * strands, strands), x, weigh)

    cx.loop(groups // strands, together)
    for rest in range(groups - groups % strands, groups):
        _group(cx, totals, Index(rest), range(0, outputs * strands, strands), x, weigh)
    flat = _strands_folded(cx, totals, outputs, strands)
    for output in range(outputs):
        sink(Index(output), _folded(cx, flat, output, range(groups * cx.lanes, count), x, weigh))


def _group(cx: Emitter, totals: Buffer, number: Index, slots: range, x: Term, weigh: Weigh) -> None:
    """One vector of places into the totals in ``slots``, one an output."""
    values = cx.buffer(FLOAT, cx.lanes, "local")
    cx.vectors(1, lambda at: cx.store(values, at, x(number * cx.lanes + at)))
    for output, slot in enumerate(slots):
        def add(at: Index, output: int = output, slot: int = slot) -> None:
            term = weigh(Load(values, at), output, number * cx.lanes + at)
            cx.store(totals, at + slot * cx.lanes, Op("add", (Load(totals, at + slot * cx.lanes), term)))

        cx.vectors(1, add)


def _strands_folded(cx: Emitter, totals: Buffer, outputs: int, strands: int) -> Buffer:
    """One vector an output."""
    flat = cx.buffer(FLOAT, outputs * cx.lanes, "local")
    for output in range(outputs):
        def fold(at: Index, output: int = output) -> None:
            total: Expr = Load(totals, at + output * strands * cx.lanes)
            for strand in range(1, strands):
                total = Op("add", (total, Load(totals, at + (output * strands + strand) * cx.lanes)))
            cx.store(flat, at + output * cx.lanes, total)

        cx.vectors(1, fold)
    return flat


def _folded(cx: Emitter, flat: Buffer, output: int, left: range, x: Term, weigh: Weigh) -> Expr:
    """The lanes of one output by halves, and the places that made no whole vector."""
    parts: list[Expr] = [Load(flat, Index(output * cx.lanes + lane)) for lane in range(cx.lanes)]
    parts += [weigh(x(Index(place)), output, Index(place)) for place in left]
    while len(parts) > 1:
        pairs = [Op("add", (a, b)) for a, b in zip(parts[::2], parts[1::2], strict=False)]
        parts = [*pairs, *parts[2 * len(pairs):]]
    return cx.hold(parts[0])


