"""What a step needs and the standard's functions lack, as functions in Structured Text, printed beside the block.

They are plain arithmetic, so that every controller computes the same: rounding doesn't lean on REAL_TO_DINT, which
differs between makers, and a NaN passes through minima and maxima.
"""

from __future__ import annotations

from collections.abc import Iterable

_MINIMUM = """
FUNCTION LS_MIN : REAL (* the smaller one; NaN if either is *)
VAR_INPUT a : REAL; b : REAL; END_VAR
IF (a < b) OR (a <> a) THEN
  LS_MIN := a;
ELSE
  LS_MIN := b;
END_IF;
END_FUNCTION
"""
_MAXIMUM = _MINIMUM.replace("LS_MIN", "LS_MAX").replace("a < b", "a > b").replace("smaller", "larger")
_SIGN = """
FUNCTION LS_SIGN : REAL (* -1, 0 or 1; NaN stays *)
VAR_INPUT a : REAL; END_VAR
LS_SIGN := a;
IF a > 0.0 THEN
  LS_SIGN := 1.0;
ELSIF a < 0.0 THEN
  LS_SIGN := -1.0;
END_IF;
END_FUNCTION
"""
_INT = """
FUNCTION LS_INT : DINT (* towards zero; what is too large is the last that fits, NaN is 0 *)
VAR_INPUT a : REAL; END_VAR
IF a >= 2147483648.0 THEN
  LS_INT := 2147483647;
ELSIF a <= -2147483648.0 THEN
  LS_INT := -2147483648;
ELSIF a = a THEN
  LS_INT := TRUNC(a);
END_IF;
END_FUNCTION
"""
_FLOOR = """
FUNCTION LS_FLOOR : REAL (* from 2 ** 23 on a REAL has no fraction *)
VAR_INPUT a : REAL; END_VAR
LS_FLOOR := a;
IF ABS(a) < 8388608.0 THEN
  LS_FLOOR := DINT_TO_REAL(TRUNC(a));
  IF LS_FLOOR > a THEN
    LS_FLOOR := LS_FLOOR - 1.0;
  END_IF;
END_IF;
END_FUNCTION
"""
_CEIL = """
FUNCTION LS_CEIL : REAL
VAR_INPUT a : REAL; END_VAR
LS_CEIL := -LS_FLOOR(-a);
END_FUNCTION
"""
_ROUND = """
FUNCTION LS_ROUND : REAL (* halves to the even neighbour *)
VAR_INPUT a : REAL; END_VAR
VAR rest : REAL; END_VAR
LS_ROUND := LS_FLOOR(a);
rest := a - LS_ROUND;
IF (rest > 0.5) OR ((rest = 0.5) AND (LS_FLOOR(LS_ROUND / 2.0) * 2.0 <> LS_ROUND)) THEN
  LS_ROUND := LS_ROUND + 1.0;
END_IF;
END_FUNCTION
"""
# The polynomial is fitted to tanh(x) / x at Chebyshev nodes of x * x in 0..0.36; largest error 1e-10 before rounding.
_TANH = """
FUNCTION LS_TANH : REAL
VAR_INPUT a : REAL; END_VAR
VAR square : REAL; size : REAL; END_VAR
size := ABS(a);
IF size < 0.6 THEN
  square := a * a;
  LS_TANH := a * (1.0 + square * (-0.33333331 + square * (0.133332286 + square * (-0.0539505359
    + square * (0.0217250558 + square * (-0.00824552471 + square * 0.00221213398))))));
ELSIF size < 10.0 THEN
  LS_TANH := 1.0 - 2.0 / (EXP(2.0 * size) + 1.0);
  IF a < 0.0 THEN
    LS_TANH := -LS_TANH;
  END_IF;
ELSE
  LS_TANH := LS_SIGN(a);
END_IF;
END_FUNCTION
"""
_ERF = """
FUNCTION LS_ERF : REAL (* Abramowitz and Stegun 7.1.26: error below 2E-7 *)
VAR_INPUT a : REAL; END_VAR
VAR t : REAL; size : REAL; END_VAR
size := ABS(a);
IF size < 6.0 THEN
  t := 1.0 / (1.0 + 0.3275911 * size);
  LS_ERF := 1.0 - t * (0.254829592 + t * (-0.284496736 + t * (1.421413741
    + t * (-1.453152027 + t * 1.061405429)))) * EXP(-(a * a));
  IF a < 0.0 THEN
    LS_ERF := -LS_ERF;
  END_IF;
ELSE
  LS_ERF := LS_SIGN(a);
END_IF;
END_FUNCTION
"""

_TEXTS = {"LS_MIN": _MINIMUM, "LS_MAX": _MAXIMUM, "LS_SIGN": _SIGN, "LS_INT": _INT, "LS_FLOOR": _FLOOR,
          "LS_CEIL": _CEIL, "LS_ROUND": _ROUND, "LS_TANH": _TANH, "LS_ERF": _ERF}
_NEEDS = {"LS_CEIL": ("LS_FLOOR",), "LS_ROUND": ("LS_FLOOR",), "LS_TANH": ("LS_SIGN",), "LS_ERF": ("LS_SIGN",)}


def functions(used: Iterable[str]) -> str:
    """Text of these functions and of those that they call, called ones first."""
    wanted = set(used)
    wanted |= {needed for name in wanted for needed in _NEEDS.get(name, ())}
    return "\n".join(text.lstrip() for name, text in _TEXTS.items() if name in wanted)
