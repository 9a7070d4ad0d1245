"""First-principles equations as text: read safely, and written into the step graph.

A line is ``name = expression``, or an expression alone; a later line may use the names of earlier ones, and the last
line is the result. Expressions have + - * / **, numbers, brackets, and the functions of ``FUNCTIONS``. A name is a tag
(its last level, or its whole path; in braces where it is no plain word: ``{Wind Speed (m/s)}``) or a constant. The text
is never run: its syntax tree is walked, and what is not on the list is refused with its place.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lineshaft.core.errors import UsageError
from lineshaft.graph.builder import Operand, StepBuilder, Wire

LONGEST, DEEPEST = 4000, 50
SMALLEST = 1e-12
LARGEST_POWER = 20

Value = Wire | float
_OPERATORS: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply"}
_NUMBERS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b}
_ONE: dict[str, tuple[Callable[[StepBuilder, Wire], Wire], Callable[[float], float]]] = {
    "sqrt": (lambda g, a: g.sqrt(g.maximum(a, 0.0)), lambda a: math.sqrt(max(a, 0.0))),
    "exp": (lambda g, a: g.exp(g.minimum(a, 80.0)), lambda a: math.exp(min(a, 80.0))),
    "log": (lambda g, a: g.log(g.maximum(a, SMALLEST)), lambda a: math.log(max(a, SMALLEST))),
    "tanh": (StepBuilder.tanh, math.tanh),
    "abs": (StepBuilder.absolute, abs),
    "sin": (lambda g, a: g.op("Sin", [a], a.shape), math.sin),
    "cos": (lambda g, a: g.op("Cos", [a], a.shape), math.cos)}
_TWO: dict[str, tuple[str, Callable[[float, float], float]]] = {"min": ("minimum", min), "max": ("maximum", max)}
FUNCTIONS = (*sorted(_ONE), *sorted(_TWO))


@dataclass(frozen=True, slots=True)
class Line:
    """One equation: its ``name`` (empty for the result alone) and its ``text`` with braces taken out."""

    name: str
    text: str
    number: int


@dataclass(frozen=True, slots=True)
class Equations:
    """Lines that were read and found sound; ``tags`` maps the names they use to the tags' columns.

    >>> law = read("k = 0.5 * rho\\nk * wind ** 3", ("site/T1/wind",), {"rho": 1.2})
    >>> law.tags
    {'wind': 0}
    >>> read("0.5 * rho * wind", ("site/T1/wind",))
    Traceback (most recent call last):
    lineshaft.core.errors.UsageError: equations, line 1, column 7: 'rho' is no tag, constant or name of an earlier line;
    give its value, or use one of: wind
    """

    lines: tuple[Line, ...]
    tags: Mapping[str, int]
    constants: Mapping[str, float]

    def emit(self, g: StepBuilder, tag: Callable[[int], Wire]) -> Wire:
        """The result [1]; ``tag`` gives the wire [1] of a column. Roots of negatives are 0, quotients by 0 huge."""
        known: dict[str, Value] = {**self.constants, **{name: tag(column) for name, column in self.tags.items()}}
        result: Value = 0.0
        for line in self.lines:
            result = _Writer(g, known).value(_tree(line.text, line.number))
            if line.name:
                known[line.name] = result
        if isinstance(result, Wire):
            return result
        return g.add(g.multiply(g.slice(g.x, 0, 1), 0.0), result)


def read(text: str, tags: Sequence[str], constants: Mapping[str, float] | None = None) -> Equations:
    """Equations over tags (by path) and constants.

    Raises ``UsageError`` with line and column for what can't be read, is not on the list, or is no known name.
    """
    if len(text) > LONGEST:
        raise UsageError(f"they are {len(text)} characters long, {LONGEST} are the most", where="equations")
    given, columns = dict(constants or {}), _columns(tags)
    lines, used, known = [], dict[str, int](), set(given)
    for number, raw in enumerate(text.splitlines(), 1):
        plain, braced = _braces(raw.partition("#")[0], columns, number)
        if not plain.strip():
            continue
        name, _, right = plain.rpartition("=")
        _check_name(name, number, known, columns)
        line = Line(name.strip(), right.rjust(len(plain)), number)
        used |= _checked(_tree(line.text, number), number, known, {**columns, **braced})
        lines.append(line)
        known.add(name.strip())
    if not lines:
        raise UsageError("there is none", where="equations", do="write one, such as: 0.5 * rho * wind ** 3")
    return Equations(tuple(lines), used, given)


def _columns(tags: Sequence[str]) -> dict[str, int]:
    """Every way to name a tag that means only one."""
    short = [path.rsplit("/", 1)[-1] for path in tags]
    found = {name: place for place, name in enumerate(short) if short.count(name) == 1}
    return {**found, **{path: place for place, path in enumerate(tags)}}


def _braces(line: str, columns: Mapping[str, int], number: int) -> tuple[str, dict[str, int]]:
    """The line with each ``{tag}`` as a plain word of the same length, and what the words mean."""
    words: dict[str, int] = {}

    def word(found: re.Match[str]) -> str:
        name = found[1].strip()
        if name not in columns:
            raise UsageError(f"{name!r} is no tag", where=_at(number, found.start()),
                             do=f"use one of: {', '.join(columns)}")
        plain = f"t{columns[name]}".ljust(len(found[0]), "_")
        words[plain] = columns[name]
        return plain

    return re.sub(r"\{([^{}]*)\}", word, line), words


def _check_name(name: str, number: int, known: set[str], columns: Mapping[str, int]) -> None:
    plain = name.strip()
    if plain and not plain.isidentifier():
        raise UsageError(f"{plain!r} can't be the name of a result", where=_at(number, 0), do="use one plain word")
    if plain and (plain in known or plain in columns or plain in FUNCTIONS):
        raise UsageError(f"{plain!r} means something already", where=_at(number, 0), do="use another name")


def _tree(text: str, number: int) -> ast.expr:
    try:
        # Leading blanks keep the columns right; a bracket lets them stand.
        return ast.parse("(" + text + ")", mode="eval").body
    except SyntaxError as error:
        raise UsageError(f"it can't be read ({error.msg})", where=_at(number, max((error.offset or 2) - 2, 0)),
                         do="write it with + - * / ** and brackets") from None
    except (ValueError, RecursionError, MemoryError):
        raise UsageError("it can't be read", where=_at(number, 0), do="write it shorter") from None


def _at(number: int, column: int) -> str:
    return f"equations, line {number}, column {column + 1}"


def _checked(tree: ast.expr, number: int, known: set[str], columns: Mapping[str, int], depth: int = 0
             ) -> dict[str, int]:
    """Tags that the tree uses. Raises ``UsageError`` at the first thing that is not on the list."""
    where = _at(number, max(tree.col_offset - 1, 0))
    if depth > DEEPEST:
        raise UsageError(f"more than {DEEPEST} levels of brackets", where=where, do="split it into lines")
    if isinstance(tree, ast.Constant):
        if isinstance(tree.value, bool) or not isinstance(tree.value, int | float) or not abs(tree.value) < 1e30:
            raise UsageError(f"{tree.value!r} is no number that can be used", where=where)
        return {}
    if isinstance(tree, ast.Name):
        return _named(tree.id, where, known, columns)
    found: dict[str, int] = {}
    for part in _parts(tree, where):
        found |= _checked(part, number, known, columns, depth + 1)
    return found


def _named(name: str, where: str, known: set[str], columns: Mapping[str, int]) -> dict[str, int]:
    if name in known:
        return {}
    if name in columns:
        return {name: columns[name]}
    usable = [*sorted(known - {""}), *(n for n in columns if n.isidentifier())]
    raise UsageError(f"{name!r} is no tag, constant or name of an earlier line", where=where,
                     do=f"give its value, or use one of: {', '.join(usable) or 'none'}")


def _parts(tree: ast.expr, where: str) -> list[ast.expr]:
    """What an operator or a function works on."""
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (*_OPERATORS, ast.Div, ast.Pow)):
        if isinstance(tree.op, ast.Pow):
            _power(tree.right, where)
            return [tree.left]
        return [tree.left, tree.right]
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub | ast.UAdd):
        return [tree.operand]
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.keywords:
        wanted = 1 if tree.func.id in _ONE else 2 if tree.func.id in _TWO else 0
        if not wanted:
            raise UsageError(f"there is no function {tree.func.id!r}", where=where,
                             do=f"use one of: {', '.join(FUNCTIONS)}")
        if len(tree.args) != wanted:
            raise UsageError(f"{tree.func.id} takes {wanted} values, here are {len(tree.args)}", where=where)
        return list(tree.args)
    raise UsageError(f"{ast.unparse(tree)!r} is not allowed in an equation", where=where,
                     do=f"use + - * / **, numbers, names and {', '.join(FUNCTIONS)}")


def _power(tree: ast.expr, where: str) -> float:
    """The exponent, which is a number: a power that changes can't be undone by a limit on its size."""
    try:
        power = ast.literal_eval(tree)
    except (ValueError, TypeError, SyntaxError):
        power = None
    if isinstance(power, bool) or not isinstance(power, int | float) or not abs(power) <= LARGEST_POWER:
        raise UsageError(f"the power {ast.unparse(tree)!r} is no number up to {LARGEST_POWER}", where=where,
                         do="write other powers as exp(b * log(a))")
    return float(power)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes a checked tree; constants meet as numbers and cost nothing in the graph."""

    g: StepBuilder
    known: Mapping[str, Value]

    def value(self, tree: ast.expr) -> Value:
        if isinstance(tree, ast.Constant):
            return float(tree.value)  # type: ignore[arg-type]
        if isinstance(tree, ast.Name):
            return self.known[tree.id]
        if isinstance(tree, ast.UnaryOp):
            inner = self.value(tree.operand)
            return inner if isinstance(tree.op, ast.UAdd) else self._both(ast.Mult, -1.0, inner)
        if isinstance(tree, ast.BinOp):
            return self._operation(tree)
        assert isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)
        return self._function(tree.func.id, [self.value(part) for part in tree.args])

    def _operation(self, tree: ast.BinOp) -> Value:
        left = self.value(tree.left)
        if isinstance(tree.op, ast.Pow):
            return self._raised(left, _power(tree.right, ""))
        right = self.value(tree.right)
        if isinstance(tree.op, ast.Div):
            return self._both(ast.Mult, left, self._raised(right, -1.0))
        return self._both(type(tree.op), left, right)

    def _both(self, kind: type[ast.operator], a: Value, b: Value) -> Value:
        if isinstance(a, Wire) or isinstance(b, Wire):
            made: Wire = getattr(self.g, _OPERATORS[kind])(a, b)
            return made
        return _NUMBERS[kind](a, b)

    def _raised(self, base: Value, power: float) -> Value:
        """base ** power: whole powers by products, so that negatives keep their sign; others of the base's size
        from 0 up. A reciprocal of 0 is as huge as float32 safely holds."""
        if power < 0:
            below = self._raised(base, -power)
            if not isinstance(below, Wire):
                return 1.0 / below if abs(below) > SMALLEST else 1.0 / SMALLEST
            sign = self.g.where(self.g.less(below, 0.0), -1.0, 1.0)
            return self.g.divide(sign, self.g.maximum(self.g.absolute(below), SMALLEST))
        if power != int(power):
            return self._function("exp", [self._both(ast.Mult, power, self._function("log", [base]))])
        whole: Value = 1.0
        for _ in range(int(power)):
            whole = base if whole == 1.0 else self._both(ast.Mult, whole, base)
        return whole

    def _function(self, name: str, values: list[Value]) -> Value:
        if any(isinstance(v, Wire) for v in values):
            if name in _ONE:
                (only,) = (v for v in values if isinstance(v, Wire))
                return _ONE[name][0](self.g, only)
            operands: list[Operand] = list(values)
            made: Wire = getattr(self.g, _TWO[name][0])(*operands)
            return made
        numbers = [float(v) for v in values if not isinstance(v, Wire)]
        return _ONE[name][1](numbers[0]) if name in _ONE else _TWO[name][1](numbers[0], numbers[1])


def at(row: Wire, g: StepBuilder, column: int) -> Wire:
    """One place [1] of a row."""
    return g.slice(row, column, column + 1) if row.shape[0] > 1 else row


def number(law: Equations, values: Mapping[str, float]) -> float:
    """The result for given tag values, by the very graph (for a person who wants to try an equation).

    >>> round(number(read("2 * a ** 2 + sqrt(b)", ("a", "b")), {"a": 3.0, "b": 16.0}), 3)
    22.0
    """
    from onnx.reference import ReferenceEvaluator

    names = list(law.tags)
    g = StepBuilder(max(len(names), 1))
    places = {law.tags[name]: place for place, name in enumerate(names)}
    graph = g.model({"result": law.emit(g, lambda column: at(g.x, g, places[column]))})
    import onnx

    row = np.array([[values[name] for name in names] or [0.0]], np.float32)
    found = ReferenceEvaluator(onnx.load_from_string(graph)).run(["result"], {"x": row, "quality": np.ones_like(row)})
    return float(np.asarray(found[0])[0, 0])
