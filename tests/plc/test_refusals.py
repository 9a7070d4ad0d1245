"""What is refused, with its place and a sentence: source -> error."""

from __future__ import annotations

import pytest

from lineshaft.plc import SourceError, compile_text
from lineshaft.plc.words import REFUSED

DECLARED = """TYPE Colour : (Red, Green); Point : STRUCT x, y : REAL; END_STRUCT; END_TYPE
FUNCTION half : REAL VAR_INPUT a : REAL; END_VAR half := a / 2.0; END_FUNCTION
FUNCTION swap VAR_IN_OUT a, b : INT; END_VAR VAR t : INT; END_VAR t := a; a := b; b := t; END_FUNCTION
FUNCTION pair : INT VAR_INPUT a : INT; END_VAR VAR_OUTPUT twice : INT; END_VAR pair := a; twice := 2 * a; END_FUNCTION
FUNCTION_BLOCK Count VAR_INPUT up : BOOL; END_VAR VAR_OUTPUT n : INT; END_VAR VAR inner : INT; END_VAR n := n + 1;
END_FUNCTION_BLOCK
PROGRAM main
VAR_INPUT input : INT; END_VAR
VAR CONSTANT k : INT := 3; END_VAR
VAR i, j : INT; d : DINT; u : UINT; l : LINT; r : REAL; lr : LREAL; b : BOOL;
  w : WORD; s : STRING; t : TIME; c : Colour;
  p : Point; a : ARRAY[1..3] OF INT; m : ARRAY[0..1, 0..1] OF REAL; f : Count; delay : TON; small : INT(0..9); END_VAR
"""
FIRST = DECLARED.count("\n") + 1

