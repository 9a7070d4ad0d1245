"""Expressions of a program of loops as Structured Text."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from lineshaft.graph.loops.form import Buffer, Const, DType, Expr, Index, Load, Op, Var

TYPES: dict[DType, str] = {"float32": "REAL", "int32": "DINT", "bool": "BOOL", "int8": "SINT", "uint8": "USINT"}
_INFIX = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "MOD", "lt": "<", "le": "<=", "gt": ">", "ge": ">=",
          "eq": "=", "ne": "<>", "and": "AND", "or": "OR"}
_LEVELS = {"mul": 5, "div": 5, "mod": 5, "add": 4, "sub": 4, "lt": 3, "le": 3, "gt": 3, "ge": 3, "eq": 2, "ne": 2,
           "and": 1, "or": 0}
_ARITHMETIC = 4
_STANDARD = {"abs": "ABS", "sqrt": "SQRT", "exp": "EXP", "log": "LN", "sin": "SIN", "cos": "COS", "pow": "EXPT"}
_OWN = {"min": "LS_MIN", "max": "LS_MAX", "sign": "LS_SIGN", "floor": "LS_FLOOR", "ceil": "LS_CEIL",
        "round": "LS_ROUND", "tanh": "LS_TANH", "erf": "LS_ERF"}
_INTEGER = {"min": "MIN", "max": "MAX", "abs": "ABS"}
INFINITY, NAN = "infinity", "not_a_number"


class Expressions:
    """``names`` are those of buffers and loop variables; ``used`` collects functions and numbers that need help."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = names
        self.used: set[str] = set()

    def text(self, expr: Expr) -> str:
        """Without parentheses around the whole."""
        found = self.inner(expr)
        whole = isinstance(expr, Op) and (expr.kind in _INFIX or expr.kind in ("neg", "not"))
        return found[1:-1] if whole or (isinstance(expr, Const) and found.startswith("(")) else found

    def _side(self, expr: Expr, kind: str, right: bool) -> str:
        """An operand of ``kind``, in parentheses only where the order of evaluation asks for them."""
        level = _LEVELS.get(expr.kind, 9) if isinstance(expr, Op) else 9
        needed = _LEVELS[kind]
        bare = needed >= _ARITHMETIC and level < 9 and (level > needed or (level == needed and not right))
        return self.text(expr) if bare else self.inner(expr)

    def inner(self, expr: Expr) -> str:
        if isinstance(expr, Const):
            return self._const(expr)
        if isinstance(expr, Var):
            return self.names[expr.name]
        if isinstance(expr, Load):
            return self.place(expr.buffer, expr.index)
        return self._op(expr)

    def place(self, buffer: Buffer, index: Index) -> str:
        name = self.names[buffer.name]
        return name if buffer.size == 1 else f"{name}[{self.index(index)}]"

    def index(self, index: Index) -> str:
        terms = [self.inner(atom) if c == 1 else f"{self.inner(atom)} * {c}" for atom, c in index.terms]
        if index.constant or not terms:
            terms.append(str(index.constant))
        return " + ".join(terms).replace("+ -", "- ")

    def _const(self, const: Const) -> str:
        if const.dtype != "float32":
            return str(const.value).upper() if const.dtype == "bool" else str(int(const.value))
        if math.isfinite(const.value):
            return number(const.value, const.dtype)
        self.used.add(NAN if math.isnan(const.value) else INFINITY)
        return NAN if math.isnan(const.value) else INFINITY if const.value > 0 else f"(-{INFINITY})"

    def _op(self, op: Op) -> str:
        if op.kind in _INFIX:
            left, right = op.args
            return f"({self._side(left, op.kind, False)} {_INFIX[op.kind]} {self._side(right, op.kind, True)})"
        if op.kind == "cast":
            return self._cast(op)
        args = [self.text(arg) for arg in op.args]
        if op.kind == "neg":
            return f"(-{self.inner(op.args[0])})"
        if op.kind == "not":
            return f"(NOT {self.inner(op.args[0])})"
        if op.kind == "select":
            return f"SEL({args[0]}, {args[2]}, {args[1]})"
        if op.args[0].dtype == "int32" and op.kind in _INTEGER:
            return f"{_INTEGER[op.kind]}({', '.join(args)})"
        if op.kind in _STANDARD:
            return f"{_STANDARD[op.kind]}({', '.join(args)})"
        if op.args[0].dtype == "int32":  # only the sign is left
            return f"SEL({args[0]} < 0, SEL({args[0]} > 0, 0, 1), -1)"
        return self._own(_OWN[op.kind], args)

    def _own(self, name: str, args: list[str]) -> str:
        self.used.add(name)
        return f"{name}({', '.join(args)})"

    def _cast(self, op: Op) -> str:
        before, after = op.args[0].dtype, op.dtype
        value = self.text(op.args[0])
        if before == after:
            return self.inner(op.args[0])
        if after == "bool":
            return f"({self.inner(op.args[0])} <> {'0.0' if before == 'float32' else '0'})"
        if before == "float32":
            whole = self._own("LS_INT", [value])
            return whole if after == "int32" else f"DINT_TO_{TYPES[after]}({whole})"
        return f"{TYPES[before]}_TO_{TYPES[after]}({value})"


def number(value: float, dtype: DType) -> str:
    """A literal that reads back as the same number.

    >>> number(0.1, "float32"), number(1.0, "float32"), number(-2.5e-12, "float32"), number(True, "bool")
    ('0.1', '1.0', '(-2.5E-12)', 'TRUE')
    """
    if dtype == "bool":
        return "TRUE" if value else "FALSE"
    if dtype != "float32":
        return str(int(value))
    short = np.float32(value)
    plain: Callable[..., str] = np.format_float_positional if 1e-4 <= abs(short) < 1e7 or short == 0 \
        else np.format_float_scientific
    text = plain(short, unique=True, trim="0").replace("e", "E").replace("E+", "E+")
    return f"({text})" if text.startswith("-") else text
