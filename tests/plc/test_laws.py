"""Whole numbers wrap at their width and REAL rounds after each operation, as NumPy's types do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.plc import Plc, compile_text

KINDS: dict[str, Any] = {"SINT": np.int8, "INT": np.int16, "DINT": np.int32, "LINT": np.int64, "USINT": np.uint8,
"UINT": np.uint16,
         "UDINT": np.uint32, "ULINT": np.uint64}
REALS = st.floats(width=32, allow_nan=True, allow_infinity=True)


def calculator(kind: str) -> Plc:
    whole = "r_mod := a MOD b;" if kind in KINDS else "r_mod := SQRT(a);"
    return Plc(compile_text(f"""
        PROGRAM main
        VAR_INPUT a, b : {kind}; END_VAR
        VAR_OUTPUT r_add, r_sub, r_mul, r_div, r_mod, r_all : {kind}; less : BOOL; END_VAR
        r_add := a + b;  r_sub := a - b;  r_mul := a * b;
        {'IF b <> 0 THEN r_div := a / b; END_IF;' if kind in KINDS else 'r_div := a / b;'}
        {whole}
        r_all := a * b + a * a - b;
        less := a < b;
        END_PROGRAM""", real_division="ieee"))


CALCULATORS = {kind: calculator(kind) for kind in (*KINDS, "REAL", "LREAL")}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whole_numbers_wrap(kind: str, data: st.DataObject) -> None:
    limits = np.iinfo(KINDS[kind])
    one = st.integers(int(limits.min), int(limits.max))
    a, b = data.draw(one), data.draw(one)
    plc = CALCULATORS[kind]
    plc.write("a", a)
    plc.write("b", b)
    plc.scan()
    with np.errstate(all="ignore"):
        x, y = np.array([a], KINDS[kind]), np.array([b], KINDS[kind])
        assert plc.read("r_add") == (x + y)[0]
        assert plc.read("r_sub") == (x - y)[0]
        assert plc.read("r_mul") == (x * y)[0]
        assert plc.read("r_all") == (x * y + x * x - y)[0]
    if b:
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        assert plc.read("r_div") == (quotient - int(limits.min)) % 2**limits.bits + int(limits.min)
        assert plc.read("r_mod") == a - quotient * b
    assert plc.read("less") == (a < b)


@pytest.mark.parametrize(("kind", "dtype"), [("REAL", np.float32), ("LREAL", np.float64)])
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_real_numbers_round_after_each_operation(kind: str, dtype: type[np.floating], data: st.DataObject) -> None:
    one = REALS if kind == "REAL" else st.floats()
    plc = CALCULATORS[kind]
    values = [data.draw(one), data.draw(one)]
    plc.write("a", values[0])
    plc.write("b", values[1])
    plc.scan()
    x, y = (np.array([v], dtype) for v in values)
    with np.errstate(all="ignore"):
        expected = {"r_add": x + y, "r_sub": x - y, "r_mul": x * y, "r_div": x / y, "r_mod": np.sqrt(x),
                    "r_all": x * y + x * x - y}
    for name, value in expected.items():
        assert np.array_equal(np.array([plc.read(name)], dtype), value, equal_nan=True), name


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=12), st.integers(-5, 20), st.integers(-5, 20),
       st.integers(1, 4))
def test_a_for_loop_visits_what_a_range_does(values: list[int], first: int, last: int, step: int) -> None:
    listed = ", ".join(map(str, values))
    plc = Plc(compile_text(f"""
        PROGRAM main
        VAR w : ARRAY[0..{len(values) - 1}] OF INT := [{listed}]; i, n : INT; s : DINT; END_VAR
        FOR i := {first} TO {last} BY {step} DO
          IF i >= 0 AND i <= {len(values) - 1} THEN s := s + w[i]; END_IF;
          n := n + 1;
        END_FOR
        END_PROGRAM"""))
    plc.scan()
    visited = range(first, last + 1, step)
    assert plc.read("n") == len(visited)
    assert plc.read("s") == sum(values[i] for i in visited if 0 <= i < len(values))
    assert plc.read("i") == first + len(visited) * step