BODIES = [
    # names
    ("x := 1;", "1:1: unknown name 'x'; declare it, or correct its spelling"),
    ("i := missing(1);", "1:6: missing is no function that is known here"),
    ("p.z := 1.0;", "1:3: Point has no field 'z'; use one of: x, y"),
    ("i.x := 1;", "1:3: INT has no fields"),
    ("f.inner := 1;", "1:3: count has no input or output 'inner'; use one of: up, n"),
    ("c := Colour#Blue;", "1:6: Colour has no value Blue; use one of: Red, Green"),
    # types
    ("i := r;", "1:6: REAL does not become INT by itself; write REAL_TO_INT(...)"),
    ("i := d;", "1:6: DINT does not become INT by itself; write DINT_TO_INT(...)"),
    ("r := d;", "1:6: DINT does not become REAL by itself; write DINT_TO_REAL(...)"),
    ("r := lr;", "1:6: LREAL does not become REAL by itself; write LREAL_TO_REAL(...)"),
    ("b := i;", "1:6: INT does not become BOOL by itself; write INT_TO_BOOL(...)"),
    ("w := i;", "1:6: INT does not become WORD by itself; write INT_TO_WORD(...)"),
    ("i := 40000;", "1:6: 40000 does not fit INT"),
    ("i := 1.5;", "1:6: the number 1.5 can't be a INT"),
    ("r := l + r;", "1:8: + has LINT on one side and REAL on the other; convert one, for example by LINT_TO_REAL"),
    ("w := w + 1;", "1:8: + can't be applied to WORD; convert it to a number first"),
    ("b := i AND b;", "1:8: AND has INT on one side and BOOL on the other; convert one, for example by INT_TO_BOOL"),
    ("b := NOT i;", "1:6: NOT can't be applied to INT"),
    ("i := -u;", "1:6: - can't be applied to UINT"),
    ("r := r MOD 2.0;", "1:8: MOD can't be applied to REAL"),
    ("i := i ** 2;", "1:8: ** takes a REAL or LREAL and a number, not INT and DINT; convert the base first"),
    ("r := -r ** 2.0;", "1:9: a sign before ** is read in two ways (editions 2 and 3 differ); write parentheses"),
    ("b := Red < Green;", "1:10: values of Colour have no order; compare them by = or <>"),
    ("b := c = 1;", "1:8: = has Colour on one side and DINT on the other"),
    ("t := t + 1;", "1:8: TIME + DINT has no meaning"),
    ("t := t * t;", "1:8: * can't be applied to TIME"),
    ("p := 1;", "1:6: the number 1 can't be a Point"),
    ("IF i THEN END_IF", "1:4: a condition is BOOL, not INT"),
    ("WHILE 1 DO END_WHILE", "1:7: a condition is BOOL, not a number"),
    ("i := 5 / 0;", "1:8: division by zero"), ("i := i / 0;", "1:8: division by zero"),
    ("r := SQRT(i);", "1:6: SQRT takes ANY_REAL, not INT"), ("s := LEN('a');",
     "1:6: INT does not become STRING[80] by itself"),
    ("b := STRING_TO_BOOL(s);", "1:6: STRING[80] can't be converted to BOOL"),
    # places
    ("a[0] := 1;", "1:3: index 0 is outside 1..3"), ("a[1, 2] := 1;",
     "1:2: ARRAY[1..3] OF INT has 1 dimensions, and 2 indices stand here"),
    ("m[0] := 1.0;", "1:2: ARRAY[0..1, 0..1] OF REAL has 2 dimensions, and 1 indices stand here"),
    ("i[1] := 1;", "1:2: INT has no elements"), ("a[r] := 1;", "1:3: an index is a whole number, not REAL"),
    ("input := 1;", "1:1: input is an input and can't be assigned here"), ("k := 1;",
     "1:1: k is CONSTANT and can't be assigned"),
    ("f.n := 1;", "1:3: n is an output of count and can't be assigned"),
    ("f := f;", "1:1: f is an instance of a block and can't be assigned"),
    # calls
    ("r := half();", "1:6: the call of half leaves out a"),
    ("r := half(1.0, 2.0);", "1:6: half takes 1 arguments, and 2 were given"),
    ("r := half(b := 1.0);", "1:11: HALF has no input b; use one of: a"),
    ("r := half(a := 1.0, a := 2.0);", "1:11: a is given twice"),
    ("r := half(TRUE);", "1:11: BOOL does not become REAL by itself; write BOOL_TO_REAL(...)"),
    ("f(up := TRUE, n => b);", "1:15: n is INT, and the variable is BOOL"),
    ("f(EN := TRUE);", "1:3: EN: EN and ENO are not taken; put the call inside an IF"),
    ("f(TRUE, up := TRUE);", "1:1: the call of f names some arguments and not others; name all, or none"),
    ("i := f(up := TRUE);", "1:6: f is no function; an instance of a block is called in a line of its own"),
    ("i := Count(up := TRUE);", "1:6: Count is a block: declare an instance of it and call that"),
    ("half(1.0); SQRT(r);", "1:12: the value of SQRT goes nowhere"),
    ("swap(i, 3);", "1:9: b is a VAR_IN_OUT and takes a variable"), ("swap(i);",
     "1:1: the call of swap leaves out b, a VAR_IN_OUT"),
    ("swap(i, d);", "1:9: the argument is INT, and the variable is DINT"),
    ("i := 1 + pair(a := 2, twice => j);",
     "1:10: pair also writes variables, so its call has to stand alone; write x := pair(...); in a line of its own"),
    ("r := MIN(r);", "1:6: MIN takes 2 arguments, and 1 were given"), ("r := SIN(r, r);",
     "1:6: SIN takes 1 arguments, and 2 were given"),
    ("i := SEL(G := b, IN0 := 1, IN2 := 2);", "1:6: the call of SEL leaves out IN1"),
    # loops and jumps
    ("EXIT;", "1:1: EXIT stands outside a loop"), ("FOR i := 1 TO 3 BY 0 DO END_FOR",
     "1:1: a FOR loop BY 0 has no end"),
    ("FOR i := 1 TO 3 DO i := 5; END_FOR", "1:20: i counts a FOR loop and can't be changed inside it"),
    ("FOR i := 1 TO 3 DO FOR i := 1 TO 2 DO END_FOR END_FOR",
     "1:24: i counts a FOR loop and can't be changed inside it"),
    ("FOR i := 1 TO 3 DO swap(i, j); END_FOR", "1:25: i counts a FOR loop and can't be changed inside it"),
    ("FOR r := 1.0 TO 2.0 DO END_FOR", "1:5: a FOR loop is counted by a whole number that is declared in this unit"),
    ("FOR i := 1 TO 3 BY j DO END_FOR", "1:20: this is not a constant"),
    ("CASE i OF 1: ; 1: ; END_CASE", "1:16: the label 1 is taken already"),
    ("CASE i OF 5..3: ; END_CASE", "1:11: the range 5..3 is empty"), ("CASE i OF j: ; END_CASE",
     "1:11: this is not a constant"),
    ("CASE r OF 1: ; END_CASE", "1:6: CASE takes a whole number or an enumeration, not REAL"),
    ("CASE i OF i := 1; 1: ; END_CASE", "1:11: a statement stands before the first label of this CASE"),
    # text that is none
    ("i := ;", "1:6: ';' can't stand here"), ("i = 1;", "1:3: '=' can't stand here; expected '(' or ':='"),
    ("IF b THEN i := 1;", "2:1: 'END_PROGRAM' can't stand here; expected ELSE or ELSIF or END_IF"), ("i := 1 § 2;",
     "1:8: character '§' has no meaning here"),
    ("(* no end", "1:1: this comment does not end"), ("s := 'no end;", "1:6: this string does not end on its line"),
    ('s := "wide";', '1:6: strings in double quotes are WSTRING, which is not taken; use single quotes'),
    ("i := 1__0;", "1:6: 1__0 is no number; write digits with single underscores between them"),
    ("i := 3#12;", "1:6: 3#12 has base 3; write 2#, 8# or 16#"), ("i := 2#12;", "1:6: 2#12 is no whole number"),
    ("t := T#5;", "1:6: T#5 is no time; write it as T#1h2m3s4ms"),
    ("t := T#5s3m;", "1:6: T#5s3m has its units in disorder; write the longest unit first, a fraction only last"),
    ("i := %IW3;", "1:6: direct addresses such as %IX0.0 are not taken: give the value as VAR_INPUT or VAR_OUTPUT"),
    ("i := i^;", "1:7: references and pointers are not taken"),
    ("GOTO there;", "1:1: GOTO: this is a vendor's extension of the language"),
    ("t := LTIME#1s;", "1:6: LTIME#: LTIME is not taken, only TIME (kept in nanoseconds here)"),
    ("d := DT#2020-01-01;", "1:6: DT#: dates are not taken, only TIME"),
    ("s := 'caf\u20ac';", "1:6: this string has characters of more than one byte; only single-byte STRING is taken"),
]


