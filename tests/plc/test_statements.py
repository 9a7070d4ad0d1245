"""What statements do, one scan at a time."""

from __future__ import annotations

from typing import Any

import pytest
from tests.plc.running import run

from lineshaft.plc import Fault, Plc, SourceError, compile_text

BEFORE = """TYPE Colour : (Red, Green := 5, Blue); Point : STRUCT x, y : REAL := 1.0; END_STRUCT;
Line : STRUCT a, b : Point := (x := 2.0); END_STRUCT; Row : ARRAY[1..3] OF INT := [1, 2, 3]; Alias : Row; END_TYPE
FUNCTION half : REAL VAR_INPUT a : REAL; END_VAR half := a / 2.0; END_FUNCTION
FUNCTION scaled : REAL VAR_INPUT a : REAL; k : REAL := 10.0; END_VAR scaled := a * k; END_FUNCTION
FUNCTION swap VAR_IN_OUT a, b : INT; END_VAR VAR t : INT; END_VAR t := a; a := b; b := t; END_FUNCTION
FUNCTION pair : INT VAR_INPUT a : INT; END_VAR VAR_OUTPUT twice : INT; END_VAR pair := a; twice := 2 * a; END_FUNCTION
FUNCTION total : INT VAR_INPUT r : Row; END_VAR VAR i : INT; END_VAR
  FOR i := 1 TO 3 DO total := total + r[i]; END_FOR END_FUNCTION
FUNCTION clear VAR_IN_OUT r : Row; END_VAR VAR none : ARRAY[1..3] OF INT; END_VAR r := none; END_FUNCTION
FUNCTION turned : Point VAR_INPUT p : Point; END_VAR turned.x := p.y; turned.y := p.x; END_FUNCTION
FUNCTION_BLOCK Count VAR_INPUT inc : INT := 1; END_VAR VAR_OUTPUT n : INT; odd : BOOL; END_VAR VAR_TEMP t : INT; END_VAR
  t := t + inc; n := n + t; odd := n MOD 2 = 1; END_FUNCTION_BLOCK
FUNCTION_BLOCK Push VAR_IN_OUT level : INT; r : Row; END_VAR level := level + 1; r[1] := level; END_FUNCTION_BLOCK
"""
DECLARED = """VAR i, j, n : INT; r : REAL; b : BOOL; c : Colour := Blue; p : Point;
q : Point := (y := 4.0); row, other : Row; al : Alias;
m : ARRAY[0..1, 1..3] OF INT := [1, 2, 3, 4, 5, 6]; z : ARRAY[0..9] OF INT := [7, 2(1), 3(9)];
ps : ARRAY[0..2] OF Point;
line : Line; f, g : Count; fs : ARRAY[0..1] OF Count; push : Push; s : STRING[5]; small : INT(0..9);
deep : ARRAY[0..1] OF Row; END_VAR
VAR CONSTANT k : INT := 2; w : ARRAY[0..k] OF REAL := [0.5, 1.5, 2.5];
less : BOOL := 1.0 < 2.0; END_VAR
"""

