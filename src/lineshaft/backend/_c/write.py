"""A program of loops as C99: one header, one source file, no heap, nothing of the C library."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from lineshaft.backend._c.manner import Manner
from lineshaft.backend._c.parts import together
from lineshaft.backend._c.vectors import divided, extreme, head, is_vector, substitute, vector_locals
from lineshaft.graph.loops.form import (
    Buffer,
    Const,
    DType,
    Expr,
    For,
    If,
    Index,
    Load,
    Op,
    Program,
    Stmt,
    Store,
    Var,
    mentioned,
)
from lineshaft.graph.loops.plan import Plan

CTYPES: dict[DType, str] = {"float32": "float", "int32": "int32_t", "bool": "uint8_t", "int8": "int8_t",
                            "uint8": "uint8_t", "int16": "int16_t", "int64": "int64_t"}
_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
          "eq": "==", "ne": "!=", "and": "&&", "or": "||", "bitand": "&"}
_LINES = 60  # statements in one function: compilers take more than twice as long for one of twice the length
# gcc 12 (-O2, vectorised): once induction variables are rewritten it may take a function that only writes through its
# argument for one without effects, and then its callers drop the call; noipa keeps it from concluding anything.
_APART = """#if defined(__GNUC__) && !defined(__clang__)
#define LS_APART __attribute__((noipa))
#elif defined(__GNUC__)
#define LS_APART __attribute__((noinline))
#else
#define LS_APART
#endif
"""
_MOST_TEXT, _LARGE = 2**20, 4096  # bytes of all constants that are written as text; of one that is not
_ENDINGS: dict[DType, str] = {"int32": "_i", "int64": "_l"}
_PREFIX = {"neg": "-", "not": "!"}


@dataclass(frozen=True, slots=True)
class Field:
    """A member of the struct: where the engine finds a buffer."""

    name: str
    dtype: DType
    size: int


@dataclass(frozen=True, slots=True)
class Source:
    """``fields`` by buffer name, in the order of the struct, and after them the ``arenas`` by type.

    Where constants are so many that a compiler would read their text for minutes, ``assembly`` takes them from
    ``data`` (the file ``constants.bin``) as they are; else both are empty.
    """

    header: str
    code: str
    fields: Mapping[str, Field]
    arenas: Mapping[DType, Field]
    assembly: str = ""
    data: bytes = b""


def write(program: Program, plan: Plan, name: str = "step", manner: Manner | None = None) -> Source:
    """C source of a program, whose struct and functions are called ``<name>_t``, ``<name>_step``, ``<name>_reset``."""
    return _Writer(program, plan, name, manner or Manner()).source()


class _Writer:
    def __init__(self, program: Program, plan: Plan, name: str, manner: Manner) -> None:
        self.program, self.plan, self.name, self.manner = program, plan, name, manner
        lasting = [b for b in program.buffers if b.kind in ("input", "output", "state")]
        names = _identifiers(f"{b.kind}_{b.name}" if b.kind != "input" else b.name for b in lasting)
        self.fields = {b.name: Field(name, b.dtype, b.size) for b, name in zip(lasting, names, strict=True)}
        self.arenas = {dtype: Field(f"scratch_{dtype}", dtype, size) for dtype, size in plan.arenas.items()}
        self.used: set[str] = set()
        self.before: list[str] = []  # declarations that the vector statement being written needs
        large = {b.name: b for b in program.of_kind("constant") if b.bytes >= _LARGE}
        self.apart = large if plan.constant_bytes > _MOST_TEXT else {}
        self.lanes, self.vectors = program.lanes, vector_locals(program)

    def source(self) -> Source:
        n = self.name
        parts, calls = self._parts()
        constants = list(self._constants())
        code = [f"/* One step of a graph, written by Lineshaft. C99, no heap, no library. */\n#include \"{n}.h\"\n",
                self.manner.functions(self.used), *([head(self.lanes)] if self.lanes > 1 else []), *constants,
                f"void {n}_reset({n}_t *s)\n{{", *self._reset(), "}\n",
                *parts, f"void {n}_step({n}_t *restrict s)\n{{", *calls, "}"]
        return Source(self._header(), "\n".join(code) + "\n", self.fields, self.arenas, *self._apart())

    def _parts(self) -> tuple[list[str], list[str]]:
        """Functions that a long step is made of, and the body that calls them; a short one is its body."""
        groups = together(self.program.body, _LINES)
        bodies = [[*self._locals(group), *self._statements(group, 1)] for group in groups]
        if len(bodies) == 1:
            return [], bodies[0]
        heads = [f"LS_APART static void part{i}({self.name}_t *restrict s)\n{{" for i in range(len(bodies))]
        functions_ = [line for head_, body in zip(heads, bodies, strict=True) for line in (head_, *body, "}\n")]
        return [_APART, *functions_], [f"    part{i}(s);" for i in range(len(bodies))]

    def _locals(self, body: tuple[Stmt, ...]) -> list[str]:
        found = {b.name: b for b in mentioned(body) if b.kind == "local"}
        return [f"    {self._local(b)};" for b in found.values()]

    def _apart(self) -> tuple[str, bytes]:
        """Assembly and bytes of the constants that aren't text."""
        if not self.apart:
            return "", b""
        lines, data = [".section .rodata"], b""
        for buffer in self.apart.values():
            assert buffer.data is not None
            lines += [".balign 64", f".globl {buffer.name}", f".hidden {buffer.name}",
                      f'{buffer.name}: .incbin "constants.bin", {len(data)}, {buffer.bytes}']
            data += buffer.data.tobytes()
        return "\n".join([*lines, '.section .note.GNU-stack,"",%progbits', ""]), data

    def _local(self, buffer: Buffer) -> str:
        if buffer.name in self.vectors:
            return f"ls_v {buffer.name}[{buffer.size // self.lanes}]"
        return f"{CTYPES[buffer.dtype]} {buffer.name}{f'[{buffer.size}]' if buffer.size > 1 else ''}"

    def _header(self) -> str:
        n, guard = self.name, f"LINESHAFT_{self.name.upper()}_H"
        members = [f"    {CTYPES[f.dtype]} {f.name}[{f.size}];" for f in (*self.fields.values(), *self.arenas.values())]
        shapes = [f" * output {_fit_for_comment(name)}: {list(shape)} in {self.fields[name].name}"
                  for name, shape in self.program.shapes.items()]
        return "\n".join([
            f"#ifndef {guard}", f"#define {guard}\n", "#include <stdint.h>\n",
            "/* " + "\n   ".join(self.manner.told), *shapes, " */", *self._points(),
            "typedef struct {", *members, f"}} {n}_t;\n",
            "/* Zero state: as if nothing had been seen. Call it once before the first step. */",
            f"void {n}_reset({n}_t *s);\n", "/* One tick. */", f"void {n}_step({n}_t *restrict s);\n", "#endif\n"])

    def _points(self) -> Iterable[str]:
        if self.manner.inputs:
            yield f"#define {self.name.upper()}_POINT_x {{{', '.join(map(str, self.manner.inputs))}}}"
        for name, point in self.manner.points.items():
            yield f"#define {self.name.upper()}_POINT_{self.fields[name].name} {point}"

    def _reset(self) -> Iterable[str]:
        for buffer in self.program.of_kind("state"):
            field = self.fields[buffer.name]
            yield f"    for (int32_t i = 0; i < {field.size}; i++) s->{field.name}[i] = 0;"
        if not self.program.states:
            yield "    (void)s;"

    def _constants(self) -> Iterable[str]:
        for buffer in self.program.of_kind("constant"):
            assert buffer.data is not None
            if buffer.name in self.apart:
                yield f"extern const {CTYPES[buffer.dtype]} {buffer.name}[{buffer.size}];"
                continue
            values = [_number(v.item(), buffer.dtype) for v in buffer.data]
            rows = [", ".join(values[i:i + 10]) for i in range(0, len(values), 10)]
            yield f"static const {CTYPES[buffer.dtype]} {buffer.name}[{buffer.size}] = {{\n" + ",\n".join(rows) + "};\n"

    # -- statements

    def _statements(self, body: Iterable[Stmt], depth: int) -> Iterable[str]:
        pad = "    " * depth
        for stmt in body:
            if isinstance(stmt, Store):
                yield f"{pad}{self._place(stmt.buffer, stmt.index)} = {self._strip(stmt.value)};"
            elif is_vector(stmt, self.lanes):
                yield from (pad + line for line in self._vector(stmt))
            elif isinstance(stmt, For):
                v = stmt.var.name
                yield f"{pad}for (int32_t {v} = 0; {v} < {stmt.extent}; {v}++) {{"
                yield from self._statements(stmt.body, depth + 1)
                yield pad + "}"
            else:
                yield from self._if(stmt, depth)

    def _if(self, stmt: If, depth: int) -> Iterable[str]:
        pad = "    " * depth
        yield f"{pad}if ({self._strip(stmt.condition)}) {{"
        yield from self._statements(stmt.then, depth + 1)
        if stmt.otherwise:
            yield pad + "} else {"
            yield from self._statements(stmt.otherwise, depth + 1)
        yield pad + "}"

    # -- vectors

    def _vector(self, stmt: Stmt) -> Iterable[str]:
        assert isinstance(stmt, For)
        lane = {stmt.var: Index()}
        for inner in stmt.body:
            assert isinstance(inner, Store)
            value, whole = self._lanes(inner.value, stmt.var)
            place = self._vector_place(inner.buffer, substitute(inner.index, lane), "ls_vu *")
            store = f"{place} = {value if whole else f'LS_SPLAT({value})'};"
            yield from (["{", *(f"    {line}" for line in (*self.before, store)), "}"] if self.before else [store])
            self.before = []

    def _lanes(self, expr: Expr, lane: Var) -> tuple[str, bool]:
        """An expression of vectors, or of one number for all lanes."""
        if isinstance(expr, Load) and expr.index.coefficient(lane):
            return self._vector_place(expr.buffer, substitute(expr.index, {lane: Index()}), "const ls_vu *"), True
        if isinstance(expr, Op):
            parts = [self._lanes(arg, lane) for arg in expr.args]
            whole = any(vector for _, vector in parts)
            if expr.kind == "neg":
                return f"(-{parts[0][0]})", whole
            if expr.kind in ("min", "max"):
                return (self._extreme(expr, parts), True) if whole else (self._expr(expr), False)
            return f"({parts[0][0]} {_INFIX[expr.kind]} {parts[1][0]})", whole
        return self._expr(expr), False

    def _extreme(self, expr: Op, parts: list[tuple[str, bool]]) -> str:
        left, right = (text if whole else f"LS_SPLAT({text})" for text, whole in parts)
        limit, number = expr.args[1], len(self.before)
        known = isinstance(limit, Const) and not math.isnan(limit.value)
        self.before += extreme(expr.kind, left, right, number, may_be_nan=not known)
        return f"e{number}"

    def _vector_place(self, buffer: Buffer, index: Index, pointer: str) -> str:
        if buffer.name in self.vectors:
            return f"{buffer.name}[{self._index(divided(index, self.lanes))}]"
        return f"*({pointer})&{self._place(buffer, index)}"

    # -- expressions

    def _strip(self, expr: Expr) -> str:
        text = self._expr(expr)
        whole = (isinstance(expr, Op) and expr.kind in _INFIX) or (isinstance(expr, Op) and expr.kind == "select")
        return text[1:-1] if whole else text

    def _expr(self, expr: Expr) -> str:
        if isinstance(expr, Const):
            return _number(expr.value, expr.dtype)
        if isinstance(expr, Var):
            return expr.name
        if isinstance(expr, Load):
            return self._place(expr.buffer, expr.index)
        return self._op(expr)

    def _op(self, op: Op) -> str:
        args = [self._expr(arg) for arg in op.args]
        if op.kind in _INFIX:
            return f"({args[0]} {_INFIX[op.kind]} {args[1]})"
        if op.kind in _PREFIX:
            return f"({_PREFIX[op.kind]}{args[0]})"
        if op.kind == "select":
            return f"({args[0]} ? {args[1]} : {args[2]})"
        if op.kind == "cast":
            return self._cast(op.args[0].dtype, op.dtype, args[0])
        return self._call(f"ls_{op.kind}{_ENDINGS.get(op.args[0].dtype, '')}", args)

    def _cast(self, before: DType, after: DType, value: str) -> str:
        if after == "bool":
            return f"({value} != 0)"
        if before == "float32" and after != "float32":
            whole = self._call("ls_int", [value])
            return whole if after == "int32" else f"(({CTYPES[after]}){whole})"
        return f"(({CTYPES[after]}){value})"

    def _call(self, name: str, args: list[str]) -> str:
        self.used.add(name)
        return f"{name}({', '.join(args)})"

    def _place(self, buffer: Buffer, index: Index) -> str:
        if buffer.kind == "local":
            return f"{buffer.name}[{self._index(index)}]" if buffer.size > 1 else buffer.name
        if buffer.kind == "constant":
            return f"{buffer.name}[{self._index(index)}]"
        if buffer.kind == "scratch":
            field = self.arenas[buffer.dtype]
            return f"s->{field.name}[{self._index(index + self.plan.offsets[buffer.name])}]"
        return f"s->{self.fields[buffer.name].name}[{self._index(index)}]"

    def _index(self, index: Index) -> str:
        terms = [self._expr(atom) if c == 1 else f"{c} * {self._expr(atom)}" for atom, c in index.terms]
        if index.constant or not terms:
            terms.append(str(index.constant))
        return " + ".join(terms).replace("+ -", "- ")


