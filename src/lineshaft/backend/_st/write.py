"""A program of loops as one FUNCTION_BLOCK of Structured Text, to be read by people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from lineshaft.backend._st.expressions import INFINITY, NAN, TYPES, Expressions, number
from lineshaft.backend._st.functions import functions
from lineshaft.backend._st.layout import layout
from lineshaft.backend._st.measure import figures, once
from lineshaft.graph.loops.form import (
    Buffer,
    Const,
    For,
    If,
    Index,
    Load,
    Op,
    Program,
    State,
    Stmt,
    Store,
    loads,
)
from lineshaft.plc.naming import Namer

WIDTH = 96


def write(program: Program, block: str) -> str:
    """The text: functions that the standard lacks, the block, and a last comment for the engine."""
    return _Writer(program, block).text()


class _Writer:
    def __init__(self, program: Program, block: str) -> None:
        self.program, namer = program, Namer()
        self.block = namer.name(block)
        lasting = [b for b in program.buffers if b.kind in ("input", "output", "state")]
        others = [b for b in program.buffers if b.kind not in ("input", "output", "state", "constant")]
        self.names = {b.name: namer.name(b.name) for b in (*lasting, *others)}
        self.constants, same = once(program.of_kind("constant"))
        self.names |= {b.name: namer.name(f"c_{b.name}") for b in self.constants}
        self.names |= {name: self.names[first] for name, first in same.items()}
        loops = _loops(program.body)
        depths = [namer.name(name) for name in "ijklmnop"[:max(loops.values(), default=-1) + 1]]
        self.names |= {name: depths[depth] for name, depth in loops.items()}
        self.loops = depths
        self.expressions = Expressions(self.names)
        self.outputs = {b.name for b in program.outputs}

    def text(self) -> str:
        self._odd = list(self._odd_constants())
        body = [line for stmt in self._commented(self.program.body) for line in stmt]
        used = self.expressions.used
        helpers = functions(name for name in used if name.startswith("LS_"))
        parts = [self._head(), helpers] if helpers else [self._head()]
        lines = [f"FUNCTION_BLOCK {self.block}", *self._interface(), *self._memory(used), *self._constants(),
                 *self._start(used), *body, "END_FUNCTION_BLOCK"]
        return "\n".join([*parts, *lines, "", layout(self.program, self.block, self.names), ""])

    def _head(self) -> str:
        found = figures(self.program)
        return (f"(* {self.block}: one step of a graph, written by Lineshaft as IEC 61131-3 Structured Text.\n"
                f"   Call it once a period. {found.ram_bytes} bytes of data, {found.constant_bytes} of constants,\n"
                f"   some {found.operations} operations a call. REAL is IEEE 754 single precision. *)\n")

    # -- declarations

    def _interface(self) -> Iterator[str]:
        yield "VAR_INPUT"
        notes = ("the values, finite; 0.0 where one may not be used", "1.0 where a value may be used, else 0.0")
        for buffer, note in zip(self.program.inputs, notes, strict=True):
            yield self._declared(buffer, note)
        yield from ("END_VAR", "VAR_OUTPUT")
        for buffer in self.program.outputs:
            shape = list(self.program.shapes[buffer.name])
            yield self._declared(buffer, f"shape {shape}" if len(shape) > 1 else "")
        yield "END_VAR"

    def _memory(self, used: set[str]) -> Iterator[str]:
        positions = {s.sliding.position.name for s in self.program.states if s.sliding and s.sliding.position}
        kept = [self._declared(state.buffer, _note(state)) for state in self.program.states]
        kept += [self._declared(buffer, "place of the ring") for buffer in self.program.of_kind("state")
                 if buffer.name in positions]
        if kept:
            yield from ("VAR (* what is kept from call to call, all zero at first *)", *kept, "END_VAR")
        needed = list(self._needed(used))
        if needed:
            yield from ("VAR (* what one call needs *)", *needed, "END_VAR")

    def _needed(self, used: set[str]) -> Iterator[str]:
        for buffer in (*self.program.of_kind("scratch"), *self.program.of_kind("local")):
            yield self._declared(buffer, "")
        for name in self.loops:
            yield f"  {name} : DINT;"
        if used & {INFINITY, NAN}:
            yield f"  {INFINITY} : REAL;"
        if NAN in used:
            yield f"  {NAN} : REAL;"

    def _declared(self, buffer: Buffer, note: str) -> str:
        kind = TYPES[buffer.dtype]
        kind = kind if buffer.size == 1 else f"ARRAY[0..{buffer.size - 1}] OF {kind}"
        line = f"  {self.names[buffer.name]} : {kind};"
        return f"{line} (* {note} *)" if note else line

    def _constants(self) -> Iterator[str]:
        if not self.constants:
            return
        yield "VAR" if self._odd else "VAR CONSTANT"
        for buffer in self.constants:
            assert buffer.data is not None
            values = [number(v.item() if math.isfinite(v) else 0.0, buffer.dtype).strip("()") for v in buffer.data]
            name, kind = self.names[buffer.name], TYPES[buffer.dtype]
            if buffer.size == 1:
                yield f"  {name} : {kind} := {values[0]};"
                continue
            yield f"  {name} : ARRAY[0..{buffer.size - 1}] OF {kind} := ["
            yield from _rows(values)
        yield "END_VAR"

    def _odd_constants(self) -> Iterator[str]:
        """Assignments of infinities and NaN, for which the language has no literal."""
        for buffer in self.constants:
            assert buffer.data is not None
            for place, value in enumerate(buffer.data.tolist() if buffer.dtype == "float32" else ()):
                if not math.isfinite(value):
                    target = self.expressions.place(buffer, Index(place))
                    yield f"{target} := {self.expressions.text(Const(value))};"

    def _start(self, used: set[str]) -> Iterator[str]:
        if used & {INFINITY, NAN}:
            yield f"{INFINITY} := 3.0E+38;"
            yield f"{INFINITY} := {INFINITY} * {INFINITY};"
        if NAN in used:
            yield f"{NAN} := {INFINITY} - {INFINITY};"
        yield from self._odd

    # -- statements

    def _commented(self, body: Iterable[Stmt]) -> Iterator[list[str]]:
        """Top-level statements, with a line before those that write an output or a state."""
        told = ""
        for stmt in body:
            lines = list(self._statement(stmt, 0))
            said = self._about(stmt)
            if said and said != told:
                lines.insert(0, f"(* {said} *)")
            told = said or told
            yield lines

    def _about(self, stmt: Stmt) -> str:
        written = {store.buffer.name: store.buffer.kind for store in _stores((stmt,))}
        found = [f"{kind} {self.names[name]}" for name, kind in written.items() if kind in ("output", "state")]
        return ", ".join(found)

    def _statement(self, stmt: Stmt, depth: int) -> Iterator[str]:
        pad = "  " * depth
        if isinstance(stmt, Store):
            yield from self._store(stmt, pad)
        elif isinstance(stmt, For):
            yield f"{pad}FOR {self.names[stmt.var.name]} := 0 TO {stmt.extent - 1} DO"
            yield from self._block(stmt.body, depth)
            yield f"{pad}END_FOR;"
        else:
            yield from _wrapped(f"{pad}IF {self.expressions.text(stmt.condition)} THEN")
            yield from self._block(stmt.then, depth)
            if stmt.otherwise:
                yield f"{pad}ELSE"
                yield from self._block(stmt.otherwise, depth)
            yield f"{pad}END_IF;"

    def _block(self, body: Iterable[Stmt], depth: int) -> Iterator[str]:
        for stmt in body:
            yield from self._statement(stmt, depth + 1)

    def _store(self, stmt: Store, pad: str) -> Iterator[str]:
        target, value = self.expressions.place(stmt.buffer, stmt.index), stmt.value
        if isinstance(value, Op) and value.kind == "select":
            condition, yes, no = (self.expressions.text(arg) for arg in value.args)
            yield from _wrapped(f"{pad}IF {condition} THEN")
            yield from _wrapped(f"{pad}  {target} := {yes};")
            if no != target:
                yield f"{pad}ELSE"
                yield from _wrapped(f"{pad}  {target} := {no};")
            yield f"{pad}END_IF;"
        elif _is_extremum(stmt):
            assert isinstance(value, Op)
            other = self.expressions.text(value.args[1])
            sign = "<" if value.kind == "min" else ">"
            yield from _wrapped(f"{pad}IF ({other} {sign} {target}) OR ({other} <> {other}) THEN (* NaN stays *)")
            yield from _wrapped(f"{pad}  {target} := {other};")
            yield f"{pad}END_IF;"
        else:
            yield from _wrapped(f"{pad}{target} := {self.expressions.text(value)};")


def _note(state: State) -> str:
    shape = f"shape {list(state.shape)}" if len(state.shape) > 1 else ""
    how = state.sliding
    if how is None:
        return shape
    kind = "ring, each row twice" if how.position is not None else "oldest row first"
    return f"window of {how.rows} rows of {how.width}: {kind}" if not how.newest_first else \
        f"window of {how.rows} rows of {how.width}: newest row first"


def _is_extremum(stmt: Store) -> bool:
    """``m := max(m, v)`` of plain values: a comparison is shorter than a call and no slower on any controller."""
    value = stmt.value
    return (isinstance(value, Op) and value.kind in ("min", "max") and value.dtype == "float32"
            and value.args[0] == Load(stmt.buffer, stmt.index) and isinstance(value.args[1], Load)
            and not any(load.buffer == stmt.buffer for load in loads(value.args[1])))


def _loops(body: Iterable[Stmt], depth: int = 0) -> dict[str, int]:
    """Loop variables with how deep their loops lie: loops beside each other share one."""
    found: dict[str, int] = {}
    for stmt in body:
        if isinstance(stmt, For):
            found |= {stmt.var.name: max(depth, found.get(stmt.var.name, 0))} | _loops(stmt.body, depth + 1)
        elif isinstance(stmt, If):
            found |= _loops((*stmt.then, *stmt.otherwise), depth)
    return found


def _stores(body: Iterable[Stmt]) -> Iterator[Store]:
    for stmt in body:
        if isinstance(stmt, Store):
            yield stmt
        elif isinstance(stmt, For):
            yield from _stores(stmt.body)
        else:
            yield from _stores((*stmt.then, *stmt.otherwise))


def _rows(values: list[str]) -> Iterator[str]:
    line = "   "
    for place, value in enumerate(values):
        piece = f" {value}{'];' if place == len(values) - 1 else ','}"
        if len(line) + len(piece) > WIDTH:
            yield line
            line = "   "
        line += piece
    yield line


def _wrapped(line: str) -> Iterator[str]:
    """One statement on as many lines as it needs, broken at blanks."""
    pad = " " * (len(line) - len(line.lstrip()) + 4)
    while len(line) > WIDTH:
        at = line.rfind(" ", len(pad) + 1, WIDTH + 1)
        if at < 0:
            break
        yield line[:at]
        line = pad + line[at + 1:]
    yield line
