"""The text itself: readable, standard, within a controller's limits, and only taken where it fits."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from tests.backend.c.small import GRAPHS, graph

from lineshaft.backend import backend, target
from lineshaft.core.errors import Refused
from lineshaft.graph.builder import StepBuilder
from lineshaft.graph.check import problems, signature
from lineshaft.graph.reference import ReferenceEngine
from lineshaft.plc.lexer import tokens
from lineshaft.plc.naming import reserved

pytest.importorskip("lark", reason="the interpreter needs the extra plc")
ODD = np.array([np.inf, -np.inf, np.nan], np.float32)
ST, PLC = backend("st"), target("plc")


def text(made: bytes) -> str:
    return ST.compile(made, PLC).decode("ascii")


@pytest.mark.parametrize("name", sorted(n for n in GRAPHS if not problems(graph(n))))
def test_names_and_lines_are_short_and_no_name_is_a_word_of_the_language(name: str) -> None:
    found = text(graph(name))
    block, _, _ = found.partition("(* layout")
    assert all(len(line) <= 100 for line in block.splitlines())
    declared = re.findall(r"^  (\w+) : ", block, re.MULTILINE)
    assert len({one.lower() for one in declared}) == len(declared)
    for one in declared:
        assert len(one) <= 32
        assert one.upper() not in reserved()
        assert "__" not in one
        assert not one.endswith("_")


def test_odd_names_of_ports_and_states_become_names_of_the_language() -> None:
    g = StepBuilder(1)
    made = g.model({"for": g.ewma("a very long name *) of a state that nobody would write in a controller", g.x, 0.5),
                    "1/x": g.add(g.ewma("For", g.x, 0.25), 1.0), "TON": g.x})
    engine = ST.load(ST.compile(made, PLC), signature(made), PLC)
    engine.x[0] = 2.0
    engine.step()
    assert {name: float(value[0, 0]) for name, value in engine.out.items()} == {"for": 1.0, "1/x": 1.5, "TON": 2.0}
    assert {float(value[0, 0]) for value in engine.state().values()} == {1.0, 0.5}


def test_no_port_meets_a_name_of_the_program() -> None:
    g = StepBuilder(2)
    value = g.tanh(g.project(g.ewma("level", g.x, 0.5), np.eye(2)))
    window = g.sum(g.square(g.window("window", g.x, 300)), axis=1)
    names = ("t0", "i0", "i", "b0", "w0", "k0", "c_k0", "window_at0", "END_VAR", "*) z := 1; (*")
    made = g.model({"w": window, **{name: g.add(value, float(n)) for n, name in enumerate(names)}})
    engine, reference = ST.load(ST.compile(made, PLC), signature(made), PLC), ReferenceEngine(made)
    for each in (engine, reference):
        each.x[0] = 1.0, -2.0
        each.step()
    assert all(np.allclose(engine.out[name], value) for name, value in reference.out.items())


def test_infinities_and_nan_among_the_constants_are_made_at_run_time() -> None:
    g = StepBuilder(3)
    made = g.model({"y": g.add(g.x, ODD), "z": g.where(g.greater(g.x, 0.0), np.nan, 1.0)})
    engine = ST.load(ST.compile(made, PLC), signature(made), PLC)
    engine.x[0] = [1.0, 2.0, -3.0]
    engine.step()
    assert np.array_equal(engine.out["y"][0], ODD, equal_nan=True)
    assert np.array_equal(engine.out["z"][0], np.array([np.nan, np.nan, 1.0], np.float32), equal_nan=True)


def test_outputs_and_windows_are_named_in_comments_and_equal_constants_printed_once() -> None:
    g = StepBuilder(2)
    weights = np.array([[1.0, 2.0], [3.0, 4.5]], np.float32)
    w = g.window("recent", g.project(g.x, weights), 50)
    found = text(g.model({"level": g.tanh(g.project(g.reshape(g.mean(w, axis=0), (2,)), weights))}))
    assert "(* window of 50 rows of 2" in found
    assert "(* output level *)" in found
    assert found.count("4.5") == 1
    assert found.count("FUNCTION LS_TANH : REAL") == 1
    assert [t.value for t in tokens(found) if t.value == "FUNCTION_BLOCK"] == ["FUNCTION_BLOCK"]


def test_what_is_too_large_or_too_slow_for_the_controller_is_refused_with_figures() -> None:
    g = StepBuilder(100)
    made = g.model({"y": g.project(g.x, np.random.default_rng(0).normal(size=(100, 80)))})
    for where, reason in (
            (replace(PLC, memory_bytes=1000), r"needs \d+ bytes of data, and plc has 1000"),
            (replace(PLC, flash_bytes=1000), r"has 32000 bytes of constants, and plc has 1000"),
            (replace(PLC, deadline_ns=100_000), r"takes some \d+ operations a step, .* ms at 2e\+07 a second, "
                                                r"and the deadline is 0.1 ms"),
            (replace(PLC, precision="int8"), "precision int8 is not offered")):
        assert re.search(reason, "; ".join(ST.supports(made, where).reasons))
        with pytest.raises(Refused, match="backend st: "):
            ST.compile(made, where)
    assert ST.supports(made, PLC)


def test_facts_count_bytes_and_say_that_the_engine_is_an_emulation() -> None:
    g = StepBuilder(3)
    artifact = ST.compile(g.model({"y": g.project(g.x, np.eye(3) * 2 + 1)}), PLC)
    facts = ST.facts(artifact, PLC)
    assert facts.emulator.startswith("lineshaft.plc")
    assert facts.flash_bytes == 36
    assert facts.ram_bytes >= 4 * 9
    assert int(facts.notes["bytes of text"]) == len(artifact)


@pytest.mark.parametrize("artifact", [b"", b"PROGRAM p END_PROGRAM", b"(* layout {} *) (* layout nothing *)"])
def test_a_text_of_somebody_else_is_no_artifact(artifact: bytes) -> None:
    made = graph("ewma")
    with pytest.raises(Refused, match="is no text of the st backend"):
        ST.load(artifact, signature(made), PLC)
