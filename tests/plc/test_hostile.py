"""Nobody's text crashes, hangs or exhausts this machine: it runs, or it is refused with a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineshaft.core.errors import LineshaftError
from lineshaft.plc import Fault, Plc, SourceError, compile_text
from lineshaft.plc.lexer import keywords

DEEP = 5000


def program(body: str, declared: str = "VAR i : INT; b : BOOL; a : ARRAY[0..3] OF INT; END_VAR") -> str:
    return f"PROGRAM p {declared} {body} END_PROGRAM"


@pytest.mark.parametrize("text", [
    program(f"i := {'(' * DEEP}1{')' * DEEP};"), program(f"i := {'-(' * DEEP}1{')' * DEEP};"),
    program(f"i := {' + '.join(['i'] * DEEP)};"), program("IF b THEN " * DEEP + "END_IF;" * DEEP),
    program("FOR i := 0 TO 1 DO " * DEEP), program(f"i := {'a[' * DEEP}0{']' * DEEP};"),
    program("", f"VAR x : {'ARRAY[0..0] OF ' * DEEP} INT; END_VAR"), program("",
    f"VAR x : ARRAY[0..1] OF INT := {'[' * DEEP}; END_VAR"),
    program(f"i.{'x.' * DEEP}x := 1;"), "(*" * DEEP,
    "TYPE " + "".join(f"t{i} : t{i + 1}; " for i in range(DEEP)) + "END_TYPE",
    "".join(f"FUNCTION_BLOCK f{i} VAR x : f{i + 1}; END_VAR END_FUNCTION_BLOCK " for i in range(DEEP)),
    program("CASE i OF " + "".join(f"{i}: b := TRUE; " for i in range(8000)) + "END_CASE")],
    ids=["parentheses", "signs", "sum", "ifs", "loops", "indices", "arrays", "lists", "fields", "comments", "aliases",
    "blocks",
         "case"])
def test_what_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        compile_text(text)


@pytest.mark.parametrize("body", [
    f"i := {'(' * 25}1{')' * 25};", f"i := {' + '.join(['i'] * 50)};", "IF b THEN " * 40 + "END_IF;" * 40,
    "CASE i OF " + "".join(f"{i}: b := TRUE; " for i in range(1000)) + "END_CASE",
    f"i := {'a[' * 20}0{']' * 20};", f"i := {'ABS(' * 50}i{')' * 50};", "WHILE b DO " * 15 + "END_WHILE;" * 15])
def test_what_people_write_is_not_too_deep(body: str) -> None:
    Plc(compile_text(program(body))).scan()


def test_functions_in_a_long_chain_run_or_fault_by_name() -> None:
    calls = 3000
    chain = "".join(f"FUNCTION f{i} : INT f{i} := f{i + 1}(); END_FUNCTION " for i in range(calls))
    plc = Plc(compile_text(f"{chain} FUNCTION f{calls} : INT f{calls} := 1; END_FUNCTION {program('i := f0();')}"))
    with pytest.raises(Fault, match="calls are nested too deeply"):
        plc.scan()


def test_a_loop_without_end_is_stopped() -> None:
    for body in ("WHILE TRUE DO i := i + 1; END_WHILE", "REPEAT i := 0; UNTIL i = 1 END_REPEAT",
                 "FOR i := -32768 TO 32767 DO b := TRUE; END_FOR",
                 "WHILE TRUE DO IF b THEN EXIT; END_IF CONTINUE; END_WHILE"):
        plc = Plc(compile_text(program(body)), rounds=10_000)
        with pytest.raises(Fault, match="watchdog"):
            plc.scan()


@pytest.mark.parametrize("text", ["", "\ufeff", "\x00", "PROGRAM \u00e4 END_PROGRAM", "\U0001f600", "'", "{",
"\r\n\r\n", "PROGRAM p;"])
def test_odd_bytes_are_taken_or_refused_by_name(text: str) -> None:
    try:
        compile_text(text)
    except SourceError as error:
        assert str(error)[0].isdigit()


def test_a_huge_text_is_refused_at_once() -> None:
    with pytest.raises(SourceError, match="characters"):
        compile_text(" " * (17 * 2**20))


WORDS = st.sampled_from([*sorted(keywords()), "x", "i", "TON", "REAL", "INT", "BOOL", "STRING", "1", "2.5", "T#1s",
"'s'", "16#F",
                         ":=", ";", ":", ",", "(", ")", "[", "]", "..", ".", "=>", "=", "<", "+", "-", "*", "/", "**",
                         "&", "INT#1"])


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=40))
def test_any_sequence_of_words_is_a_program_or_refused(words: list[str]) -> None:
    try:
        compile_text(" ".join(words))
    except LineshaftError as error:
        assert str(error)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_program_or_refused(text: str) -> None:
    for whole in (text, program(text), program(f"i := {text};")):
        try:
            compile_text(whole)
        except LineshaftError as error:
            assert str(error)


CALLS = "ABS SQRT LN EXP INT_TO_REAL REAL_TO_INT TO_DINT TO_STRING LEN TRUNC TO_TIME".split()
EXPRESSIONS = st.recursive(
    st.sampled_from(["i", "b", "r", "w", "t", "s", "l", "a[i]", "1", "0", "-3", "2.5", "TRUE", "T#1s", "'x'",
    "BYTE#3", "16#FFFF", "k"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+ - * / MOD ** AND OR XOR < = <> >=".split()),
        inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        inner.map(lambda x: f"NOT ({x})"), inner.map(lambda x: f"-({x})"),
        st.tuples(st.sampled_from(CALLS), inner).map(
            lambda p: f"{p[0]}({p[1]})"),
        st.tuples(st.sampled_from("MIN MAX SHL ROR EXPT CONCAT LEFT ADD".split()), inner,
        inner).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(inner, inner, inner).map(lambda p: f"SEL({p[0]}, {p[1]}, {p[2]})")), max_leaves=8)


@settings(max_examples=400, deadline=None)
@given(EXPRESSIONS, st.sampled_from(["INT", "REAL", "BOOL", "LREAL", "WORD", "TIME", "STRING[4]", "ULINT"]))
def test_any_expression_runs_or_is_refused_or_faults_by_name(expression: str, kind: str) -> None:
    text = f"""PROGRAM p VAR i : INT := 3; b : BOOL; r : REAL := 1.5; w : WORD := 7; t : TIME := T#2s;
        s : STRING := 'ab';
        l : LREAL; a : ARRAY[0..3] OF INT; result : {kind}; END_VAR VAR CONSTANT k : INT := 2; END_VAR
        result := {expression}; END_PROGRAM"""
    try:
        plc = Plc(compile_text(text))
        plc.scan()
    except LineshaftError as error:
        assert str(error)
        return
    variable = plc.program.names.units["p"].variables["result"].type
    low, high = getattr(variable, "low", 0), getattr(variable, "high", 0)
    assert kind in ("REAL", "LREAL", "STRING[4]") or low <= plc.read("result") <= high
    assert kind != "STRING[4]" or len(plc.read("result")) <= 4
