"""What expressions mean: source -> value."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from tests.plc.running import value_of

VALUES = [
    # precedence and signs
    ("1 + 2 * 3", "INT", 7), ("(1 + 2) * 3", "INT", 9), ("10 - 3 - 2", "INT", 5), ("100 / 10 / 5", "INT", 2),
    ("-3 + 5", "INT", 2), ("2 + -3", "INT", -1), ("NOT TRUE OR TRUE", "BOOL", True),
    ("TRUE OR FALSE AND FALSE", "BOOL", True), ("TRUE XOR TRUE AND FALSE", "BOOL", True),
    ("TRUE OR TRUE XOR TRUE", "BOOL", True), ("1 < 2 = TRUE", "BOOL", True), ("3 > 2 & 2 > 1", "BOOL", True),
    ("2.0 ** 3", "REAL", 8.0), ("2.0 ** 3.0 ** 2.0", "REAL", 64.0), ("(-2.0) ** 2", "REAL", 4.0),
    # literals
    ("16#FF", "INT", 255), ("2#1010_0101", "INT", 165), ("8#17", "INT", 15), ("1_000", "INT", 1000),
    ("1.5E-3", "LREAL", 0.0015), ("INT#-5", "INT", -5), ("BYTE#16#F0", "BYTE", 240), ("REAL#1.5", "REAL", 1.5),
    ("BOOL#1", "BOOL", True), ("T#1h2m3s4ms", "TIME", 3_723_004_000_000), ("TIME#-1.5s", "TIME", -1_500_000_000),
    ("'a$'b$$$41$N'", "STRING", "a'b$A\n"), ("USINT#255", "USINT", 255), ("LINT#-9_223_372_036_854_775_808", "LINT",
     -2**63),
    # whole numbers
    ("a / b", "INT", -3), ("a MOD b", "INT", -1), ("a * 10000", "INT", (-70000 + 2**15) % 2**16 - 2**15),
    ("-c", "INT", -32768), ("ABS(c)", "INT", -32768), ("ABS(a)", "INT", 7), ("u - 1", "USINT", 255),
    ("SINT_TO_USINT(SINT#-1)", "USINT", 255), ("DINT_TO_INT(70000)", "INT", 4464), ("a MOD zero", "INT", 0),
    # widening
    ("a + DINT#100000", "DINT", 99_993), ("a + 0.5", "REAL", -6.5), ("DINT#3 + REAL#0.5", "LREAL", 3.5),
    ("u + a", "INT", -7), ("USINT#200 + UINT#100", "UINT", 300), ("a", "LREAL", -7.0),
    # bits
    ("16#0F AND BYTE#16#3C", "BYTE", 0x0C), ("NOT BYTE#16#0F", "BYTE", 0xF0), ("BYTE#1 OR WORD#16#100", "WORD", 0x101),
    ("BYTE#5 XOR BYTE#3", "BYTE", 6), ("SHL(BYTE#16#81, 1)", "BYTE", 2), ("SHR(BYTE#16#81, 1)", "BYTE", 0x40),
    ("ROL(BYTE#16#81, 1)", "BYTE", 3), ("ROR(BYTE#16#81, 9)", "BYTE", 0xC0), ("SHL(WORD#1, 16)", "WORD", 0),
    ("BYTE_TO_USINT(BYTE#200)", "USINT", 200), ("INT_TO_WORD(-1)", "WORD", 65535), ("WORD_TO_INT(WORD#16#FFFF)",
     "INT", -1),
    # reals and conversions
    ("7.0 / 2.0", "REAL", 3.5), ("REAL_TO_INT(REAL#2.5)", "INT", 2), ("REAL_TO_INT(REAL#3.5)", "INT", 4),
    ("REAL_TO_INT(-2.5)", "INT", -2), ("TRUNC(REAL#-2.9)", "DINT", -2), ("REAL_TRUNC_INT(2.9)", "INT", 2),
    ("TO_INT(LREAL#6.4)", "INT", 6), ("LREAL_TO_REAL(0.1)", "REAL", float(np.float32(0.1))),
    ("INT_TO_REAL(a)", "REAL", -7.0), ("BOOL_TO_INT(TRUE)", "INT", 1), ("INT_TO_BOOL(a)", "BOOL", True),
    ("LINT_TO_REAL(LINT#9007199791611905)", "REAL", float(np.float32(np.int64(9007199791611905)))),
    # standard functions
    ("SQRT(REAL#2.0)", "REAL", float(np.sqrt(np.float32(2)))), ("LN(1.0)", "LREAL", 0.0), ("LOG(100.0)", "LREAL", 2.0),
    ("EXP(0.0)", "REAL", 1.0), ("ATAN2(1.0, 1.0)", "LREAL", math.pi / 4), ("EXPT(REAL#2.0, 10)", "REAL", 1024.0),
    ("MIN(3, 1, 2)", "INT", 1), ("MAX(a, 5)", "INT", 5), ("LIMIT(0, 15, 10)", "INT", 10), ("SEL(TRUE, 1, 2)", "INT", 2),
    ("SEL(G := FALSE, IN0 := 1, IN1 := 2)", "INT", 1), ("MUX(1, 10, 20, 30)", "INT", 20), ("ADD(1, 2, 3)", "INT", 6),
    ("GT(3, 2)", "BOOL", True), ("MOVE(4)", "INT", 4), ("DIV(7, 2)", "INT", 3),
    # text
    ("CONCAT('ab', 'cd', 'e')", "STRING", "abcde"), ("LEN('abc')", "INT", 3), ("LEFT('abcd', 2)", "STRING", "ab"),
    ("RIGHT('abcd', 2)", "STRING", "cd"), ("MID('abcd', 2, 2)", "STRING", "bc"), ("FIND('abcd', 'cd')", "INT", 3),
    ("INSERT('ad', 'bc', 1)", "STRING", "abcd"), ("DELETE('abcd', 2, 2)", "STRING", "ad"),
    ("REPLACE('abcd', 'X', 2, 2)", "STRING", "aXd"), ("INT_TO_STRING(-5)", "STRING", "-5"),
    ("STRING_TO_INT('42')", "INT", 42), ("'abc' < 'abd'", "BOOL", True), ("'abcdef'", "STRING[3]", "abc"),
    ("REAL_TO_STRING(0.1)", "STRING", "0.1"), ("BOOL_TO_STRING(TRUE)", "STRING", "TRUE"),
    # time
    ("T#1s + T#500ms", "TIME", 1_500_000_000), ("T#1s * 2", "TIME", 2_000_000_000), ("T#1s / 4", "TIME", 250_000_000),
    ("T#1s * 0.5", "TIME", 500_000_000), ("T#1s > T#999ms", "BOOL", True), ("TIME_TO_DINT(T#1.5s)", "DINT", 1500),
    ("DINT_TO_TIME(20)", "TIME", 20_000_000), ("TIME_TO_REAL(T#1.5s)", "REAL", 1500.0),
]


@pytest.mark.parametrize(("source", "kind", "expected"), VALUES, ids=[f"{s} : {k}" for s, k, _ in VALUES])
def test_an_expression_has_its_value(source: str, kind: str, expected: Any) -> None:
    found = value_of(source, kind, "VAR a : INT := -7; b : INT := 2; c : INT := -32768; u : USINT; zero : INT; END_VAR")
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("source", "expected"), [
    ("x / zero", math.inf), ("-x / zero", -math.inf), ("SQRT(-x)", math.nan), ("LN(zero)", -math.inf),
    ("LN(-x)", math.nan), ("EXP(x * 1000.0)", math.inf), ("x * 3.0E38 * 10.0", math.inf), ("zero / zero", math.nan),
    ("(zero - x) ** 0.5", math.nan)])
def test_real_arithmetic_goes_on_with_infinities_and_nan_where_that_is_asked_for(source: str, expected: float) -> None:
    found = value_of(source, "REAL", "VAR x : REAL := 1.0; zero : REAL; END_VAR", real_division="ieee")
    assert found == expected or (math.isnan(found) and math.isnan(expected))


def test_all_comparisons_with_nan_are_false_but_unequal() -> None:
    both = "VAR n : REAL; END_VAR"
    for operator in ("<", "<=", ">", ">=", "="):
        assert value_of(f"(n / n) {operator} (n / n)", "BOOL", both, real_division="ieee") is False
    assert value_of("(n / n) <> (n / n)", "BOOL", both, real_division="ieee") is True
