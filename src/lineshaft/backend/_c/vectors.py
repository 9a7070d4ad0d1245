"""Loops that one vector instruction does, for compilers that know GNU C's vector types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lineshaft.graph.loops.form import (
    Buffer,
    Const,
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

_WIDEST = 8  # lanes of any vector
_KINDS = frozenset(("add", "sub", "mul", "neg", "min", "max"))
_SIGNS = {"min": "<", "max": ">"}


def head(lanes: int) -> str:
    """The vector types; ``ls_vu`` reads and writes floats wherever they lie."""
    size = 4 * lanes
    return (f"typedef float ls_v __attribute__((vector_size({size})));\n"
            f"typedef int32_t ls_vi __attribute__((vector_size({size})));\n"
            f"typedef float ls_vu __attribute__((vector_size({size}), aligned(4), may_alias));\n"
            "#define LS_SPLAT(x) ((x) - (ls_v){0})\n")


def extreme(kind: str, left: str, right: str, number: int, *, may_be_nan: bool) -> list[str]:
    """Declarations that end in ``e<number>``, the smaller or larger of two vectors, NaN where either is.

    Not a function: passing vectors depends on the processor's flags. ``right`` that is no NaN needs one comparison.
    """
    a, b, m = f"a{number}", f"b{number}", f"m{number}"
    also = f" | ({b} != {b})" if may_be_nan else ""
    return [f"const ls_v {a} = {left}, {b} = {right};", f"const ls_vi {m} = ({b} {_SIGNS[kind]} {a}){also};",
            f"const ls_v e{number} = (ls_v)(((ls_vi){a} & ~{m}) | ((ls_vi){b} & {m}));"]


def is_vector(stmt: Stmt, lanes: int) -> bool:
    """Whether this loop runs over the lanes of one vector and computes in each lane by itself."""
    return (lanes > 1 and isinstance(stmt, For) and stmt.extent == lanes
            and all(isinstance(inner, Store) and _stores(inner, stmt.var) for inner in stmt.body))


def vector_locals(program: Program) -> frozenset[str]:
    """Local buffers that nothing but vector loops touch: they can be vectors in registers."""
    whole = {b.name for b in program.of_kind("local") if b.size > 1 and b.size % program.lanes == 0}
    return frozenset(whole - {b.name for b in _outside(program.body, program.lanes)}) if program.lanes > 1 else (
        frozenset())


def _outside(body: tuple[Stmt, ...], lanes: int) -> Iterator[Buffer]:
    for stmt in body:
        if is_vector(stmt, lanes):
            continue
        if isinstance(stmt, For):
            yield from _outside(stmt.body, lanes)
        elif isinstance(stmt, If):
            yield from mentioned((If(stmt.condition, ()),))
            yield from _outside(stmt.then, lanes)
            yield from _outside(stmt.otherwise, lanes)
        else:
            yield from mentioned((stmt,))


def _stores(stmt: Store, lane: Var) -> bool:
    if stmt.buffer.dtype != "float32" or not _moves(stmt.index, lane, (1,)):
        return False
    return _computes(stmt.value, lane, stmt)


def _computes(expr: Expr, lane: Var, store: Store) -> bool:
    if isinstance(expr, Const):
        return True
    if isinstance(expr, Load):
        return _apart(expr, store) and expr.dtype == "float32" and _moves(expr.index, lane, (0, 1))
    return isinstance(expr, Op) and expr.kind in _KINDS and expr.dtype == "float32" and all(
        _computes(arg, lane, store) for arg in expr.args)


def _apart(load: Load, store: Store) -> bool:
    """Whether a load sees the same when all lanes are loaded before any is stored."""
    if load.buffer != store.buffer:
        return True
    gap = load.index + store.index * -1
    return not gap.terms and (gap.constant == 0 or abs(gap.constant) >= _WIDEST)


def _moves(index: Index, lane: Var, steps: tuple[int, ...]) -> bool:
    return index.coefficient(lane) in steps and all(isinstance(atom, Var) or lane not in _variables(atom)
                                                    for atom, _ in index.terms)


def _variables(expr: Expr) -> Iterator[Var]:
    if isinstance(expr, Var):
        yield expr
    elif isinstance(expr, Load):
        for atom, _ in expr.index.terms:
            yield from _variables(atom)
    elif isinstance(expr, Op):
        for arg in expr.args:
            yield from _variables(arg)


def substitute(index: Index, values: Mapping[Var, Index]) -> Index:
    """The place with some loop variables at other places."""
    total = Index(index.constant)
    for atom, coefficient in index.terms:
        known = isinstance(atom, Var) and atom in values
        total = total + (values[atom] if known else Index(0, ((atom, 1),))) * coefficient  # type: ignore[index]
    return total


def divided(index: Index, by: int) -> Index:
    """A place in vectors of a place in numbers, at whose multiple it is."""
    return Index(index.constant // by, tuple((atom, coefficient // by) for atom, coefficient in index.terms))
