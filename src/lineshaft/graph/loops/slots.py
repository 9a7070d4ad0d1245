"""Which format each buffer of a program has: by its mark, or by what is stored there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from lineshaft.graph.loops.form import FLOAT, Buffer, Const, Expr, For, Load, Op, Program, Stmt, Store, operations
from lineshaft.graph.loops.number import Number
from lineshaft.graph.loops.points import NARROW, UNKNOWN, WIDE, Format

_BLANK = Format(0, NARROW)  # of a place where only zeros or what is already there are stored


class _Circle(Exception):
    """A buffer's format was asked for while it is being decided."""


@dataclass(frozen=True, slots=True)
class Written:
    """A store to a float32 buffer, and the loops around it, outermost first."""

    store: Store
    around: tuple[For, ...]


def written(body: Iterable[Stmt], around: tuple[For, ...] = ()) -> dict[str, list[Written]]:
    """All stores to float32 buffers, by the buffer's name, in their order."""
    found: dict[str, list[Written]] = {}
    for stmt in body:
        if isinstance(stmt, Store):
            if stmt.buffer.dtype == FLOAT:
                found.setdefault(stmt.buffer.name, []).append(Written(stmt, around))
            continue
        inner = [written(stmt.body, (*around, stmt))] if isinstance(stmt, For) else [
            written(stmt.then, around), written(stmt.otherwise, around)]
        for part in inner:
            for name, stores in part.items():
                found.setdefault(name, []).extend(stores)
    return found


def adds_to_itself(store: Store) -> bool:
    """Whether a store adds to what is there."""
    value = store.value
    return isinstance(value, Op) and value.kind == "add" and value.args[0] == Load(store.buffer, store.index)


class Slots:
    """``number`` converts an expression, which may ask for formats in its turn."""

    def __init__(self, program: Program, stores: Mapping[str, list[Written]],
                 number: Callable[[Expr], Number]) -> None:
        self._marks, self._stores, self._number = program.marks, stores, number
        self.formats: dict[str, Format] = {}
        self._bits: dict[str, int] = {}
        self._asking: set[str] = set()
        self.weights = frozenset(self._weights())

    def of(self, buffer: Buffer) -> Format:
        """The format of a float32 buffer that is no constant and no input."""
        if buffer.name in self._asking:
            raise _Circle
        if buffer.name not in self.formats:
            self._asking.add(buffer.name)
            try:
                self.formats[buffer.name] = self._decided(buffer)
            finally:
                self._asking.discard(buffer.name)
        return self.formats[buffer.name]

    def bits(self, buffer: Buffer) -> int:
        """Bound of what is loaded from there."""
        return self._bits.get(buffer.name, self.of(buffer).bits)

    def growth(self, buffer: Buffer) -> int:
        """Bits by which what is summed up there may outgrow its terms."""
        most = 1
        for each in self._stores[buffer.name]:
            if adds_to_itself(each.store):
                times = 1
                for loop in self._own(each):
                    times *= loop.extent
                most += times
        return most.bit_length()

    def _decided(self, buffer: Buffer) -> Format:
        mark = self._marks.get(buffer.name)
        narrow = buffer.kind == "output"
        if buffer.kind in ("state", "output"):
            return Format.of(mark or UNKNOWN, narrow=narrow)
        marked = Format.of(mark) if mark is not None else None
        stores = self._stores.get(buffer.name, [])
        sums = [each for each in stores if adds_to_itself(each.store)]
        if sums:
            return self._sum(buffer, sums, marked)
        if marked is not None:
            return marked
        if buffer.kind == "local" and len(stores) == 1:
            return self._as_it_comes(buffer, stores[0].store)
        return _hull(self._stored(each.store.value) for each in stores) or _BLANK

    def _as_it_comes(self, buffer: Buffer, store: Store) -> Format:
        """A local variable that is written once takes its value as it is."""
        value = self._number(store.value)
        self._bits[buffer.name] = value.bits
        return Format(value.point, (NARROW if value.bits <= NARROW else WIDE) - value.point)

    def _sum(self, buffer: Buffer, sums: list[Written], marked: Format | None) -> Format:
        """64 bits under the point of the terms, or of the mark if that is finer."""
        terms = [self._number(each.store.value.args[1]) for each in sums]  # type: ignore[union-attr]
        growth = self.growth(buffer)
        point = min(term.point - max(0, term.bits + growth - WIDE) for term in terms)
        if marked is not None and all(t.bits + growth + marked.point - t.point <= WIDE for t in terms):
            point = max(point, marked.point)
        self._bound_sum(buffer, terms, growth, point)
        return Format(point, WIDE - point)

    def _bound_sum(self, buffer: Buffer, terms: list[Number], growth: int, point: int) -> None:
        """A tighter bound than the buffer's own where all that is stored there is known."""
        try:
            begun = [self._number(each.store.value) for each in self._stores[buffer.name]
                     if not adds_to_itself(each.store)]
        except _Circle:
            return
        bits = [max(each.bits + point - each.point, 0) for each in (*terms, *begun)]
        self._bits[buffer.name] = min(WIDE, max(bits) + growth)

    def _stored(self, value: Expr) -> Format | None:
        """The format of a value; none for constants and for what is being asked for."""
        if isinstance(value, Const):
            return None
        if isinstance(value, Op) and value.kind in ("min", "max", "select"):
            return _hull(self._stored(arg) for arg in value.args[value.kind == "select":])
        try:
            if isinstance(value, Load) and value.buffer.kind not in ("constant", "input"):
                return self.of(value.buffer)
            number = self._number(value)
        except _Circle:
            return None
        return Format(number.point, (NARROW if number.bits <= NARROW else WIDE) - number.point)

    def _own(self, each: Written) -> list[For]:
        """Loops that repeat a store to one place: those whose variable isn't in the place, and that don't hold all."""
        others = self._stores[each.store.buffer.name]
        shared = {id(loop) for loop in each.around if all(any(loop is o for o in other.around) for other in others)}
        atoms = [atom for atom, _ in each.store.index.terms]
        return [loop for loop in each.around if id(loop) not in shared and loop.var not in atoms]

    def _weights(self) -> Iterable[str]:
        """Constants that a summed product multiplies with."""
        for stores in self._stores.values():
            for each in stores:
                if adds_to_itself(each.store):
                    factors = (arg for op in operations((each.store,)) if op.kind == "mul" for arg in op.args)
                    yield from (f.buffer.name for f in factors if isinstance(f, Load) and f.buffer.kind == "constant")


def _hull(formats: Iterable[Format | None]) -> Format | None:
    total = None
    for each in formats:
        total = each if total is None else total if each is None else total.hull(each)
    return total