SCANS = [
    ("i := 3; j := i; i := 4;", {"i": 4, "j": 3}),
    ("IF i = 0 THEN n := 1; ELSIF TRUE THEN n := 2; ELSE n := 3; END_IF", {"n": 1}),
    ("IF i = 1 THEN n := 1; ELSIF j = 1 THEN n := 2; ELSE n := 3; END_IF;", {"n": 3}),
    ("CASE 7 + i OF 1, 2: n := 1; 5..9: n := 2; ELSE n := 3; END_CASE", {"n": 2}),
    ("CASE i OF -1: n := 1; k: n := 2; ELSE n := 3; END_CASE", {"n": 3}),
    ("CASE c OF Red: n := 1; Colour#Green: n := 2; Colour.Blue: n := 3; END_CASE", {"n": 3}),
    ("FOR i := 1 TO 5 DO n := n + i; END_FOR", {"n": 15, "i": 6}),
    ("FOR i := 5 TO 1 BY -2 DO n := n * 10 + i; END_FOR", {"n": 531, "i": -1}),
    ("FOR i := 1 TO 0 DO n := 1; END_FOR", {"n": 0, "i": 1}),
    ("FOR i := 1 TO 9 DO IF i = 3 THEN CONTINUE; END_IF IF i = 5 THEN EXIT; END_IF n := n + i; END_FOR", {"n": 7,
     "i": 5}),
    ("FOR i := 0 TO 2 DO FOR j := 1 TO 3 DO IF j = 2 THEN EXIT; END_IF n := n + 1; END_FOR END_FOR", {"n": 3}),
    ("FOR i := 1 TO 3 DO IF i = 2 THEN RETURN; END_IF END_FOR n := 9;", {"n": 0, "i": 2}),
    ("WHILE n < 5 DO n := n + 2; END_WHILE", {"n": 6}),
    ("REPEAT n := n + 1; UNTIL TRUE END_REPEAT", {"n": 1}),
    ("REPEAT n := n + 1; IF n < 3 THEN CONTINUE; END_IF UNTIL n >= 3 END_REPEAT", {"n": 3}),
    ("row[2] := 9; other := row; row[2] := 0; n := other[2];", {"n": 9}),
    ("n := al[3];", {"n": 3}), ("i := 1; m[i, i + 1] := 50; n := m[1, 2] + m[0, 3];", {"n": 53}),
    ("n := z[0] * 100 + z[2] * 10 + z[3]; j := z[6];", {"n": 719, "j": 0}),
    ("ps[1].x := 3.0; p := ps[1]; ps[1].x := 0.0; r := p.x + p.y;", {"r": 4.0}),
    ("r := line.a.x + line.b.y + q.y;", {"r": 7.0}),
    ("deep[1] := row; deep[0][1] := 5; n := deep[1][1] + deep[0][1];", {"n": 6}),
    ("r := w[k] + w[0];", {"r": 3.0}), ("b := less; n := SEL(less, 1, 2);", {"b": True, "n": 2}),
    ("b := r < 1.0; b := b XOR less; i := BOOL_TO_INT(NOT b); s := BOOL_TO_STRING(b);", {"i": 1, "s": "FALSE"}),
    ("FOR i := 2 TO 0 BY -1 DO n := n * 10 + m[1, i + 1] + m[i / 2, 3 - i]; END_FOR", {"n": 1077}),
    ("FOR i := 1 TO 3 DO FOR j := i TO 3 DO n := n * 2 + row[j] * row[4 - i]; END_FOR END_FOR", {"n": 295}),
    ("r := half(a := 3.0);", {"r": 1.5}), ("r := half(half(8.0));", {"r": 2.0}), ("r := scaled(2.0);", None),
    ("r := scaled(a := 2.0);", {"r": 20.0}), ("i := 1; j := 2; swap(i, j);", {"i": 2, "j": 1}),
    ("row[1] := 7; i := 1; swap(a := row[i], b := i);", {"i": 7}),
    ("n := pair(a := 4, twice => j);", {"n": 4, "j": 8}), ("n := pair(4) + pair(5);", {"n": 9}),
    ("n := total(row) + total(r := other);", {"n": 12}), ("clear(row); n := total(row);", {"n": 0}),
    ("p.x := 2.0; p := turned(p); r := p.x * 10.0 + p.y;", {"r": 12.0}),
    ("f(inc := 3, n => n, NOT odd => b);", {"n": 3, "b": False}), ("f(); f(); n := f.n;", {"n": 2}),
    ("f.inc := 5; f(); n := f.n; j := g.n;", {"n": 5, "j": 0}), ("fs[1](inc := 2); i := 1; n := fs[i].n + fs[0].n;",
     {"n": 2}),
    ("push(level := i, r := row); push(level := i, r := row); n := row[1];", {"i": 2, "n": 2}),
    ("s := 'abc'; s := CONCAT(s, 'defg');", {"s": "abcde"}), ("c := Red; b := c <> Blue;", {"c": "Red", "b": True}),
    ("small := 9; n := small + 1;", {"n": 10}), (";;; n := 1;;", {"n": 1}),
    ("{pragma} n := 1; // to the end (* of the line\n n := n + 1; /* (* nested *) */ (* /* also */ *)", {"n": 2}),
    ("If I = 0 tHeN N := 4; end_if", {"n": 4}), ("n := 1;\r\ni := 2;\r\n", {"n": 1, "i": 2}),
]


@pytest.mark.parametrize(("body", "expected"), [s for s in SCANS if s[1]], ids=[body for body, e in SCANS if e])
def test_a_scan_leaves_these_values(body: str, expected: dict[str, Any]) -> None:
    plc = run(body, DECLARED, BEFORE)
    assert {name: plc.read(name) for name in expected} == expected


FAULTS = [
    ("n := 1 / i;", "division by zero"), ("r := 1.0 / r;", "division by zero"), ("i := 4; n := row[i];",
     "index 4 is outside 1..3"),
    ("i := -1; m[0, i] := 1;", "index -1 is outside 1..3"), ("r := 70000.0; n := REAL_TO_INT(r);",
     "70000.0 does not fit INT"),
    ("small := i - 1;", "-1 is outside the subrange 0..9"), ("n := MUX(i + 5, 1, 2);", "MUX selects input 5 of 2"),
    ("s := 'x'; n := STRING_TO_INT(s);", "'x' is no whole number"), ("wd := SHL(wd, i - 1);", "a shift by -1 places"),
    ("WHILE TRUE DO END_WHILE", "the watchdog stopped this loop: the scan made more rounds than are allowed; "
                                "end the loop, spread it over scans, or allow more (rounds)"),
]


