"""Writing statements: nested loops, locals, scratch buffers, and tensors put into memory."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from lineshaft.graph.loops.form import (
    Buffer,
    DType,
    Expr,
    For,
    If,
    Index,
    Kind,
    Load,
    Op,
    Stmt,
    Store,
    Var,
)
from lineshaft.graph.loops.tensor import Place, Produced, Tensor, View, address, dense_strides, dtype_of, produced, view

WHOLE = Index()


class Emitter:
    """Statements in the making, innermost block last. ``lanes`` is how many numbers the machine adds at once.

    ``taken`` are names that nothing of its own may have: the graph's inputs, outputs and states.
    """

    def __init__(self, lanes: int = 1, taken: Collection[str] = ()) -> None:
        self.lanes, self._taken = lanes, frozenset(taken)
        self._blocks: list[list[Stmt]] = [[]]
        self._count: dict[str, int] = {}
        self._constants: dict[tuple[str, str, bytes], Buffer] = {}

    @property
    def body(self) -> tuple[Stmt, ...]:
        return tuple(self._blocks[-1])

    def store(self, buffer: Buffer, index: Index, value: Expr) -> None:
        self._blocks[-1].append(Store(buffer, index, value))

    def loop(self, extent: int, body: Callable[[Index], None]) -> None:
        """A loop around what ``body`` writes; none where it would run once."""
        if extent == 1:
            body(Index())
            return
        var = Var(self._new("i"))
        inside = self._inside(lambda: body(Index(0, ((var, 1),))))
        if inside:
            self._blocks[-1].append(For(var, extent, inside))

    def loops(self, shape: Sequence[int], body: Callable[[Place], None], place: Place = ()) -> None:
        """Nested loops over every place of ``shape``."""
        if not shape:
            body(place)
            return
        self.loop(shape[0], lambda index: self.loops(shape[1:], body, (*place, index)))

    def when(self, condition: Expr, then: Callable[[], None], otherwise: Callable[[], None] = lambda: None) -> None:
        self._blocks[-1].append(If(condition, self._inside(then), self._inside(otherwise)))

    def constant(self, value: NDArray[np.generic], stem: str = "w") -> Buffer:
        """A constant of our own making, such as weights in another order; equal ones are one."""
        flat = np.ascontiguousarray(value).ravel()
        key = (stem, flat.dtype.str, flat.tobytes())
        if key not in self._constants:
            self._constants[key] = Buffer(self._new(stem), "constant", dtype_of(flat), flat.size, flat)
        return self._constants[key]

    def buffer(self, dtype: DType, size: int, kind: Kind = "scratch", stem: str = "") -> Buffer:
        return Buffer(self._new(stem or {"local": "t"}.get(kind, "b")), kind, dtype, size)

    def vectors(self, count: int, body: Callable[[Index], None]) -> None:
        """``count`` times ``lanes`` places; the inner loop is what a vector instruction does."""
        self.loop(count, lambda n: self.loop(self.lanes, lambda lane: body(n * self.lanes + lane)))

    def lane(self, body: Callable[[Index], None]) -> None:
        """One vector."""
        self.loop(self.lanes, body)

    def hold(self, value: Expr, *, always: bool = False) -> Expr:
        """A local variable with this value, so that it is computed (``always``: also loaded) once."""
        if not isinstance(value, Op) and not (always and isinstance(value, Load)):
            return value
        local = self.buffer(value.dtype, 1, "local")
        self.store(local, WHOLE, value)
        return Load(local, WHOLE)

    def realise(self, tensor: Tensor, buffer: Buffer | None = None) -> View:
        """The tensor in memory: dense, or as it comes in its own order where no buffer is asked for; then it also stays
        where it is when it is dense already."""
        if isinstance(tensor, View) and tensor.dense and buffer is None:
            return tensor
        order = tensor.order if isinstance(tensor, Produced) and buffer is None else ()
        strides = self.strides(tensor.shape, order) if order else None
        target = view(buffer or self.buffer(tensor.dtype, tensor.size), tensor.shape, strides)
        self.write(tensor, target)
        return target

    def strides(self, shape: Sequence[int], order: Sequence[int]) -> tuple[int, ...]:
        """Of a tensor without gaps whose axes lie in this order, outermost first."""
        steps = dict(zip(order, dense_strides([shape[axis] for axis in order]), strict=True))
        return tuple(steps[axis] for axis in range(len(shape)))

    def write(self, tensor: Tensor, target: View) -> None:
        """Store every element of a tensor at its place of a view of the same shape."""
        self.each(tensor, lambda place, value: self.write_at(target, place, value))

    def each(self, tensor: Tensor, sink: Callable[[Place, Expr], None]) -> None:
        """Do something with every element."""
        if isinstance(tensor, Produced):
            tensor.produce(sink)
        else:
            self.loops(tensor.shape, lambda place: sink(place, tensor.at(place)))

    def ready(self, tensor: Tensor) -> Tensor:
        """The tensor itself where its elements are expressions, else in memory."""
        return self.realise(tensor) if isinstance(tensor, Produced) else tensor

    def write_at(self, target: View, place: Place, value: Expr) -> None:
        """Store one element of a view."""
        self.store(target.buffer, address(target.offset, target.strides, place), value)

    def reshaped(self, tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
        """The same elements in their order as another shape: the same memory, or places without ones put in."""
        if isinstance(tensor, View) and tensor.dense:
            return view(tensor.buffer, shape, dense_strides(shape), tensor.offset)
        if [n for n in tensor.shape if n != 1] == [n for n in shape if n != 1]:
            return _squeezed_product(tensor, shape) if isinstance(tensor, Produced) else _squeezed(tensor, shape)
        return self.reshaped(self.realise(tensor, self.buffer(tensor.dtype, tensor.size)), shape)

    def _new(self, stem: str) -> str:
        self._count[stem] = self._count.get(stem, -1) + 1
        found = f"{stem}{self._count[stem]}"
        return self._new(stem) if found in self._taken else found

    def _inside(self, write: Callable[[], None]) -> tuple[Stmt, ...]:
        self._blocks.append([])
        write()
        return tuple(self._blocks.pop())


def _squeezed_product(tensor: Produced, shape: tuple[int, ...]) -> Tensor:
    wide = [axis for axis, n in enumerate(shape) if n != 1]
    old = [axis for axis, n in enumerate(tensor.shape) if n != 1]

    def produce(sink: Callable[[Place, Expr], None]) -> None:
        def moved(place: Place, value: Expr) -> None:
            outer = dict(zip(wide, (place[axis] for axis in old), strict=True))
            sink(tuple(outer.get(axis, Index()) for axis in range(len(shape))), value)

        tensor.produce(moved)

    return produced(shape, tensor.dtype, produce, tensor.cost, _moved(tensor.order, wide, old))


def _moved(order: Sequence[int], wide: Sequence[int], old: Sequence[int]) -> tuple[int, ...]:
    """An order of the ``old`` axes as one of the ``wide``; the others are of size 1 and come first."""
    if not order:
        return ()
    new = [wide[old.index(axis)] for axis in order if axis in old]
    return (*(axis for axis in range(max(wide, default=-1) + 1) if axis not in new), *new)


def _squeezed(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    wide = [axis for axis, n in enumerate(shape) if n != 1]
    old = [axis for axis, n in enumerate(tensor.shape) if n != 1]

    def at(place: Place) -> Expr:
        inner = dict(zip(old, (place[axis] for axis in wide), strict=True))
        return tensor.at(tuple(inner.get(axis, Index()) for axis in range(len(tensor.shape))))

    if isinstance(tensor, View):
        steps = dict(zip(wide, (tensor.strides[axis] for axis in old), strict=True))
        return view(tensor.buffer, shape, tuple(steps.get(axis, 0) for axis in range(len(shape))), tensor.offset)
    return Tensor(shape, tensor.dtype, at, tensor.cost)