def _identifiers(texts: Iterable[str]) -> list[str]:
    """C names, no two alike: odd characters become underscores, and where that makes two alike a number follows."""
    wanted = list(texts)
    plain = [re.sub(r"\W", "_", text, flags=re.ASCII) for text in wanted]
    taken = {name for name, text in zip(plain, wanted, strict=True) if name == text}
    for place, (name, text) in enumerate(zip(plain, wanted, strict=True)):
        number = place
        while name != text and plain[place] in taken:
            plain[place], number = f"{name}_{number}", number + 1
        taken.add(plain[place])
    return plain


def _fit_for_comment(name: str) -> str:
    """A name from a stranger, that neither ends a comment nor begins one nor turns its letters round."""
    return re.sub(r"[^\w .,:;()/\[\]+-]", "_", name, flags=re.ASCII)


def _number(value: float | int | bool, dtype: DType) -> str:
    if dtype == "int64":
        return f"INT64_C({value})" if value >= 0 else f"(-INT64_C({-int(value)}))"
    if dtype != "float32":
        return "(-2147483647 - 1)" if value == -2**31 else str(int(value))
    if math.isnan(value):
        return "LS_NAN"
    if math.isinf(value):
        return "LS_INF" if value > 0 else "-LS_INF"
    text = np.format_float_scientific(np.float32(value), unique=True, trim="0") if value else str(float(value))
    return f"({text}f)" if text.startswith("-") else f"{text}f"