@pytest.mark.parametrize(("body", "sentence"), BODIES, ids=[body for body, _ in BODIES])
def test_a_wrong_statement_is_refused_with_its_place(body: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        compile_text(f"{DECLARED}{body}\nEND_PROGRAM")
    line, _, rest = sentence.partition(":")
    assert str(caught.value) == f"{int(line) + FIRST - 1}:{rest}"


TEXTS = [
    ("PROGRAM p VAR i : INT; I : INT; END_VAR END_PROGRAM", "1:24: I is declared twice"),
    ("PROGRAM p END_PROGRAM PROGRAM P END_PROGRAM", "1:31: P is declared twice; the first is at 1:9"),
    ("PROGRAM p END_FUNCTION", "1:11: PROGRAM p is ended by END_FUNCTION; expected END_PROGRAM"),
    ("PROGRAM p VAR i : Nothing; END_VAR END_PROGRAM",
     "1:19: unknown type 'Nothing'; declare it under TYPE, or correct its spelling"),
    ("PROGRAM p VAR a__b : INT; END_VAR END_PROGRAM",
     "1:15: the name a__b has underscores where the standard allows none; "
     "write single ones, between letters or digits"),
    ("PROGRAM p VAR CONSTANT i : INT; END_VAR END_PROGRAM", "1:24: i is CONSTANT and needs a value"),
    ("PROGRAM p VAR_INPUT CONSTANT i : INT := 1; END_VAR END_PROGRAM", "1:11: VAR_INPUT can't be CONSTANT"),
    ("PROGRAM p VAR i AT %MW3 : INT; END_VAR END_PROGRAM",
     "1:17: AT: direct addresses are not taken: give the value as VAR_INPUT or VAR_OUTPUT"),
    ("PROGRAM p VAR a : ARRAY[0..2000000000] OF REAL; END_VAR END_PROGRAM",
     "1:19: this holds 2000000001 values; at most 4000000 are allowed"),
    ("PROGRAM p VAR a, b : ARRAY[1..3000000] OF REAL; END_VAR END_PROGRAM",
     "1:18: the variables hold more than 4000000 values in all"),
    ("PROGRAM p VAR a : ARRAY[0..1999] OF ARRAY[0..2000] OF REAL; END_VAR END_PROGRAM",
     "1:19: this holds 4002000 values; at most 4000000 are allowed"),
    ("PROGRAM p VAR a : ARRAY[3..1] OF REAL; END_VAR END_PROGRAM", "1:19: the bounds 3..1 hold nothing"),
    ("PROGRAM p VAR a : ARRAY[0..1] OF INT := [1, 2, 3]; END_VAR END_PROGRAM",
     "1:41: more values than the 2 of ARRAY[0..1] OF INT"),
    ("PROGRAM p VAR a : ARRAY[0..1] OF INT := [1000000000(0)]; END_VAR END_PROGRAM",
     "1:41: more values than the 2 of ARRAY[0..1] OF INT"),
    ("PROGRAM p VAR a : ARRAY[0..1] OF SINT := [1, 2, 3, 4, 5, 6, 7, 800]; END_VAR END_PROGRAM",
     "1:42: 800 does not fit SINT"),
    ("PROGRAM p VAR s : STRING[99999]; END_VAR END_PROGRAM",
     "1:19: a string of 99999 characters; from 1 to 32767 are allowed"),
    ("PROGRAM p VAR i : INT(5..3); END_VAR END_PROGRAM", "1:19: the subrange 5..3 is empty"),
    ("PROGRAM p VAR i : INT(0..9) := 10; END_VAR END_PROGRAM", "1:32: 10 is outside INT(0..9)"),
    ("PROGRAM p VAR e : (A, B); END_VAR END_PROGRAM", "1:19: an enumeration without a name; declare it under TYPE"),
    ("TYPE A : STRUCT b : B; END_STRUCT; B : STRUCT a : A; END_STRUCT; END_TYPE",
     "1:6: type A contains itself: a -> b -> a"),
    ("FUNCTION_BLOCK A VAR b : B; END_VAR END_FUNCTION_BLOCK FUNCTION_BLOCK B VAR a : A; END_VAR END_FUNCTION_BLOCK",
     "1:16: A contains itself: a -> b -> a"),
    ("FUNCTION f : INT f := g(); END_FUNCTION FUNCTION g : INT g := f(); END_FUNCTION",
     "1:10: units call each other in a circle: f -> g -> f; the standard has no recursion"),
    ("FUNCTION f : INT VAR t : TON; END_VAR END_FUNCTION",
     "1:22: an instance of a block has to be kept; declare it under VAR of a block or program"),
    ("FUNCTION f : INT VAR RETAIN i : INT; END_VAR END_FUNCTION",
     "1:18: a function keeps nothing, so RETAIN has no meaning in it"),
    ("FUNCTION_BLOCK TON END_FUNCTION_BLOCK",
     "1:16: TON is the name of a standard function, block or type; choose another name"),
    ("FUNCTION REAL_TO_INT : INT END_FUNCTION",
     "1:10: REAL_TO_INT is the name of a standard function, block or type; choose another name"),
    ("VAR_GLOBAL g : INT; END_VAR PROGRAM p g := 1; END_PROGRAM",
     "1:39: unknown name 'g'; declare it here as VAR_EXTERNAL"),
    ("VAR_GLOBAL g : INT; END_VAR PROGRAM p VAR_EXTERNAL g : REAL; END_VAR END_PROGRAM",
     "1:52: g is INT under VAR_GLOBAL"),
    ("PROGRAM p VAR_EXTERNAL g : INT; END_VAR END_PROGRAM", "1:24: no VAR_GLOBAL is called g"),
    ("PROGRAM p VAR_GLOBAL g : INT; END_VAR END_PROGRAM",
     "1:11: VAR_GLOBAL stands inside PROGRAM p; write it before, and VAR_EXTERNAL here"),
    ("VAR i : INT; END_VAR", "1:1: VAR stands outside a program, function or function block"),
    ("FUNCTION_BLOCK f METHOD m END_METHOD END_FUNCTION_BLOCK",
     "1:18: METHOD: the object-oriented part of edition 3 is not taken"),
    ("FUNCTION_BLOCK b VAR_EXTERNAL n : INT; END_VAR END_FUNCTION_BLOCK VAR_GLOBAL f : b; n : INT; END_VAR",
     "1:31: no VAR_GLOBAL is called n so far; declare it before the variables whose type needs it"),
    (f"PROGRAM {'p' * 300}", "1:9: a name of 300 characters; at most 255 are taken"),
    ("PROGRAM p VAR r : LREAL := 1.0E999; END_VAR END_PROGRAM", "1:28: 1.0E999 is larger than any LREAL"),
    (";" * 300_001, "1:300001: the text has more than 300000 words; split it"),
    ("PROGRAM p", "1:9: the text ends in the middle"),
]


@pytest.mark.parametrize(("text", "sentence"), TEXTS, ids=[text[:60] for text, _ in TEXTS])
def test_a_wrong_declaration_is_refused_with_its_place(text: str, sentence: str) -> None:
    with pytest.raises(SourceError) as caught:
        compile_text(text)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("word", REFUSED)
def test_each_word_that_is_known_and_not_taken_is_named(word: str) -> None:
    with pytest.raises(SourceError) as caught:
        compile_text(f"PROGRAM p\n  {word.lower()}\nEND_PROGRAM")
    assert str(caught.value) == f"2:3: {word}: {REFUSED[word]}"
