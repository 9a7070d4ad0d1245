"""The standard functions: their parameters, the types they take, and the Python text that computes them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lineshaft.plc import runtime, texts
from lineshaft.plc.datatypes import ELEMENTARY, Elementary, Type

_TABLE = """
ABS(IN:T) T ANY_NUM
SQRT(IN:T) T ANY_REAL
LN(IN:T) T ANY_REAL
LOG(IN:T) T ANY_REAL
EXP(IN:T) T ANY_REAL
SIN(IN:T) T ANY_REAL
COS(IN:T) T ANY_REAL
TAN(IN:T) T ANY_REAL
ASIN(IN:T) T ANY_REAL
ACOS(IN:T) T ANY_REAL
ATAN(IN:T) T ANY_REAL
ATAN2(Y:T X:T) T ANY_REAL
EXPT(IN1:T IN2:ANY_NUM) T ANY_REAL
ADD(IN1:T IN2:T ...) T ANY_MAGNITUDE
SUB(IN1:T IN2:T) T ANY_MAGNITUDE
MUL(IN1:T IN2:T ...) T ANY_NUM
DIV(IN1:T IN2:T) T ANY_NUM
MOVE(IN:T) T ANY_ELEMENTARY
MIN(IN1:T IN2:T ...) T ANY_ELEMENTARY
MAX(IN1:T IN2:T ...) T ANY_ELEMENTARY
LIMIT(MN:T IN:T MX:T) T ANY_ELEMENTARY
SEL(G:BOOL IN0:T IN1:T) T ANY_ELEMENTARY
MUX(K:ANY_INT IN0:T IN1:T ...) T ANY_ELEMENTARY
GT(IN1:T IN2:T) BOOL ANY_ELEMENTARY
GE(IN1:T IN2:T) BOOL ANY_ELEMENTARY
EQ(IN1:T IN2:T) BOOL ANY_ELEMENTARY
LE(IN1:T IN2:T) BOOL ANY_ELEMENTARY
LT(IN1:T IN2:T) BOOL ANY_ELEMENTARY
NE(IN1:T IN2:T) BOOL ANY_ELEMENTARY
SHL(IN:T N:ANY_INT) T ANY_BITS
SHR(IN:T N:ANY_INT) T ANY_BITS
ROL(IN:T N:ANY_INT) T ANY_BITS
ROR(IN:T N:ANY_INT) T ANY_BITS
LEN(IN:STRING) INT -
LEFT(IN:STRING L:ANY_INT) STRING -
RIGHT(IN:STRING L:ANY_INT) STRING -
MID(IN:STRING L:ANY_INT P:ANY_INT) STRING -
CONCAT(IN1:STRING IN2:STRING ...) STRING -
INSERT(IN1:STRING IN2:STRING P:ANY_INT) STRING -
DELETE(IN:STRING L:ANY_INT P:ANY_INT) STRING -
REPLACE(IN1:STRING IN2:STRING L:ANY_INT P:ANY_INT) STRING -
FIND(IN1:STRING IN2:STRING) INT -
"""
_ROW = re.compile(r"(\w+)\(([^)]*)\) (\w+) (\S+)")

OPERATORS = {"ADD": "+", "SUB": "-", "MUL": "*", "DIV": "/", "GT": ">", "GE": ">=", "EQ": "=", "LE": "<=", "LT": "<",
             "NE": "<>", "EXPT": "**"}


@dataclass(frozen=True, slots=True)
class Signature:
    """``T`` in a parameter or as result is the one type that the arguments agree on, of ``group``."""

    name: str
    parameters: tuple[tuple[str, str], ...]
    more: bool
    result: str
    group: str

    def parameter(self, place: int) -> tuple[str, str]:
        """Also of the further inputs of a function that takes any number: IN3, IN4 ..."""
        if place < len(self.parameters) or not self.more:
            return self.parameters[place]
        last, kind = self.parameters[-1]
        return f"IN{int(last[2:]) + place - len(self.parameters) + 1}", kind


def _signature(row: str) -> Signature:
    match = _ROW.fullmatch(row)
    assert match is not None
    name, parameters, result, group = match.groups()
    pairs = [p.partition(":") for p in parameters.split() if p != "..."]
    return Signature(name, tuple((n, k) for n, _, k in pairs), "..." in parameters, result, group)


FUNCTIONS: dict[str, Signature] = {s.name: s for s in map(_signature, _TABLE.strip().splitlines())}

_MATH: dict[str, tuple[Callable[[float], float], Callable[..., object]]] = {
    "SQRT": (math.sqrt, np.sqrt), "LN": (math.log, np.log), "LOG": (math.log10, np.log10), "EXP": (math.exp, np.exp),
    "SIN": (math.sin, np.sin), "COS": (math.cos, np.cos), "TAN": (math.tan, np.tan), "ASIN": (math.asin, np.arcsin),
    "ACOS": (math.acos, np.arccos), "ATAN": (math.atan, np.arctan)}
_PLAIN = {"ATAN2": runtime.atan2, "MIN": runtime.minimum, "MAX": runtime.maximum, "LIMIT": runtime.limit, "LEN": len,
          "CONCAT": texts.concat, "FIND": texts.find}
_PLACED = {"LEFT": texts.left, "RIGHT": texts.right, "MID": texts.mid, "INSERT": texts.insert, "DELETE": texts.delete,
           "REPLACE": texts.replace, "MUX": runtime.mux}
_SHIFTS = {"SHL": runtime.shift_left, "SHR": runtime.shift_right, "ROL": runtime.rotate_left,
           "ROR": runtime.rotate_right}

NAMESPACE: dict[str, object] = {
    "F32": np.float32, "F64": np.float64, "I64": np.int64, "U64": np.uint64, "fault": runtime.fault,
    "outside": runtime.outside, "endless": runtime.endless, "rounds": runtime.rounds,
    "divide": runtime.divide, "modulo": runtime.modulo,
    "quotient": runtime.quotient, "ranged": runtime.ranged, "whole": runtime.whole, "cut": runtime.cut,
    "power": runtime.power, "scaled": runtime.scaled, "parted": runtime.parted, "copy_into": runtime.copy_into,
    "copied": runtime.copied, "written": texts.written, "text_whole": texts.whole, "text_number": texts.number,
    **{f"std_{name}": runtime.float_function(*pair) for name, pair in _MATH.items()},
    **{f"std_{name}": of for name, of in (*_PLAIN.items(), *_PLACED.items(), *_SHIFTS.items())}}


def call_text(name: str, arguments: list[str], kind: Type, at: str) -> str:
    """Python text of one call whose arguments are Python texts."""
    if name == "MOVE":
        return arguments[0]
    if name == "SEL":
        return f"({arguments[2]} if {arguments[0]} else {arguments[1]})"
    if name == "ABS":
        return _absolute(arguments[0], kind)
    if name in _SHIFTS:
        assert isinstance(kind, Elementary)
        arguments = [*arguments, str(kind.bits), repr(at)]
    elif name in _PLACED:
        arguments = [*arguments, repr(at)]
    return f"std_{name}({', '.join(arguments)})"


def _absolute(argument: str, kind: Type) -> str:
    if isinstance(kind, Elementary) and kind.family == "signed":
        half = 1 << (kind.bits - 1)
        return f"((abs({argument}) + {half} & {2 * half - 1}) - {half})"
    return f"abs({argument})"


_CONVERSION = re.compile(r"(?:(\w+?)_)?(TO|TRUNC)(?:_(\w+))?")


def conversion(name: str) -> tuple[Elementary | None, Elementary, bool] | None:
    """Source (None: any), target and whether it truncates, of ``REAL_TO_INT``, ``TO_INT``, ``TRUNC`` and the like.

    >>> [str(part) for part in conversion("REAL_TO_INT")]
    ['REAL', 'INT', 'False']
    """
    match = _CONVERSION.fullmatch(name)
    if match is None:
        return None
    source, word, target = match.groups()
    if name == "TRUNC":
        target = "DINT"
    if target not in ELEMENTARY or (source is not None and source not in ELEMENTARY):
        return None
    return ELEMENTARY[source] if source else None, ELEMENTARY[target], word == "TRUNC"


def is_standard(name: str) -> bool:
    return name in FUNCTIONS or conversion(name) is not None