@pytest.mark.parametrize(("body", "sentence"), FAULTS, ids=[body for body, _ in FAULTS])
def test_a_fault_stops_the_program_and_names_the_place(body: str, sentence: str) -> None:
    plc = Plc(compile_text(f"{BEFORE}PROGRAM main\n{DECLARED}VAR wd : WORD; END_VAR\n{body}\nEND_PROGRAM"),
              rounds=1000)
    with pytest.raises(Fault) as caught:
        plc.scan()
    place, _, rest = str(caught.value).partition(": ")
    line = (BEFORE + DECLARED).count("\n") + 3
    assert (place.partition(":")[0], rest) == (str(line), sentence)
    with pytest.raises(Fault):
        plc.scan()


def test_a_restart_clears_a_fault_and_a_warm_one_keeps_what_is_retained() -> None:
    plc = Plc(compile_text("""PROGRAM p VAR RETAIN kept : INT; END_VAR VAR lost, d : INT; END_VAR
        kept := kept + 1; lost := lost + 1; d := 1 / (3 - lost); END_PROGRAM"""))
    plc.scan()
    plc.scan()
    with pytest.raises(Fault):
        plc.scan()
    plc.restart(warm=True)
    plc.scan()
    assert (plc.read("kept"), plc.read("lost")) == (3, 1)
    plc.restart()
    plc.scan()
    assert plc.read("kept") == 1


def test_a_warm_restart_reaches_the_instances_inside() -> None:
    plc = Plc(compile_text("""FUNCTION_BLOCK hours VAR RETAIN total : INT; END_VAR VAR lost : INT; END_VAR
        total := total + 1; lost := lost + 1; END_FUNCTION_BLOCK
        PROGRAM p VAR h : ARRAY[0..1] OF hours; END_VAR h[1](); END_PROGRAM"""))
    plc.scan()
    plc.scan()
    plc.restart(warm=True)
    plc.scan()
    assert [(one["total"], one["lost"]) for one in plc.read("h")] == [(0, 0), (3, 1)]


def test_a_file_s_name_goes_before_the_places_of_errors_and_faults() -> None:
    with pytest.raises(SourceError, match=r"^pump.st:1:11: unknown name 'x'"):
        compile_text("PROGRAM p x := 1; END_PROGRAM", name="pump.st")
    plc = Plc(compile_text("PROGRAM p VAR i : INT; END_VAR i := 1 / i; END_PROGRAM", name="pump.st"))
    for _ in range(2):
        with pytest.raises(Fault, match=r"^pump.st:1:39: division by zero"):
            plc.scan()


def test_shared_variables_are_seen_by_all_units() -> None:
    plc = run("more(); more(); n := counts.n + sum;",
    "VAR_EXTERNAL sum : INT; counts : Count; END_VAR VAR n : INT; END_VAR",
              BEFORE + """VAR_GLOBAL sum : INT := 10; counts : Count; END_VAR
              FUNCTION more VAR_EXTERNAL sum : INT; counts : Count; END_VAR sum := sum + 1; counts(); END_FUNCTION""")
    assert plc.read("n") == 14
    assert plc.read("sum") == 12


def test_a_state_taken_out_continues_elsewhere() -> None:
    text = compile_text(f"{BEFORE}PROGRAM p VAR f : ARRAY[0..1] OF Count; t : TON; n : INT; END_VAR f[0](); "
                        "t(IN := TRUE, PT := T#1s); n := f[0].n; END_PROGRAM")
    one, other = Plc(text), Plc(text)
    for _ in range(5):
        one.scan(300_000_000)
    kept = one.state()
    one.scan(300_000_000)
    other.restore(kept)
    other.scan(300_000_000)
    assert other.state() == one.state()
    assert kept != one.state()


def test_inputs_take_arrays_and_refuse_what_does_not_fit() -> None:
    from lineshaft.core.errors import UsageError

    plc = Plc(compile_text("""PROGRAM p VAR_INPUT x : ARRAY[0..1, 0..1] OF REAL; n : SINT; END_VAR
        VAR_OUTPUT s : REAL; END_VAR
        s := x[0, 0] + x[1, 0] * 10.0; END_PROGRAM"""))
    plc.write("x", [[1.0, 2.0], [3.0, 4.0]])
    plc.scan()
    assert plc.read("s") == 31.0
    for name, value, sentence in (("x", [1.0], "x: 1 values for ARRAY[0..1, 0..1] OF REAL"), ("n", 200,
    "n: 200 is no SINT"),
                                  ("s", 1.0, "s is no input of p; use force for other variables"),
                                  ("n", "abc", "n: 'abc' is no SINT"), ("x", "abc",
                                   "x: 'abc' is no ARRAY[0..1, 0..1] OF REAL"),
                                  ("n", 1.5, "n: 1.5 is no SINT"),
                                  ("zz", 1, "p has no variable 'zz'; use one of: x, n, s")):
        with pytest.raises(UsageError) as caught:
            plc.write(name, value)
        assert str(caught.value) == sentence
